/* SPDX-License-Identifier: MIT */
/*
 * All files of ext2, ext3 and ext4: inode tables are contiguous and are read in large parts,
 * several groups in parallel, while a walk has to ask the kernel for each file.  libext2fs reads
 * superblock, descriptors and directories.
 *
 * A mounted file system changes while it is read, and an image may be damaged on purpose: a file
 * with an invalid map counts as unreadable (EUCLEAN), and the scan continues.
 */
#include <errno.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "frag/ext/ext.h"
#include "frag/scan/image.h"
#include "frag/scan/pipeline.h"
#include "frag/frag.h"

struct scan {
	struct pipeline pipeline;
	struct ext_volume *volume;
	atomic_bool has_lost_inodes;
};

/* ---- inodes ---- */

static int scan_file(struct pipeline_worker *worker, struct ext_reader *reader, ext2_ino_t number,
		     const struct ext2_inode_large *inode)
{
	struct source_inode known = {
		.device = worker->facts->device,
		.number = number,
		.size_bytes = EXT2_I_SIZE(inode),
		.disk_bytes = ext_disk_bytes(reader->volume, inode),
		.mtime = ext_mtime(reader->volume, inode),
	};
	int r;

	known.is_simple =
		ext_has_one_block(inode, worker->facts, known.size_bytes, known.disk_bytes);
	known.extents = known.disk_bytes != 0;
	r = pipeline_begin_file(worker, &known);
	if (r <= 0)
		return r;
	r = ext_read_map(reader, inode, worker->facts, &worker->collector, &worker->file);
	return pipeline_end_file(worker, r);
}

/* Scans the blocks of a directory itself. */
static int scan_own_blocks(struct pipeline_worker *worker, struct ext_reader *reader,
			   ext2_ino_t number, const struct ext2_inode_large *inode)
{
	const struct scan *scan = worker->pipeline->context;
	struct frag_collector collector = {
		.model = scan->pipeline.result->model,
		.also = pipeline_watch_extent,
		.also_context = worker->pipeline,
	};
	struct frag_file file = {
		.device = scan->pipeline.result->facts.device,
		.inode = number,
		.size_bytes = EXT2_I_SIZE(inode),
		.disk_bytes = ext_disk_bytes(reader->volume, inode),
	};
	int r = ext_read_map(reader, inode, &scan->pipeline.result->facts, &collector, &file);

	if (r == -ECANCELED)
		return 0;
	if (r < 0)
		return pipeline_note_error(worker, NULL, number, r);
	if (worker->pipeline->paths)
		file.path = inode_paths_find(worker->pipeline->paths, number, worker->path);
	return totals_add_directory(&worker->totals, &file);
}

/* Internal files of the file system: journal, quotas, orphans, values of attributes. */
static bool is_internal(const struct ext_volume *volume, ext2_ino_t number,
			const struct ext2_inode_large *inode)
{
	const struct ext2_super_block *super = volume->fs->super;

	if (number < EXT2_FIRST_INODE(super))
		return number != EXT2_ROOT_INO;
	return number == super->s_journal_inum || number == super->s_usr_quota_inum ||
	       number == super->s_grp_quota_inum || number == super->s_prj_quota_inum ||
	       number == super->s_orphan_file_inum || inode->i_flags & EXT4_EA_INODE_FL;
}

static int scan_inode(struct pipeline_worker *worker, struct ext_reader *reader, ext2_ino_t number,
		      const struct ext2_inode_large *inode)
{
	if (inode->i_links_count == 0 || is_internal(reader->volume, number, inode))
		return 0;
	atomic_fetch_add_explicit(&worker->pipeline->files, 1, memory_order_relaxed);
	if (LINUX_S_ISREG(inode->i_mode))
		return scan_file(worker, reader, number, inode);
	if (!LINUX_S_ISDIR(inode->i_mode)) {
		worker->totals.special_files++;
		return 0;
	}
	worker->totals.directories++;
	return worker->pipeline->settings->with_directories
		       ? scan_own_blocks(worker, reader, number, inode)
		       : 0;
}

/* Counts inodes `first` to `end`, not including `end`, as unreadable. */
static int note_lost_inodes(struct pipeline_worker *worker, ext2_ino_t first, ext2_ino_t end,
			    int error)
{
	struct scan *scan = worker->pipeline->context;
	char name[64];

	if (first >= end)
		return 0;
	atomic_store(&scan->has_lost_inodes, true);
	snprintf(name, sizeof(name), "inodes %u to %u", first, end - 1);
	return totals_add_unreadable(&worker->totals, name, -error);
}

static int scan_group(struct pipeline_worker *worker, struct ext_reader *reader, dgrp_t group)
{
	ext2_ino_t first = group * reader->volume->fs->super->s_inodes_per_group + 1;
	ext2_ino_t end = first + ext_inodes_of_group(reader->volume, group);
	ext2_ino_t number = first, lost = end;
	int r = 0, error = 0;

	while (r == 0 && number < end && !pipeline_is_over(worker->pipeline)) {
		const struct ext2_inode_large *inode = ext_inode(reader, number, end - 1, &error);

		if (!inode) {
			lost = lost < number ? lost : number;
			number += ext_inodes_together(reader->volume, number);
			continue;
		}
		r = note_lost_inodes(worker, lost, number, error);
		lost = end;
		if (r == 0)
			r = scan_inode(worker, reader, number++, inode);
	}
	return r == 0 ? note_lost_inodes(worker, lost, number < end ? number : end, error) : r;
}

static int work(struct pipeline_worker *worker)
{
	struct scan *scan = worker->pipeline->context;
	CLEANUP(ext_reader_clear) struct ext_reader reader = { 0 };
	int r = ext_reader_init(&reader, scan->volume);

	while (r == 0 && pipeline_next_unit(worker, scan->volume->fs->group_desc_count)) {
		r = scan_group(worker, &reader, (dgrp_t)worker->unit);
		if (r == 0)
			r = pipeline_end_unit(worker);
	}
	return r;
}

/* ---- directories, which the library reads ---- */

struct directory_entries {
	struct ext_volume *volume;
	struct inode_paths *paths;
	int stop;
};

/* Directories of old file systems do not contain the types of entries. */
static int type_of(const struct ext_volume *volume, const struct ext2_dir_entry *entry)
{
	struct ext2_inode inode;

	if (ext2fs_has_feature_filetype(volume->fs->super))
		return ext2fs_dirent_file_type(entry);
	if (ext2fs_read_inode(volume->fs, entry->inode, &inode))
		return EXT2_FT_UNKNOWN;
	return LINUX_S_ISDIR(inode.i_mode)   ? EXT2_FT_DIR
	       : LINUX_S_ISREG(inode.i_mode) ? EXT2_FT_REG_FILE
					     : EXT2_FT_UNKNOWN;
}

static int add_entry(ext2_ino_t directory, int kind, struct ext2_dir_entry *entry, int offset,
		     int block_bytes, char *block, void *context)
{
	struct directory_entries *entries = context;
	int type = kind == DIRENT_OTHER_FILE ? type_of(entries->volume, entry) : EXT2_FT_UNKNOWN;

	(void)offset, (void)block_bytes, (void)block;
	if (type != EXT2_FT_DIR && type != EXT2_FT_REG_FILE)
		return 0;
	entries->stop = inode_paths_add(entries->paths, directory, entry->inode, entry->name,
					(size_t)ext2fs_dirent_name_len(entry), type == EXT2_FT_DIR);
	return entries->stop ? DIRENT_ABORT : 0;
}

static int read_directory(struct inode_paths *paths, uint64_t directory, void *context)
{
	struct directory_entries entries = { .volume = context, .paths = paths };

	ext2fs_dir_iterate2(entries.volume->fs, (ext2_ino_t)directory, 0, NULL, add_entry,
			    &entries);
	return entries.stop;
}

/* ---- the file system ---- */

static const char *kind_of(struct ext2_super_block *super)
{
	if (ext2fs_has_feature_extents(super))
		return "ext4";
	return ext2fs_has_feature_journal(super) ? "ext3" : "ext2";
}

static void set_facts(const struct scan *scan, const struct scan_target *target)
{
	struct filesystem_facts *facts = &scan->pipeline.result->facts;

	*facts = target->facts;
	facts->kind = filesystem_kind_find(kind_of(scan->volume->fs->super));
	facts->magic = EXT4_SUPER_MAGIC;
	facts->block_bytes = scan->volume->block_bytes;
	facts->volume_bytes = scan->volume->block_count * scan->volume->block_bytes;
	scan->pipeline.result->model = frag_model_for(scan->pipeline.settings, facts);
	if (scan->pipeline.result->totals.map)
		map_init(scan->pipeline.result->totals.map, facts->volume_bytes);
}

static int scan_volume(struct scan *scan, const struct scan_target *target)
{
	/* Paths start at the top of the volume in an image, or if that is not mounted. */
	bool is_inside = !target->mount.is_whole || !target->mount.point;
	const struct directory_reader directories = {
		.read_directory = read_directory,
		.context = scan->volume,
		.root = EXT2_ROOT_INO,
		.top = is_inside ? "" : target->mount.point,
	};
	int r = ext_read_free(scan->volume, scan->pipeline.result);

	scan->pipeline.result->paths_inside = is_inside;
	if (r < 0)
		return r;
	frag_result_set_whole(scan->pipeline.result);
	r = pipeline_run_by_inode(&scan->pipeline, &directories);
	if (r == 0 && atomic_load(&scan->has_lost_inodes))
		r = frag_result_note(scan->pipeline.result,
				     "Some of its inode tables cannot be read; run e2fsck -n.");
	return r;
}

/* All of that is normal while it is mounted. */
static int note_what_may_differ(const struct scan_target *target, const struct ext_volume *volume,
				struct frag_result *result)
{
	struct ext2_super_block *super = volume->fs->super;
	const char *note = NULL;

	if (target->fd >= 0 || image_is_mounted(target->device))
		return 0;
	if (ext2fs_has_feature_journal_needs_recovery(super))
		note = "May be out of date: its journal was not replayed; mounting it or e2fsck "
		       "-fp does that.";
	else if (!(super->s_state & EXT2_VALID_FS))
		note = "May be out of date: it was not unmounted; run e2fsck -n.";
	else if (super->s_state & EXT2_ERROR_FS)
		note = "May be wrong: the kernel found errors in it; run e2fsck -n.";
	return note ? frag_result_note(result, note) : 0;
}

static int scan_ext(const struct frag_settings *settings, const struct scan_target *target,
		    struct frag_result *ret, struct problem *problem)
{
	CLEANUP(ext_volume_close) struct ext_volume volume = EXT_VOLUME_NONE;
	struct scan scan = {
		.pipeline = { .settings = settings, .result = ret, .work = work, .context = &scan },
		.volume = &volume,
	};
	int r = target->device ? ext_volume_open(target->device, &volume, problem) : -EOPNOTSUPP;

	if (r < 0)
		return r;
	set_facts(&scan, target);
	r = scan_volume(&scan, target);
	return r < 0 ? r : note_what_may_differ(target, &volume, ret);
}

const struct volume_source volume_source_ext = { "ext", scan_ext };
