/* SPDX-License-Identifier: MIT */
/*
 * The input is what a kernel answers: the walkers and the figures must come to
 * an end, and keep what their headers promise, whatever it says.
 *
 *	byte 0		extents a call (0: the default)
 *	byte 1		0: FIEMAP answers; else it refuses and FIBMAP does
 *	then, FIEMAP:	per call a signed byte, the number of extents (negative: an
 *			errno); per extent logical, physical, length (8 bytes each)
 *			and flags (4)
 *	or, FIBMAP:	a byte, the file's length in blocks; per call 4 bytes, a
 *			block's number (negative: an errno)
 */
#include <errno.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "input.h"
#include "extent/layout.h"
#include "extent/extent_kernel.h"

struct checked {
	struct layout_builder *builder;
	uint64_t logical_end;
	uint64_t extents;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int answer_fiemap(struct input *input, struct fiemap *fiemap)
{
	int8_t count;

	must(fiemap->fm_extent_count >= 1 && fiemap->fm_length > 0);
	input_take(input, &count, sizeof(count));
	if (count < 0)
		return count;
	fiemap->fm_mapped_extents = (uint32_t)count;
	for (unsigned i = 0; i < (unsigned)count && i < fiemap->fm_extent_count; i++) {
		struct fiemap_extent *extent = &fiemap->fm_extents[i];

		input_take(input, &extent->fe_logical, sizeof(extent->fe_logical));
		input_take(input, &extent->fe_physical, sizeof(extent->fe_physical));
		input_take(input, &extent->fe_length, sizeof(extent->fe_length));
		input_take(input, &extent->fe_flags, sizeof(extent->fe_flags));
	}
	return 0;
}

static int answer(void *context, int fd, unsigned long request, void *argument)
{
	struct input *input = context;
	int32_t number;
	(void)fd;

	if (request == FS_IOC_FIEMAP)
		return answer_fiemap(input, argument);
	if (request == FIGETBSZ) {
		memcpy(argument, &(int) { 4096 }, sizeof(int));
		return 0;
	}
	must(request == FIBMAP);
	input_take(input, &number, sizeof(number));
	if (number < 0 && number > -4096)
		return number;
	memcpy(argument, &number, sizeof(number));
	return 0;
}

static int check(const struct extent *extent, void *context)
{
	struct checked *checked = context;
	uint64_t end;

	must(extent->bytes > 0);
	must(extent->logical >= checked->logical_end);
	must(!__builtin_add_overflow(extent->logical, extent->bytes, &checked->logical_end));
	must((extent->flags & EXTENT_NO_ADDRESS) ||
	     !__builtin_add_overflow(extent->physical, extent->bytes, &end));
	checked->extents++;
	return layout_builder_add(extent, checked->builder);
}

static void check_figures(const struct checked *checked)
{
	struct layout layout;

	layout_builder_finish(checked->builder, &layout);
	must(layout.extents == checked->extents);
	must(layout.fragments <= layout.extents);
	must((layout.fragments == 0) == (layout.extents == 0));
	must(layout.largest_bytes <= layout.mapped_bytes);
	must(layout.median_bytes <= layout.largest_bytes);
	must(layout.unwritten_bytes <= layout.mapped_bytes);
	must(layout.holes <= layout.extents);
	must(layout.mapped_bytes <= checked->logical_end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { .at = data, .left = size };
	const struct extent_kernel kernel = { .control = answer, .context = &input };
	CLEANUP(layout_builder_freep) struct layout_builder *builder = layout_builder_new();
	struct checked checked = { .builder = builder };
	uint8_t batch, by_blocks;

	if (!builder)
		return 0;
	input_take(&input, &batch, sizeof(batch));
	input_take(&input, &by_blocks, sizeof(by_blocks));
	if (by_blocks) {
		const struct extent_request request = { &kernel, -1, false, 1, check, &checked };
		uint8_t blocks;

		input_take(&input, &blocks, sizeof(blocks));
		fibmap_walk(&request, 4096ull * blocks);
	} else {
		extent_walk_on(&kernel, -1, &(struct extent_walk_options) { .batch = batch }, check,
			       &checked, NULL);
	}
	check_figures(&checked);
	return 0;
}
