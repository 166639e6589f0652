/* SPDX-License-Identifier: MIT */
/*
 * ext2, ext3 and ext4 through libext2fs: inode tables lie together and are read
 * one after the other in large pieces, where the walk has to ask the kernel for
 * each file.  The library reads superblock, descriptors, inodes and directories;
 * extent trees and indirect blocks are read here, since its iterators call back
 * for every single block.
 *
 * A mounted file system changes under our hands, and an image may be damaged on
 * purpose: every number is checked before it is used, and the blocks that the map
 * of one file may take are bounded by what its inode says it has, so that no loop
 * can hold us.  A file whose map makes no sense counts as unreadable (EUCLEAN),
 * the rest goes on.
 */
#include <errno.h>
#include <ext2fs/ext2fs.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "freespace.h"
#include "names.h"
#include "whole_volume.h"

enum {
	SCAN_BLOCKS = 256, /* of inode tables a read */
	DEPTH_MAX = 5,	   /* of an extent tree, as the kernel has it */
	INODES_BETWEEN_LOOKS = 4096,
	MAP_BLOCKS_MORE = 16, /* than the inode accounts for: for old rounding */
};

struct scan {
	const struct frag_settings *settings;
	const struct frag_place *place;
	struct frag_result *result;
	ext2_filsys fs;
	uint64_t block_bytes, block_count;
	char *nodes;	     /* a block for each level of a map */
	struct names *names; /* NULL: only the worst get theirs, later */
	char *path;
	uint64_t inodes;
};

/* The map of one file. */
struct mapping {
	struct scan *scan;
	struct frag_collector collector;
	struct extent run;	/* of block-mapped files: not handed over yet */
	uint64_t blocks_left;	/* that the map may still take */
	uint64_t logical_block; /* the next expected, or later */
};

/* ---- maps ---- */

static char *node_of(const struct scan *scan, unsigned level)
{
	return scan->nodes + level * scan->block_bytes;
}

static int read_node(struct mapping *mapping, uint64_t block, char *node)
{
	struct scan *scan = mapping->scan;

	if (block < scan->fs->super->s_first_data_block || block >= scan->block_count ||
	    mapping->blocks_left == 0)
		return -EUCLEAN;
	mapping->blocks_left--;
	return io_channel_read_blk64(scan->fs->io, block, 1, node) ? -EIO : 0;
}

static int add_extent(struct mapping *mapping, uint64_t logical, uint64_t physical, uint64_t blocks,
		      uint32_t flags)
{
	struct scan *scan = mapping->scan;
	const struct extent extent = {
		.logical = logical * scan->block_bytes,
		.physical = physical * scan->block_bytes,
		.bytes = blocks * scan->block_bytes,
		.flags = flags,
	};

	if (blocks == 0 || logical < mapping->logical_block || physical >= scan->block_count ||
	    blocks > scan->block_count - physical || physical < scan->fs->super->s_first_data_block)
		return -EUCLEAN;
	mapping->logical_block = logical + blocks;
	return frag_collect(&extent, &mapping->collector);
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

/* `depth`: what the node above said this one has; -1: the root may say anything. */
static int add_tree(struct mapping *mapping, const void *node, size_t node_bytes, int depth)
{
	const struct ext3_extent_header *header = node;
	const struct ext3_extent *leaves = (const void *)(header + 1);
	const struct ext3_extent_idx *inner = (const void *)(header + 1);
	unsigned entries = ext2fs_le16_to_cpu(header->eh_entries);
	int levels = ext2fs_le16_to_cpu(header->eh_depth), r = 0;

	if (ext2fs_le16_to_cpu(header->eh_magic) != EXT3_EXT_MAGIC || levels > DEPTH_MAX ||
	    (depth >= 0 && levels != depth) ||
	    entries > (node_bytes - sizeof(*header)) / sizeof(*leaves))
		return -EUCLEAN;
	for (unsigned i = 0; r == 0 && i < entries; i++) {
		char *below = node_of(mapping->scan, (unsigned)levels);

		if (levels == 0) {
			r = add_leaf(mapping, &leaves[i]);
			continue;
		}
		r = read_node(mapping,
			      (uint64_t)ext2fs_le16_to_cpu(inner[i].ei_leaf_hi) << 32 |
				      ext2fs_le32_to_cpu(inner[i].ei_leaf),
			      below);
		if (r == 0)
			r = add_tree(mapping, below, mapping->scan->block_bytes, levels - 1);
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

/* The run counts blocks, not bytes, until it is handed over. */
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

/* `level` 0: the block itself is data; 1: it holds addresses of such; and so on. */
static int add_indirect(struct mapping *mapping, uint32_t block, unsigned level, uint64_t *logical)
{
	uint64_t addresses = mapping->scan->block_bytes / 4, span = 1;
	const uint32_t *node;
	int r;

	for (unsigned i = 0; i < level; i++)
		span *= addresses;
	if (level == 0 || block == 0) {
		r = add_block(mapping, *logical, block);
		*logical += span;
		return r;
	}
	node = (const uint32_t *)node_of(mapping->scan, level);
	r = read_node(mapping, block, node_of(mapping->scan, level));
	for (uint64_t i = 0; r == 0 && i < addresses; i++)
		r = add_indirect(mapping, ext2fs_le32_to_cpu(node[i]), level - 1, logical);
	return r;
}

static int add_blocks(struct mapping *mapping, const struct ext2_inode *inode)
{
	uint64_t logical = 0;
	int r = 0;

	for (unsigned i = 0; r == 0 && i < EXT2_N_BLOCKS; i++) {
		unsigned level = i < EXT2_NDIR_BLOCKS ? 0 : i - EXT2_NDIR_BLOCKS + 1;

		r = add_indirect(mapping, inode->i_block[i], level, &logical);
	}
	return r < 0 ? r : flush_run(mapping);
}

/* More than an inode cannot be in an inode, whatever its size says. */
static int add_inline(struct mapping *mapping, const struct frag_file *file)
{
	uint64_t most = EXT2_INODE_SIZE(mapping->scan->fs->super);
	const struct extent extent = {
		.bytes = file->size_bytes < most ? file->size_bytes : most,
		.flags = EXTENT_INLINE | EXTENT_NOT_ALIGNED | EXTENT_LAST,
	};

	return file->size_bytes ? frag_collect(&extent, &mapping->collector) : 0;
}

/* ---- inodes ---- */

static uint64_t disk_bytes_of(const struct scan *scan, const struct ext2_inode *inode)
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

static int read_map(struct scan *scan, const struct ext2_inode *inode, struct frag_file *file)
{
	struct frag_result *result = scan->result;
	struct mapping mapping = {
		.scan = scan,
		.collector = { .sums = LAYOUT_SUMS_INIT,
			       .model = result->model,
			       .volume_bytes = result->facts.volume_bytes,
			       .map = result->totals.map },
		.blocks_left = file->disk_bytes / scan->block_bytes + MAP_BLOCKS_MORE,
	};
	bool block_mapped = !(inode->i_flags & (EXT4_EXTENTS_FL | EXT4_INLINE_DATA_FL));
	int r;

	if (inode->i_flags & EXT4_INLINE_DATA_FL)
		r = add_inline(&mapping, file);
	else if (inode->i_flags & EXT4_EXTENTS_FL)
		r = add_tree(&mapping, inode->i_block, sizeof(inode->i_block), -1);
	else
		r = add_blocks(&mapping, inode);
	frag_collected(&mapping.collector, &result->facts, block_mapped, file);
	return r;
}

static int note_damage(struct scan *scan, ext2_ino_t number, int error)
{
	char name[48];

	if (error == -ENOMEM)
		return error;
	snprintf(name, sizeof(name), "inode %u", number);
	return totals_add_unreadable(&scan->result->totals, name, -error);
}

static int look_at_file(struct scan *scan, ext2_ino_t number, const struct ext2_inode_large *inode)
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
		r = read_map(scan, base, &file);
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
static bool is_internal(const struct scan *scan, ext2_ino_t number, const struct ext2_inode *inode)
{
	const struct ext2_super_block *super = scan->fs->super;

	if (number < EXT2_FIRST_INODE(super))
		return number != EXT2_ROOT_INO;
	return number == super->s_journal_inum || number == super->s_usr_quota_inum ||
	       number == super->s_grp_quota_inum || number == super->s_prj_quota_inum ||
	       number == super->s_orphan_file_inum || inode->i_flags & EXT4_EA_INODE_FL;
}

static int look_at_inode(struct scan *scan, ext2_ino_t number, const struct ext2_inode_large *inode)
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
static bool is_over(const struct scan *scan)
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

static int look_at_inodes(struct scan *scan)
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

/* ---- names ---- */

struct folder_reader {
	struct scan *scan;
	struct names *names;
	int stop;
};

/* Old file systems do not tell in the directory what an entry is. */
static int type_of(const struct scan *scan, const struct ext2_dir_entry *entry)
{
	struct ext2_inode inode;

	if (ext2fs_has_feature_filetype(scan->fs->super))
		return ext2fs_dirent_file_type(entry);
	if (ext2fs_read_inode(scan->fs, entry->inode, &inode))
		return EXT2_FT_UNKNOWN;
	return LINUX_S_ISDIR(inode.i_mode)   ? EXT2_FT_DIR
	       : LINUX_S_ISREG(inode.i_mode) ? EXT2_FT_REG_FILE
					     : EXT2_FT_UNKNOWN;
}

static int look_at_entry(ext2_ino_t folder, int kind, struct ext2_dir_entry *entry, int offset,
			 int block_bytes, char *block, void *context)
{
	struct folder_reader *reader = context;
	int type = kind == DIRENT_OTHER_FILE ? type_of(reader->scan, entry) : EXT2_FT_UNKNOWN;

	(void)offset, (void)block_bytes, (void)block;
	if (type != EXT2_FT_DIR && type != EXT2_FT_REG_FILE)
		return 0;
	reader->stop = names_add(reader->names, folder, entry->inode, entry->name,
				 (size_t)ext2fs_dirent_name_len(entry), type == EXT2_FT_DIR);
	return reader->stop ? DIRENT_ABORT : 0;
}

static int read_folder(struct names *names, uint64_t folder, void *context)
{
	struct folder_reader reader = { .scan = context, .names = names };

	ext2fs_dir_iterate2(reader.scan->fs, (ext2_ino_t)folder, 0, NULL, look_at_entry, &reader);
	return reader.stop;
}

static struct names_source names_of(struct scan *scan)
{
	const struct frag_place *place = scan->place;

	return (struct names_source) {
		.read_folder = read_folder,
		.context = scan,
		.root = EXT2_ROOT_INO,
		/* Of an image, or where the top is not mounted, as it is inside. */
		.top = place->mount.is_whole ? place->mount.point : "",
	};
}

/* ---- free space ---- */

static void mark(const struct scan *scan, char *bitmap, uint64_t first, uint64_t block,
		 uint64_t blocks)
{
	uint64_t ratio = (uint64_t)EXT2FS_CLUSTER_RATIO(scan->fs);
	uint64_t bits = scan->fs->super->s_clusters_per_group;

	for (; blocks; block++, blocks--)
		if (block >= first && (block - first) / ratio < bits)
			bitmap[(block - first) / ratio / 8] |=
				(char)(1 << ((block - first) / ratio % 8));
}

/* The bitmap of a group that was never used is not on the disk: only metadata is in it. */
static void make_bitmap(const struct scan *scan, dgrp_t group, char *bitmap)
{
	ext2_filsys fs = scan->fs;
	uint64_t first = ext2fs_group_first_block2(fs, group);
	blk64_t super, old_table, new_table;
	blk_t super_blocks;
	dgrp_t from = 0, to = fs->group_desc_count;

	memset(bitmap, 0, scan->block_bytes);
	ext2fs_super_and_bgd_loc2(fs, group, &super, &old_table, &new_table, &super_blocks);
	if (super || group == 0)
		mark(scan, bitmap, first, super, 1);
	if (old_table)
		mark(scan, bitmap, first, old_table,
		     fs->desc_blocks + fs->super->s_reserved_gdt_blocks);
	if (new_table)
		mark(scan, bitmap, first, new_table, 1);
	/* With flex_bg the tables of a group lie in the first one of its sixteen or so. */
	if (ext2fs_has_feature_flex_bg(fs->super) && fs->super->s_log_groups_per_flex < 31) {
		from = group >> fs->super->s_log_groups_per_flex
					<< fs->super->s_log_groups_per_flex;
		to = from + (1u << fs->super->s_log_groups_per_flex);
	} else {
		from = group;
		to = group + 1;
	}
	for (dgrp_t i = from; i < to && i < fs->group_desc_count; i++) {
		mark(scan, bitmap, first, ext2fs_block_bitmap_loc(fs, i), 1);
		mark(scan, bitmap, first, ext2fs_inode_bitmap_loc(fs, i), 1);
		mark(scan, bitmap, first, ext2fs_inode_table_loc(fs, i),
		     fs->inode_blocks_per_group);
	}
}

static int load_bitmap(const struct scan *scan, dgrp_t group, char *bitmap)
{
	ext2_filsys fs = scan->fs;
	uint64_t block = ext2fs_block_bitmap_loc(fs, group);

	if (ext2fs_has_group_desc_csum(fs) &&
	    ext2fs_bg_flags_test(fs, group, EXT2_BG_BLOCK_UNINIT)) {
		make_bitmap(scan, group, bitmap);
		return 0;
	}
	if (block < fs->super->s_first_data_block || block >= scan->block_count)
		return -EUCLEAN;
	return io_channel_read_blk64(fs->io, block, 1, bitmap) ? -EIO : 0;
}

static void add_free(const struct scan *scan, dgrp_t group, const char *bitmap,
		     struct free_space *space)
{
	ext2_filsys fs = scan->fs;
	uint64_t ratio = (uint64_t)EXT2FS_CLUSTER_RATIO(fs);
	uint64_t first = ext2fs_group_first_block2(fs, group);
	uint64_t blocks = ext2fs_group_last_block2(fs, group) + 1 - first;

	for (uint64_t bit = 0; bit * ratio < blocks; bit++) {
		uint64_t from = bit;

		while (bit * ratio < blocks && !(bitmap[bit / 8] & 1 << bit % 8))
			bit++;
		if (bit > from)
			free_space_add(space, (first + from * ratio) * scan->block_bytes,
				       (bit - from) * ratio * scan->block_bytes);
	}
}

static int look_at_free(struct scan *scan)
{
	struct free_space *space = calloc(1, sizeof(*space));
	int r = 0;

	if (!space)
		return -ENOMEM;
	scan->result->free = space;
	for (dgrp_t group = 0; r == 0 && group < scan->fs->group_desc_count; group++) {
		char *bitmap = node_of(scan, 0);

		r = load_bitmap(scan, group, bitmap);
		if (r == 0)
			add_free(scan, group, bitmap, space);
	}
	free_space_finish(space);
	if (r < 0) {
		free(TAKE_PTR(scan->result->free));
		scan->result->note =
			strdup("The free space is not known: its bitmaps are damaged.");
	}
	return 0;
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

static void learn(struct scan *scan)
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

static void scan_clear(struct scan *scan)
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
	struct scan scan = { .settings = settings, .place = place, .result = ret };
	struct names_source names;
	int r = place->device ? open_fs(place->device, &scan.fs, problem) : -EOPNOTSUPP;

	if (r < 0)
		return r;
	learn(&scan);
	scan.nodes = malloc((DEPTH_MAX + 1) * scan.block_bytes);
	scan.path = malloc(NAMES_PATH_BYTES);
	if (!scan.nodes || !scan.path)
		return -ENOMEM;
	names = names_of(&scan);
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
	return r < 0 ? r : look_at_free(&scan);
}

const struct frag_volume_source volume_ext = { "ext", scan_ext };
