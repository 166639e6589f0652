/* SPDX-License-Identifier: MIT */
/*
 * A rollback may free only what the call has allocated, so every hole of the range is recorded
 * first.  This table (16 bytes per hole) is the only memory that grows with the file, and it is
 * complete before the first block is allocated.
 */
#include "task.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "map.h"
#include "util.h"
#include "volume.h"

static int add(struct spans *spans, struct span span)
{
	if (spans->count == spans->room) {
		size_t room = spans->room ? spans->room * 2 : 64;
		struct span *larger = reallocarray(spans->span, room, sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		spans->span = larger;
		spans->room = room;
	}
	spans->span[spans->count++] = span;
	return 0;
}

static int note_hole(const struct span *gap, void *context)
{
	struct task *task = context;
	uint64_t end = lesser(gap->end, task->end), start = greater(gap->start, task->offset);

	if (start < end)
		task->result.new_bytes += end - start;
	return add(&task->holes, *gap);
}

static int note_spare(const struct span *extent, uint32_t flags, void *context)
{
	struct task *task = context;

	/* Speculative preallocation of XFS, which nobody requested. */
	if (flags & FIEMAP_EXTENT_DELALLOC)
		return 0;
	return add(&task->spare,
		   (struct span) { greater(extent->start, task->old_size), extent->end });
}

static int note_shared(const struct span *extent, uint32_t flags, void *context)
{
	struct task *task = context;

	(void)extent;
	if (flags & FIEMAP_EXTENT_SHARED)
		task->result.risks |= PREALLOC_RISK_SHARED;
	return 0;
}

static int look_past_end(struct task *task)
{
	uint64_t from = round_up(task->old_size, task->granule);
	int r;

	if (task->source != MAP_FIEMAP)
		return 0;
	/*
	 * Only a file that grew is truncated, and only fallocate() allocates blocks past the end.
	 */
	r = task->end <= task->old_size || volume_maps_by_pointers(task->fd)
		    ? 0
		    : map_extents(task->fd, 0, from, UINT64_MAX, note_spare, task);
	return r == 0 ? map_extents(task->fd, 0, task->offset, task->end, note_shared, task) : r;
}

/* -1: seals are not supported. */
static int is_sealed(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);

	return seals > 0 && (seals & F_SEAL_SHRINK);
}

int survey_take(struct task *task)
{
	struct span whole;
	struct stat status;
	int r;

	if (fstat(task->fd, &status) < 0)
		return -errno;
	task->old_size = (uint64_t)status.st_size;
	task->old_block_bytes = (uint64_t)status.st_blocks * 512;
	task->append_only = volume_is_append_only(task->fd);
	task->keeps_length = task->append_only || is_sealed(task->fd);
	/* Includes the block of the old end: btrfs writes it when the file grows. */
	whole.start = round_down(lesser(task->offset, task->old_size),
				 greater(task->granule, FOLIO_BYTES));
	whole.end = round_up(task->end, greater(task->granule, FOLIO_BYTES));
	if (status.st_size == 0 && status.st_blocks == 0)
		return note_hole(&whole, task);
	r = map_probe(task);
	if (r == 0)
		r = map_gaps(task, whole.start, whole.end, note_hole, task);
	return r == 0 ? look_past_end(task) : r;
}

uint64_t survey_hole_bytes(const struct task *task)
{
	const uint64_t first = round_down(task->offset, task->granule);
	const uint64_t last = round_up(task->end, task->granule);
	uint64_t bytes = 0;

	for (size_t i = 0; i < task->holes.count; i++) {
		const struct span *hole = &task->holes.span[i];
		uint64_t start = greater(hole->start, first), end = lesser(hole->end, last);

		bytes += start < end ? end - start : 0;
	}
	return bytes > task->hidden_bytes ? bytes - task->hidden_bytes : 0;
}

void survey_clear(struct task *task)
{
	free(task->holes.span);
	free(task->spare.span);
	task->holes = task->spare = (struct spans) { 0 };
}

static int is_hole(const struct span *gap, void *context)
{
	const struct task *task = context;

	return gap->start < task->end && gap->end > task->offset;
}

struct outside {
	const struct task *task;
	uint64_t gap_bytes; /* holes of the file outside the range */
};

static int note_outside(const struct span *gap, void *context)
{
	struct outside *outside = context;
	uint64_t start = greater(gap->start, outside->task->offset);
	uint64_t end = lesser(gap->end, outside->task->end);

	outside->gap_bytes += gap->end - gap->start - (start < end ? end - start : 0);
	return 0;
}

/*
 * Extents are not reported: at least the block count must cover the range and all data outside
 * it.  (Within the range, tmpfs reports unwritten blocks as a hole.)
 */
static int verify_blocks(struct task *task)
{
	struct outside outside = { .task = task };
	struct stat status;
	uint64_t end, covered;
	int r;

	if (fstat(task->fd, &status) < 0)
		return -errno;
	end = greater((uint64_t)status.st_size, task->end);
	r = map_gaps(task, 0, end, note_outside, &outside);
	covered = (uint64_t)status.st_blocks * 512 + outside.gap_bytes;
	return r < 0 || covered >= end ? r : -EOPNOTSUPP;
}

int survey_can_verify(struct task *task)
{
	int r = map_probe(task);

	if (r < 0 || task->source == MAP_FIEMAP)
		return r;
	return volume_counts_blocks(task->fd) ? 0 : -EOPNOTSUPP;
}

int survey_verify(struct task *task)
{
	int r = survey_can_verify(task);

	if (r == 0 && task->source == MAP_FIEMAP)
		r = map_gaps(task, task->offset, task->end, is_hole, task);
	else if (r == 0)
		r = verify_blocks(task);
	if (r == 0)
		task->result.did |= PREALLOC_DID_VERIFY;
	return r > 0 ? -EOPNOTSUPP : r;
}
