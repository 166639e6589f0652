/* SPDX-License-Identifier: MIT */
/*
 * A file can have a million runs, of which a picture shows a thousand at most.
 * Of more, the longest are kept, since they are most of the file; what is left
 * out is counted, so that the picture can say so.  Room for twice as many means
 * that sorting is seldom: the cost of a run stays constant, and so does the
 * memory, which is a figure of the trial, too.
 */
#include "extent/runs.h"

#include <stdlib.h>

static int longest_first(const void *one, const void *other)
{
	const struct run *a = one, *b = other;

	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? 1 : -1;
	return (a->logical > b->logical) - (a->logical < b->logical);
}

static int in_order_of_file(const void *one, const void *other)
{
	const struct run *a = one, *b = other;

	return (a->logical > b->logical) - (a->logical < b->logical);
}

static void leave_out(struct runs *runs, uint64_t bytes)
{
	runs->left_out++;
	if (__builtin_add_overflow(runs->left_out_bytes, bytes, &runs->left_out_bytes))
		runs->left_out_bytes = UINT64_MAX;
}

static void keep_longest(struct runs *runs)
{
	qsort(runs->run, runs->count, sizeof(runs->run[0]), longest_first);
	while (runs->count > RUNS_MOST)
		leave_out(runs, runs->run[--runs->count].bytes);
}

static void end_last(struct runs *runs)
{
	if (runs->last.bytes == 0)
		return;
	if (runs->count == 2 * RUNS_MOST)
		keep_longest(runs);
	runs->run[runs->count++] = runs->last;
	runs->last = (struct run) { 0 };
}

static int goes_on(const struct run *run, const struct extent *extent)
{
	return run->bytes && run->logical + run->bytes == extent->logical &&
	       run->physical + run->bytes == extent->physical &&
	       run->unwritten == ((extent->flags & EXTENT_UNWRITTEN) != 0);
}

int runs_add(const struct extent *extent, void *context)
{
	struct runs *runs = context;

	if (extent->flags & EXTENT_NO_ADDRESS) {
		end_last(runs);
		leave_out(runs, extent->bytes);
		return 0;
	}
	if (goes_on(&runs->last, extent)) {
		runs->last.bytes += extent->bytes;
		return 0;
	}
	end_last(runs);
	runs->last = (struct run) {
		.logical = extent->logical,
		.physical = extent->physical,
		.bytes = extent->bytes,
		.unwritten = (extent->flags & EXTENT_UNWRITTEN) != 0,
	};
	return 0;
}

void runs_finish(struct runs *runs)
{
	end_last(runs);
	if (runs->count > RUNS_MOST)
		keep_longest(runs);
	qsort(runs->run, runs->count, sizeof(runs->run[0]), in_order_of_file);
}
