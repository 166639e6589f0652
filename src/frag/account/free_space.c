/* SPDX-License-Identifier: MIT */
/* A volume can have as many free runs as blocks, so they are summed by 64 classes of size. */
#include "frag/account/free_space.h"

#include <math.h>

#include "extent/extent_kernel.h"

static void count_run(struct free_space *space)
{
	struct free_class *class;

	if (space->run_bytes == 0)
		return;
	class = &space->by_size[63 - __builtin_clzll(space->run_bytes)];
	class->runs++;
	class->bytes += space->run_bytes;
	space->runs++;
	space->bytes += space->run_bytes;
	if (space->run_bytes > space->largest_bytes)
		space->largest_bytes = space->run_bytes;
	space->run_bytes = 0;
}

void free_space_add(struct free_space *space, uint64_t start_bytes, uint64_t bytes)
{
	if (space->run_bytes && space->run_start + space->run_bytes == start_bytes) {
		space->run_bytes += bytes;
		return;
	}
	count_run(space);
	space->run_start = start_bytes;
	space->run_bytes = bytes;
}

void free_space_finish(struct free_space *space)
{
	count_run(space);
}

uint64_t free_space_fragments(const struct free_space *space, uint64_t bytes)
{
	uint64_t fragments = 0;

	if (bytes > space->bytes)
		return 0;
	if (bytes <= space->largest_bytes)
		return bytes != 0;
	/* The largest run is known exactly. */
	bytes -= space->largest_bytes;
	fragments = 1;
	for (int i = FREE_CLASSES - 1; i >= 0 && bytes; i--) {
		const struct free_class *class = &space->by_size[i];
		int has_largest = class->bytes && space->largest_bytes >> i == 1;
		uint64_t class_runs = class->runs - (uint64_t)has_largest;
		uint64_t class_bytes = class->bytes - (has_largest ? space->largest_bytes : 0);

		if (class_runs == 0)
			continue;
		if (bytes >= class_bytes) {
			fragments += class_runs;
			bytes -= class_bytes;
			continue;
		}
		fragments +=
			(uint64_t)ceil((double)bytes * (double)class_runs / (double)class_bytes);
		bytes = 0;
	}
	return fragments;
}

/* ---- from the kernel ---- */

static int take_free(const struct fsmap *record, void *space)
{
	if (record->fmr_flags & FMR_OF_SPECIAL_OWNER && record->fmr_owner == FMR_OWN_FREE)
		free_space_add(space, record->fmr_physical, record->fmr_length);
	return 0;
}

int free_space_by_fsmap(const struct extent_kernel *kernel, int fd, uint64_t device,
			struct free_space *ret)
{
	struct free_space space = { 0 };
	int r = fsmap_walk(kernel, fd, device, 0, UINT64_MAX, take_free, &space);

	if (r < 0)
		return r;
	free_space_finish(&space);
	*ret = space;
	return 0;
}
