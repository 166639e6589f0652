/* SPDX-License-Identifier: MIT */
/*
 * Inodes of ext2, ext3 and ext4 from their tables.  libext2fs knows where these are.  They are
 * read here, because its own scan is for one thread and reads all of them, while a walk wants
 * those of its directories.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "frag/ext/ext.h"
#include "base/io.h"
#include "frag/frag.h"

enum { WINDOW_BYTES = 256 << 10 };

int ext_volume_open(const char *device, struct ext_volume *ret, struct problem *problem)
{
	const int flags = EXT2_FLAG_64BITS | EXT2_FLAG_IGNORE_CSUM_ERRORS | EXT2_FLAG_SKIP_MMP |
			  EXT2_FLAG_SOFTSUPP_FEATURES | EXT2_FLAG_JOURNAL_DEV_OK;
	CLEANUP(ext_volume_close) struct ext_volume volume = EXT_VOLUME_NONE;
	errcode_t error;

	volume.fd = frag_open(AT_FDCWD, device, true);
	if (volume.fd < 0)
		return volume.fd;
	error = ext2fs_open(device, flags, 0, 0, unix_io_manager, &volume.fs);
	if (error == EXT2_ET_BAD_MAGIC || error == EXT2_ET_SHORT_READ)
		return -EOPNOTSUPP;
	/* Errors of the system are passed on. */
	if (error > 0 && error < 256)
		return -(int)error;
	if (error) {
		initialize_ext2_error_table();
		return problem_set(problem, PROBLEM_VERDICT, EBADMSG,
				   "%s: cannot be read: %s; run e2fsck -n", device,
				   error_message(error));
	}
	if (ext2fs_has_feature_journal_dev(volume.fs->super))
		return problem_set(problem, PROBLEM_VERDICT, EBADMSG,
				   "%s is the journal of another device and has no files; name "
				   "that device",
				   device);
	volume.block_bytes = volume.fs->blocksize;
	volume.block_count = ext2fs_blocks_count(volume.fs->super);
	volume.inode_bytes = EXT2_INODE_SIZE(volume.fs->super);
	*ret = volume;
	volume = EXT_VOLUME_NONE;
	return 0;
}

void ext_volume_close(struct ext_volume *volume)
{
	if (volume->fs)
		ext2fs_close_free(&volume->fs);
	volume->fd = fd_close(volume->fd);
}

int ext_reader_init(struct ext_reader *reader, const struct ext_volume *volume)
{
	*reader = (struct ext_reader) {
		.volume = volume,
		.nodes = malloc((EXT_DEPTH_MAX + 1) * volume->block_bytes),
		.window = malloc(WINDOW_BYTES),
	};
	return reader->nodes && reader->window ? 0 : -ENOMEM;
}

void ext_reader_clear(struct ext_reader *reader)
{
	free(reader->nodes);
	free(reader->window);
	*reader = (struct ext_reader) { 0 };
}

static bool is_block(const struct ext_volume *volume, uint64_t first, uint64_t blocks)
{
	return first >= volume->fs->super->s_first_data_block && first < volume->block_count &&
	       blocks <= volume->block_count - first;
}

int ext_read_block(const struct ext_volume *volume, uint64_t block, char *ret)
{
	if (!is_block(volume, block, 1))
		return -EUCLEAN;
	return io_read_at(volume->fd, block * volume->block_bytes, ret, volume->block_bytes);
}

/* ---- inodes ---- */

uint32_t ext_inodes_of_group(const struct ext_volume *volume, dgrp_t group)
{
	uint32_t inodes = volume->fs->super->s_inodes_per_group, unused;

	/* Do not trust a damaged descriptor that claims an empty group. */
	if (!ext2fs_has_group_desc_csum(volume->fs) ||
	    !ext2fs_group_desc_csum_verify(volume->fs, group))
		return inodes;
	if (ext2fs_bg_flags_test(volume->fs, group, EXT2_BG_INODE_UNINIT))
		return 0;
	unused = ext2fs_bg_itable_unused(volume->fs, group);
	return unused < inodes ? inodes - unused : 0;
}

static struct ext2_inode_large *in_window(const struct ext_reader *reader, uint32_t index)
{
	return (void *)(reader->window + (size_t)index * reader->volume->inode_bytes);
}

/* The first byte of the table of a group; 0: it has none. */
static uint64_t table_of(const struct ext_volume *volume, dgrp_t group)
{
	uint64_t block;

	if (group >= volume->fs->group_desc_count)
		return 0;
	block = ext2fs_inode_table_loc(volume->fs, group);
	return is_block(volume, block, volume->fs->inode_blocks_per_group)
		       ? block * volume->block_bytes
		       : 0;
}

uint32_t ext_inodes_together(const struct ext_volume *volume, ext2_ino_t number)
{
	uint32_t index = (number - 1) % volume->fs->super->s_inodes_per_group;
	uint32_t in_block = (uint32_t)volume->block_bytes / volume->inode_bytes;

	return in_block - index % in_block;
}

/*
 * Reads inodes `number` to `last`, or as many as are in the table and fit.  If one of their blocks
 * cannot be read, only the first block.
 */
static int read_window(struct ext_reader *reader, ext2_ino_t number, ext2_ino_t last)
{
	const struct ext_volume *volume = reader->volume;
	uint32_t of_group = volume->fs->super->s_inodes_per_group;
	uint32_t index = (number - 1) % of_group, count = of_group - index;
	uint64_t table = table_of(volume, (number - 1) / of_group);
	uint32_t alone = ext_inodes_together(volume, number);
	int r;

	if (number == 0 || table == 0)
		return -EUCLEAN;
	table += (uint64_t)index * volume->inode_bytes;
	if (last - number < count)
		count = last - number + 1;
	if (count > WINDOW_BYTES / volume->inode_bytes)
		count = WINDOW_BYTES / volume->inode_bytes;
	reader->in_window = 0;
	r = io_read_at(volume->fd, table, reader->window, (size_t)count * volume->inode_bytes);
	if (r < 0 && count > alone) {
		count = alone;
		r = io_read_at(volume->fd, table, reader->window,
			       (size_t)count * volume->inode_bytes);
	}
	if (r < 0)
		return r;
	reader->first = number;
	reader->in_window = count;
	for (uint32_t i = 0; __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ && i < count; i++)
		ext2fs_swap_inode_full(volume->fs, in_window(reader, i), in_window(reader, i), 0,
				       (int)volume->inode_bytes);
	return 0;
}

struct ext2_inode_large *ext_inode(struct ext_reader *reader, ext2_ino_t number, ext2_ino_t last,
				   int *ret_error)
{
	int r;

	if (number - reader->first >= reader->in_window) {
		r = read_window(reader, number, last);
		if (r < 0) {
			*ret_error = r;
			return NULL;
		}
	}
	return in_window(reader, number - reader->first);
}

uint64_t ext_disk_bytes(const struct ext_volume *volume, const struct ext2_inode_large *inode)
{
	uint64_t blocks = inode->i_blocks;

	if (inode->i_flags & EXT4_INLINE_DATA_FL)
		return blocks * 512 + (EXT2_I_SIZE(inode) + 511) / 512 * 512;
	if (!ext2fs_has_feature_huge_file(volume->fs->super))
		return blocks * 512;
	blocks |= (uint64_t)inode->osd2.linux2.l_i_blocks_hi << 32;
	return blocks * (inode->i_flags & EXT4_HUGE_FILE_FL ? volume->block_bytes : 512);
}

bool ext_has_one_block(const struct ext2_inode_large *inode, const struct filesystem_facts *facts,
		       uint64_t size_bytes, uint64_t disk_bytes)
{
	bool has_other = inode->i_file_acl || inode->osd2.linux2.l_i_file_acl_high ||
			 inode->i_flags & EXT4_INLINE_DATA_FL;

	return frag_file_has_one_block(size_bytes, disk_bytes, facts) &&
	       (disk_bytes == 0 || !has_other);
}

/* 34 bits: two of them extend the epoch, where the inode has room for them. */
time_t ext_mtime(const struct ext_volume *volume, const struct ext2_inode_large *inode)
{
	time_t seconds = (int32_t)inode->i_mtime;

	if (volume->inode_bytes > EXT2_GOOD_OLD_INODE_SIZE && inode->i_extra_isize >= 12)
		seconds += (time_t)(inode->i_mtime_extra & 3) << 32;
	return seconds;
}
