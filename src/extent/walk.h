/* SPDX-License-Identifier: MIT */
/*
 * Inside of this folder and for its tests: the two walkers, on any kernel.
 */
#ifndef EXTENT_WALK_H
#define EXTENT_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "extent/extent.h"
#include "extent/extent_kernel.h"

struct extent_request {
	const struct extent_kernel *kernel;
	int fd;
	bool sync;
	unsigned batch; /* extents a call, at least 1 */
	extent_fn each;
	void *context;
};

/* extent_walk() on a given kernel. */
int extent_walk_on(const struct extent_kernel *kernel, int fd,
		   const struct extent_walk_options *options, extent_fn each, void *context,
		   enum extent_source *ret_source);

/* One ioctl, again as long as a signal interrupts it. */
int extent_control(const struct extent_request *request, unsigned long code, void *argument);

/*
 * As extent_walk().  Where FIEMAP is not supported, it returns 0 with
 * *ret_refused set and `each` never called.
 */
int fiemap_walk(const struct extent_request *request, bool *ret_refused);

/* As extent_walk(), over the blocks of the first `file_bytes`; one block if that is 0. */
int fibmap_walk(const struct extent_request *request, uint64_t file_bytes);

#endif
