/* SPDX-License-Identifier: MIT */
/* Free space in pieces: how would a file come out that is allocated now? */
#ifndef FRAG_FREESPACE_H
#define FRAG_FREESPACE_H

#include <stdint.h>

struct extent_kernel;

/* Runs from 2^n to below 2^(n+1) bytes. */
enum { FREE_CLASSES = 64 };

struct free_class {
	uint64_t runs, bytes;
};

struct free_space {
	uint64_t runs, bytes, largest_bytes;
	struct free_class by_size[FREE_CLASSES];
	uint64_t run_start, run_bytes; /* the last one, which may go on; run_bytes 0: none */
};

/* In the order of the volume; what touches the run before is part of it. */
void free_space_add(struct free_space *space, uint64_t start_bytes, uint64_t bytes);

/* After the last one. */
void free_space_finish(struct free_space *space);

/*
 * The fewest fragments that an allocation of so many bytes can get, if it takes
 * the largest runs: exact but within a class, where all are taken to be of their
 * mean size.  0: it does not fit.
 */
uint64_t free_space_fragments(const struct free_space *space, uint64_t bytes);

/*
 * Of a mounted file system, whose st_dev is `device`.  -EOPNOTSUPP, -EPERM,
 * -EIO (the kernel makes no sense), or another -errno.
 */
int free_space_by_fsmap(const struct extent_kernel *kernel, int fd, uint64_t device,
			struct free_space *ret);

#endif
