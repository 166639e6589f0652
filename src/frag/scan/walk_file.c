/* SPDX-License-Identifier: MIT */
/*
 * One file of a walk.  statx() tells whether it can have more than one block; if not, it
 * cannot be fragmented, and is neither opened nor asked about.  That is most files
 * of most trees, and most of the time saved.
 */
#include <errno.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "frag/scan/walker.h"

int walk_note_error(struct worker *worker, const char *name, int error)
{
	const char *path;

	switch (error) {
	case -ENOENT:
	case -ESTALE:
		worker->totals->vanished_files++;
		return 0;
	case -EOPNOTSUPP:
	case -ENOTTY:
		worker->totals->silent_files++;
		return 0;
	case -ENOMEM:
		return error;
	default:
		path = folder_path_of(&worker->path, name);
		return path ? totals_add_unreadable(worker->totals, path, -error) : -ENOMEM;
	}
}

static int account(struct worker *worker, const char *name, struct frag_file *file)
{
	const struct frag_settings *settings = worker->walk->settings;
	int r;

	/* For the extension the name alone does. */
	file->path = name;
	if (settings->each || totals_wants_path(worker->totals, file)) {
		file->path = folder_path_of(&worker->path, name);
		if (!file->path)
			return -ENOMEM;
	}
	worker->totals->root_bytes = worker->path.root_bytes;
	r = totals_add(worker->totals, file);
	if (r == 0 && settings->each)
		r = settings->each(file, settings->each_context);
	return r;
}

static struct frag_collector collector_of(struct worker *worker)
{
	return (struct frag_collector) {
		.model = worker->model,
		.shared = &worker->totals->shared,
		.map = worker->totals->map,
		.also = crew_watch_extent,
		.also_context = &worker->walk->crew,
	};
}

/* By the kernel. */
static int look_into(struct worker *worker, int directory, const char *name, struct frag_file *file)
{
	CLEANUP(fd_closep) int fd = frag_open(directory, name, false);
	struct frag_collector collector = collector_of(worker);
	int r = fd;

	if (fd >= 0)
		r = frag_file_read(fd, &worker->facts, worker->walk->settings->sync, &collector,
				   file);
	return r;
}

/*
 * By its map on the disk.  Where FIEMAP cuts files that map single blocks depends
 * on what the kernel remembers: that is left to it, so that there is one answer.
 */
static int look_at_map(struct worker *worker, const struct ext2_inode_large *inode,
		       struct frag_file *file)
{
	struct frag_collector collector = collector_of(worker);

	if (!(inode->i_flags & (EXT4_EXTENTS_FL | EXT4_INLINE_DATA_FL)))
		return -EOPNOTSUPP;
	return ext_read_map(&worker->reader, inode, &worker->facts, &collector, file);
}

static int look_at_extents(struct worker *worker, int directory, const char *name,
			   const struct ext2_inode_large *inode, struct frag_file *file)
{
	int r = inode ? look_at_map(worker, inode, file) : -EOPNOTSUPP;

	if (r == 0)
		worker->totals->table_files++;
	if (r == -EOPNOTSUPP || r == -EUCLEAN || r == -EIO)
		r = look_into(worker, directory, name, file);
	return r;
}

static int look_at_no_more(struct worker *worker, const struct ext2_inode_large *inode,
			   struct frag_file *file)
{
	worker->totals->table_files += inode != NULL;
	frag_file_of_one_block(worker->model, &worker->facts, file);
	return 0;
}

static bool has_one_block(const struct worker *worker, const struct ext2_inode_large *inode,
			  const struct frag_file *file)
{
	if (inode)
		return ext_has_one_block(inode, &worker->facts, file);
	return frag_file_has_one_block(file, &worker->facts);
}

static bool is_filtered(const struct frag_settings *settings, const struct statx *status)
{
	return status->stx_size < settings->min_bytes ||
	       (settings->newer && status->stx_mtime.tv_sec <= settings->newer);
}

int walk_file(struct worker *worker, int directory, const char *name, const struct statx *status,
	      const struct ext2_inode_large *inode)
{
	const struct frag_settings *settings = worker->walk->settings;
	struct frag_file file = {
		.device = makedev(status->stx_dev_major, status->stx_dev_minor),
		.inode = status->stx_ino,
		.size_bytes = status->stx_size,
		.disk_bytes = status->stx_blocks * 512,
	};
	int r;

	if (is_filtered(settings, status)) {
		worker->totals->filtered_files++;
		return 0;
	}
	if (status->stx_nlink > 1) {
		int is_new = seen_add(worker->walk->seen, file.device, file.inode);

		if (is_new <= 0) {
			worker->totals->linked_again += is_new == 0;
			return is_new;
		}
	}
	r = settings->exact || !has_one_block(worker, inode, &file)
		    ? look_at_extents(worker, directory, name, inode, &file)
		    : look_at_no_more(worker, inode, &file);
	if (r == -ECANCELED)
		return 0;
	return r < 0 ? walk_note_error(worker, name, r) : account(worker, name, &file);
}
