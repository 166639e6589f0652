/* SPDX-License-Identifier: MIT */
/*
 * FIEMAP is tried first, because only it distinguishes unwritten blocks from holes. tmpfs and NFS
 * 4.2 have SEEK_HOLE.  A file system without either (mostly FUSE) reports one large extent of
 * data.  The block count does not reveal that: sshfs computes it from the length, and the blocks
 * that XFS preallocates past the end of a file compensate for holes.  So only a hole proves that
 * holes are reported.
 */
#include "map.h"

#include <errno.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util.h"
#include "volume.h"

enum { BATCH = 64 };

union fiemap_buffer {
	struct fiemap head;
	char room[sizeof(struct fiemap) + BATCH * sizeof(struct fiemap_extent)];
};

static int ask(int fd, union fiemap_buffer *buffer, uint32_t flags, uint64_t start, uint64_t end)
{
	buffer->head = (struct fiemap) {
		.fm_start = start,
		.fm_length = end - start,
		.fm_flags = flags,
		.fm_extent_count = BATCH,
	};
	while (ioctl(fd, FS_IOC_FIEMAP, &buffer->head) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

int map_extents(int fd, uint32_t flags, uint64_t start, uint64_t end, map_extent_fn each,
		void *context)
{
	union fiemap_buffer buffer;
	uint32_t extent_flags = 0;

	while (start < end && !(extent_flags & FIEMAP_EXTENT_LAST)) {
		uint64_t before = start;
		int r = ask(fd, &buffer, flags, start, end);

		if (r < 0)
			return r;
		for (unsigned i = 0; i < buffer.head.fm_mapped_extents; i++) {
			const struct fiemap_extent *extent = &buffer.head.fm_extents[i];
			struct span span = { extent->fe_logical,
					     extent->fe_logical + extent->fe_length };

			extent_flags = extent->fe_flags;
			start = greater(start, span.end);
			r = each(&span, extent_flags, context);
			if (r != 0)
				return r;
		}
		if (start == before)
			break;
	}
	return 0;
}

struct gap_walk {
	uint64_t at, granule;
	map_gap_fn each;
	void *context;
};

static int before_extent(const struct span *extent, uint32_t flags, void *context)
{
	struct gap_walk *walk = context;
	struct span gap = { walk->at, extent->start };

	(void)flags;
	/* An inline extent ends within its block. */
	walk->at = greater(walk->at, round_up(extent->end, walk->granule));
	return gap.start < gap.end ? walk->each(&gap, walk->context) : 0;
}

static int gaps_by_fiemap(struct task *task, uint64_t start, uint64_t end, map_gap_fn each,
			  void *context)
{
	struct gap_walk walk = { start, task->granule, each, context };
	int r = map_extents(task->fd, 0, start, end, before_extent, &walk);

	if (r != 0 || walk.at >= end)
		return r;
	return each(&(struct span) { walk.at, end }, context);
}

static int gaps_by_seek(struct task *task, uint64_t start, uint64_t end, map_gap_fn each,
			void *context)
{
	while (start < end) {
		int64_t data = helper_seek(task->helper, start, SEEK_DATA), hole;
		struct span gap = { start, data < 0 ? end : lesser((uint64_t)data, end) };
		int r;

		if (data < 0 && data != -ENXIO)
			return (int)data;
		r = gap.start < gap.end ? each(&gap, context) : 0;
		if (r != 0 || gap.end == end)
			return r;
		hole = helper_seek(task->helper, gap.end, SEEK_HOLE);
		if (hole < 0)
			return (int)hole;
		start = greater((uint64_t)hole, gap.end + 1);
	}
	return 0;
}

int map_gaps(struct task *task, uint64_t start, uint64_t end, map_gap_fn each, void *context)
{
	uint64_t size;
	int r;

	if (task->source == MAP_FIEMAP)
		return gaps_by_fiemap(task, start, end, each, context);
	if (task->source == MAP_SEEK)
		return gaps_by_seek(task, start, end, each, context);
	r = task_size(task, &size);
	start = greater(start, round_up(size, task->granule));
	return r == 0 && start < end ? each(&(struct span) { start, end }, context) : r;
}

static int add_gap(const struct span *gap, void *context)
{
	*(uint64_t *)context += gap->end - gap->start;
	return 0;
}

static int probe_seek(struct task *task)
{
	struct stat status;
	uint64_t gap_bytes = 0, data_bytes, block_bytes, length;
	int r = task_need_helper(task);

	if (r < 0)
		return r;
	if (fstat(task->fd, &status) < 0)
		return -errno;
	length = (uint64_t)status.st_size;
	r = gaps_by_seek(task, 0, length, add_gap, &gap_bytes);
	block_bytes = (uint64_t)status.st_blocks * 512;
	/* The last page of the file; st_blksize of NFS is its transfer size. */
	data_bytes = round_up(length - gap_bytes, lesser(task->granule, 4096));
	task->source =
		r < 0 || (gap_bytes == 0 && !volume_reports_holes(task->fd)) ? MAP_NONE : MAP_SEEK;
	task->unwritten_hidden = task->source == MAP_NONE || block_bytes > data_bytes;
	task->hidden_bytes = block_bytes > data_bytes ? block_bytes - data_bytes : 0;
	return 0;
}

static int ignore(const struct span *extent, uint32_t flags, void *context)
{
	(void)extent, (void)flags, (void)context;
	return 1;
}

int map_shows_extents(struct task *task)
{
	if (task->source == MAP_UNKNOWN && volume_shows_extents(task->fd) &&
	    map_extents(task->fd, 0, task->offset, task->end, ignore, NULL) >= 0)
		task->source = MAP_FIEMAP;
	return task->source == MAP_FIEMAP;
}

int map_probe(struct task *task)
{
	if (map_shows_extents(task) || task->source != MAP_UNKNOWN)
		return 0;
	return probe_seek(task);
}

int map_probe_again(struct task *task)
{
	/* An empty file was not examined and had no hidden blocks. */
	int hidden = task->source == MAP_UNKNOWN ? 0 : task->unwritten_hidden;
	int r;

	if (task->source != MAP_FIEMAP)
		task->source = MAP_UNKNOWN;
	r = map_probe(task);
	task->unwritten_hidden = hidden;
	return r;
}
