/* SPDX-License-Identifier: MIT */
/*
 * A file can have millions of fragments, so all figures but one are kept as
 * running sums.  The median needs the length of every fragment; it is found by
 * bisecting the range of lengths, each step counting those below, and not by
 * sorting: that takes no second array, leaves the builder as it is, and no
 * layout, however made up, can slow it down.
 */
#include "layout.h"

#include <errno.h>
#include <stdlib.h>

struct layout_builder {
	struct layout figures; /* without largest_bytes and median_bytes */
	uint64_t *run_bytes;   /* of each fragment with addresses; the last may still grow */
	size_t runs, room;
	uint64_t logical_end;
	uint64_t physical_end; /* of the previous extent, if that had an address */
	enum { NOTHING, KNOWN, UNKNOWN } previous;
};

struct layout_builder *layout_builder_new(void)
{
	struct layout_builder *builder = calloc(1, sizeof(*builder));

	if (builder)
		builder->figures.addresses_known = 1;
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

static int begin_run(struct layout_builder *builder)
{
	if (builder->runs == builder->room) {
		size_t room = builder->room ? 2 * builder->room : 8;
		uint64_t *larger = reallocarray(builder->run_bytes, room, sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		builder->run_bytes = larger;
		builder->room = room;
	}
	builder->run_bytes[builder->runs++] = 0;
	builder->figures.fragments++;
	return 0;
}

static int add_known(struct layout_builder *builder, const struct extent *extent)
{
	uint64_t from = builder->physical_end, to = extent->physical;
	uint64_t *run;

	if (builder->runs == 0)
		builder->figures.first_physical = to;
	if (builder->previous != KNOWN || to != from) {
		int r = begin_run(builder);

		if (r < 0)
			return r;
	}
	if (builder->previous == KNOWN)
		builder->figures.gap_bytes =
			add_capped(builder->figures.gap_bytes, to > from ? to - from : from - to);
	run = &builder->run_bytes[builder->runs - 1];
	*run = add_capped(*run, extent->bytes);
	builder->physical_end = add_capped(to, extent->bytes);
	builder->previous = KNOWN;
	return 0;
}

static void add_unknown(struct layout_builder *builder)
{
	if (builder->previous != UNKNOWN)
		builder->figures.fragments++;
	builder->figures.addresses_known = 0;
	builder->previous = UNKNOWN;
}

static void add_sums(struct layout_builder *builder, const struct extent *extent)
{
	struct layout *figures = &builder->figures;
	uint64_t end = add_capped(extent->logical, extent->bytes);

	figures->extents++;
	figures->mapped_bytes = add_capped(figures->mapped_bytes, extent->bytes);
	if (extent->flags & EXTENT_UNWRITTEN)
		figures->unwritten_bytes = add_capped(figures->unwritten_bytes, extent->bytes);
	if (extent->flags & EXTENT_SHARED)
		figures->shared_bytes = add_capped(figures->shared_bytes, extent->bytes);
	if (extent->flags & EXTENT_ENCODED)
		figures->encoded_bytes = add_capped(figures->encoded_bytes, extent->bytes);
	if (extent->logical > builder->logical_end)
		figures->holes++;
	if (end > builder->logical_end)
		builder->logical_end = end;
}

int layout_builder_add(const struct extent *extent, void *context)
{
	struct layout_builder *builder = context;
	int r = 0;

	if (extent->flags & EXTENT_NO_ADDRESS)
		add_unknown(builder);
	else
		r = add_known(builder, extent);
	if (r == 0)
		add_sums(builder, extent);
	return r;
}

static size_t runs_up_to(const struct layout_builder *builder, uint64_t bytes)
{
	size_t count = 0;

	for (size_t i = 0; i < builder->runs; i++)
		count += builder->run_bytes[i] <= bytes;
	return count;
}

static uint64_t longest_run(const struct layout_builder *builder)
{
	uint64_t largest = 0;

	for (size_t i = 0; i < builder->runs; i++)
		if (builder->run_bytes[i] > largest)
			largest = builder->run_bytes[i];
	return largest;
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
	*ret = builder->figures;
	ret->largest_bytes = longest_run(builder);
	ret->median_bytes = median_run(builder, ret->largest_bytes);
}

uint64_t layout_ideal_fragments(uint64_t bytes, uint64_t largest_run)
{
	if (bytes == 0 || largest_run == 0)
		return bytes != 0;
	return bytes / largest_run + (bytes % largest_run != 0);
}
