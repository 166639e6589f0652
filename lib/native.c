/* SPDX-License-Identifier: MIT */
/*
 * One fallocate() of the whole range is the quickest and gives the file system
 * the best choice, but tells nothing and cannot be stopped.  So it is cut in
 * steps if, and only if, a callback watches.
 */
#include <errno.h>
#include <fcntl.h>

#include "fill.h"
#include "pace.h"
#include "scope.h"

enum { FIRST_STEP = 1 << 20, MOST_STEP = 1 << 30 };

/* EINVAL: ZFS; the arguments have been checked. */
static int is_unsupported(int error)
{
	return error == EOPNOTSUPP || error == ENOSYS || error == EINVAL || error == ENODEV ||
	       error == ENOTTY;
}

/* Immutable, sealed, a swap file, read-only: known before the first block. */
static int is_refused(int error)
{
	return error == EPERM || error == ETXTBSY || error == EROFS;
}

/* The kernel may come some way before it fails, so the step counts as reached beforehand. */
static int allocate(struct task *task, uint64_t start, uint64_t end)
{
	int mode = task->flags & PREALLOC_KEEP_SIZE ? FALLOC_FL_KEEP_SIZE : 0;
	uint64_t before = task->reached;

	task->reached = greater(before, end);
	task->result.calls++;
	if (fallocate(task->fd, mode, (off_t)start, (off_t)(end - start)) == 0)
		return 0;
	if (is_refused(errno))
		task->reached = before;
	if (is_unsupported(errno)) {
		task->reached = before;
		task->result.calls--;
		task->result.native_error = errno;
	}
	return -errno;
}

/* On even boundaries: at an uneven end of file btrfs writes the rest of the block. */
static uint64_t step_end(const struct task *task, uint64_t at, uint64_t step_bytes)
{
	uint64_t end = at + lesser(task->end - at, step_bytes),
		 even = round_down(end, task->granule);

	return end == task->end || even <= at ? end : even;
}

int native_fill(struct task *task)
{
	int watched = task->progress != NULL;
	struct pace pace = pace_new(FIRST_STEP, watched ? MOST_STEP : UINT64_MAX, watched);
	uint64_t at = task->offset;

	while (at < task->end) {
		uint64_t end = step_end(task, at, pace.step_bytes);
		int r;

		pace_start(&pace);
		r = allocate(task, at, end);
		pace_stop(&pace);
		if (r == -EINTR)
			pace_interrupted(&pace);
		if (r < 0 && r != -EINTR)
			return r;
		if (r == 0)
			at = end;
		r = task_told(task, at);
		if (r < 0)
			return r;
	}
	task->result.path = PREALLOC_NATIVE;
	return 0;
}
