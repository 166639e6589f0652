/* SPDX-License-Identifier: MIT */
/*
 * FIEMAP, FIBMAP and GETFSMAP, on any kernel: all calls go through struct extent_kernel, so that
 * tests can play any answer.
 */
#ifndef EXTENT_EXTENT_KERNEL_H
#define EXTENT_EXTENT_KERNEL_H

#include <linux/fsmap.h>
#include <stdbool.h>
#include <stdint.h>

#include "extent/extent.h"

struct extent_kernel {
	/* ioctl(): 0 or -errno */
	int (*control)(void *context, int fd, unsigned long request, void *argument);
	void *context;
};

extern const struct extent_kernel extent_running_kernel;

/* Less than 0 ends the walk and is returned by it. */
typedef int (*fsmap_fn)(const struct fsmap *record, void *context);

/*
 * Each record of GETFSMAP for `device` from byte `from` to `to`, in order (fsmap.c).  0,
 * -EOPNOTSUPP, -EPERM, -EIO (the kernel makes no sense), another -errno, or what `each` returned.
 */
int fsmap_walk(const struct extent_kernel *kernel, int fd, uint64_t device, uint64_t from,
	       uint64_t to, fsmap_fn each, void *context);

/* ---- the walkers behind extent_walk() ---- */

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
