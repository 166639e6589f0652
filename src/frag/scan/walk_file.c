/* SPDX-License-Identifier: MIT */
/*
 * One file of a walk.  statx() tells whether it can have more than one block; if not, it
 * cannot be fragmented, and is neither opened nor asked about.  That is most files
 * of most trees, and most of the time saved.
 */
#include <errno.h>
#include <string.h>

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

/* By the kernel, which may know of a later size than a source does. */
static int look_into(struct worker *worker, int directory, const char *name)
{
	CLEANUP(fd_closep) int fd = frag_open(directory, name, false);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return fd < 0 ? fd : -errno;
	worker->file.size_bytes = (uint64_t)status.st_size;
	worker->file.disk_bytes = (uint64_t)status.st_blocks * 512;
	return frag_file_read(fd, &worker->facts, worker->walk->settings->sync, &worker->collector,
			      &worker->file);
}

static bool is_filtered(const struct frag_settings *settings, const struct source_inode *inode)
{
	return inode->size_bytes < settings->min_bytes ||
	       (settings->newer && inode->mtime <= settings->newer);
}

int walk_begin_file(struct worker *worker, const char *name, const struct source_inode *inode)
{
	const struct frag_settings *settings = worker->walk->settings;
	struct frag_file *file = &worker->file;

	if (is_filtered(settings, inode)) {
		worker->totals->filtered_files++;
		return 0;
	}
	if (inode->links > 1) {
		int is_new = seen_add(worker->walk->seen, worker->facts.device, inode->number);

		if (is_new <= 0) {
			worker->totals->linked_again += is_new == 0;
			return is_new;
		}
	}
	*file = (struct frag_file) {
		.device = worker->facts.device,
		.inode = inode->number,
		.size_bytes = inode->size_bytes,
		.disk_bytes = inode->disk_bytes,
	};
	if (settings->exact || !inode->has_one_block) {
		worker->collector = collector_of(worker);
		return 1;
	}
	frag_file_of_one_block(worker->model, &worker->facts, file);
	return account(worker, name, file);
}

int walk_end_file(struct worker *worker, int directory, const char *name, int error)
{
	if (error == -EOPNOTSUPP) {
		worker->collector = collector_of(worker);
		error = look_into(worker, directory, name);
	}
	if (error == -ECANCELED)
		return 0;
	return error < 0 ? walk_note_error(worker, name, error)
			 : account(worker, name, &worker->file);
}

int walk_file(struct worker *worker, int directory, const char *name, const struct statx *status)
{
	struct source_inode inode = {
		.number = status->stx_ino,
		.size_bytes = status->stx_size,
		.disk_bytes = status->stx_blocks * 512,
		.links = status->stx_nlink,
		.mtime = status->stx_mtime.tv_sec,
	};
	int r;

	inode.has_one_block =
		frag_file_has_one_block(inode.size_bytes, inode.disk_bytes, &worker->facts);
	r = walk_begin_file(worker, name, &inode);
	return r > 0 ? walk_end_file(worker, directory, name, -EOPNOTSUPP) : r;
}
