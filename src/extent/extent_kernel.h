/* SPDX-License-Identifier: MIT */
/* The one place where readers reach the kernel, so that any answer can be played to them. */
#ifndef EXTENT_EXTENT_KERNEL_H
#define EXTENT_EXTENT_KERNEL_H

#include <linux/fsmap.h>
#include <stdint.h>

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

#endif
