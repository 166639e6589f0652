/* SPDX-License-Identifier: MIT */
/*
 * The pool is larger than the unit of compression of file systems (btrfs: 128 KiB), and its words
 * are random, so that it cannot be compressed.
 */
#include "workload/pattern.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/random.h"

enum { POOL_BYTES = 256 << 10, ALIGNMENT = 4096 };

int pattern_init(struct pattern *pattern, uint64_t seed, unsigned pass, size_t block_bytes)
{
	size_t slots = block_bytes < POOL_BYTES ? POOL_BYTES / block_bytes : 1;
	void *pool;

	if (posix_memalign(&pool, ALIGNMENT, slots * block_bytes) != 0)
		return -ENOMEM;
	for (size_t i = 0; i < slots * block_bytes / sizeof(uint64_t); i++)
		((uint64_t *)pool)[i] = random_mix(i);
	*pattern = (struct pattern) {
		.pool = pool,
		.block_bytes = block_bytes,
		.slots = slots,
		.key = random_mix(random_mix(seed) + pass),
	};
	return 0;
}

void pattern_clear(struct pattern *pattern)
{
	free(pattern->pool);
	*pattern = (struct pattern) { 0 };
}
