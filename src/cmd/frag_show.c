/* SPDX-License-Identifier: MIT */
/* All output of frag, so that write errors are detected in one place. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cmd/cmd.h"
#include "frag/show/show.h"
#include "cmd/frag_request.h"
#include "base/io.h"
#include "base/json.h"
#include "base/size.h"
#include "base/words.h"
#include "base/text.h"
#include "frag/account/file.h"

/* ---- progress ---- */

void frag_progress(uint64_t files, void *context)
{
	struct frag_request *request = context;
	double seconds = (double)(io_now_ns() - request->start_ns) / 1e9;

	if (!progress_line_is_due(&request->progress))
		return;
	if (files == 0 && request->in_guest)
		progress_line_show(&request->progress, "starting a guest to read the image");
	else
		progress_line_show(&request->progress, "%llu file%s, %.0f per second",
				   (unsigned long long)files, words_plural(files),
				   (double)files / seconds);
}

void frag_file_progress(const struct frag_file *file, uint64_t extents, uint64_t until_bytes,
			void *context)
{
	struct frag_request *request = context;
	double share = file->size_bytes ? (double)until_bytes / (double)file->size_bytes : 1;

	/* No progress line if rows are printed on the same terminal. */
	if (request->verbose && isatty(STDOUT_FILENO))
		return;
	if (progress_line_is_due(&request->progress))
		progress_line_show(&request->progress, "%llu extent%s, %.0f %% of the file",
				   (unsigned long long)extents, words_plural(extents),
				   100 * (share < 1 ? share : 1));
}

/* ---- rows ---- */

static int print_json_line(const struct frag_file *file)
{
	CLEANUP(json_decrefp) json_t *row = show_file_json(file);
	int r = json_put_line(stdout, row);

	return r == 0 && ferror(stdout) ? -EIO : r;
}

/* Only names with which another program can open the file. */
static int print_name(const struct frag_file *file, struct frag_request *request)
{
	bool is_inside = request->is_volume && request->result->paths_inside;
	int r;

	if (!file->is_worth)
		return 0;
	if (!file->path || (request->is_volume && frag_path_is_unreachable(file->path))) {
		atomic_fetch_add(&request->nameless, 1);
		return 0;
	}
	flockfile(stdout);
	r = show_argument(stdout, file->path, is_inside);
	if (r == 0 && putchar(request->zero ? '\0' : '\n') == EOF)
		r = -EIO;
	funlockfile(stdout);
	return r;
}

int frag_print_each(const struct frag_file *file, void *context)
{
	struct frag_request *request = context;
	int r = 0;

	switch (request->format) {
	case FRAG_EACH:
		return print_json_line(file);
	case FRAG_CSV:
		flockfile(stdout);
		r = show_csv_file(stdout, file);
		funlockfile(stdout);
		return r;
	case FRAG_NAMES:
		return print_name(file, request);
	default:
		return 0;
	}
}

/* ---- results ---- */

/* For cmd_print(). */
struct drawing {
	const struct frag_request *request;
	const struct frag_result *result;
};

static int draw_picture(FILE *to, void *context, struct problem *problem)
{
	const struct drawing *drawing = context;
	const struct frag_request *request = drawing->request;
	const struct frag_result *result = drawing->result;
	bool html = strcmp(strrchr(request->output, '.'), ".html") == 0;
	CLEANUP(freep) char *title = NULL;

	(void)problem;
	title = text_format("%s%s on %s", request->name_count ? request->names[0] : "files",
			    request->name_count > 1 ? " and others" : "",
			    result->facts.kind ? result->facts.kind->name : "nothing");
	if (!title)
		return -ENOMEM;
	return show_map_svg(to, result->totals.map, result->facts.volume_bytes, title, html);
}

/* Returns the exit status. */
static int draw(const struct frag_request *request, const struct frag_result *result)
{
	CLEANUP(problem_clear) struct problem problem = { 0 };
	struct map *map = result->totals.map;
	int r = 0;

	map_fit(map, result->facts.volume_bytes);
	if (request->output)
		r = cmd_print(request->output, draw_picture, &(struct drawing) { request, result },
			      &problem);
	else if (request->format == FRAG_TABLE)
		show_map(stdout, map, result->facts.volume_bytes, &request->show);
	return r < 0 ? cmd_complain(&problem, r) : 0;
}

static int print_json(const struct frag_result *result, json_t *files)
{
	CLEANUP(json_decrefp) json_t *document = show_result_json(result);

	if (!document || (files && json_object_set(document, "files", files) < 0))
		return -ENOMEM;
	return json_put_indented(stdout, document);
}

static int put_changes(const struct frag_request *request, const struct saved_changes *changes)
{
	CLEANUP(json_decrefp) json_t *document = NULL;

	if (request->format != FRAG_JSON)
		return saved_print(stdout, changes);
	document = saved_json(changes);
	return json_put_indented(stdout, document);
}

/* Returns the exit status. */
static int print_diff(const struct frag_request *request, const struct frag_result *result,
		      json_t *files)
{
	CLEANUP(problem_clear) struct problem problem = { 0 };
	CLEANUP(json_decrefp) json_t *before = NULL;
	CLEANUP(json_decrefp) json_t *after = show_result_json(result);
	CLEANUP(saved_changes_clear) struct saved_changes changes = { 0 };
	int r = saved_read(request->diff, &before, &problem);

	if (r == 0 && (!after || (files && json_object_set(after, "files", files) < 0)))
		r = -ENOMEM;
	if (r == 0)
		r = saved_compare(before, after, &changes);
	if (r == 0)
		r = put_changes(request, &changes);
	if (r < 0)
		return cmd_complain(&problem, r);
	return changes.is_worse ? PROBLEM_VERDICT : 0;
}

/* Unreadable files are part of the tree's table; other forms have them on stderr. */
static void list_unreadable(const struct totals *totals)
{
	for (size_t i = 0; i < UNREADABLE_MAX && i < totals->unreadable_count; i++)
		fprintf(stderr, "alloc-perf: %s: %s\n", totals->unreadable[i].path,
			strerror(totals->unreadable[i].error));
	if (totals->unreadable_count > UNREADABLE_MAX)
		fprintf(stderr, "alloc-perf: ... and %llu more\n",
			(unsigned long long)totals->unreadable_count - UNREADABLE_MAX);
}

/* Table and JSON have the note; rows do not. */
static void print_note(const struct frag_request *request, const struct frag_result *result)
{
	if (result->note && request->format != FRAG_TABLE && request->format != FRAG_JSON)
		fprintf(stderr, "alloc-perf: %s\n", result->note);
}

static void list_nameless(const struct frag_request *request)
{
	unsigned long long count = request->nameless;

	if (count)
		fprintf(stderr,
			"alloc-perf: %llu file%s worth rewriting omitted: no name below the "
			"mounted directory\n",
			count, words_plural(count));
}

int frag_finish(struct frag_request *request, const struct frag_result *result, json_t *files)
{
	int status = 0, r = 0;

	progress_line_wipe(&request->progress);
	if (request->diff)
		status = print_diff(request, result, files);
	else if (request->format == FRAG_JSON)
		r = print_json(result, files);
	else if (request->format == FRAG_TABLE && !request->show.files_named)
		show_tree(stdout, result, &request->show);
	if (result->totals.map && status == 0)
		status = draw(request, result);
	if (request->format != FRAG_TABLE || request->show.files_named || request->diff)
		list_unreadable(&result->totals);
	print_note(request, result);
	list_nameless(request);
	if (r < 0)
		return cmd_complain(&(struct problem) { 0 }, r);
	if (result->partial) {
		fprintf(stderr, "alloc-perf: interrupted; what is shown is partial\n");
		return PROBLEM_INTERRUPT;
	}
	return status ? status : result->totals.unreadable_count ? PROBLEM_VERDICT : 0;
}
