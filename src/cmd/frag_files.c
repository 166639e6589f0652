/* SPDX-License-Identifier: MIT */
/*
 * Files that were named one by one: rows in the order in which they were named,
 * each printed as soon as it is known.
 */
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
	json_t *rows;	 /* NULL: none wanted */
	uint64_t device; /* of the file system last announced */
	FILE *remarks;	 /* what comes behind the rows */
	size_t shown;
};

/* ---- one of them ---- */

static int look_verbosely(struct files *files, struct one_file *named)
{
	struct filefrag_table table;
	int r;

	if (files->device != named->facts.device)
		filefrag_announce(stdout, &named->facts,
				  frag_is_block_mapped(named->fd, &named->facts));
	files->device = named->facts.device;
	filefrag_begin(&table, stdout, named->file.path, &named->file, &named->facts);
	r = one_file_read(&files->request->settings, named, &files->result->totals, filefrag_row,
			  &table);
	filefrag_end(&table, named->file.path);
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

/*
 * The first page is read where that leaves no trace, the time of access included, or
 * where it was asked for.
 */
static bool is_swap_wanted(const struct frag_request *request, const struct one_file *named)
{
	if (request->swap)
		return true;
	return fcntl(named->fd, F_GETFL) & O_NOATIME && swap_signature(named->fd);
}

/* The row, and what was asked for besides. */
static int show_all(struct files *files, struct one_file *named)
{
	CLEANUP(swap_clear) struct frag_swap swap = { 0 };
	int r = 0;

	if (is_swap_wanted(files->request, named)) {
		r = swap_read(named->fd, &named->facts, &named->file, &swap);
		named->file.swap = &swap;
	}
	if (files->request->settings.with_parts)
		named->file.parts = &named->parts;
	if (r == 0)
		r = show(files, &named->file);
	if (r == 0 && named->file.parts)
		show_parts(files->remarks, &named->file, files->request->show.ascii);
	if (r == 0 && named->file.swap)
		show_swap(files->remarks, &named->file);
	return r;
}

static int look(struct files *files, const char *path)
{
	const struct frag_settings *settings = &files->request->settings;
	bool verbosely = files->request->verbose && files->request->format == FRAG_TABLE;
	CLEANUP(one_file_close) struct one_file named = { .fd = -1 };
	int r = one_file_open(settings, path, &named);

	if (r < 0)
		return r;
	filesystems_add(files->result->filesystems, &named.facts, named.fd);
	if (!files->result->model) {
		files->result->model = named.model;
		files->result->facts = named.facts;
		if (files->result->totals.map)
			map_init(files->result->totals.map, named.facts.volume_bytes);
	}
	r = verbosely ? look_verbosely(files, &named)
		      : one_file_read(settings, &named, &files->result->totals, NULL, NULL);
	progress_line_wipe(&files->request->progress);
	if (r == 0)
		return show_all(files, &named);
	if (r == -ECANCELED) {
		int shown = show(files, &named.file);

		r = shown < 0 ? shown : r;
	}
	return r;
}

/* ---- all of them ---- */

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

static int look_at_all(struct files *files)
{
	const struct frag_request *request = files->request;

	for (size_t i = 0; i < request->name_count && !files->result->partial; i++) {
		const char *path = request->names[i];
		int r = look(files, path);

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
	/* Below the tables of filefrag only what was asked for. */
	if (*remarks && (!request->verbose || request->swap || request->settings.with_parts))
		printf("\n%s", remarks);
	if (request->verbose || files->shown == 0)
		return;
	putchar('\n');
	show_verdict(stdout, files->result, &request->show);
}

/* What was kept for later comes out. */
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
		r = look_at_all(&files);
	if (r == 0 && !result.model)
		return PROBLEM_VERDICT;
	if (r == 0)
		r = show_rest(&files, &remarks);
	if (r < 0)
		return cmd_complain(&(struct problem) { 0 }, r);
	/* Their reasons are on stderr already. */
	r = result.totals.unreadable_count != 0;
	result.totals.unreadable_count = 0;
	status = frag_finish(request, &result, rows);
	return status ? status : r ? PROBLEM_VERDICT : 0;
}

/* ---- while it grows ---- */

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

static int look_now(const struct frag_request *request, struct frag_file *ret)
{
	CLEANUP(one_file_close) struct one_file named = { .fd = -1 };
	int r = one_file_open(&request->settings, request->names[0], &named);

	if (r == 0)
		r = one_file_read(&request->settings, &named, NULL, NULL, NULL);
	if (r == 0)
		*ret = named.file;
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
		r = look_now(request, &now);
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
