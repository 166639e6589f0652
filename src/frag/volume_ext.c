/* SPDX-License-Identifier: MIT */
/*
 * ext2, ext3 and ext4 through libext2fs: inode tables lie together and are read
 * one after the other in large pieces, where the walk has to ask the kernel for
 * each file.  The library reads superblock, descriptors, inodes and directories.
 *
 * A mounted file system changes under our hands, and an image may be damaged on
 * purpose: a file whose map makes no sense counts as unreadable (EUCLEAN), the
 * rest goes on.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "ext.h"

enum {
	SCAN_BLOCKS = 256, /* of inode tables a read */
	INODES_BETWEEN_LOOKS = 4096,
};

/* ---- inodes ---- */

static uint64_t disk_bytes_of(const struct ext_scan *scan, const struct ext2_inode *inode)
{
	uint64_t blocks = inode->i_blocks;

	/* As stat() counts it. */
	if (inode->i_flags & EXT4_INLINE_DATA_FL)
		return blocks * 512 + (EXT2_I_SIZE(inode) + 511) / 512 * 512;
	if (!ext2fs_has_feature_huge_file(scan->fs->super))
		return blocks * 512;
	blocks |= (uint64_t)inode->osd2.linux2.l_i_blocks_hi << 32;
	return blocks * (inode->i_flags & EXT4_HUGE_FILE_FL ? scan->block_bytes : 512);
}

/* 34 bits: two of them extend the epoch, where the inode has room for them. */
static time_t mtime_of(const struct ext2_inode_large *inode)
{
	time_t seconds = (int32_t)inode->i_mtime;

	if (inode->i_extra_isize >= 12)
		seconds += (time_t)(inode->i_mtime_extra & 3) << 32;
	return seconds;
}

static int note_damage(struct ext_scan *scan, ext2_ino_t number, int error)
{
	char name[48];

	if (error == -ENOMEM)
		return error;
	snprintf(name, sizeof(name), "inode %u", number);
	return totals_add_unreadable(&scan->result->totals, name, -error);
}

static int look_at_file(struct ext_scan *scan, ext2_ino_t number,
			const struct ext2_inode_large *inode)
{
	const struct frag_settings *settings = scan->settings;
	const struct ext2_inode *base = (const struct ext2_inode *)inode;
	struct totals *totals = &scan->result->totals;
	struct frag_file file = {
		.device = scan->result->facts.device,
		.inode = number,
		.size_bytes = EXT2_I_SIZE(base),
		.disk_bytes = disk_bytes_of(scan, base),
	};
	int r = 0;

	if (file.size_bytes < settings->min_bytes ||
	    (settings->newer && mtime_of(inode) <= settings->newer)) {
		totals->filtered_files++;
		return 0;
	}
	if (file.disk_bytes <= scan->block_bytes && !settings->exact)
		frag_file_of_one_block(scan->result->model, &file);
	else
		r = ext_read_map(scan, base, &file);
	if (r < 0)
		return note_damage(scan, number, r);
	if (scan->names)
		file.path = names_path(scan->names, number, scan->path);
	r = totals_add(totals, &file);
	if (r == 0 && settings->each)
		r = settings->each(&file, settings->each_context);
	return r;
}

/* Files of the file system itself: journal, quotas, orphans, values of attributes. */
static bool is_internal(const struct ext_scan *scan, ext2_ino_t number,
			const struct ext2_inode *inode)
{
	const struct ext2_super_block *super = scan->fs->super;

	if (number < EXT2_FIRST_INODE(super))
		return number != EXT2_ROOT_INO;
	return number == super->s_journal_inum || number == super->s_usr_quota_inum ||
	       number == super->s_grp_quota_inum || number == super->s_prj_quota_inum ||
	       number == super->s_orphan_file_inum || inode->i_flags & EXT4_EA_INODE_FL;
}

static int look_at_inode(struct ext_scan *scan, ext2_ino_t number,
			 const struct ext2_inode_large *inode)
{
	if (inode->i_links_count == 0 ||
	    is_internal(scan, number, (const struct ext2_inode *)inode))
		return 0;
	scan->inodes++;
	if (LINUX_S_ISREG(inode->i_mode))
		return look_at_file(scan, number, inode);
	if (LINUX_S_ISDIR(inode->i_mode))
		scan->result->totals.directories++;
	else
		scan->result->totals.special_files++;
	return 0;
}

/* Tells how far we are; true: the user wants to stop. */
static bool is_over(const struct ext_scan *scan)
{
	const struct frag_settings *settings = scan->settings;
	struct pollfd cancel = { .fd = settings->cancel_fd, .events = POLLIN };

	if (settings->tick)
		settings->tick(scan->inodes, settings->tick_context);
	return poll(&cancel, 1, 0) > 0;
}

static void scan_closep(ext2_inode_scan *inodes)
{
	if (*inodes)
		ext2fs_close_inode_scan(*inodes);
}

static int look_at_inodes(struct ext_scan *scan)
{
	CLEANUP(scan_closep) ext2_inode_scan inodes = NULL;
	uint64_t looked = 0;
	int r = 0;

	if (ext2fs_open_inode_scan(scan->fs, SCAN_BLOCKS, &inodes))
		return -EBADMSG;
	while (r == 0) {
		struct ext2_inode_large inode = { 0 };
		ext2_ino_t number;
		errcode_t error = ext2fs_get_next_inode_full(
			inodes, &number, (struct ext2_inode *)&inode, sizeof(inode));

		if (error == EXT2_ET_BAD_BLOCK_IN_INODE_TABLE)
			continue;
		if (error == EXT2_ET_NO_MEMORY)
			return -ENOMEM;
		if (error)
			return -EBADMSG;
		if (number == 0)
			return 0;
		r = look_at_inode(scan, number, &inode);
		if (++looked % INODES_BETWEEN_LOOKS == 0 && is_over(scan)) {
			scan->result->partial = true;
			return 0;
		}
	}
	return r;
}

/* ---- the file system ---- */

static void fs_closep(ext2_filsys *fs)
{
	if (*fs)
		ext2fs_close_free(fs);
}

static int open_fs(const char *device, ext2_filsys *ret, struct problem *problem)
{
	const int flags = EXT2_FLAG_64BITS | EXT2_FLAG_IGNORE_CSUM_ERRORS | EXT2_FLAG_SKIP_MMP |
			  EXT2_FLAG_SOFTSUPP_FEATURES;
	errcode_t error = ext2fs_open(device, flags, 0, 0, unix_io_manager, ret);

	if (error == 0)
		return 0;
	*ret = NULL;
	if (error == EXT2_ET_BAD_MAGIC || error == EXT2_ET_SHORT_READ)
		return -EOPNOTSUPP;
	/* What the system said comes through as it is. */
	if (error > 0 && error < 256)
		return -(int)error;
	return problem_set(problem, PROBLEM_VERDICT, EBADMSG, "%s: cannot be read: %s", device,
			   error_message(error));
}

static const char *kind_of(const struct ext2_super_block *super)
{
	if (ext2fs_has_feature_extents((struct ext2_super_block *)super))
		return "ext4";
	return ext2fs_has_feature_journal((struct ext2_super_block *)super) ? "ext3" : "ext2";
}

static void learn(struct ext_scan *scan)
{
	struct filesystem_facts *facts = &scan->result->facts;

	scan->block_bytes = scan->fs->blocksize;
	scan->block_count = ext2fs_blocks_count(scan->fs->super);
	*facts = scan->place->facts;
	facts->kind = filesystem_kind_find(kind_of(scan->fs->super));
	facts->block_bytes = scan->block_bytes;
	facts->volume_bytes = scan->block_count * scan->block_bytes;
	scan->result->model = frag_model_for(scan->settings, facts);
	if (scan->result->totals.map)
		map_init(scan->result->totals.map, facts->volume_bytes);
}

static void scan_clear(struct ext_scan *scan)
{
	free(scan->nodes);
	free(scan->path);
	names_freep(&scan->names);
	fs_closep(&scan->fs);
}

static int scan_ext(const struct frag_settings *settings, const struct frag_place *place,
		    struct frag_result *ret, struct problem *problem)
{
	CLEANUP(scan_clear)
	struct ext_scan scan = { .settings = settings, .place = place, .result = ret };
	struct names_source names;
	int r = place->device ? open_fs(place->device, &scan.fs, problem) : -EOPNOTSUPP;

	if (r < 0)
		return r;
	learn(&scan);
	scan.nodes = malloc((EXT_DEPTH_MAX + 1) * scan.block_bytes);
	scan.path = malloc(NAMES_PATH_BYTES);
	if (!scan.nodes || !scan.path)
		return -ENOMEM;
	names = ext_names(&scan);
	if (settings->with_names)
		r = names_read(settings, &names, NULL, &scan.names);
	if (r == 0)
		r = look_at_inodes(&scan);
	if (r == -EBADMSG)
		return problem_set(problem, PROBLEM_VERDICT, EBADMSG,
				   "%s: its inode tables cannot be read; e2fsck -n tells more",
				   place->device);
	if (r == 0 && scan.names)
		r = names_note(scan.names, ret);
	if (r == 0)
		r = names_give_worst(settings, &names, &ret->totals.worst);
	return r < 0 ? r : ext_look_at_free(&scan);
}

const struct frag_volume_source volume_ext = { "ext", scan_ext };
