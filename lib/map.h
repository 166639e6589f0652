/* SPDX-License-Identifier: MIT */
/* Where a file has blocks and where it has none. */
#ifndef PREALLOC_MAP_H
#define PREALLOC_MAP_H

#include "task.h"

/* Non-zero ends the walk and is returned by it. */
typedef int (*map_extent_fn)(const struct span *extent, uint32_t fiemap_flags, void *context);
typedef int (*map_gap_fn)(const struct span *gap, void *context);

/*
 * FIEMAP of [start, end), extents as they are, unclipped; FIEMAP_FLAG_SYNC in `flags`
 * has dirty pages written first.  0 or -errno.
 */
int map_extents(int fd, uint32_t flags, uint64_t start, uint64_t end, map_extent_fn each,
		void *context);

/* Finds out who tells, once.  0 or -errno. */
int map_probe(struct task *task);

/* Does FIEMAP answer?  Unlike map_probe() this never opens the file. */
int map_shows_extents(struct task *task);

/*
 * Asks again: only a file that has holes shows who hides them, and it may have got
 * them since.  What is known of the file as it was stays.  0 or -errno.
 */
int map_probe_again(struct task *task);

/*
 * Each part of [start, end) without blocks, by whoever tells.  With MAP_NONE all
 * of it up to the end of the file counts as blocks.
 */
int map_gaps(struct task *task, uint64_t start, uint64_t end, map_gap_fn each, void *context);

#endif
