/* SPDX-License-Identifier: MIT */
/*
 * What the devices of a btrfs have not given to any chunk is free for files as well,
 * in as many bytes as the profile of the data makes of it: a mirror needs space on
 * two devices.  The kernel takes chunks from the devices that have most left, and so
 * it is done here.  Files lie in the address space of the file system, where each
 * new chunk starts behind the last one: all of that is one run.
 */
#include <endian.h>
#include <errno.h>
#include <linux/btrfs_tree.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "frag/btrfs/btrfs.h"
#include "base/cleanup.h"

enum {
	DEVICE_START = 1 << 20, /* left alone on each device */
	DEVICES_MAX = 1024,	/* no tree of chunks has room for more */
	STEPS = 4096,
};

static const struct profile {
	uint64_t type;
	unsigned least, most; /* devices of a chunk; 0: all that have space */
	unsigned on_each;     /* stripes on a device */
	unsigned copies, parity;
} profiles[] = {
	{ BTRFS_BLOCK_GROUP_DUP, 1, 1, 2, 2, 0 },     { BTRFS_BLOCK_GROUP_RAID1, 2, 2, 1, 2, 0 },
	{ BTRFS_BLOCK_GROUP_RAID1C3, 3, 3, 1, 3, 0 }, { BTRFS_BLOCK_GROUP_RAID1C4, 4, 4, 1, 4, 0 },
	{ BTRFS_BLOCK_GROUP_RAID0, 1, 0, 1, 1, 0 },   { BTRFS_BLOCK_GROUP_RAID10, 2, 0, 1, 2, 0 },
	{ BTRFS_BLOCK_GROUP_RAID5, 2, 0, 1, 1, 1 },   { BTRFS_BLOCK_GROUP_RAID6, 3, 0, 1, 1, 2 },
};
static const struct profile single = { 0, 1, 1, 1, 1, 0 };

/* ---- reading ---- */

static int add_device(struct btrfs_chunks *chunks, const struct btree_item *item)
{
	struct btrfs_dev_item device;
	uint64_t total, used;

	if (item->bytes < sizeof(device) || chunks->device_count >= DEVICES_MAX)
		return 0;
	memcpy(&device, item->data, sizeof(device));
	total = le64toh(device.total_bytes);
	if (__builtin_add_overflow(le64toh(device.bytes_used), DEVICE_START, &used) || used > total)
		used = total;
	if (ARRAY_ROOM(chunks->unallocated, chunks->device_count) < 0)
		return -ENOMEM;
	chunks->unallocated[chunks->device_count++] = total - used;
	return 0;
}

static int add_chunk(struct btrfs_chunks *chunks, const struct btree_item *item)
{
	struct btrfs_chunk chunk;
	uint64_t end;

	if (item->bytes < sizeof(chunk))
		return 0;
	memcpy(&chunk, item->data, sizeof(chunk));
	if (__builtin_add_overflow(item->offset, le64toh(chunk.length), &end))
		return 0;
	chunks->end = end;
	if (!(le64toh(chunk.type) & BTRFS_BLOCK_GROUP_DATA))
		return 0;
	chunks->profile = le64toh(chunk.type) & BTRFS_BLOCK_GROUP_PROFILE_MASK;
	if (ARRAY_ROOM(chunks->data, chunks->data_count) < 0)
		return -ENOMEM;
	chunks->data[chunks->data_count++] = (struct btrfs_data_chunk) { item->offset, end };
	return 0;
}

static int take_item(const struct btree_item *item, void *context)
{
	if (item->type == BTRFS_DEV_ITEM_KEY)
		return add_device(context, item);
	return item->type == BTRFS_CHUNK_ITEM_KEY ? add_chunk(context, item) : 0;
}

int btrfs_chunks_read(const struct btrfs_trees *trees, void *buffer, struct btrfs_chunks *ret)
{
	return btrfs_search(trees, buffer, BTRFS_CHUNK_TREE_OBJECTID, 0, UINT64_MAX, take_item,
			    ret);
}

void btrfs_chunks_clear(struct btrfs_chunks *chunks)
{
	free(chunks->data);
	free(chunks->unallocated);
}

/* ---- data ---- */

bool btrfs_chunks_have_data_at(const struct btrfs_chunks *chunks, uint64_t logical)
{
	size_t from = 0, to = chunks->data_count;

	while (from < to) {
		size_t middle = (from + to) / 2;

		if (chunks->data[middle].end <= logical)
			from = middle + 1;
		else
			to = middle;
	}
	return from < chunks->data_count && chunks->data[from].start <= logical;
}

/* ---- the rest ---- */

static int most_first(const void *one, const void *other)
{
	uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;

	return a > b ? -1 : a < b;
}

static const struct profile *profile_of(const struct btrfs_chunks *chunks)
{
	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++)
		if (chunks->profile & profiles[i].type)
			return &profiles[i];
	return &single;
}

/* How many devices the next chunk takes, of those with most left; 0: there is no next one. */
static size_t devices_of_next(const struct btrfs_chunks *chunks, const struct profile *profile)
{
	size_t count = 0;

	while (count < chunks->device_count && chunks->unallocated[count] >= DEVICE_START)
		count++;
	if (profile->most && count > profile->most)
		count = profile->most;
	if (count < profile->least)
		return 0;
	return profile->most ? count : count - count % profile->copies;
}

/* Small enough that devices of different sizes take turns. */
static uint64_t step_of(const struct btrfs_chunks *chunks)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < chunks->device_count; i++)
		if (__builtin_add_overflow(sum, chunks->unallocated[i], &sum))
			return UINT64_MAX;
	return sum / STEPS > DEVICE_START ? sum / STEPS : DEVICE_START;
}

uint64_t btrfs_chunks_take_rest(struct btrfs_chunks *chunks)
{
	const struct profile *profile = profile_of(chunks);
	uint64_t usable = 0, step = step_of(chunks);

	while (chunks->device_count) {
		uint64_t stripe;
		size_t devices;

		qsort(chunks->unallocated, chunks->device_count, sizeof(uint64_t), most_first);
		devices = devices_of_next(chunks, profile);
		if (devices == 0)
			break;
		stripe = chunks->unallocated[devices - 1] / profile->on_each;
		if (stripe > step)
			stripe = step;
		for (size_t i = 0; i < devices; i++)
			chunks->unallocated[i] -= stripe * profile->on_each;
		usable += stripe * (devices * profile->on_each - profile->parity) / profile->copies;
	}
	return usable;
}
