/* SPDX-License-Identifier: MIT */
/* What a file is like, read without the library's own code. */
#ifndef TESTS_LOOK_H
#define TESTS_LOOK_H

#include <stddef.h>
#include <stdint.h>

#include "place.h"

/* A new, empty file on it, without a name; fails the test if it cannot be had. */
int look_new_file(const struct place *place, int flags);

/* Writes bytes that depend on their offset and are never zero. */
void look_write(int fd, uint64_t offset, uint64_t bytes);

/* Are they still there? */
void look_is_written(int fd, uint64_t offset, uint64_t bytes);
void look_is_zero(int fd, uint64_t offset, uint64_t bytes);

uint64_t look_size(int fd);
uint64_t look_block_bytes(int fd);

/* Has [offset, offset + bytes) no hole?  By extents, or by the block count. */
void look_is_reserved(const struct place *place, int fd, uint64_t offset, uint64_t bytes);

/* Bytes of the file, below `limit`, that have blocks; -EOPNOTSUPP. */
int look_mapped(int fd, uint64_t limit, uint64_t *ret_bytes);

/*
 * Which blocks are there, as one number: equal if and only if (all but certainly)
 * the same bytes below `limit` have blocks.
 */
uint64_t look_map(int fd, uint64_t limit);

#endif
