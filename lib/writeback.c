/* SPDX-License-Identifier: MIT */
/*
 * What goes through the page cache is to leave it again: written to the disk while
 * the next windows are made, dropped after.  Several windows are on their way at a time,
 * so that the disk is busy while memory is filled.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "filling.h"
#include "scope.h"

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
	int r;

	do
		r = fdatasync(fd);
	while (r < 0 && errno == EINTR);
	return r < 0 && errno != EINVAL && errno != ENOSYS ? -errno : 0;
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

static int finish_first(struct filling *filling)
{
	struct span first = filling->window[0];
	int r = (int)side_run(filling->task->side, finish_writing, first.start,
			      first.end - first.start);

	filling->windows--;
	memmove(filling->window, filling->window + 1, filling->windows * sizeof(first));
	filling->drained += first.end - first.start;
	return r;
}

/*
 * A short range stays in the page cache, as whatever is written by write(): waiting for
 * the disk would take a hundred times as long as the call.  What goes through the journal is
 * written twice, and later: waiting for it takes 1.7 times as long in all.
 */
int writeback_window(struct filling *filling, uint64_t offset, uint64_t bytes)
{
	struct side *side = filling->task->side;
	int r = 0;

	filling->dirty.start = filling->dirty.end ? lesser(filling->dirty.start, offset) : offset;
	filling->dirty.end = greater(filling->dirty.end, offset + bytes);
	if (filling->is_short || side_files(side)->journalled)
		return 0;
	side_run(side, start_writing, offset, bytes);
	if (filling->windows == WINDOWS)
		r = finish_first(filling);
	filling->window[filling->windows++] = (struct span) { offset, offset + bytes };
	return r;
}

int writeback_windows(struct filling *filling)
{
	int r = 0;

	while (filling->windows > 0) {
		int error = finish_first(filling);

		r = r == 0 ? error : r;
	}
	return r;
}

/*
 * Network and FUSE file systems report a full volume only when the data goes out, sshfs
 * even of O_DIRECT writes only in fsync().  That has to be our error and not the
 * later writer's.
 *
 * Behind a journal all pages are still there, most of them clean.  Dropping those
 * takes as long as waiting for the rest, so it is done meanwhile.
 */
int writeback_rest(struct filling *filling)
{
	const struct span *dirty = &filling->dirty;
	struct task *task = filling->task;
	int journalled = side_files(task->side)->journalled && !filling->is_short && dirty->end;
	int r = writeback_windows(filling), error;

	if (r < 0 || (!journalled && !filling->is_remote))
		return r;
	side_begin(task->side, filling->is_remote ? sync_each : sync_data, 0, 0);
	if (journalled)
		posix_fadvise(task->fd, (off_t)dirty->start, (off_t)(dirty->end - dirty->start),
			      POSIX_FADV_DONTNEED);
	error = (int)side_end(task->side);
	if (dirty->end)
		side_run(task->side, drop_pages, dirty->start, dirty->end - dirty->start);
	return error;
}
