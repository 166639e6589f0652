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

#include "base/cleanup.h"

enum { RUN_BITS = 8, FIRST_SLOTS = 256, SLOTS_MAX = 1 << 19 };

struct run {
	uint64_t device;
	uint64_t number; /* of the run, plus 1; 0: the slot is free */
	uint64_t bits[(1 << RUN_BITS) / 64];
};

struct seen {
	pthread_mutex_t lock;
	struct run *runs;
	size_t slots, used;
	int full;
};

struct seen *seen_new(void)
{
	CLEANUP(freep) struct seen *seen = calloc(1, sizeof(*seen));

	if (!seen)
		return NULL;
	seen->runs = calloc(FIRST_SLOTS, sizeof(*seen->runs));
	if (!seen->runs)
		return NULL;
	seen->slots = FIRST_SLOTS;
	pthread_mutex_init(&seen->lock, NULL);
	return TAKE_PTR(seen);
}

struct seen *seen_free(struct seen *seen)
{
	if (!seen)
		return NULL;
	pthread_mutex_destroy(&seen->lock);
	free(seen->runs);
	free(seen);
	return NULL;
}

void seen_freep(struct seen **seen)
{
	*seen = seen_free(*seen);
}

/* The slot of that run, or the free one where it belongs; never full, so it ends. */
static struct run *find(struct run *runs, size_t slots, uint64_t device, uint64_t number)
{
	uint64_t hash = (device * 0x9e3779b97f4a7c15u ^ number) * 0xff51afd7ed558ccdu;
	size_t slot = (hash >> 32) & (slots - 1);

	while (runs[slot].number && (runs[slot].number != number || runs[slot].device != device))
		slot = (slot + 1) & (slots - 1);
	return &runs[slot];
}

static int grow(struct seen *seen)
{
	size_t slots = seen->slots * 2;
	struct run *runs = calloc(slots, sizeof(*runs));

	if (!runs)
		return -ENOMEM;
	for (size_t i = 0; i < seen->slots; i++)
		if (seen->runs[i].number)
			*find(runs, slots, seen->runs[i].device, seen->runs[i].number) =
				seen->runs[i];
	free(seen->runs);
	seen->runs = runs;
	seen->slots = slots;
	return 0;
}

/* NULL with *error 0: the set is full. */
static struct run *find_or_add(struct seen *seen, uint64_t device, uint64_t number, int *error)
{
	struct run *run = find(seen->runs, seen->slots, device, number);

	if (run->number)
		return run;
	if (seen->used + seen->used / 3 >= seen->slots) {
		if (seen->slots >= SLOTS_MAX) {
			seen->full = 1;
			return NULL;
		}
		*error = grow(seen);
		if (*error)
			return NULL;
		run = find(seen->runs, seen->slots, device, number);
	}
	*run = (struct run) { .device = device, .number = number };
	seen->used++;
	return run;
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
