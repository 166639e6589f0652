/* SPDX-License-Identifier: MIT */
/* The blocks and holes of a file. */
#ifndef PREALLOC_MAP_H
#define PREALLOC_MAP_H

#include "task.h"

/* A non-zero value ends the walk, which returns it. */
typedef int (*map_extent_fn)(const struct span *extent, uint32_t fiemap_flags, void *context);
typedef int (*map_gap_fn)(const struct span *gap, void *context);

/*
 * Calls `each` for the extents of [start, end) that FIEMAP reports; they are not clipped to the
 * range.  FIEMAP_FLAG_SYNC in `flags` writes dirty pages first.  0, the value of `each`, or
 * -errno.
 */
int map_extents(int fd, uint32_t flags, uint64_t start, uint64_t end, map_extent_fn each,
		void *context);

/* Determines how the file system reports blocks, once.  0 or -errno. */
int map_probe(struct task *task);

/* Whether FIEMAP works.  Unlike map_probe() this never opens the file. */
int map_shows_extents(struct task *task);

/*
 * Determines it again: only a file with holes shows whether they are reported, and it may have
 * holes by now.  What is known about the file before the call is kept.  0 or -errno.
 */
int map_probe_again(struct task *task);

/*
 * Calls `each` for each hole of [start, end).  With MAP_NONE everything up to the end of the file
 * counts as allocated.  0, the value of `each`, or -errno.
 */
int map_gaps(struct task *task, uint64_t start, uint64_t end, map_gap_fn each, void *context);

#endif
