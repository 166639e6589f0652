/* SPDX-License-Identifier: MIT */
/*
 * Extent trees and indirect blocks of ext2, ext3 and ext4.  The iterators of libext2fs are not
 * used, because they call back for every single block.
 *
 * Every number is checked before it is used, and the number of blocks of a map is bounded by that
 * of its inode, so that there is no endless loop.  An invalid map is EUCLEAN.
 */
#include <errno.h>

#include "frag/ext/ext.h"

enum { MAP_BLOCKS_MORE = 16 /* than the inode accounts for: for old rounding */ };

/* The map of one file. */
struct mapping {
	struct ext_reader *reader;
	struct frag_collector *collector;
	struct extent run;	/* of block-mapped files: not reported yet, it may continue */
	uint64_t blocks_left;	/* that the map may still have */
	uint64_t logical_block; /* the next expected, or later */
};

static int read_node(struct mapping *mapping, uint64_t block, char *node)
{
	if (mapping->blocks_left == 0)
		return -EUCLEAN;
	mapping->blocks_left--;
	return ext_read_block(mapping->reader->volume, block, node);
}

static int add_extent(struct mapping *mapping, uint64_t logical, uint64_t physical, uint64_t blocks,
		      uint32_t flags)
{
	const struct ext_volume *volume = mapping->reader->volume;
	const struct extent extent = {
		.logical = logical * volume->block_bytes,
		.physical = physical * volume->block_bytes,
		.bytes = blocks * volume->block_bytes,
		.flags = flags,
	};

	if (blocks == 0 || logical < mapping->logical_block || physical >= volume->block_count ||
	    blocks > volume->block_count - physical ||
	    physical < volume->fs->super->s_first_data_block)
		return -EUCLEAN;
	mapping->logical_block = logical + blocks;
	return frag_collect(&extent, mapping->collector);
}

static int add_leaf(struct mapping *mapping, const struct ext3_extent *leaf)
{
	unsigned blocks = ext2fs_le16_to_cpu(leaf->ee_len);
	uint64_t physical = (uint64_t)ext2fs_le16_to_cpu(leaf->ee_start_hi) << 32 |
			    ext2fs_le32_to_cpu(leaf->ee_start);
	uint32_t flags = 0;

	if (blocks > EXT_INIT_MAX_LEN) {
		blocks -= EXT_INIT_MAX_LEN;
		flags = EXTENT_UNWRITTEN;
	}
	return add_extent(mapping, ext2fs_le32_to_cpu(leaf->ee_block), physical, blocks, flags);
}

/* `depth`: the one that the node above demands; -1: any, for the root. */
static int add_tree(struct mapping *mapping, const void *node, size_t node_bytes, int depth)
{
	const struct ext3_extent_header *header = node;
	const struct ext3_extent *leaves = (const void *)(header + 1);
	const struct ext3_extent_idx *inner = (const void *)(header + 1);
	unsigned entries = ext2fs_le16_to_cpu(header->eh_entries);
	int levels = ext2fs_le16_to_cpu(header->eh_depth), r = 0;

	if (ext2fs_le16_to_cpu(header->eh_magic) != EXT3_EXT_MAGIC || levels > EXT_DEPTH_MAX ||
	    (depth >= 0 && levels != depth) ||
	    entries > (node_bytes - sizeof(*header)) / sizeof(*leaves))
		return -EUCLEAN;
	for (unsigned i = 0; r == 0 && i < entries; i++) {
		char *below = ext_node(mapping->reader, (unsigned)levels);

		if (levels == 0) {
			r = add_leaf(mapping, &leaves[i]);
			continue;
		}
		r = read_node(mapping,
			      (uint64_t)ext2fs_le16_to_cpu(inner[i].ei_leaf_hi) << 32 |
				      ext2fs_le32_to_cpu(inner[i].ei_leaf),
			      below);
		if (r == 0)
			r = add_tree(mapping, below, mapping->reader->volume->block_bytes,
				     levels - 1);
	}
	return r;
}

static int flush_run(struct mapping *mapping)
{
	struct extent run = mapping->run;

	mapping->run = (struct extent) { 0 };
	if (run.bytes == 0)
		return 0;
	return add_extent(mapping, run.logical, run.physical, run.bytes, EXTENT_MERGED);
}

/* The run counts blocks until it is reported in bytes. */
static int add_block(struct mapping *mapping, uint64_t logical, uint32_t physical)
{
	struct extent *run = &mapping->run;
	int r;

	if (physical == 0)
		return 0;
	if (run->bytes && run->logical + run->bytes == logical &&
	    run->physical + run->bytes == physical) {
		run->bytes++;
		return 0;
	}
	r = flush_run(mapping);
	*run = (struct extent) { .logical = logical, .physical = physical, .bytes = 1 };
	return r;
}

/* `level` 0: the block is data; 1: it contains addresses of data blocks; and so on. */
static int add_indirect(struct mapping *mapping, uint32_t block, unsigned level, uint64_t *logical)
{
	uint64_t addresses = mapping->reader->volume->block_bytes / 4, span = 1;
	const uint32_t *node;
	int r;

	for (unsigned i = 0; i < level; i++)
		span *= addresses;
	if (level == 0 || block == 0) {
		r = add_block(mapping, *logical, block);
		*logical += span;
		return r;
	}
	node = (const uint32_t *)ext_node(mapping->reader, level);
	r = read_node(mapping, block, ext_node(mapping->reader, level));
	for (uint64_t i = 0; r == 0 && i < addresses; i++)
		r = add_indirect(mapping, ext2fs_le32_to_cpu(node[i]), level - 1, logical);
	return r;
}

static int add_blocks(struct mapping *mapping, const struct ext2_inode_large *inode)
{
	uint64_t logical = 0;
	int r = 0;

	for (unsigned i = 0; r == 0 && i < EXT2_N_BLOCKS; i++) {
		unsigned level = i < EXT2_NDIR_BLOCKS ? 0 : i - EXT2_NDIR_BLOCKS + 1;

		r = add_indirect(mapping, inode->i_block[i], level, &logical);
	}
	return r < 0 ? r : flush_run(mapping);
}

/* Inline data cannot be larger than an inode, whatever the size in it is. */
static int add_inline(struct mapping *mapping, const struct frag_file *file)
{
	uint64_t most = mapping->reader->volume->inode_bytes;
	const struct extent extent = {
		.bytes = file->size_bytes < most ? file->size_bytes : most,
		.flags = EXTENT_INLINE | EXTENT_NOT_ALIGNED | EXTENT_LAST,
	};

	return file->size_bytes ? frag_collect(&extent, mapping->collector) : 0;
}

int ext_read_map(struct ext_reader *reader, const struct ext2_inode_large *inode,
		 const struct filesystem_facts *facts, struct frag_collector *collector,
		 struct frag_file *file)
{
	struct mapping mapping = {
		.reader = reader,
		.collector = collector,
		.blocks_left = file->disk_bytes / reader->volume->block_bytes + MAP_BLOCKS_MORE,
	};
	bool block_mapped = !(inode->i_flags & (EXT4_EXTENTS_FL | EXT4_INLINE_DATA_FL));
	int r;

	collector->sums = LAYOUT_SUMS_INIT;
	collector->volume_bytes = facts->volume_bytes;
	if (inode->i_flags & EXT4_INLINE_DATA_FL)
		r = add_inline(&mapping, file);
	else if (inode->i_flags & EXT4_EXTENTS_FL)
		r = add_tree(&mapping, inode->i_block, sizeof(inode->i_block), -1);
	else
		r = add_blocks(&mapping, inode);
	frag_collected(collector, facts, block_mapped, file);
	return r;
}
