/* SPDX-License-Identifier: MIT */
/* Extents in items of btrfs.  Addresses are those of its own address space, as in FIEMAP. */
#include <endian.h>
#include <errno.h>
#include <linux/btrfs_tree.h>
#include <stddef.h>
#include <string.h>

#include "frag/btrfs/btrfs.h"
#include "base/cleanup.h"

int btrfs_inline_take(const struct btree_item *item, uint64_t block_bytes, struct extent *ret)
{
	struct btrfs_file_extent_item data = { 0 };
	uint64_t bytes;

	if (item->type != BTRFS_EXTENT_DATA_KEY ||
	    item->bytes < offsetof(struct btrfs_file_extent_item, disk_bytenr))
		return 0;
	memcpy(&data, item->data, offsetof(struct btrfs_file_extent_item, disk_bytenr));
	bytes = le64toh(data.ram_bytes);
	/* Inline data cannot be larger than a leaf, whatever the item says. */
	if (data.type != BTRFS_FILE_EXTENT_INLINE || bytes > 1 << 20)
		return 0;
	*ret = (struct extent) {
		.logical = item->offset,
		.bytes = (bytes + block_bytes - 1) / block_bytes * block_bytes,
		.flags = EXTENT_INLINE | EXTENT_NOT_ALIGNED,
	};
	return 1;
}

/* A compressed extent is read as a whole, whichever part of it the file uses. */
int btrfs_extent_take(const struct btree_item *item, struct extent *ret)
{
	struct btrfs_file_extent_item data;
	struct extent extent = { .logical = item->offset };
	uint64_t end;

	if (item->type != BTRFS_EXTENT_DATA_KEY || item->bytes < sizeof(data))
		return 0;
	memcpy(&data, item->data, sizeof(data));
	/* Address 0 is a hole. */
	if (data.type == BTRFS_FILE_EXTENT_INLINE || data.disk_bytenr == 0)
		return 0;
	extent.bytes = le64toh(data.num_bytes);
	extent.physical = le64toh(data.disk_bytenr);
	if (data.type == BTRFS_FILE_EXTENT_PREALLOC)
		extent.flags |= EXTENT_UNWRITTEN;
	if (data.compression || data.encryption) {
		extent.flags |= EXTENT_ENCODED;
		extent.disk_bytes = le64toh(data.disk_num_bytes);
	} else if (__builtin_add_overflow(extent.physical, le64toh(data.offset),
					  &extent.physical)) {
		return 0;
	}
	if (__builtin_add_overflow(extent.physical, extent_disk_bytes(&extent), &end) ||
	    __builtin_add_overflow(extent.logical, extent.bytes, &end))
		return 0;
	*ret = extent;
	return 1;
}

/* ---- a single file ---- */

struct encoded {
	struct frag_collector *collector;
	struct map *map;
};

static int take_again(const struct btree_item *item, void *context)
{
	struct encoded *encoded = context;
	struct extent extent;

	if (!btrfs_extent_take(item, &extent))
		return 0;
	/* The others are on the map already. */
	encoded->collector->map = extent.flags & EXTENT_ENCODED ? encoded->map : NULL;
	return frag_collect(&extent, encoded->collector);
}

int btrfs_measure_encoded(int fd, uint64_t inode, struct frag_collector *collector)
{
	const struct layout *before = &collector->sums.figures;
	struct frag_collector again = { .sums = LAYOUT_SUMS_INIT,
					.model = collector->model,
					.volume_bytes = collector->volume_bytes,
					.file_bytes = collector->file_bytes };
	struct encoded encoded = { &again, collector->map };
	CLEANUP(freep) void *buffer = NULL;
	int r;

	/* These are in no tree. */
	if (collector->delayed_bytes || collector->inline_bytes)
		return 0;
	buffer = btrfs_buffer_new();
	if (!buffer)
		return -ENOMEM;
	/* Tree 0 is that of the subvolume that the file is in. */
	r = btrfs_search(fd, buffer, 0, inode, inode, take_again, &encoded);
	/* No permission, or the file has changed since. */
	if (r < 0 || again.sums.figures.mapped_bytes != before->mapped_bytes)
		return 0;
	/* The number of extents, and what is shared, stay those of FIEMAP. */
	again.sums.figures.extents = before->extents;
	again.sums.figures.shared_bytes = before->shared_bytes;
	collector->sums = again.sums;
	collector->seek_seconds = again.seek_seconds;
	collector->packed_bytes = again.packed_bytes;
	return 0;
}
