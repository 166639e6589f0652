/* SPDX-License-Identifier: MIT */
/*
 * Free space of btrfs is what the block groups have not handed out (the free
 * space tree has that) and what no block group has taken yet: the gaps between
 * the pieces of the device in use.
 */
#include <endian.h>
#include <errno.h>
#include <linux/btrfs_tree.h>
#include <stdlib.h>
#include <string.h>

#include "btrfs.h"
#include "cleanup.h"
#include "freespace.h"

enum { FIRST_USABLE = 1 << 20 };

struct free_reader {
	struct free_space *space;
	uint64_t block_bytes;
	uint64_t end; /* of the last piece of a device in use */
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
	if (item->type == BTRFS_FREE_SPACE_EXTENT_KEY)
		free_space_add(reader->space, item->object, item->offset);
	else if (item->type == BTRFS_FREE_SPACE_BITMAP_KEY)
		take_bitmap(reader, item);
	return 0;
}

static int take_device_piece(const struct btree_item *item, void *context)
{
	struct free_reader *reader = context;
	struct btrfs_dev_extent piece;

	if (item->type != BTRFS_DEV_EXTENT_KEY || item->bytes < sizeof(piece))
		return 0;
	memcpy(&piece, item->data, sizeof(piece));
	if (item->offset > reader->end)
		free_space_add(reader->space, reader->end, item->offset - reader->end);
	reader->end = item->offset + le64toh(piece.length);
	return 0;
}

static int look_at_unallocated(const struct btrfs_trees *trees, void *buffer, uint64_t device,
			       uint64_t end, struct free_reader *reader)
{
	int r;

	free_space_finish(reader->space);
	reader->end = FIRST_USABLE;
	r = btrfs_search(trees, buffer, BTRFS_DEV_TREE_OBJECTID, device, device, take_device_piece,
			 reader);
	if (r == 0 && end > reader->end)
		free_space_add(reader->space, reader->end, end - reader->end);
	return r;
}

int btrfs_look_at_free(const struct btrfs_trees *trees, uint64_t device, uint64_t end,
		       struct frag_result *result)
{
	CLEANUP(freep) void *buffer = btrfs_buffer_new(trees);
	struct free_space *space = calloc(1, sizeof(*space));
	struct free_reader reader = { space, result->facts.block_bytes, 0, false };
	int r;

	result->free = space;
	if (!space || !buffer)
		return -ENOMEM;
	r = btrfs_search(trees, buffer, BTRFS_FREE_SPACE_TREE_OBJECTID, 0, UINT64_MAX, take_free,
			 &reader);
	if (r == 0 && reader.found && end)
		r = look_at_unallocated(trees, buffer, device, end, &reader);
	free_space_finish(space);
	if (r == 0 && reader.found)
		return 0;
	free(TAKE_PTR(result->free));
	return frag_result_note(result, "The free space is not known: this btrfs has no free space "
					"tree (mount -o space_cache=v2 makes one).");
}
