/* SPDX-License-Identifier: MIT */
/*
 * Where there is no fallocate(2).  Two ways, because others may write to the file
 * meanwhile and zeroes must never land on their bytes: holes inside the file are
 * touched, what lies past its end is appended.  In rounds, until a look finds
 * nothing left to do, since others may make holes or grow the file by leaps.
 */
#include <errno.h>

#include "fill.h"
#include "filling.h"
#include "map.h"
#include "scope.h"
#include "volume.h"

enum { ROUNDS = 16 };

/* The gap between the old end and the range has to stay a hole. */
static int leap(struct filling *filling)
{
	struct task *task = filling->task;
	int64_t r;

	if (filling->size >= task->offset)
		return 0;
	r = side_run_placing(task->side, side_place, task->offset, 1);
	if (r < 0)
		return (int)r;
	task->reached = greater(task->reached, task->offset + 1);
	task->result.written_bytes++;
	filling->filled++;
	return task_size(task, &filling->size);
}

/*
 * All of the file is what this call has appended.  Only others could have made holes in it
 * since, and where extents do not show them, looking means to open the file.
 */
static int is_all_appended(const struct filling *filling)
{
	struct task *task = filling->task;

	return task->result.written_bytes == filling->size && !task->others_grew_it &&
	       !map_shows_extents(task);
}

static int look_inside(struct filling *filling)
{
	int r;

	if (filling->size <= filling->task->offset || is_all_appended(filling))
		return 0;
	r = map_probe_again(filling->task);
	return r == 0 ? inside_fill(filling) : r;
}

static int fill_round(struct filling *filling)
{
	struct task *task = filling->task;
	int r = task_size(task, &filling->size);

	filling->filled = 0;
	if (r == 0)
		r = look_inside(filling);
	if (r == 0 && filling->size < task->end)
		r = leap(filling);
	return r == 0 ? append_fill(filling) : r;
}

static struct step new_step(const struct task *task, uint64_t max_bytes)
{
	const uint64_t bytes = task_step(task, max_bytes);

	return step_new(lesser(FIRST_BYTES, bytes), bytes, task->progress != NULL);
}

int written_fill(struct task *task)
{
	struct filling filling = {
		.task = task,
		.step = { [IO_DIRECT] = new_step(task, APPEND_BYTES),
			  [IO_BUFFERED] = new_step(task, WINDOW_BYTES) },
		.is_remote = (volume_risks(task->fd) & PREALLOC_RISK_UNKNOWN) != 0,
		.is_short = task->end - task->offset <= SHORT_BYTES,
	};
	int r = task_need_side(task);

	if (r < 0)
		return r;
	if ((task->flags & PREALLOC_KEEP_SIZE) && task->end > task->old_size)
		return -EOPNOTSUPP;
	task->result.path = PREALLOC_WRITTEN;
	append_choose(&filling);
	for (int round = 0; round < ROUNDS; round++) {
		r = fill_round(&filling);
		if (r < 0)
			return r;
		if (filling.filled == 0)
			return writeback_rest(&filling);
	}
	return -EAGAIN;
}
