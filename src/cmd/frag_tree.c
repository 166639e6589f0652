/* SPDX-License-Identifier: MIT */
/*
 * Trees, lists of names and whole volumes: sums, and rows if options request them.  Names are not
 * read by stdio, because Ctrl-C must end the wait for a pipe.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "cmd/cmd.h"
#include "cmd/frag_request.h"
#include "frag/scan/image.h"

enum { NAMES_BYTES = 65536 };

/* ---- names ---- */

struct names {
	const struct frag_request *request;
	size_t next;	    /* the next one on the command line */
	int fd;		    /* of the list; -1: none */
	struct strbuf text; /* input; not returned yet from `at` */
	size_t at;
	bool ended;
};

/* Reads more input; Ctrl-C ends the list.  0 or -errno. */
static int read_more(struct names *names)
{
	struct pollfd watched[2] = {
		{ .fd = names->fd, .events = POLLIN },
		{ .fd = names->request->settings.cancel_fd, .events = POLLIN },
	};
	ssize_t got;
	char *to;

	if (names->at)
		memmove(names->text.text, names->text.text + names->at,
			names->text.bytes - names->at);
	names->text.bytes -= names->at;
	names->at = 0;
	to = strbuf_reserve(&names->text, NAMES_BYTES);
	if (!to)
		return -ENOMEM;
	poll(watched, 2, -1);
	got = watched[1].revents ? 0 : read(names->fd, to, NAMES_BYTES);
	if (got < 0)
		return errno == EINTR ? 0 : -errno;
	names->ended = got == 0;
	names->text.bytes += (size_t)got;
	return 0;
}

/* The next name.  1, 0 at the end, or -errno. */
static int next_line(struct names *names, const char **ret_name)
{
	int separator = names->request->zero ? '\0' : '\n';

	for (;;) {
		char *begin = names->text.text + names->at;
		char *end = names->text.bytes > names->at
				    ? memchr(begin, separator, names->text.bytes - names->at)
				    : NULL;
		int r;

		if (!end && !names->ended) {
			r = read_more(names);
			if (r < 0)
				return r;
			continue;
		}
		if (!end && names->at == names->text.bytes)
			return 0;
		if (!end)
			end = names->text.text + names->text.bytes;
		*end = '\0';
		names->at = (size_t)(end - begin) + names->at;
		names->at += names->at < names->text.bytes;
		if (end == begin)
			continue;
		*ret_name = begin;
		return 1;
	}
}

static int next_name(void *context, const char **ret_name)
{
	struct names *names = context;

	if (names->next < names->request->name_count) {
		*ret_name = names->request->names[names->next++];
		return 1;
	}
	return names->fd >= 0 ? next_line(names, ret_name) : 0;
}

static void names_clear(struct names *names)
{
	if (names->fd != STDIN_FILENO)
		fd_close(names->fd);
	strbuf_clear(&names->text);
}

static int names_open(struct names *names)
{
	const char *path = names->request->files_from;

	names->fd = -1;
	if (!path)
		return 0;
	names->fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (names->fd >= 0)
		return 0;
	fprintf(stderr, "alloc-perf: %s: %s\n", path, strerror(errno));
	return PROBLEM_USAGE;
}

/* ---- scans ---- */

static int begin(struct frag_request *request)
{
	struct frag_settings *settings = &request->settings;

	settings->tick = frag_progress;
	settings->tick_context = request;
	if (request->format == FRAG_EACH || request->format == FRAG_CSV ||
	    request->format == FRAG_NAMES) {
		settings->each = frag_print_each;
		settings->with_names = true;
		settings->each_context = request;
	}
	return request->format == FRAG_CSV ? show_csv_header(stdout) : 0;
}

static int end(struct frag_request *request, const struct frag_result *result, int r,
	       struct problem *problem)
{
	if (r >= 0)
		return frag_finish(request, result, NULL);
	progress_line_wipe(&request->progress);
	/* The scan did not fail but its output, which program_run() reports. */
	return ferror(stdout) ? 0 : cmd_complain(problem, r);
}

int frag_tree(struct frag_request *request)
{
	CLEANUP(frag_result_clear) struct frag_result result = { 0 };
	CLEANUP(problem_clear) struct problem problem = { 0 };
	CLEANUP(names_clear) struct names names = { .request = request, .fd = -1 };
	int r = names_open(&names);

	if (r)
		return r;
	r = begin(request);
	if (r == 0)
		r = frag_walk(&request->settings, &(struct frag_names) { next_name, &names },
			      &result, &problem);
	return end(request, &result, r, &problem);
}

/*
 * ext2, ext3 and ext4 are read directly, unless their journal must be replayed first.  A guest does
 * not send directories.
 */
static bool needs_guest(const struct frag_settings *settings, const struct image *image)
{
	if (settings->with_directories)
		return image->type && strncmp(image->type, "ext", 3) != 0;
	return image->type &&
	       (strncmp(image->type, "ext", 3) != 0 || image->bytes || image->has_dirty_log);
}

static int scan_volume(struct frag_request *request, struct frag_result *result,
		       struct problem *problem)
{
	CLEANUP(image_clear) struct image image = { 0 };
	const char *path = request->names[0];
	int r = image_read(path, request->partition, &image, problem);

	if (r < 0)
		return r;
	if (request->partition && !image.type)
		return problem_set(problem, PROBLEM_VERDICT, EOPNOTSUPP,
				   "partition %u of %s contains no known file system",
				   request->partition, path);
	if (!needs_guest(&request->settings, &image))
		return frag_volume(&request->settings, path, result, problem);
	r = frag_in_guest(request, &image, result, problem);
	if (r == 0 || !image.has_dirty_log || problem->kind != PROBLEM_LACK)
		return r;
	/* Without a guest; the result notes that the log was not replayed. */
	problem_clear(problem);
	frag_result_clear(result);
	return frag_volume(&request->settings, path, result, problem);
}

int frag_whole_volume(struct frag_request *request)
{
	CLEANUP(frag_result_clear) struct frag_result result = { 0 };
	CLEANUP(problem_clear) struct problem problem = { 0 };
	int r = begin(request);

	request->result = &result;
	if (r == 0)
		r = scan_volume(request, &result, &problem);
	return end(request, &result, r, &problem);
}
