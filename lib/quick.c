/* SPDX-License-Identifier: MIT */
/*
 * Programs allocate byte by byte, and 4 KiB at a time.  fallocate() of that takes some
 * microseconds, and so does one write() that appends; looking at all that could have to
 * be undone takes several times as long.  So it is done without where there is nothing to
 * look at: within one block a call of the kernel does all or nothing; and past an end
 * behind which nothing is preallocated, undoing is cutting.
 *
 * This is for ext2, ext3 and ext4, whose behaviour is known; the rest goes the long way.
 */
#include "quick.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "filling.h"
#include "map.h"
#include "rollback.h"
#include "scope.h"
#include "survey.h"

enum { PIECE = 4096, PIECES = 1024 };

static int is_limited(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_FSIZE, &limit) < 0 || limit.rlim_cur != RLIM_INFINITY;
}

/* Is it a file of ext with room for all, whoever asks? */
static int is_simple(struct task *task)
{
	struct statfs volume;
	struct stat status;
	uint64_t needed = task->end - task->offset + 2 * SHORT_BYTES;

	if (fstat(task->fd, &status) < 0 || !S_ISREG(status.st_mode) ||
	    fstatfs(task->fd, &volume) < 0 || volume.f_type != EXT4_SUPER_MAGIC)
		return 0;
	task->old_size = (uint64_t)status.st_size;
	task->granule = (uint64_t)volume.f_bsize;
	return (uint64_t)volume.f_bavail > needed / task->granule;
}

static int is_one_block(const struct task *task)
{
	return round_down(task->offset, task->granule) == round_down(task->end - 1, task->granule);
}

struct bare {
	const struct task *task;
	struct span tail; /* the block of the end; empty if the end is even */
	int tail_mapped;
};

static int note_extent(const struct span *extent, uint32_t flags, void *context)
{
	struct bare *bare = context;

	(void)flags;
	if (bare->task->offset < bare->task->old_size || extent->end > bare->tail.end)
		return 1;
	bare->tail_mapped = extent->end > bare->tail.start;
	return 0;
}

/* Is the range all hole, with nothing past the end that cutting would take away? */
static int is_bare(const struct task *task)
{
	const uint64_t granule = task->granule, size = task->old_size;
	struct bare bare = { task, { round_down(size, granule), round_up(size, granule) }, 0 };
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

/* No hole before the end that the range would have to fill. */
static int is_dense(struct task *task)
{
	if (task->offset >= task->old_size)
		return task->offset == task->old_size;
	task->source = MAP_FIEMAP;
	return map_gaps(task, task->offset, lesser(task->old_size, task->end), note_gap, NULL) == 0;
}

/* One call of pwritev2(); how many bytes, or -errno. */
static int64_t append_some(const struct task *task, uint64_t at, uint64_t bytes)
{
	char zeroes[PIECE] = { 0 };
	struct iovec vector[PIECES];
	int count = 0;
	ssize_t written;

	for (uint64_t piece; bytes > 0 && count < PIECES; bytes -= piece) {
		piece = lesser(bytes, PIECE);
		vector[count++] = (struct iovec) { zeroes, piece };
	}
	written = side_write(task->fd, vector, count, (off_t)at, RWF_APPEND);
	return written < 0 ? -errno : written;
}

static int append(struct task *task)
{
	uint64_t at = task->old_size;
	int r = 0;

	task->result.path = PREALLOC_WRITTEN;
	while (r == 0 && at < task->end) {
		int64_t written = append_some(task, at, task->end - at);

		/* O_DIRECT, or no such flag. */
		if (task->reached == 0 && (written == -EINVAL || side_lacks_flag(written)))
			return QUICK_NOT_HERE;
		if (written < 0 && written != -EINTR)
			return (int)written;
		at += written < 0 ? 0 : (uint64_t)written;
		task->reached = greater(task->reached, at);
		r = task_size(task, &at);
		task->others_grew_it |= at > task->reached;
	}
	return r;
}

/* What the long way would have noted, so that rollback() can be used. */
static int note_hole(struct task *task)
{
	struct span *hole = malloc(sizeof(*hole));

	if (!hole)
		return -ENOMEM;
	*hole = (struct span) { round_down(task->offset, task->granule),
				round_up(task->end, task->granule) };
	task->holes = (struct spans) { hole, 1, 1 };
	task->reached = task->end;
	return 0;
}

static int allocate(const struct task *task)
{
	int r;

	do
		r = fallocate(task->fd, 0, (off_t)task->offset, (off_t)(task->end - task->offset));
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

/* volume_maps_by_pointers(), of what is known to be ext. */
static int maps_by_pointers(int fd)
{
	int flags = 0;

	return ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && !(flags & FS_EXTENT_FL);
}

static int fill(struct task *task)
{
	int r;

	if (maps_by_pointers(task->fd))
		return is_dense(task) ? append(task) : QUICK_NOT_HERE;
	if (!is_one_block(task) && (!is_bare(task) || note_hole(task) < 0))
		return QUICK_NOT_HERE;
	r = allocate(task);
	return r == 0 || r == -ENOSPC || r == -EDQUOT || r == -EIO ? r : QUICK_NOT_HERE;
}

/* The long way begins anew. */
static void forget(struct task *task)
{
	survey_clear(task);
	task->source = MAP_UNASKED;
	task->reached = 0;
	task->result.path = PREALLOC_NONE;
}

int quick_fill(struct task *task)
{
	int r = QUICK_NOT_HERE;

	if (task->end - task->offset <= SHORT_BYTES && !is_limited() && is_simple(task))
		r = fill(task);
	if (r < 0)
		rollback(task);
	else if (r > 0)
		forget(task);
	return r;
}
