/* SPDX-License-Identifier: MIT */
/*
 * Allocation without fallocate(2).  Others may write to the file at the same time, and zeroes must
 * never overwrite their data.  So pages in holes are touched, and zeroes are appended past the end
 * of the file.  This is repeated until a round finds nothing to do, since others may punch holes
 * or make the file grow.
 */
#include <errno.h>

#include "task.h"
#include "zero_fill.h"
#include "map.h"
#include "util.h"
#include "volume.h"

enum { ROUNDS = 16 };

/* Extends the file to the range.  The gap between the old end and the range stays a hole. */
static int extend_to_range(struct zero_fill *fill)
{
	struct task *task = fill->task;
	int64_t r;

	if (fill->size >= task->offset)
		return 0;
	r = helper_run_write(task->helper, helper_write_zeroes, task->offset, 1);
	if (r < 0)
		return (int)r;
	task->reached = greater(task->reached, task->offset + 1);
	task->result.written_bytes++;
	fill->filled++;
	return task_size(task, &fill->size);
}

/*
 * Whether this call has appended the whole file.  Then only others can have made holes in it, and
 * if extents do not show them, examining the file means opening it.
 */
static int is_all_appended(const struct zero_fill *fill)
{
	struct task *task = fill->task;

	return task->result.written_bytes == fill->size && !task->others_grew_it &&
	       !map_shows_extents(task);
}

static int fill_inside(struct zero_fill *fill)
{
	int r;

	if (fill->size <= fill->task->offset || is_all_appended(fill))
		return 0;
	r = map_probe_again(fill->task);
	return r == 0 ? zero_fill_holes(fill) : r;
}

static int fill_round(struct zero_fill *fill)
{
	struct task *task = fill->task;
	int r = task_size(task, &fill->size);

	fill->filled = 0;
	if (r == 0)
		r = fill_inside(fill);
	if (r == 0 && fill->size < task->end)
		r = extend_to_range(fill);
	return r == 0 ? zero_fill_append(fill) : r;
}

static struct step new_step(const struct task *task, uint64_t max_bytes)
{
	const uint64_t bytes = task_step(task, max_bytes);

	return step_new(lesser(FIRST_BYTES, bytes), bytes, task->progress != NULL);
}

int zero_fill(struct task *task)
{
	struct zero_fill fill = {
		.task = task,
		.step = { [IO_DIRECT] = new_step(task, APPEND_BYTES),
			  [IO_BUFFERED] = new_step(task, WINDOW_BYTES) },
		.is_remote = (volume_risks(task->fd) & PREALLOC_RISK_UNKNOWN) != 0,
		.is_short = task->end - task->offset <= SHORT_BYTES,
	};
	int r = task_need_helper(task);

	if (r < 0)
		return r;
	if ((task->flags & PREALLOC_KEEP_SIZE) && task->end > task->old_size)
		return -EOPNOTSUPP;
	task->result.path = PREALLOC_WRITTEN;
	zero_fill_choose_mode(&fill);
	for (int round = 0; round < ROUNDS; round++) {
		r = fill_round(&fill);
		if (r < 0)
			return r;
		if (fill.filled == 0)
			return zero_fill_finish(&fill);
	}
	return -EAGAIN;
}
