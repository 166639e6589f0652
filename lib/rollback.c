/* SPDX-License-Identifier: MIT */
/*
 * Only the recorded holes are punched again, and of those only what nobody has written to since.
 * After fallocate() the file system itself shows that: what is unwritten once dirty pages are on
 * the disk (FIEMAP_FLAG_SYNC) was never written.  SEEK_DATA would show it without writing, but
 * counts pages that were only read as data.  If neither is available, and if zeroes were written,
 * the range is read and compared.
 *
 * Past the old end the file is truncated, which is the only way to free blocks there on ext4
 * (punching past the end does nothing).  Extents that were allocated past the end before the call
 * are allocated again.
 */
#include "task.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <string.h>
#include <unistd.h>

#include "map.h"
#include "util.h"
#include "volume.h"

static int punch(struct task *task, uint64_t start, uint64_t end)
{
	while (fallocate(task->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)start,
			 (off_t)(end - start)) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

static void free_range(struct task *task, uint64_t start, uint64_t end)
{
	if (start < end && punch(task, start, end) < 0)
		task->result.left_bytes += end - start;
}

/* `start` is a multiple of the granule. */
static void empty_zeroes(struct task *task, uint64_t start, uint64_t end)
{
	const struct helper_files *files = helper_files(task->helper);
	uint64_t unit = lesser(task->granule, HELPER_BUFFER_BYTES);

	for (uint64_t at = start; at < end; at += HELPER_BUFFER_BYTES) {
		uint64_t bytes = lesser(end - at, HELPER_BUFFER_BYTES), from = at;
		int64_t got = helper_read(task->helper, at, bytes);

		if (got < 0) {
			task->result.left_bytes += bytes;
			continue;
		}
		for (uint64_t in = 0; in < (uint64_t)got; in += unit)
			if (memcmp(files->scratch + in, files->zeroes,
				   lesser((uint64_t)got - in, unit)) != 0) {
				task->others_wrote = 1;
				free_range(task, from, at + in);
				from = at + in + unit;
			}
		free_range(task, from, at + bytes);
	}
}

struct emptying {
	struct task *task;
	struct span hole;
};

static int empty_if_unwritten(const struct span *extent, uint32_t flags, void *context)
{
	const struct emptying *emptying = context;

	if (flags & FIEMAP_EXTENT_UNWRITTEN)
		free_range(emptying->task, greater(extent->start, emptying->hole.start),
			   lesser(extent->end, emptying->hole.end));
	else
		emptying->task->others_wrote = 1;
	return 0;
}

static void empty_unwritten(struct task *task, struct span hole)
{
	struct emptying emptying = { task, hole };

	if (map_extents(task->fd, FIEMAP_FLAG_SYNC, hole.start, hole.end, empty_if_unwritten,
			&emptying) < 0)
		task->result.left_bytes += hole.end - hole.start;
}

static void empty_holes(struct task *task, uint64_t limit)
{
	int touched = task->result.path == PREALLOC_WRITTEN;
	uint64_t unit = touched ? greater(task->granule, FOLIO_BYTES) : task->granule;
	uint64_t first = round_down(task->offset, unit);

	limit = lesser(limit, round_up(task->reached, unit));
	for (size_t i = 0; i < task->holes.count; i++) {
		struct span hole = task->holes.span[i];

		hole.start = greater(hole.start, first);
		hole.end = lesser(hole.end, limit);
		if (hole.start >= hole.end)
			continue;
		if (task->unwritten_hidden)
			task->result.left_bytes += hole.end - hole.start;
		else if (touched || task->source != MAP_FIEMAP)
			empty_zeroes(task, hole.start, hole.end);
		else
			empty_unwritten(task, hole);
	}
}

static int all_zero(struct task *task, uint64_t start, uint64_t end)
{
	const struct helper_files *files = helper_files(task->helper);

	for (uint64_t at = start, bytes; at < end; at += bytes) {
		int64_t got;

		bytes = lesser(end - at, HELPER_BUFFER_BYTES);
		got = helper_read(task->helper, at, bytes);
		if (got < 0 || memcmp(files->scratch, files->zeroes, (size_t)got) != 0)
			return 0;
	}
	return 1;
}

/* The file system itself may have written the rest of a block. */
static int is_written(const struct span *extent, uint32_t flags, void *context)
{
	struct task *task = context;

	return !(flags & FIEMAP_EXTENT_UNWRITTEN) && !all_zero(task, extent->start, extent->end);
}

/* Whether others have written past the old end. */
static int others_wrote(struct task *task, uint64_t size)
{
	uint64_t from = round_up(task->old_size, task->granule);

	if (size <= task->old_size)
		return 0;
	if (task->others_grew_it || size > task->reached) {
		task->others_grew_it = 1;
		return 1;
	}
	if (task->result.path == PREALLOC_WRITTEN)
		return 0;
	if (task->source == MAP_SEEK || task->source == MAP_NONE)
		return !all_zero(task, task->old_size, size);
	/* The block of the old end is written in any case. */
	return !all_zero(task, task->old_size, lesser(from, size)) ||
	       map_extents(task->fd, FIEMAP_FLAG_SYNC, from, greater(size, from + 1), is_written,
			   task) != 0;
}

static int truncate_again(struct task *task)
{
	while (ftruncate(task->fd, (off_t)task->old_size) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* 0 or -errno. */
static int cut(struct task *task)
{
	int r = task->keeps_length ? -EPERM : truncate_again(task);

	if (r < 0)
		return r;
	for (size_t i = 0; i < task->spare.count; i++) {
		struct span spare = task->spare.span[i];

		while (fallocate(task->fd, FALLOC_FL_KEEP_SIZE, (off_t)spare.start,
				 (off_t)(spare.end - spare.start)) < 0 &&
		       errno == EINTR)
			;
	}
	return 0;
}

static int add_gap(const struct span *gap, void *context)
{
	*(uint64_t *)context += gap->end - gap->start;
	return 0;
}

/*
 * The file is not truncated: counts or frees what is past the end. ext4 punches nothing there and
 * reports success.
 */
static void empty_past_end(struct task *task, uint64_t end)
{
	uint64_t reached = round_up(task->reached, task->granule);

	for (size_t i = 0; i < task->holes.count; i++) {
		uint64_t start = greater(task->holes.span[i].start, end), gap_bytes = 0;
		uint64_t stop = lesser(task->holes.span[i].end, reached);

		if (start >= stop)
			continue;
		if (task->source != MAP_FIEMAP)
			free_range(task, start, stop);
		else if (map_gaps(task, start, stop, add_gap, &gap_bytes) == 0)
			task->result.left_bytes += stop - start - gap_bytes;
	}
}

/* btrfs fills the block of the old end when the file grows, wherever the range is. */
static void empty_end_block(struct task *task)
{
	uint64_t start = round_down(task->old_size, task->granule);
	uint64_t end = round_up(task->old_size, task->granule);

	for (size_t i = 0; start < end && i < task->holes.count; i++)
		if (task->holes.span[i].start <= start && task->holes.span[i].end >= end)
			empty_zeroes(task, start, end);
}

/* If holes are not reported, all that fallocate() did may be new. */
static uint64_t unreported_bytes(const struct task *task)
{
	uint64_t end = lesser(task->reached, task->old_size);

	if (task->result.path == PREALLOC_WRITTEN || task->source != MAP_NONE)
		return task->unreported_bytes;
	return task->offset < end ? end - task->offset : 0;
}

/* Allocates one more block in a hole and frees it again. */
static void insert_and_remove(struct task *task, uint64_t at)
{
	const struct span block = { at, at + task->granule };
	uint64_t size;

	if (fallocate(task->fd, FALLOC_FL_KEEP_SIZE, (off_t)at, (off_t)task->granule) < 0)
		return;
	if (at < task->old_size)
		empty_unwritten(task, block);
	else if (task_size(task, &size) == 0 && size == task->old_size)
		truncate_again(task);
}

/*
 * An extent tree that grew a level keeps it after most extents are freed, until something is
 * inserted again (ext4, Linux 6.18).  What cannot be freed counts as left.
 */
static void shrink_ext_tree(struct task *task)
{
	if (task->others_wrote || task->others_grew_it || task_grown_bytes(task) == 0)
		return;
	if (!task->keeps_length && task->spare.count == 0 && task->holes.count > 0)
		insert_and_remove(task, task->holes.span[0].start);
	task->result.left_bytes = greater(task->result.left_bytes, task_grown_bytes(task));
}

void rollback(struct task *task)
{
	uint64_t size, inside = round_up(task->old_size, task->granule);

	if (task->reached == 0 || task_need_helper(task) < 0 || map_probe_again(task) < 0 ||
	    task_size(task, &size) < 0) {
		task->result.left_bytes = task->reached ? task->result.new_bytes : 0;
		return;
	}
	if (task->reached > task->old_size && (others_wrote(task, size) || cut(task) < 0)) {
		inside = greater(inside, round_up(size, task->granule));
		empty_past_end(task, inside);
	} else if (task->reached <= task->old_size) {
		inside = greater(inside, round_up(size, task->granule));
	}
	empty_holes(task, inside);
	if (task->source == MAP_FIEMAP)
		empty_end_block(task);
	if (volume_is_ext(task->fd) && task->source == MAP_FIEMAP)
		shrink_ext_tree(task);
	task->result.left_bytes += unreported_bytes(task);
}
