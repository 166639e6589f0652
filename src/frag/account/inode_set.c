/* SPDX-License-Identifier: MIT */
/*
 * A tree of backups has tens of millions of hard links, so the set has to be small.  Inode numbers
 * are mostly consecutive, hence a bitmap per run of 256 numbers, found by hashing: 48 bytes per
 * run.  The table stops growing at half a million runs (24 MiB; 134 million inodes if they are
 * dense), so that memory is bounded.
 */
#include "frag/account/inode_set.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/hashmap.h"

enum { RUN_BITS = 8, SLOTS_MAX = 1 << 19 };

struct run {
	uint64_t device;
	uint64_t number; /* of the run, plus 1; 0: the slot is free */
	uint64_t bits[(1 << RUN_BITS) / 64];
};

struct inode_set {
	pthread_mutex_t lock;
	struct hashmap runs;
	int full;
};

static bool is_used(const void *slot)
{
	return ((const struct run *)slot)->number != 0;
}

static uint64_t hash_run(const void *slot, const void *context)
{
	const struct run *run = slot;

	(void)context;
	return hash_number(hash_number(run->device) ^ run->number);
}

static bool is_same(const void *slot, const void *key, const void *context)
{
	const struct run *run = slot, *other = key;

	(void)context;
	return run->number == other->number && run->device == other->device;
}

static const struct hashmap_kind runs = { sizeof(struct run), is_used, hash_run, is_same };

struct inode_set *inode_set_new(void)
{
	struct inode_set *set = calloc(1, sizeof(*set));

	if (!set)
		return NULL;
	set->runs = (struct hashmap) { .kind = &runs, .slots_max = SLOTS_MAX };
	pthread_mutex_init(&set->lock, NULL);
	return set;
}

struct inode_set *inode_set_free(struct inode_set *set)
{
	if (!set)
		return NULL;
	pthread_mutex_destroy(&set->lock);
	hashmap_clear(&set->runs);
	free(set);
	return NULL;
}

void inode_set_freep(struct inode_set **set)
{
	*set = inode_set_free(*set);
}

/* NULL with *error 0: the set is full. */
static struct run *find_or_add(struct inode_set *set, uint64_t device, uint64_t number, int *error)
{
	const struct run key = { .device = device, .number = number };
	void *slot = NULL;
	int r = hashmap_add(&set->runs, hash_run(&key, NULL), &key, &slot);

	if (r == 0)
		*(struct run *)slot = key;
	if (r == -ENOSPC)
		set->full = 1;
	else if (r < 0)
		*error = r;
	return slot;
}

int inode_set_add(struct inode_set *set, uint64_t device, uint64_t inode)
{
	uint64_t bit = 1ull << (inode % 64);
	int error = 0, is_new = 1;
	struct run *run;

	pthread_mutex_lock(&set->lock);
	run = find_or_add(set, device, (inode >> RUN_BITS) + 1, &error);
	if (run) {
		uint64_t *word = &run->bits[inode % (1 << RUN_BITS) / 64];

		is_new = !(*word & bit);
		*word |= bit;
	}
	pthread_mutex_unlock(&set->lock);
	return error ? error : is_new;
}

int inode_set_is_full(struct inode_set *set)
{
	int full;

	pthread_mutex_lock(&set->lock);
	full = set->full;
	pthread_mutex_unlock(&set->lock);
	return full;
}
