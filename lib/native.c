/* SPDX-License-Identifier: MIT */
/*
 * A single fallocate() of the whole range is the fastest, and gives the file system the best
 * choice, but it reports no progress and cannot be stopped.  So it is divided into steps only if
 * there is a callback.
 *
 * XFS requires as much free space as the range is long, even if parts of it are allocated (Linux
 * 6.18).  So after ENOSPC the holes are allocated one by one.
 */
#include <errno.h>
#include <fcntl.h>

#include "task.h"
#include "pacing.h"
#include "util.h"

enum { FIRST_STEP = 1 << 20, MOST_STEP = 1 << 30 };

/* EINVAL is from ZFS; the arguments have been checked. */
static int is_unsupported(int error)
{
	return error == EOPNOTSUPP || error == ENOSYS || error == EINVAL || error == ENODEV ||
	       error == ENOTTY;
}

/*
 * An immutable or sealed file, a swap file, a read-only file system: refused before the first
 * block.
 */
static int is_refused(int error)
{
	return error == EPERM || error == ETXTBSY || error == EROFS;
}

static int allocate(struct task *task, uint64_t start, uint64_t end)
{
	int keep = (task->flags & PREALLOC_KEEP_SIZE) || task->keeps_length;
	int mode = keep ? FALLOC_FL_KEEP_SIZE : 0;

	if (start >= end)
		return 0;
	task->result.calls++;
	return fallocate(task->fd, mode, (off_t)start, (off_t)(end - start)) < 0 ? -errno : 0;
}

/* Allocates the holes before the old end, and everything past it. */
static int allocate_holes(struct task *task, uint64_t start, uint64_t end)
{
	uint64_t inside = lesser(end, task->old_size);
	int r = 0;

	for (size_t i = 0; r == 0 && i < task->holes.count; i++)
		r = allocate(task, greater(task->holes.span[i].start, start),
			     lesser(task->holes.span[i].end, inside));
	return r == 0 ? allocate(task, greater(start, task->old_size), end) : r;
}

/* Whether part of the range is allocated. */
static int is_partly_there(const struct task *task, uint64_t start, uint64_t end)
{
	uint64_t inside = lesser(end, task->old_size);

	if (task->source != MAP_FIEMAP || start >= inside)
		return 0;
	for (size_t i = 0; i < task->holes.count; i++)
		if (task->holes.span[i].start <= start && task->holes.span[i].end >= inside)
			return 0;
	return 1;
}

/*
 * The kernel may allocate part of a step before it fails, so the step counts as reached
 * beforehand.
 */
static int make_step(struct task *task, uint64_t start, uint64_t end)
{
	uint64_t before = task->reached;
	int r;

	task->reached = greater(before, end);
	r = allocate(task, start, end);
	if ((r == -ENOSPC || r == -EDQUOT) && is_partly_there(task, start, end))
		r = allocate_holes(task, start, end);
	if (is_refused(-r))
		task->reached = before;
	if (is_unsupported(-r)) {
		task->reached = before;
		task->result.calls--;
		task->result.native_error = -r;
	}
	return r;
}

/* Steps end on block boundaries: at an unaligned end of file btrfs writes the rest of the block. */
static uint64_t step_end(const struct task *task, uint64_t at, uint64_t step_bytes)
{
	uint64_t end = at + lesser(task->end - at, step_bytes),
		 even = round_down(end, task->granule);

	return end == task->end || even <= at ? end : even;
}

/* Sets a length that cannot be reduced again last.  0 or -errno. */
static int set_length(struct task *task)
{
	if (!task->keeps_length || (task->flags & PREALLOC_KEEP_SIZE) ||
	    task->end <= task->old_size)
		return 0;
	while (fallocate(task->fd, 0, (off_t)task->end - 1, 1) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

int native_fill(struct task *task)
{
	int watched = task->progress != NULL;
	struct step step = step_new(FIRST_STEP, watched ? MOST_STEP : UINT64_MAX, watched);
	uint64_t at = task->offset;

	while (at < task->end) {
		uint64_t end = step_end(task, at, step.bytes);
		int r;

		step_start(&step);
		r = make_step(task, at, end);
		step_stop(&step);
		if (r == -EINTR)
			step_interrupted(&step);
		if (r < 0 && r != -EINTR)
			return r;
		if (r == 0)
			at = end;
		r = task_report(task, at);
		if (r < 0)
			return r;
	}
	task->result.path = PREALLOC_NATIVE;
	return set_length(task);
}
