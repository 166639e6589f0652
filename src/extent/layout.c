/* SPDX-License-Identifier: MIT */
/*
 * A file can have millions of fragments, so all statistics but one are running sums.  The median
 * needs the length of every fragment.  It is found by bisecting the range of lengths, counting the
 * fragments below in each step, and not by sorting: that needs no second array, does not change
 * the builder, and takes the same time for every layout.
 *
 * For a picture at most 1000 runs are kept, the longest ones, which are most of the file.  The
 * others are counted.  The array has room for twice as many, so that sorting is rare: the cost per
 * run is constant, and so is the memory, which is also a result of the trial.
 */
#include "extent/layout.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "extent/extent.h"

struct layout_builder {
	struct layout_sums sums;
	uint64_t *run_bytes; /* per fragment with addresses; the last may still grow */
	size_t runs;
};

struct layout_builder *layout_builder_new(void)
{
	struct layout_builder *builder = calloc(1, sizeof(*builder));

	if (builder)
		builder->sums = LAYOUT_SUMS_INIT;
	return builder;
}

struct layout_builder *layout_builder_free(struct layout_builder *builder)
{
	if (builder)
		free(builder->run_bytes);
	free(builder);
	return NULL;
}

void layout_builder_freep(struct layout_builder **builder)
{
	*builder = layout_builder_free(*builder);
}

static uint64_t add_capped(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

/* An encoded extent may be used twice; the second use does not move the disk. */
static uint64_t step_to(const struct layout_sums *sums, const struct extent *extent)
{
	uint64_t to = extent->physical;

	if (!sums->has_start || !extent_has_start(extent) ||
	    (extent->flags & EXTENT_ENCODED && to == sums->physical_start))
		return 0;
	if (to > sums->physical_end_most)
		return to - sums->physical_end_most;
	return to < sums->physical_end_least ? sums->physical_end_least - to : 0;
}

static void add_run(struct layout_sums *sums, const struct extent *extent)
{
	struct layout *figures = &sums->figures;

	if (!extent_has_address(extent)) {
		figures->addresses_known = 0;
		sums->run_bytes = 0;
		return;
	}
	if (figures->largest_bytes == 0)
		figures->first_physical = extent->physical;
	if (sums->step_bytes)
		sums->run_bytes = 0;
	sums->run_bytes = add_capped(sums->run_bytes, extent->bytes);
	if (sums->run_bytes > figures->largest_bytes)
		figures->largest_bytes = sums->run_bytes;
}

static void move_to(struct layout_sums *sums, const struct extent *extent)
{
	sums->has_start = extent_has_start(extent);
	sums->physical_start = extent->physical;
	sums->physical_end_most = add_capped(extent->physical, extent_disk_bytes(extent));
	sums->physical_end_least =
		extent_has_address(extent) ? sums->physical_end_most : extent->physical;
}

static void add_bytes(struct layout_sums *sums, const struct extent *extent)
{
	struct layout *figures = &sums->figures;
	uint64_t end = add_capped(extent->logical, extent->bytes);

	figures->extents++;
	figures->mapped_bytes = add_capped(figures->mapped_bytes, extent->bytes);
	if (extent->flags & EXTENT_UNWRITTEN)
		figures->unwritten_bytes = add_capped(figures->unwritten_bytes, extent->bytes);
	if (extent->flags & EXTENT_SHARED)
		figures->shared_bytes = add_capped(figures->shared_bytes, extent->bytes);
	if (extent->flags & EXTENT_ENCODED)
		figures->encoded_bytes = add_capped(figures->encoded_bytes, extent->bytes);
	if (extent->logical > sums->logical_end)
		figures->holes++;
	if (end > sums->logical_end)
		sums->logical_end = end;
}

void layout_sums_add(struct layout_sums *sums, const struct extent *extent)
{
	struct layout *figures = &sums->figures;

	sums->step_bytes = step_to(sums, extent);
	figures->gap_bytes = add_capped(figures->gap_bytes, sums->step_bytes);
	figures->fragments += figures->extents == 0 || sums->step_bytes;
	add_run(sums, extent);
	move_to(sums, extent);
	add_bytes(sums, extent);
}

int layout_builder_add(const struct extent *extent, void *context)
{
	struct layout_builder *builder = context;
	uint64_t run_bytes = builder->sums.run_bytes;
	/* Allocates first, so that an extent is added completely or not at all. */
	int r = ARRAY_ROOM(builder->run_bytes, builder->runs);

	if (r < 0)
		return r;
	layout_sums_add(&builder->sums, extent);
	if (builder->sums.run_bytes) {
		builder->runs += run_bytes == 0 || builder->sums.step_bytes;
		builder->run_bytes[builder->runs - 1] = builder->sums.run_bytes;
	}
	return 0;
}

static size_t runs_up_to(const struct layout_builder *builder, uint64_t bytes)
{
	size_t count = 0;

	for (size_t i = 0; i < builder->runs; i++)
		count += builder->run_bytes[i] <= bytes;
	return count;
}

/* The smallest length that at least half of the runs do not exceed. */
static uint64_t median_run(const struct layout_builder *builder, uint64_t largest)
{
	size_t half = builder->runs / 2 + builder->runs % 2;
	uint64_t low = 0, high = largest;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (runs_up_to(builder, middle) >= half)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

void layout_builder_finish(const struct layout_builder *builder, struct layout *ret)
{
	*ret = builder->sums.figures;
	ret->median_bytes = median_run(builder, ret->largest_bytes);
}

uint64_t layout_ideal_fragments(uint64_t bytes, uint64_t largest_run)
{
	if (bytes == 0 || largest_run == 0)
		return bytes != 0;
	return bytes / largest_run + (bytes % largest_run != 0);
}

/* ---- runs ---- */

static int longest_first(const void *one, const void *other)
{
	const struct layout_run *a = one, *b = other;

	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? 1 : -1;
	return (a->logical > b->logical) - (a->logical < b->logical);
}

static int in_order_of_file(const void *one, const void *other)
{
	const struct layout_run *a = one, *b = other;

	return (a->logical > b->logical) - (a->logical < b->logical);
}

static void leave_out(struct layout_runs *runs, uint64_t bytes)
{
	runs->left_out++;
	if (__builtin_add_overflow(runs->left_out_bytes, bytes, &runs->left_out_bytes))
		runs->left_out_bytes = UINT64_MAX;
}

static void keep_longest(struct layout_runs *runs)
{
	qsort(runs->run, runs->count, sizeof(runs->run[0]), longest_first);
	while (runs->count > LAYOUT_RUNS_MAX)
		leave_out(runs, runs->run[--runs->count].bytes);
}

static void end_last(struct layout_runs *runs)
{
	if (runs->last.bytes == 0)
		return;
	if (runs->count == 2 * LAYOUT_RUNS_MAX)
		keep_longest(runs);
	runs->run[runs->count++] = runs->last;
	runs->last = (struct layout_run) { 0 };
}

static int goes_on(const struct layout_run *run, const struct extent *extent)
{
	return run->bytes && run->logical + run->bytes == extent->logical &&
	       run->physical + run->bytes == extent->physical &&
	       run->unwritten == ((extent->flags & EXTENT_UNWRITTEN) != 0);
}

int layout_runs_add(const struct extent *extent, void *context)
{
	struct layout_runs *runs = context;

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
	runs->last = (struct layout_run) {
		.logical = extent->logical,
		.physical = extent->physical,
		.bytes = extent->bytes,
		.unwritten = (extent->flags & EXTENT_UNWRITTEN) != 0,
	};
	return 0;
}

void layout_runs_finish(struct layout_runs *runs)
{
	end_last(runs);
	if (runs->count > LAYOUT_RUNS_MAX)
		keep_longest(runs);
	qsort(runs->run, runs->count, sizeof(runs->run[0]), in_order_of_file);
}
