/* SPDX-License-Identifier: MIT */
/*
 * The data that phases write: bytes that identify their file, offset and pass, each of which can be
 * checked.  A block is a part of a pool of random words, with a stamp of 8 bytes in each line of
 * the processor's cache.  So it is quickly made, and is in the cache when it is written, like the
 * data of a program that has just made it.
 */
#ifndef WORKLOAD_PATTERN_H
#define WORKLOAD_PATTERN_H

#include <stddef.h>
#include <stdint.h>

#include "base/random.h"

enum { PATTERN_STRIDE = 64 }; /* from one stamp to the next */

struct pattern {
	unsigned char *pool; /* owned, aligned for direct I/O */
	size_t block_bytes;
	size_t slots; /* the number of blocks in the pool, which are used in turn */
	uint64_t key;
};

/* Creates the pattern of one pass with blocks of that size.  0 or -ENOMEM. */
int pattern_init(struct pattern *pattern, uint64_t seed, unsigned pass, size_t block_bytes);
void pattern_clear(struct pattern *pattern); /* also for CLEANUP() */

/* Block `number` of a file, at `offset` in it; valid until the next call. */
static inline const void *pattern_block(struct pattern *pattern, uint64_t file, uint64_t number,
					uint64_t offset)
{
	unsigned char *block = pattern->pool + number % pattern->slots * pattern->block_bytes;
	uint64_t key = random_mix(pattern->key + file);

	for (size_t at = 0; at < pattern->block_bytes; at += PATTERN_STRIDE) {
		uint64_t stamp = key + (offset + at) * 0x9e3779b97f4a7c15;

		__builtin_memcpy(block + at, &stamp, sizeof(stamp));
	}
	return block;
}

#endif
