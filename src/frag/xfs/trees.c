/* SPDX-License-Identifier: MIT */
/*
 * The B+trees of xfs are of one make: a head, then records, or keys and after the
 * room for all keys the pointers.  Nothing is believed: a node has to have its
 * magic, its level, its first key as the node above says it, keys that rise, and
 * in version 5 its own address, its owner and its checksum.  The keys alone see to
 * it that no node is met twice in one tree, so that no damage can hold us.
 */
#include <errno.h>

#include "frag/scan/bytes.h"
#include "base/cleanup.h"
#include "frag/xfs/xfs.h"

enum {
	NODE_LEVEL = 4,
	NODE_COUNT = 6,
	SHORT_HEAD = 16,
	SHORT_HEAD_5 = 56,
	LONG_HEAD = 24,
	LONG_HEAD_5 = 72,
	SHORT_ADDRESS = 16, /* in sectors of 512 bytes */
	SHORT_OWNER = 48,
	SHORT_SUM = 52,
	LONG_ADDRESS = 24,
	LONG_OWNER = 56,
	LONG_SUM = 64,
	ROOT_HEAD = 4, /* in an inode: level and count */
};

static const struct {
	uint32_t magic, magic_5;
	size_t record_bytes, key_bytes, pointer_bytes;
	bool is_long; /* the pointers are fsblocks */
} trees[] = {
	[XFS_TREE_INODES] = { 0x49414254, 0x49414233, 16, 4, 4, false }, /* IABT, IAB3 */
	[XFS_TREE_FREE] = { 0x41425442, 0x41423342, 8, 8, 4, false },	 /* ABTB, AB3B */
	[XFS_TREE_SHARED] = { 0, 0x52334643, 12, 4, 4, false },		 /* R3FC */
	[XFS_TREE_MAP] = { 0x424d4150, 0x424d4133, 16, 8, 8, true },	 /* BMAP, BMA3 */
};

static size_t head_bytes(const struct xfs_walk *walk)
{
	bool is_5 = walk->image->has_checksums;

	if (trees[walk->tree].is_long)
		return is_5 ? LONG_HEAD_5 : LONG_HEAD;
	return is_5 ? SHORT_HEAD_5 : SHORT_HEAD;
}

/* What an entry begins at: a record's, or that of the first record below. */
static uint64_t key_of(const struct xfs_walk *walk, const char *entry, unsigned level)
{
	if (!trees[walk->tree].is_long)
		return get_be32(entry, 0);
	return level ? get_be64(entry, 0) : (get_be64(entry, 0) & INT64_MAX) >> 9;
}

static size_t entry_bytes(const struct xfs_walk *walk, unsigned level)
{
	return level ? trees[walk->tree].key_bytes : trees[walk->tree].record_bytes;
}

/* How many entries so many bytes have room for. */
static size_t room_for(const struct xfs_walk *walk, size_t bytes, unsigned level)
{
	return bytes / (entry_bytes(walk, level) + (level ? trees[walk->tree].pointer_bytes : 0));
}

static bool is_signed_right(const struct xfs_walk *walk, const char *node, uint64_t place)
{
	const struct xfs_image *image = walk->image;
	bool is_long = trees[walk->tree].is_long;

	if (!image->has_checksums)
		return get_be32(node, 0) == trees[walk->tree].magic;
	if (get_be32(node, 0) != trees[walk->tree].magic_5 ||
	    get_be64(node, is_long ? LONG_ADDRESS : SHORT_ADDRESS) != place / 512)
		return false;
	if (is_long ? get_be64(node, LONG_OWNER) != walk->owner
		    : get_be32(node, SHORT_OWNER) != walk->group)
		return false;
	return xfs_has_right_sum(image, node, image->block_bytes, is_long ? LONG_SUM : SHORT_SUM);
}

static bool has_right_keys(const struct xfs_walk *walk, const char *entries, size_t count,
			   unsigned level, const uint64_t *first)
{
	uint64_t last = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t key = key_of(walk, entries + i * entry_bytes(walk, level), level);

		if (i == 0 ? first && key != *first : key <= last)
			return false;
		last = key;
	}
	return count || !first;
}

static int place_of(const struct xfs_walk *walk, uint64_t pointer, uint64_t *ret)
{
	if (trees[walk->tree].is_long)
		return xfs_place_of(walk->image, pointer, 1, ret);
	if (pointer == 0 || pointer >= xfs_group_blocks(walk->image, walk->group))
		return -EUCLEAN;
	*ret = xfs_place(walk->image, walk->group, pointer);
	return 0;
}

/* Once it is used up it stays below zero for longer than anybody can wait. */
static bool may_read_more(const struct xfs_walk *walk)
{
	return !walk->nodes_left || (int64_t)atomic_fetch_sub(walk->nodes_left, 1) > 0;
}

static int read_node(const struct xfs_walk *walk, uint64_t pointer, unsigned level,
		     const uint64_t *first, char *node)
{
	size_t head = head_bytes(walk), bytes = walk->image->block_bytes;
	uint64_t place;
	int r = place_of(walk, pointer, &place);

	if (r == 0 && !may_read_more(walk))
		r = -EUCLEAN;
	if (r == 0)
		r = walk->image->image->read(walk->image->image, place, node, bytes);
	if (r < 0)
		return r;
	if (!is_signed_right(walk, node, place) || get_be16(node, NODE_LEVEL) != level ||
	    get_be16(node, NODE_COUNT) > room_for(walk, bytes - head, level) ||
	    !has_right_keys(walk, node + head, get_be16(node, NODE_COUNT), level, first))
		return -EUCLEAN;
	return 0;
}

static int walk_below(struct xfs_walk *walk, const char *entries, size_t room, size_t count,
		      unsigned level);

static int walk_node(struct xfs_walk *walk, uint64_t pointer, unsigned level, const uint64_t *first)
{
	char *node = walk->nodes + level * (size_t)walk->image->block_bytes;
	size_t head = head_bytes(walk);
	int r = read_node(walk, pointer, level, first, node);

	if (r < 0) {
		walk->damage = r;
		return 0;
	}
	return walk_below(walk, node + head, room_for(walk, walk->image->block_bytes - head, level),
			  get_be16(node, NODE_COUNT), level);
}

static int walk_below(struct xfs_walk *walk, const char *entries, size_t room, size_t count,
		      unsigned level)
{
	const char *pointers = entries + room * entry_bytes(walk, level);
	bool is_long = trees[walk->tree].is_long;
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		const char *entry = entries + i * entry_bytes(walk, level);
		uint64_t first = key_of(walk, entry, level);

		if (level == 0)
			r = walk->each(entry, walk->context);
		else
			r = walk_node(walk,
				      is_long ? get_be64(pointers, i * 8)
					      : get_be32(pointers, i * 4),
				      level - 1, &first);
	}
	return r;
}

int xfs_walk(struct xfs_walk *walk, uint64_t pointer, unsigned level)
{
	if (level >= XFS_LEVELS_MAX) {
		walk->damage = -EUCLEAN;
		return 0;
	}
	return walk_node(walk, pointer, level, NULL);
}

int xfs_walk_inode(struct xfs_walk *walk, const char *fork, size_t fork_bytes)
{
	unsigned level = fork_bytes > ROOT_HEAD ? get_be16(fork, 0) : 0;
	size_t count = fork_bytes > ROOT_HEAD ? get_be16(fork, 2) : 0;
	size_t room = room_for(walk, fork_bytes - ROOT_HEAD, 1);

	if (level == 0 || level >= XFS_LEVELS_MAX || count == 0 || count > room ||
	    !has_right_keys(walk, fork + ROOT_HEAD, count, level, NULL)) {
		walk->damage = -EUCLEAN;
		return 0;
	}
	return walk_below(walk, fork + ROOT_HEAD, room, count, level);
}
