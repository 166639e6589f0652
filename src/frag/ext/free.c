/* SPDX-License-Identifier: MIT */
/*
 * Free space of ext2, ext3 and ext4, from the block bitmap of each group.  A group that was never
 * used has no bitmap on the disk: it is derived from the location of its metadata.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "frag/ext/ext.h"
#include "frag/account/free_space.h"
#include "frag/frag.h"

static void mark(const struct ext_volume *volume, char *bitmap, uint64_t first, uint64_t block,
		 uint64_t blocks)
{
	uint64_t ratio = (uint64_t)EXT2FS_CLUSTER_RATIO(volume->fs);
	uint64_t bits = volume->fs->super->s_clusters_per_group;

	for (; blocks; block++, blocks--)
		if (block >= first && (block - first) / ratio < bits)
			bitmap[(block - first) / ratio / 8] |=
				(char)(1 << ((block - first) / ratio % 8));
}

/* The bitmap of a group that was never used: only metadata is in it. */
static void make_bitmap(const struct ext_volume *volume, dgrp_t group, char *bitmap)
{
	ext2_filsys fs = volume->fs;
	uint64_t first = ext2fs_group_first_block2(fs, group);
	blk64_t super, old_table, new_table;
	blk_t super_blocks;
	dgrp_t from = 0, to = fs->group_desc_count;

	memset(bitmap, 0, volume->block_bytes);
	ext2fs_super_and_bgd_loc2(fs, group, &super, &old_table, &new_table, &super_blocks);
	if (super || group == 0)
		mark(volume, bitmap, first, super, 1);
	if (old_table)
		mark(volume, bitmap, first, old_table,
		     fs->desc_blocks + fs->super->s_reserved_gdt_blocks);
	if (new_table)
		mark(volume, bitmap, first, new_table, 1);
	/* With flex_bg the tables of about sixteen groups are in the first of them. */
	if (ext2fs_has_feature_flex_bg(fs->super) && fs->super->s_log_groups_per_flex < 31) {
		from = group >> fs->super->s_log_groups_per_flex
					<< fs->super->s_log_groups_per_flex;
		to = from + (1u << fs->super->s_log_groups_per_flex);
	} else {
		from = group;
		to = group + 1;
	}
	for (dgrp_t i = from; i < to && i < fs->group_desc_count; i++) {
		mark(volume, bitmap, first, ext2fs_block_bitmap_loc(fs, i), 1);
		mark(volume, bitmap, first, ext2fs_inode_bitmap_loc(fs, i), 1);
		mark(volume, bitmap, first, ext2fs_inode_table_loc(fs, i),
		     fs->inode_blocks_per_group);
	}
}

static int load_bitmap(const struct ext_volume *volume, dgrp_t group, char *bitmap)
{
	ext2_filsys fs = volume->fs;
	uint64_t block = ext2fs_block_bitmap_loc(fs, group);

	if (ext2fs_has_group_desc_csum(fs) &&
	    ext2fs_bg_flags_test(fs, group, EXT2_BG_BLOCK_UNINIT)) {
		make_bitmap(volume, group, bitmap);
		return 0;
	}
	return ext_read_block(volume, block, bitmap);
}

/* The first bit from `bit` on that is set, or not set, by whole words; `end`: there is none. */
static uint64_t find_bit(const char *bitmap, uint64_t bit, uint64_t end, bool is_set)
{
	while (bit < end) {
		uint64_t word;

		memcpy(&word, bitmap + bit / 64 * 8, sizeof(word));
		word = le64toh(is_set ? word : ~word) >> bit % 64;
		if (word) {
			bit += (uint64_t)__builtin_ctzll(word);
			return bit < end ? bit : end;
		}
		bit += 64 - bit % 64;
	}
	return end;
}

static void add_free(const struct ext_volume *volume, dgrp_t group, const char *bitmap,
		     struct free_space *space)
{
	ext2_filsys fs = volume->fs;
	uint64_t ratio = (uint64_t)EXT2FS_CLUSTER_RATIO(fs);
	uint64_t first = ext2fs_group_first_block2(fs, group);
	uint64_t blocks = ext2fs_group_last_block2(fs, group) + 1 - first;
	uint64_t end = (blocks + ratio - 1) / ratio, to;

	for (uint64_t from = 0; from < end; from = to) {
		from = find_bit(bitmap, from, end, false);
		to = find_bit(bitmap, from, end, true);
		if (to > from)
			free_space_add(space, (first + from * ratio) * volume->block_bytes,
				       (to - from) * ratio * volume->block_bytes);
	}
}

int ext_read_free(const struct ext_volume *volume, struct frag_result *result)
{
	CLEANUP(freep) char *bitmap = malloc(volume->block_bytes);
	struct free_space *space = calloc(1, sizeof(*space));
	int r = 0;

	result->free = space;
	if (!space || !bitmap)
		return -ENOMEM;
	for (dgrp_t group = 0; r == 0 && group < volume->fs->group_desc_count; group++) {
		r = load_bitmap(volume, group, bitmap);
		if (r == 0)
			add_free(volume, group, bitmap, space);
	}
	free_space_finish(space);
	if (r == 0)
		return 0;
	free(TAKE_PTR(result->free));
	return frag_result_note(result, "The free space is unknown: its bitmaps are damaged.");
}
