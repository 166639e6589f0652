/* SPDX-License-Identifier: MIT */
/* Trees, lists of names and whole volumes: sums, and rows only where they are wanted. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "cmd.h"
#include "frag_request.h"
#include "whole_volume.h"

/* ---- names ---- */

struct names {
	const struct frag_request *request;
	size_t next;
	FILE *from;
	char *line;
	size_t room;
};

static int next_line(struct names *names, const char **ret_name)
{
	int end = names->request->zero ? '\0' : '\n';
	ssize_t bytes;

	do {
		errno = 0;
		bytes = getdelim(&names->line, &names->room, end, names->from);
		if (bytes < 0)
			return feof(names->from) || !errno ? 0 : -errno;
		if (bytes && names->line[bytes - 1] == end)
			names->line[--bytes] = '\0';
	} while (bytes == 0);
	*ret_name = names->line;
	return 1;
}

static int next_name(void *context, const char **ret_name)
{
	struct names *names = context;

	if (names->next < names->request->name_count) {
		*ret_name = names->request->names[names->next++];
		return 1;
	}
	return names->from ? next_line(names, ret_name) : 0;
}

static void names_clear(struct names *names)
{
	if (names->from && names->from != stdin)
		fclose(names->from);
	free(names->line);
}

static int names_open(struct names *names)
{
	const char *path = names->request->files_from;

	if (!path)
		return 0;
	names->from = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	if (names->from)
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
		settings->each_context = request;
	}
	return request->format == FRAG_CSV ? show_csv_header(stdout) : 0;
}

static int end(struct frag_request *request, const struct frag_result *result, int r,
	       const struct problem *problem)
{
	if (r < 0) {
		frag_progress_end(request);
		return cmd_complain(problem, r);
	}
	return frag_finish(request, result, NULL);
}

int frag_tree(struct frag_request *request)
{
	CLEANUP(frag_result_clear) struct frag_result result = { 0 };
	CLEANUP(problem_clear) struct problem problem = { 0 };
	CLEANUP(names_clear) struct names names = { .request = request };
	int r = names_open(&names);

	if (r)
		return r;
	r = begin(request);
	if (r == 0)
		r = frag_walk(&request->settings, &(struct frag_names) { next_name, &names },
			      &result, &problem);
	return end(request, &result, r, &problem);
}

int frag_whole_volume(struct frag_request *request)
{
	CLEANUP(frag_result_clear) struct frag_result result = { 0 };
	CLEANUP(problem_clear) struct problem problem = { 0 };
	int r = begin(request);

	if (r == 0)
		r = frag_volume(&request->settings, request->names[0], &result, &problem);
	return end(request, &result, r, &problem);
}
