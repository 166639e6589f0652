/* SPDX-License-Identifier: MIT */
/*
 * A file can have millions of fragments, so all figures but one are kept as
 * running sums.  The median needs the length of every fragment; it is found by
 * bisecting the range of lengths, each step counting those below, and not by
 * sorting: that takes no second array, leaves the builder as it is, and no
 * layout, however made up, can slow it down.
 */
#include "extent/layout.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "extent/extent.h"

struct layout_builder {
	struct layout_sums sums;
	uint64_t *run_bytes; /* of each fragment with addresses; the last may still grow */
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

/* An encoded extent may be used twice; its second use is where the first one was read. */
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
	/* Beforehand, so that an extent is added wholly or not at all. */
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
