/* SPDX-License-Identifier: MIT */
/* One file of a walk, by its name. */
#include <errno.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "frag/scan/walker.h"
#include "frag/scan/pipeline.h"

int walk_note_error(struct worker *worker, const char *name, int error)
{
	const char *path = folder_path_of(&worker->path, name);

	return path ? pipeline_note_error(worker->member, path, 0, error) : -ENOMEM;
}

int walk_name_file(void *context, const struct frag_file *file, bool whole, const char **ret)
{
	struct worker *worker = context;

	(void)file;
	worker->totals->root_bytes = worker->path.root_bytes;
	*ret = whole ? folder_path_of(&worker->path, worker->name) : worker->name;
	return *ret ? 0 : -ENOMEM;
}

int walk_begin_file(struct worker *worker, const char *name, const struct source_inode *inode)
{
	worker->name = name;
	return pipeline_begin(worker->member, inode);
}

/* The kernel may know of a later size than a source does. */
static int look_into(struct worker *worker, int directory)
{
	CLEANUP(fd_closep) int fd = frag_open(directory, worker->name, false);
	struct crew_member *member = worker->member;
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return fd < 0 ? fd : -errno;
	member->file.size_bytes = (uint64_t)status.st_size;
	member->file.disk_bytes = (uint64_t)status.st_blocks * 512;
	return frag_file_read(fd, member->facts, member->crew->settings->sync, &member->collector,
			      &member->file);
}

int walk_ask_kernel(struct worker *worker, int directory)
{
	pipeline_restart(worker->member);
	return pipeline_end(worker->member, look_into(worker, directory));
}

int walk_file(struct worker *worker, int directory, const char *name, const struct statx *status)
{
	struct source_inode inode = {
		.device = makedev(status->stx_dev_major, status->stx_dev_minor),
		.number = status->stx_ino,
		.size_bytes = status->stx_size,
		.disk_bytes = status->stx_blocks * 512,
		.links = status->stx_nlink,
		.mtime = status->stx_mtime.tv_sec,
		.extents = status->stx_blocks != 0,
	};
	int r;

	inode.is_simple =
		frag_file_has_one_block(inode.size_bytes, inode.disk_bytes, &worker->facts);
	r = walk_begin_file(worker, name, &inode);
	return r > 0 ? walk_ask_kernel(worker, directory) : r;
}
