/* SPDX-License-Identifier: MIT */
/*
 * A tree of backups has tens of millions of hard links, so the set has to be
 * small.  Inode numbers come in runs on every file system that has inodes, hence
 * a bitmap for each run of 256 numbers, found by hashing: 48 bytes a run.  The
 * table stops growing at half a million runs (24 MiB; 134 million inodes if they
 * are dense), so that memory is bounded whatever the tree.
 */
#include "frag/scan/seen.h"

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

struct seen {
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

struct seen *seen_new(void)
{
	struct seen *seen = calloc(1, sizeof(*seen));

	if (!seen)
		return NULL;
	seen->runs = (struct hashmap) { .kind = &runs, .slots_max = SLOTS_MAX };
	pthread_mutex_init(&seen->lock, NULL);
	return seen;
}

struct seen *seen_free(struct seen *seen)
{
	if (!seen)
		return NULL;
	pthread_mutex_destroy(&seen->lock);
	hashmap_clear(&seen->runs);
	free(seen);
	return NULL;
}

void seen_freep(struct seen **seen)
{
	*seen = seen_free(*seen);
}

/* NULL with *error 0: the set is full. */
static struct run *find_or_add(struct seen *seen, uint64_t device, uint64_t number, int *error)
{
	const struct run key = { .device = device, .number = number };
	void *slot = NULL;
	int r = hashmap_add(&seen->runs, hash_run(&key, NULL), &key, &slot);

	if (r == 0)
		*(struct run *)slot = key;
	if (r == -ENOSPC)
		seen->full = 1;
	else if (r < 0)
		*error = r;
	return slot;
}

int seen_add(struct seen *seen, uint64_t device, uint64_t inode)
{
	uint64_t bit = 1ull << (inode % 64);
	int error = 0, is_new = 1;
	struct run *run;

	pthread_mutex_lock(&seen->lock);
	run = find_or_add(seen, device, (inode >> RUN_BITS) + 1, &error);
	if (run) {
		uint64_t *word = &run->bits[inode % (1 << RUN_BITS) / 64];

		is_new = !(*word & bit);
		*word |= bit;
	}
	pthread_mutex_unlock(&seen->lock);
	return error ? error : is_new;
}

int seen_is_full(struct seen *seen)
{
	int full;

	pthread_mutex_lock(&seen->lock);
	full = seen->full;
	pthread_mutex_unlock(&seen->lock);
	return full;
}
