/* SPDX-License-Identifier: MIT */
/* Single files: one row each, in the order of the command line, printed immediately. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "cmd/cmd.h"
#include "cmd/frag_request.h"
#include "base/io.h"
#include "frag/scan/one_file.h"
#include "base/quote.h"
#include "base/size.h"
#include "base/strbuf.h"
#include "frag/account/filesystem.h"

struct files {
	struct frag_request *request;
	struct frag_result *result;
	json_t *rows;	 /* NULL: no JSON */
	uint64_t device; /* of the last file system that was printed */
	FILE *remarks;	 /* printed after the rows */
	size_t shown;
};

/* ---- one file ---- */

static int print_extents(struct files *files, struct one_file *one)
{
	struct filefrag_table table;
	int r;

	if (files->device != one->facts.device)
		filefrag_announce(stdout, &one->facts, frag_is_block_mapped(one->fd, &one->facts));
	files->device = one->facts.device;
	filefrag_begin(&table, stdout, one->file.path, &one->file, &one->facts);
	r = one_file_read(&files->request->settings, one, &files->result->totals, filefrag_row,
			  &table);
	filefrag_end(&table, one->file.path);
	return r;
}

static int show(struct files *files, const struct frag_file *file)
{
	json_t *row;

	if (files->rows) {
		row = show_file_json(file);
		return json_array_append_new(files->rows, row) < 0 ? -ENOMEM : 0;
	}
	if (files->request->format != FRAG_TABLE)
		return frag_print_each(file, files->request);
	if (!files->request->verbose && files->shown++ == 0)
		show_files_header(stdout);
	if (!files->request->verbose)
		show_file(stdout, file);
	return 0;
}

/* With --swap, or if reading the first page does not change the access time. */
static bool is_swap_wanted(const struct frag_request *request, const struct one_file *one)
{
	if (request->swap)
		return true;
	return fcntl(one->fd, F_GETFL) & O_NOATIME && swap_signature(one->fd);
}

/* Prints the row, and the parts that options request. */
static int show_all(struct files *files, struct one_file *one)
{
	CLEANUP(swap_clear) struct frag_swap swap = { 0 };
	int r = 0;

	if (is_swap_wanted(files->request, one)) {
		r = swap_read(one->fd, &one->facts, &one->file, &swap);
		one->file.swap = &swap;
	}
	if (files->request->settings.with_parts)
		one->file.parts = &one->parts;
	if (r == 0)
		r = show(files, &one->file);
	if (r == 0 && one->file.parts)
		show_parts(files->remarks, &one->file, files->request->show.ascii);
	if (r == 0 && one->file.swap)
		show_swap(files->remarks, &one->file);
	return r;
}

static int print_one(struct files *files, const char *path)
{
	const struct frag_settings *settings = &files->request->settings;
	bool verbosely = files->request->verbose && files->request->format == FRAG_TABLE;
	CLEANUP(one_file_close) struct one_file one = { .fd = -1 };
	int r = one_file_open(settings, path, &one);

	if (r < 0)
		return r;
	filesystems_add(files->result->filesystems, &one.facts, one.fd);
	if (!files->result->model) {
		files->result->model = one.model;
		files->result->facts = one.facts;
		if (files->result->totals.map)
			map_init(files->result->totals.map, one.facts.volume_bytes);
	}
	r = verbosely ? print_extents(files, &one)
		      : one_file_read(settings, &one, &files->result->totals, NULL, NULL);
	progress_line_wipe(&files->request->progress);
	if (r == 0)
		return show_all(files, &one);
	if (r == -ECANCELED) {
		int shown = show(files, &one.file);

		r = shown < 0 ? shown : r;
	}
	return r;
}

/* ---- all files ---- */

static const char *reason_of(int error)
{
	if (error == EINVAL)
		return "not a regular file; use --volume for file systems on devices";
	if (error == EOPNOTSUPP || error == ENOTTY)
		return "its file system does not report extents";
	if (error == EPERM)
		return "its file system reports extents only to root";
	return strerror(error);
}

static bool is_cancelled(const struct frag_request *request)
{
	struct pollfd cancel = { .fd = request->settings.cancel_fd, .events = POLLIN };

	return poll(&cancel, 1, 0) > 0;
}

static int print_each_named(struct files *files)
{
	const struct frag_request *request = files->request;

	for (size_t i = 0; i < request->name_count && !files->result->partial; i++) {
		const char *path = request->names[i];
		int r = print_one(files, path);

		if (r == -ENOMEM || r == -EIO)
			return r;
		if (r == -ECANCELED || is_cancelled(request))
			files->result->partial = true;
		else if (r < 0)
			fprintf(stderr, "alloc-perf: %s: %s\n", path, reason_of(-r));
		files->result->totals.unreadable_count += r < 0 && r != -ECANCELED;
		files->result->totals.silent_files += r == -EOPNOTSUPP || r == -ENOTTY;
	}
	return 0;
}

static void show_sums(const struct files *files, const char *remarks)
{
	const struct frag_request *request = files->request;

	if (request->format != FRAG_TABLE || request->diff)
		return;
	/* The tables of filefrag are followed only by parts that options request. */
	if (*remarks && (!request->verbose || request->swap || request->settings.with_parts))
		printf("\n%s", remarks);
	if (request->verbose || files->shown == 0)
		return;
	putchar('\n');
	show_verdict(stdout, files->result, &request->show);
}

/* Prints what follows the rows. */
static int show_rest(struct files *files, const struct strbuf *remarks)
{
	if (fclose(TAKE_PTR(files->remarks)) != 0)
		return -ENOMEM;
	totals_finish(&files->result->totals);
	show_sums(files, remarks->bytes ? remarks->text : "");
	return 0;
}

static void files_clear(struct files *files)
{
	file_closep(&files->remarks);
}

int frag_files(struct frag_request *request)
{
	CLEANUP(frag_result_clear) struct frag_result result = { .source = "file" };
	CLEANUP(json_decrefp) json_t *rows = NULL;
	CLEANUP(strbuf_clear) struct strbuf remarks = { 0 };
	CLEANUP(files_clear) struct files files = { .request = request, .result = &result };
	int r, status;

	request->show.files_named = true;
	request->settings.file_tick = frag_file_progress;
	request->settings.tick_context = request;
	request->settings.map_in_order = request->name_count == 1;
	if (request->format == FRAG_JSON || request->diff)
		files.rows = rows = json_array();
	files.remarks = strbuf_stream(&remarks);
	r = files.remarks ? frag_result_init(&result, &request->settings) : -ENOMEM;
	if (r == 0 && request->format == FRAG_CSV)
		r = show_csv_header(stdout);
	if (r == 0)
		r = print_each_named(&files);
	if (r == 0 && !result.model)
		return PROBLEM_VERDICT;
	if (r == 0)
		r = show_rest(&files, &remarks);
	if (r < 0)
		return cmd_complain(&(struct problem) { 0 }, r);
	/* The reasons were printed to stderr. */
	r = result.totals.unreadable_count != 0;
	result.totals.unreadable_count = 0;
	status = frag_finish(request, &result, rows);
	return status ? status : r ? PROBLEM_VERDICT : 0;
}

/* ---- --watch ---- */

static void print_moment(const struct frag_file *file, double seconds)
{
	char size[SIZE_TEXT_MAX], fragments[SHOW_FRAGMENTS_MAX];

	printf("%9.2f %12s %10" PRIu64 " ", seconds, size_human((double)file->size_bytes, size),
	       file->layout.extents);
	printf("%10s %12s\n", show_fragments(file, fragments),
	       size_human((double)file->delayed_bytes, size));
	fflush(stdout);
}

static bool has_changed(const struct frag_file *before, const struct frag_file *now)
{
	return before->size_bytes != now->size_bytes || before->disk_bytes != now->disk_bytes ||
	       before->inode != now->inode || before->layout.extents != now->layout.extents ||
	       before->layout.fragments != now->layout.fragments ||
	       before->delayed_bytes != now->delayed_bytes;
}

static int read_now(const struct frag_request *request, struct frag_file *ret)
{
	CLEANUP(one_file_close) struct one_file one = { .fd = -1 };
	int r = one_file_open(&request->settings, request->names[0], &one);

	if (r == 0)
		r = one_file_read(&request->settings, &one, NULL, NULL, NULL);
	if (r == 0)
		*ret = one.file;
	return r;
}

int frag_watch(struct frag_request *request)
{
	struct pollfd cancel = { .fd = request->settings.cancel_fd, .events = POLLIN };
	struct frag_file before = { 0 }, now;
	uint64_t start_ns = request->start_ns;
	bool first = true;
	int r;

	printf("%9s %12s %10s %10s %12s\n", "seconds", "size", "extents", "fragments", "delayed");
	do {
		r = read_now(request, &now);
		if (r == -ECANCELED)
			break;
		if (r < 0) {
			fprintf(stderr, "alloc-perf: %s: %s\n", request->names[0], reason_of(-r));
			return PROBLEM_VERDICT;
		}
		if (first || has_changed(&before, &now))
			print_moment(&now, (double)(io_now_ns() - start_ns) / 1e9);
		before = now;
		first = false;
	} while (poll(&cancel, 1, (int)(request->watch_seconds * 1000)) == 0 && !ferror(stdout));
	return ferror(stdout) ? 0 : PROBLEM_INTERRUPT;
}
