/* SPDX-License-Identifier: MIT */
/*
 * Inodes of xfs lie in chunks of sixty-four, which a tree in each group lists.
 * A sparse chunk has parts whose blocks belong to somebody else: these are not
 * looked at.
 *
 * The map of a file is in its inode, or a tree whose root is there.  All the
 * trees' nodes together cannot be more than the volume has blocks: this bounds
 * what inodes can cost that all claim the same tree.
 */
#include <errno.h>
#include <stdlib.h>

#include "frag/scan/bytes.h"
#include "base/cleanup.h"
#include "frag/xfs/xfs.h"

enum {
	GROUP_ROOT = 20,
	GROUP_LEVELS = 24,

	RECORD_HOLES = 4, /* a bit for four inodes that are not there */
	RECORD_FREE = 8,  /* a bit for each inode */
	HOLE_INODES = 4,

	INODE_MAGIC = 0x494e,
	INODE_MODE = 2,
	INODE_VERSION = 4,
	INODE_FORMAT = 5,
	INODE_OLD_LINKS = 6,
	INODE_LINKS = 16,
	INODE_BIG_EXTENTS = 24,
	INODE_MTIME = 40,
	INODE_SIZE = 56,
	INODE_BLOCKS = 64,
	INODE_EXTENTS = 76,
	INODE_FORK_OFFSET = 82,
	INODE_FLAGS = 90,
	INODE_SUM = 100,
	INODE_FLAGS2 = 120,
	INODE_NUMBER = 152,
	INODE_HEAD = 100,
	INODE_HEAD_3 = 176,

	FLAG_REALTIME = 1 << 0,
	FLAG2_REFLINK = 1 << 1,
	FLAG2_BIG_TIME = 1 << 3,
	FLAG2_BIG_EXTENTS = 1 << 4,
	FLAG2_METADATA = 1 << 5,

	EXTENT_RECORD_BYTES = 16,
};

/* ---- one inode ---- */

/* Since version 5 in nanoseconds from the least time that 32 bits could hold. */
static int64_t time_of(const char *bytes, uint64_t flags2)
{
	if (flags2 & FLAG2_BIG_TIME)
		return (int64_t)(get_be64(bytes, INODE_MTIME) / 1000000000) + INT32_MIN;
	return (int32_t)get_be32(bytes, INODE_MTIME);
}

static bool is_internal(const struct xfs_image *image, uint64_t number)
{
	for (size_t i = 0; i < ARRAY_SIZE(image->internal); i++)
		if (number && image->internal[i] == number)
			return true;
	return false;
}

static void learn(const struct xfs_image *image, const char *bytes, uint64_t flags2,
		  struct xfs_inode *inode)
{
	uint8_t version = get_u8(bytes, INODE_VERSION);
	size_t head = version >= 3 ? INODE_HEAD_3 : INODE_HEAD;
	size_t fork_bytes = image->inode_bytes - head;
	size_t offset = get_u8(bytes, INODE_FORK_OFFSET) * (size_t)8;

	inode->links =
		version == 1 ? get_be16(bytes, INODE_OLD_LINKS) : get_be32(bytes, INODE_LINKS);
	inode->mode = get_be16(bytes, INODE_MODE);
	inode->format = get_u8(bytes, INODE_FORMAT);
	inode->size_bytes = get_be64(bytes, INODE_SIZE);
	inode->blocks = get_be64(bytes, INODE_BLOCKS);
	inode->extents = flags2 & FLAG2_BIG_EXTENTS ? get_be64(bytes, INODE_BIG_EXTENTS)
						    : get_be32(bytes, INODE_EXTENTS);
	inode->mtime = time_of(bytes, flags2);
	inode->is_realtime = get_be16(bytes, INODE_FLAGS) & FLAG_REALTIME;
	inode->may_share = flags2 & FLAG2_REFLINK;
	inode->fork = bytes + head;
	inode->fork_bytes = offset && offset < fork_bytes ? offset : fork_bytes;
}

int xfs_inode_parse(const struct xfs_image *image, uint64_t number, const char *bytes,
		    struct xfs_inode *ret)
{
	uint8_t version = get_u8(bytes, INODE_VERSION);
	uint64_t flags2 = version >= 3 ? get_be64(bytes, INODE_FLAGS2) : 0;

	if (get_be16(bytes, 0) != INODE_MAGIC || version == 0 || version > 3 ||
	    (version == 3) != image->has_checksums)
		return -EUCLEAN;
	if (version == 3 && (get_be64(bytes, INODE_NUMBER) != number ||
			     !xfs_has_right_sum(image, bytes, image->inode_bytes, INODE_SUM)))
		return -EUCLEAN;
	*ret = (struct xfs_inode) { .number = number };
	learn(image, bytes, flags2, ret);
	if (ret->mode == 0 || ret->links == 0 || is_internal(image, number) ||
	    flags2 & FLAG2_METADATA)
		return 0;
	return (int64_t)ret->size_bytes < 0 || ret->blocks > image->blocks + image->realtime_blocks
		       ? -EUCLEAN
		       : 1;
}

int xfs_inode_read(const struct xfs_image *image, uint64_t number, char *buffer,
		   struct xfs_inode *ret)
{
	unsigned group_bits = image->group_log + image->inodes_log;
	uint64_t group = number >> group_bits, in_group = number & ((1ull << group_bits) - 1);
	int r;

	if (group >= image->group_count ||
	    in_group >> image->inodes_log >= xfs_group_blocks(image, (uint32_t)group))
		return -EUCLEAN;
	r = image->image->read(image->image,
			       xfs_place(image, (uint32_t)group, 0) + in_group * image->inode_bytes,
			       buffer, image->inode_bytes);
	return r < 0 ? r : xfs_inode_parse(image, number, buffer, ret);
}

/* ---- all of a group ---- */

struct chunk_reader {
	const struct xfs_inode_walk *walk;
	char *chunk;
};

/* Of the chunk's bytes, those that are on the device. */
static int read_chunk(const struct chunk_reader *reader, uint32_t first)
{
	const struct xfs_image *image = reader->walk->image;
	size_t bytes = XFS_CHUNK_INODES * (size_t)image->inode_bytes;
	uint64_t at = (uint64_t)first * image->inode_bytes;
	uint64_t end = (uint64_t)xfs_group_blocks(image, reader->walk->group) << image->block_log;

	if (at >= end)
		return -EUCLEAN;
	memset(reader->chunk, 0, bytes);
	if (bytes > end - at)
		bytes = (size_t)(end - at);
	return image->image->read(image->image, xfs_place(image, reader->walk->group, 0) + at,
				  reader->chunk, bytes);
}

static int look_at_inode(const struct chunk_reader *reader, uint32_t in_group, const char *bytes)
{
	const struct xfs_inode_walk *walk = reader->walk;
	const struct xfs_image *image = walk->image;
	uint64_t number =
		(uint64_t)walk->group << (image->group_log + image->inodes_log) | in_group;
	struct xfs_inode inode;
	int r = xfs_inode_parse(image, number, bytes, &inode);

	if (r < 0)
		return walk->damaged(number, r, walk->context);
	return r ? walk->each(&inode, walk->context) : 0;
}

static int take_chunk(const void *record, void *context)
{
	const struct chunk_reader *reader = context;
	const struct xfs_inode_walk *walk = reader->walk;
	uint32_t first = get_be32(record, 0);
	uint64_t free = get_be64(record, RECORD_FREE);
	/* Without sparse inodes four bytes count the free ones: at most 64, so no bit is set. */
	uint32_t holes = get_be16(record, RECORD_HOLES);
	int r;

	if (free == UINT64_MAX)
		return 0;
	r = read_chunk(reader, first);
	if (r < 0)
		return walk->damaged(0, r, walk->context);
	for (uint32_t i = 0; r == 0 && i < XFS_CHUNK_INODES; i++) {
		if (free >> i & 1 || holes >> i / HOLE_INODES & 1)
			continue;
		r = look_at_inode(reader, first + i,
				  reader->chunk + i * (size_t)walk->image->inode_bytes);
	}
	return r;
}

int xfs_inodes(const struct xfs_inode_walk *walk)
{
	const struct xfs_image *image = walk->image;
	CLEANUP(freep) char *header = malloc(image->sector_bytes);
	CLEANUP(freep) char *chunk = malloc(XFS_CHUNK_INODES * (size_t)image->inode_bytes);
	struct chunk_reader reader = { walk, chunk };
	struct xfs_walk tree = { .image = image,
				 .tree = XFS_TREE_INODES,
				 .group = walk->group,
				 .nodes = walk->nodes,
				 .each = take_chunk,
				 .context = &reader };
	int r;

	if (!header || !chunk)
		return -ENOMEM;
	r = xfs_read_header(image, walk->group, 2, header);
	if (r < 0)
		return walk->damaged(0, r, walk->context);
	r = xfs_walk(&tree, get_be32(header, GROUP_ROOT), get_be32(header, GROUP_LEVELS) - 1);
	if (r == 0 && tree.damage)
		r = walk->damaged(0, tree.damage, walk->context);
	return r;
}

/* ---- the map of a file ---- */

struct map_reader {
	struct xfs_image *image;
	const struct xfs_inode *inode;
	uint64_t blocks_left, logical_end;
	extent_fn each;
	void *context;
};

/* The first shared run that ends behind `place`; NULL: none. */
static const struct xfs_shared *find_shared(const struct xfs_image *image, uint64_t place)
{
	size_t from = 0, to = image->shared_count;

	while (from < to) {
		size_t middle = (from + to) / 2;

		if (image->shared[middle].from + image->shared[middle].bytes <= place)
			from = middle + 1;
		else
			to = middle;
	}
	return from < image->shared_count ? &image->shared[from] : NULL;
}

/* In pieces that are shared or not, as the kernel tells them. */
static int deliver(const struct map_reader *reader, struct extent extent)
{
	int r = 0;

	while (r == 0 && extent.bytes) {
		const struct xfs_shared *shared =
			reader->inode->may_share ? find_shared(reader->image, extent.physical)
						 : NULL;
		uint64_t until = extent.physical + extent.bytes;
		struct extent piece = extent;

		if (shared && shared->from <= extent.physical) {
			piece.flags |= EXTENT_SHARED;
			if (shared->from + shared->bytes < until)
				until = shared->from + shared->bytes;
		} else if (shared && shared->from < until) {
			until = shared->from;
		}
		piece.bytes = until - extent.physical;
		r = reader->each(&piece, reader->context);
		extent.logical += piece.bytes;
		extent.physical += piece.bytes;
		extent.bytes -= piece.bytes;
	}
	return r;
}

static int place_of(const struct map_reader *reader, uint64_t block, uint64_t blocks,
		    uint64_t *ret_place)
{
	const struct xfs_image *image = reader->image;

	if (!reader->inode->is_realtime)
		return xfs_place_of(image, block, blocks, ret_place);
	if (block >= image->realtime_blocks || blocks > image->realtime_blocks - block)
		return -EUCLEAN;
	*ret_place = block << image->block_log;
	return 0;
}

/* 1 bit: unwritten; 54: where in the file; 52: where on the volume; 21: blocks. */
static int take_extent(const void *record, void *context)
{
	struct map_reader *reader = context;
	uint64_t high = get_be64(record, 0), low = get_be64(record, 8);
	uint64_t logical = (high & INT64_MAX) >> 9, blocks = low & ((1u << 21) - 1);
	uint8_t log = reader->image->block_log;
	struct extent extent = { .flags = high >> 63 ? EXTENT_UNWRITTEN : 0 };

	if (blocks == 0 || logical < reader->logical_end || blocks > reader->blocks_left ||
	    (logical + blocks) >> (63 - log) ||
	    place_of(reader, (high & 0x1ff) << 43 | low >> 21, blocks, &extent.physical) < 0)
		return -EUCLEAN;
	reader->logical_end = logical + blocks;
	reader->blocks_left -= blocks;
	extent.logical = logical << log;
	extent.bytes = blocks << log;
	return deliver(reader, extent);
}

static int walk_map(struct map_reader *reader, char *nodes)
{
	const struct xfs_inode *inode = reader->inode;
	struct xfs_walk walk = { .image = reader->image,
				 .tree = XFS_TREE_MAP,
				 .owner = inode->number,
				 .nodes = nodes,
				 .nodes_left = &reader->image->map_nodes_left,
				 .each = take_extent,
				 .context = reader };
	int r = xfs_walk_inode(&walk, inode->fork, inode->fork_bytes);

	return r ? r : walk.damage;
}

int xfs_extents(struct xfs_image *image, const struct xfs_inode *inode, char *nodes, extent_fn each,
		void *context)
{
	struct map_reader reader = { .image = image,
				     .inode = inode,
				     .blocks_left = inode->blocks,
				     .each = each,
				     .context = context };
	int r = 0;

	if (inode->format == XFS_FORMAT_TREE)
		return walk_map(&reader, nodes);
	if (inode->format != XFS_FORMAT_EXTENTS ||
	    inode->extents > inode->fork_bytes / EXTENT_RECORD_BYTES)
		return -EUCLEAN;
	for (uint64_t i = 0; r == 0 && i < inode->extents; i++)
		r = take_extent(inode->fork + i * EXTENT_RECORD_BYTES, &reader);
	return r;
}
