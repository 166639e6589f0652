/* SPDX-License-Identifier: MIT */
/*
 * Programs allocate single bytes, and 4 KiB at a time. fallocate() of such a range takes some
 * microseconds, and so does one write() that appends; recording everything that might have to be
 * undone takes several times as long.  So that is skipped where nothing has to be recorded: within
 * one block a system call does all or nothing, and past an end behind which nothing is
 * preallocated, undoing is truncating.
 *
 * This is for ext2, ext3 and ext4, whose behaviour is known.  Everything else, and whatever fails
 * here, takes the general path.
 */
#include "task.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "zero_fill.h"
#include "map.h"
#include "util.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

enum { SECTOR = 512, PIECE = 4096, VECTOR_MAX = 1024, MOST_PAGES = 17 };

static int is_limited(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_FSIZE, &limit) < 0 || limit.rlim_cur != RLIM_INFINITY;
}

/* Reads only what is cheap to read. */
static int look(struct task *task, int *ret_flags)
{
	struct stat status;

	if (task_stat(task->fd, &status) < 0 || !S_ISREG(status.st_mode) ||
	    ioctl(task->fd, FS_IOC_GETFLAGS, ret_flags) < 0)
		return 0;
	task->old_size = (uint64_t)status.st_size;
	task->granule = (uint64_t)status.st_blksize;
	return 1;
}

static int is_short(const struct task *task)
{
	return task->end - task->offset <= SHORT_BYTES;
}

/* Whether this is ext2, ext3 or ext4 with space for the whole range for any user. */
static int is_ext_with_room(const struct task *task)
{
	uint64_t needed = task->end - task->offset + 2 * SHORT_BYTES;
	struct statfs volume;

	return fstatfs(task->fd, &volume) == 0 && volume.f_type == EXT4_SUPER_MAGIC &&
	       (uint64_t)volume.f_bavail > needed / (uint64_t)volume.f_bsize;
}

static int is_within(const struct task *task, uint64_t unit)
{
	return task->offset / unit == (task->end - 1) / unit;
}

struct bare_range {
	const struct task *task;
	struct span tail; /* the last block; empty if the end is aligned */
	int tail_mapped;
};

static int note_extent(const struct span *extent, uint32_t flags, void *context)
{
	struct bare_range *bare = context;

	(void)flags;
	if (bare->task->offset < bare->task->old_size || extent->end > bare->tail.end)
		return 1;
	bare->tail_mapped = extent->end > bare->tail.start;
	return 0;
}

/* Whether the range is a hole, and nothing is allocated past the end that truncating would free. */
static int is_all_hole(const struct task *task)
{
	const uint64_t granule = task->granule, size = task->old_size;
	struct bare_range bare = { task,
				   { round_down(size, granule), round_up(size, granule) },
				   0 };
	uint64_t start = round_down(lesser(task->offset, size), granule);
	uint64_t end = task->end > size ? UINT64_MAX : round_up(task->end, granule);

	if (map_extents(task->fd, 0, start, end, note_extent, &bare) != 0)
		return 0;
	return task->offset < size || bare.tail_mapped || task->offset >= bare.tail.end;
}

static int note_gap(const struct span *gap, void *context)
{
	(void)gap, (void)context;
	return 1;
}

/* Whether there is no hole in the range before the end of the file. */
static int is_dense(struct task *task)
{
	if (task->offset >= task->old_size)
		return task->offset == task->old_size;
	task->source = MAP_FIEMAP;
	return map_gaps(task, task->offset, lesser(task->old_size, task->end), note_gap, NULL) == 0;
}

/* One call of pwritev2().  The number of bytes or -errno. */
static int64_t append_some(const struct task *task, uint64_t at, uint64_t bytes)
{
	char zeroes[PIECE] = { 0 };
	struct iovec vector[VECTOR_MAX];
	int count = 0;
	ssize_t written;

	for (uint64_t piece; bytes > 0 && count < VECTOR_MAX; bytes -= piece) {
		piece = lesser(bytes, PIECE);
		vector[count++] = (struct iovec) { zeroes, piece };
	}
	written = helper_pwritev2(task->fd, vector, count, (off_t)at, RWF_APPEND);
	return written < 0 ? -errno : written;
}

static int append(struct task *task)
{
	uint64_t at = task->old_size;

	task->result.path = PREALLOC_WRITTEN;
	while (at < task->end) {
		int64_t written = append_some(task, at, task->end - at);

		if (written < 0 && written != -EINTR)
			return 0;
		at += written < 0 ? 0 : (uint64_t)written;
		task->reached = greater(task->reached, at);
		if (task_size(task, &at) < 0)
			return 0;
		task->others_grew_it |= at > task->reached;
	}
	return 1;
}

/* Records what the general path would have recorded, for rollback(). */
static int note_hole(struct task *task)
{
	struct span *hole = malloc(sizeof(*hole));

	if (!hole)
		return 0;
	*hole = (struct span) { round_down(task->offset, task->granule),
				round_up(task->end, task->granule) };
	task->holes = (struct spans) { hole, 1, 1 };
	task->reached = task->end;
	return 1;
}

static int allocate(const struct task *task)
{
	int r;

	do
		r = fallocate(task->fd, 0, (off_t)task->offset, (off_t)(task->end - task->offset));
	while (r < 0 && errno == EINTR);
	return r == 0;
}

/*
 * Touches the pages, unless one is in memory already: it may be part of a large folio, for which
 * other blocks would be allocated as well.
 */
static int touch(void *pages, size_t length)
{
	unsigned char resident[MOST_PAGES];

	if (zero_fill_takes_any_advice(pages, length) || mincore(pages, length, resident) < 0 ||
	    memchr(resident, 1, length / PIECE) || madvise(pages, length, MADV_RANDOM) < 0)
		return 0;
	return madvise(pages, length, MADV_POPULATE_WRITE) == 0;
}

/* A few blocks that are all holes: makes their pages writable, like the general path. */
static int fill_hole(struct task *task)
{
	uint64_t start = round_down(task->offset, PIECE);
	size_t length = (size_t)(round_up(task->end, PIECE) - start);
	void *pages;
	int filled;

	if (task->granule != PIECE || sysconf(_SC_PAGESIZE) != PIECE ||
	    task->end > task->old_size || length > MOST_PAGES * PIECE || !is_all_hole(task) ||
	    !note_hole(task))
		return 0;
	task->result.path = PREALLOC_WRITTEN;
	pages = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, task->fd, (off_t)start);
	if (pages == MAP_FAILED)
		return 0;
	filled = touch(pages, length);
	munmap(pages, length);
	return filled;
}

static int fill(struct task *task)
{
	int flags;

	/* On every file system a sector is a block or part of one. */
	if (is_within(task, SECTOR) && allocate(task))
		return 1;
	if (!look(task, &flags))
		return 0;
	if ((flags & FS_EXTENT_FL) && is_within(task, task->granule))
		return allocate(task);
	/* Only ext4 has this flag.  A short range that does not fit is undone just as quickly. */
	if (flags & FS_EXTENT_FL)
		return (is_short(task) || is_ext_with_room(task)) && is_all_hole(task) &&
		       note_hole(task) && allocate(task);
	if (!is_short(task) || !is_ext_with_room(task))
		return 0;
	return is_dense(task) ? append(task) : fill_hole(task);
}

/* The general path starts again, and reports the error. */
static void undo(struct task *task)
{
	if (task->reached > 0)
		rollback(task);
	survey_clear(task);
	task->source = MAP_UNKNOWN;
	task->reached = 0;
	task->others_grew_it = 0;
	task->result = (struct prealloc_result) { 0 };
}

int fast_path_fill(struct task *task)
{
	int done = !is_limited() && fill(task);

	if (!done)
		undo(task);
	return done;
}
