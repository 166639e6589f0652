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

/* A negative value ends the walk, which returns it. */
typedef int (*fsmap_fn)(const struct fsmap *record, void *context);

/*
 * Calls `each` per record of GETFSMAP for `device` from byte `from` to `to`, in order.  0,
 * -EOPNOTSUPP, -EPERM, -EIO (invalid answers), another -errno, or the value of `each`.
 */
int fsmap_walk(const struct extent_kernel *kernel, int fd, uint64_t device, uint64_t from,
	       uint64_t to, fsmap_fn each, void *context);

/* ---- the walkers behind extent_walk() ---- */

struct extent_request {
	const struct extent_kernel *kernel;
	int fd;
	bool sync;
	unsigned batch; /* extents per system call, at least 1 */
	extent_fn each;
	void *context;
};

/* extent_walk() on a given kernel. */
int extent_walk_on(const struct extent_kernel *kernel, int fd,
		   const struct extent_walk_options *options, extent_fn each, void *context,
		   enum extent_source *ret_source);

/* One ioctl, repeated while a signal interrupts it. */
int extent_control(const struct extent_request *request, unsigned long code, void *argument);

/*
 * As extent_walk().  If FIEMAP is not supported, returns 0, sets *ret_refused, and does not call
 * `each`.
 */
int fiemap_walk(const struct extent_request *request, bool *ret_refused);

/* As extent_walk(), over the blocks of the first `file_bytes` bytes; one block if that is 0. */
int fibmap_walk(const struct extent_request *request, uint64_t file_bytes);

#endif
