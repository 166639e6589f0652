/* SPDX-License-Identifier: MIT */
/* What lies where on a mounted file system. */
#ifndef FRAG_FSMAP_H
#define FRAG_FSMAP_H

#include <linux/fsmap.h>
#include <stdint.h>

#include "extent/extent_kernel.h"

/* Less than 0 ends the walk and is returned by it. */
typedef int (*fsmap_fn)(const struct fsmap *record, void *context);

/*
 * Each record of `device` from byte `from` to `to`, in order.  0, -EOPNOTSUPP, -EPERM, -EIO (the
 * kernel makes no sense), another -errno, or what `each` returned.
 */
int fsmap_walk(const struct extent_kernel *kernel, int fd, uint64_t device, uint64_t from,
	       uint64_t to, fsmap_fn each, void *context);

#endif
