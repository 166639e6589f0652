/* SPDX-License-Identifier: MIT */
/* The free space of a volume, and the number of fragments of a file that is allocated now. */
#ifndef FRAG_FREE_SPACE_H
#define FRAG_FREE_SPACE_H

#include <stdint.h>

struct extent_kernel;

/* Class n: runs from 2^n to below 2^(n+1) bytes. */
enum { FREE_CLASSES = 64 };

struct free_class {
	uint64_t runs, bytes;
};

struct free_space {
	uint64_t runs, bytes, largest_bytes;
	struct free_class by_size[FREE_CLASSES];
	uint64_t run_start, run_bytes; /* the last one, which may continue; run_bytes 0: none */
};

/*
 * Adds a free range, in the order of the volume.  A range that is adjacent to the previous one
 * extends it.
 */
void free_space_add(struct free_space *space, uint64_t start_bytes, uint64_t bytes);

/* Completes the statistics, after the last range. */
void free_space_finish(struct free_space *space);

/*
 * The minimum number of fragments of an allocation of that size, from the largest runs.  The runs
 * of a class are assumed to have their mean size.  0: it does not fit.
 */
uint64_t free_space_fragments(const struct free_space *space, uint64_t bytes);

/*
 * Reads the free space of the mounted file system that `fd` is on; `device` is its st_dev.  0 or as
 * fsmap_walk().
 */
int free_space_by_fsmap(const struct extent_kernel *kernel, int fd, uint64_t device,
			struct free_space *ret);

#endif
