/* SPDX-License-Identifier: MIT */
/*
 * Free space of btrfs is what the block groups for data have not handed out (the free
 * space tree has that) and what no block group has taken yet.
 */
#include <errno.h>
#include <linux/btrfs_tree.h>
#include <stdlib.h>
#include <string.h>

#include "frag/btrfs/btrfs.h"
#include "base/cleanup.h"
#include "frag/account/free_space.h"
#include "frag/frag.h"

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

/* The free space tree: one item a run, or a bitmap where runs are many. */
static int take_free(const struct btree_item *item, void *context)
{
	struct free_reader *reader = context;

	reader->found = true;
	if (!btrfs_chunks_have_data_at(&reader->chunks, item->object))
		return 0;
	if (item->type == BTRFS_FREE_SPACE_EXTENT_KEY)
		free_space_add(reader->space, item->object, item->offset);
	else if (item->type == BTRFS_FREE_SPACE_BITMAP_KEY)
		take_bitmap(reader, item);
	return 0;
}

static void reader_clear(struct free_reader *reader)
{
	btrfs_chunks_clear(&reader->chunks);
}

int btrfs_read_free(const struct btrfs_trees *trees, uint64_t block_bytes, struct free_space *ret)
{
	CLEANUP(freep) void *buffer = btrfs_buffer_new();
	struct free_space space = { 0 };
	CLEANUP(reader_clear)
	struct free_reader reader = { .space = &space, .block_bytes = block_bytes };
	uint64_t rest;
	int r;

	if (!buffer)
		return -ENOMEM;
	r = btrfs_chunks_read(trees, buffer, &reader.chunks);
	if (r == 0)
		r = btrfs_search(trees, buffer, BTRFS_FREE_SPACE_TREE_OBJECTID, 0, UINT64_MAX,
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

int btrfs_note_free(const struct btrfs_trees *trees, struct frag_result *result)
{
	int r;

	result->free = calloc(1, sizeof(*result->free));
	if (!result->free)
		return -ENOMEM;
	r = btrfs_read_free(trees, result->facts.block_bytes, result->free);
	if (r == 0 || r == -ENOMEM)
		return r;
	free(TAKE_PTR(result->free));
	return frag_result_note(result, "The free space is unknown: this btrfs has no free space "
					"tree (mount -o space_cache=v2 creates one).");
}
