/* SPDX-License-Identifier: MIT */
/*
 * What goes through the page cache is to leave it again: written to the disk while
 * the next piece is made, dropped after.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "filling.h"
#include "scope.h"
#include "volume.h"

static int64_t start_writing(struct side_files *files, uint64_t offset, uint64_t bytes)
{
	sync_file_range(files->caller_fd, (off64_t)offset, (off64_t)bytes, SYNC_FILE_RANGE_WRITE);
	return 0;
}

static int64_t drop_pages(struct side_files *files, uint64_t offset, uint64_t bytes)
{
	posix_fadvise(files->caller_fd, (off_t)offset, (off_t)bytes, POSIX_FADV_DONTNEED);
	return 0;
}

static int64_t finish_writing(struct side_files *files, uint64_t offset, uint64_t bytes)
{
	enum {
		WHOLE = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
			SYNC_FILE_RANGE_WAIT_AFTER
	};

	if (sync_file_range(files->caller_fd, (off64_t)offset, (off64_t)bytes, WHOLE) < 0 &&
	    (errno == EIO || errno == ENOSPC || errno == EDQUOT))
		return -errno;
	return drop_pages(files, offset, bytes);
}

static int sync_one(int fd)
{
	return fdatasync(fd) < 0 && errno != EINVAL && errno != ENOSYS ? -errno : 0;
}

static int64_t sync_data(struct side_files *files, uint64_t offset, uint64_t bytes)
{
	(void)offset, (void)bytes;
	return sync_one(files->caller_fd);
}

/* A FUSE server may keep an error for each descriptor, and report it to that one only. */
static int64_t sync_each(struct side_files *files, uint64_t offset, uint64_t bytes)
{
	int r = files->work_fd >= 0 ? sync_one(files->work_fd) : 0;

	return r == 0 ? sync_data(files, offset, bytes) : r;
}

/*
 * Starts the write-back of one window and waits for the one before, so that no
 * more than two are ever in memory, and the disk is busy all the time.  What goes
 * through the journal is written twice, and later: waiting for it takes 1.7 times
 * as long in all.
 */
int drain_window(struct filling *filling, uint64_t offset, uint64_t bytes)
{
	struct side *side = filling->task->side;
	struct span before = filling->writing;
	int64_t r = 0;

	filling->writing = (struct span) { offset, offset + bytes };
	if (side_files(side)->journalled) {
		if (before.end)
			filling->writing.start = lesser(before.start, offset);
		return 0;
	}
	side_run(side, start_writing, offset, bytes);
	if (before.end)
		r = side_run(side, finish_writing, before.start, before.end - before.start);
	return (int)r;
}

/*
 * Network and FUSE file systems report a full volume only when the data goes out, sshfs
 * even of O_DIRECT writes only in fsync().  That has to be our error and not the
 * later writer's.
 *
 * Behind a journal all pages are still there, most of them clean.  Dropping those
 * takes as long as waiting for the rest, so it is done meanwhile.
 */
int drain_rest(struct filling *filling)
{
	const struct span *last = &filling->writing;
	struct task *task = filling->task;
	int unknown = volume_risks(task->fd) & PREALLOC_RISK_UNKNOWN;
	int64_t r;

	if (last->end == 0 && !unknown)
		return 0;
	side_begin(task->side, unknown ? sync_each : sync_data, 0, 0);
	if (side_files(task->side)->journalled)
		posix_fadvise(task->fd, (off_t)last->start, (off_t)(last->end - last->start),
			      POSIX_FADV_DONTNEED);
	r = side_end(task->side);
	side_run(task->side, drop_pages, last->start, last->end - last->start);
	return (int)r;
}
