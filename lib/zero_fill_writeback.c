/* SPDX-License-Identifier: MIT */
/*
 * Buffered data leaves the page cache again: it is written to the disk while the next windows are
 * filled, and dropped afterwards.  Several windows are under writeback at a time, so that the disk
 * is busy while memory is filled.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "zero_fill.h"
#include "util.h"

static int64_t start_writing(struct helper_files *files, uint64_t offset, uint64_t bytes)
{
	sync_file_range(files->caller_fd, (off64_t)offset, (off64_t)bytes, SYNC_FILE_RANGE_WRITE);
	return 0;
}

static int64_t drop_pages(struct helper_files *files, uint64_t offset, uint64_t bytes)
{
	posix_fadvise(files->caller_fd, (off_t)offset, (off_t)bytes, POSIX_FADV_DONTNEED);
	return 0;
}

static int64_t finish_writing(struct helper_files *files, uint64_t offset, uint64_t bytes)
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

static int64_t sync_data(struct helper_files *files, uint64_t offset, uint64_t bytes)
{
	(void)offset, (void)bytes;
	return sync_one(files->caller_fd);
}

/* A FUSE server may record an error per descriptor, and report it to that descriptor only. */
static int64_t sync_each(struct helper_files *files, uint64_t offset, uint64_t bytes)
{
	int r = files->work_fd >= 0 ? sync_one(files->work_fd) : 0;

	return r == 0 ? sync_data(files, offset, bytes) : r;
}

static int finish_first(struct zero_fill *fill)
{
	struct span first = fill->window[0];
	int r = (int)helper_run(fill->task->helper, finish_writing, first.start,
				first.end - first.start);

	fill->windows--;
	memmove(fill->window, fill->window + 1, fill->windows * sizeof(first));
	fill->completed += first.end - first.start;
	return r;
}

/*
 * A short range stays in the page cache like any write(): waiting for the disk would take a
 * hundred times as long as the call.  Journalled data is written twice, and later: waiting for it
 * takes 1.7 times as long in total.
 */
int zero_fill_start_window(struct zero_fill *fill, uint64_t offset, uint64_t bytes)
{
	struct helper *helper = fill->task->helper;
	int r = 0;

	fill->dirty.start = fill->dirty.end ? lesser(fill->dirty.start, offset) : offset;
	fill->dirty.end = greater(fill->dirty.end, offset + bytes);
	if (fill->is_short || helper_files(helper)->journalled)
		return 0;
	helper_run(helper, start_writing, offset, bytes);
	if (fill->windows == WINDOWS)
		r = finish_first(fill);
	fill->window[fill->windows++] = (struct span) { offset, offset + bytes };
	return r;
}

int zero_fill_finish_windows(struct zero_fill *fill)
{
	int r = 0;

	while (fill->windows > 0) {
		int error = finish_first(fill);

		r = r == 0 ? error : r;
	}
	return r;
}

/*
 * Network and FUSE file systems report a full volume only when data is sent; sshfs reports it only
 * in fsync(), even for O_DIRECT writes.  It must be an error of this call, not of a later writer.
 *
 * With journalled data all pages are still in memory, most of them clean.  Dropping those takes as
 * long as waiting for the rest, so both are done at the same time.
 */
int zero_fill_finish(struct zero_fill *fill)
{
	const struct span *dirty = &fill->dirty;
	struct task *task = fill->task;
	int journalled = helper_files(task->helper)->journalled && !fill->is_short && dirty->end;
	int r = zero_fill_finish_windows(fill), error;

	if (r < 0 || (!journalled && !fill->is_remote))
		return r;
	helper_submit(task->helper, fill->is_remote ? sync_each : sync_data, 0, 0);
	if (journalled)
		posix_fadvise(task->fd, (off_t)dirty->start, (off_t)(dirty->end - dirty->start),
			      POSIX_FADV_DONTNEED);
	error = (int)helper_wait(task->helper);
	if (dirty->end)
		helper_run(task->helper, drop_pages, dirty->start, dirty->end - dirty->start);
	return error;
}
