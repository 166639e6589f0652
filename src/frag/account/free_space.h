/* SPDX-License-Identifier: MIT */
/* Free runs of a volume, and how many fragments a file would get that is allocated now. */
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

/* To be called in the order of the volume: what touches the run before is part of it. */
void free_space_add(struct free_space *space, uint64_t start_bytes, uint64_t bytes);

/* After the last one. */
void free_space_finish(struct free_space *space);

/*
 * The fewest fragments that an allocation of so many bytes can get, by taking the largest runs.
 * Within a class all runs are assumed to have their mean size.  0: it does not fit.
 */
uint64_t free_space_fragments(const struct free_space *space, uint64_t bytes);

/*
 * Reads that of the mounted file system that `fd` is on; `device` is its st_dev.  0 or as
 * fsmap_walk().
 */
int free_space_by_fsmap(const struct extent_kernel *kernel, int fd, uint64_t device,
			struct free_space *ret);

#endif
