/* SPDX-License-Identifier: MIT */
/*
 * The free space of btrfs is that of the block groups for data, which is in the free space tree,
 * and the part of the devices that is in no chunk.
 *
 * How many bytes of files fit into the latter depends on the profile of the data: a mirror needs
 * space on two devices.  As the kernel does, chunks are taken from the devices with most free
 * space.  Files have addresses of the file system, in which each new chunk starts behind the
 * last one: all of that is one run.
 */
#include <endian.h>
#include <errno.h>
#include <linux/btrfs_tree.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "frag/account/free_space.h"
#include "frag/btrfs/btrfs.h"
#include "frag/frag.h"

enum {
	DEVICE_START = 1 << 20, /* reserved at the start of each device */
	DEVICES_MAX = 1024,	/* btrfs cannot have more */
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

/* ---- chunks ---- */

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

static int take_chunk_item(const struct btree_item *item, void *context)
{
	if (item->type == BTRFS_DEV_ITEM_KEY)
		return add_device(context, item);
	return item->type == BTRFS_CHUNK_ITEM_KEY ? add_chunk(context, item) : 0;
}

static int chunks_read(int fd, void *buffer, struct btrfs_chunks *ret)
{
	return btrfs_search(fd, buffer, BTRFS_CHUNK_TREE_OBJECTID, 0, UINT64_MAX, take_chunk_item,
			    ret);
}

static void chunks_clear(struct btrfs_chunks *chunks)
{
	free(chunks->data);
	free(chunks->unallocated);
}

static bool have_data_at(const struct btrfs_chunks *chunks, uint64_t logical)
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

/* ---- what is in no chunk ---- */

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

/* The number of devices of the next chunk, of those with most free space; 0: there is none. */
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

/* So small that devices of different sizes take turns. */
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

/* ---- free space ---- */

struct free_reader {
	struct free_space *space;
	struct btrfs_chunks chunks;
	uint64_t block_bytes;
	bool found;
};

static void take_bitmap(struct free_reader *reader, const struct btree_item *item)
{
	const uint8_t *bits = item->data;
	uint64_t blocks = item->offset / reader->block_bytes;

	for (uint64_t i = 0; i < blocks && i / 8 < item->bytes; i++)
		if (bits[i / 8] & 1 << i % 8)
			free_space_add(reader->space, item->object + i * reader->block_bytes,
				       reader->block_bytes);
}

/* The free space tree has an item per run, or bitmaps if there are many runs. */
static int take_free(const struct btree_item *item, void *context)
{
	struct free_reader *reader = context;

	reader->found = true;
	if (!have_data_at(&reader->chunks, item->object))
		return 0;
	if (item->type == BTRFS_FREE_SPACE_EXTENT_KEY)
		free_space_add(reader->space, item->object, item->offset);
	else if (item->type == BTRFS_FREE_SPACE_BITMAP_KEY)
		take_bitmap(reader, item);
	return 0;
}

static void reader_clear(struct free_reader *reader)
{
	chunks_clear(&reader->chunks);
}

int btrfs_read_free(int fd, uint64_t block_bytes, struct free_space *ret)
{
	CLEANUP(freep) void *buffer = btrfs_buffer_new();
	struct free_space space = { 0 };
	CLEANUP(reader_clear)
	struct free_reader reader = { .space = &space, .block_bytes = block_bytes };
	uint64_t rest;
	int r;

	if (!buffer)
		return -ENOMEM;
	r = chunks_read(fd, buffer, &reader.chunks);
	if (r == 0)
		r = btrfs_search(fd, buffer, BTRFS_FREE_SPACE_TREE_OBJECTID, 0, UINT64_MAX,
				 take_free, &reader);
	rest = btrfs_chunks_take_rest(&reader.chunks);
	if (rest)
		free_space_add(&space, reader.chunks.end, rest);
	free_space_finish(&space);
	if (r < 0 || !reader.found)
		return r == -ENOMEM ? r : -ENODATA;
	*ret = space;
	return 0;
}

int btrfs_note_free(int fd, struct frag_result *result)
{
	int r;

	result->free = calloc(1, sizeof(*result->free));
	if (!result->free)
		return -ENOMEM;
	r = btrfs_read_free(fd, result->facts.block_bytes, result->free);
	if (r == 0 || r == -ENOMEM)
		return r;
	free(TAKE_PTR(result->free));
	return frag_result_note(result, "The free space is unknown: this btrfs has no free space "
					"tree (mount -o space_cache=v2 creates one).");
}
