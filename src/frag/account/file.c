/* SPDX-License-Identifier: MIT */
/*
 * The number of fragments is not always known: FIEMAP reports where a compressed extent starts
 * but not its length on the volume, and nothing about a delayed one.  Then it is a lower bound.
 * Data inside of metadata is one fragment.
 */
#include "frag/account/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <math.h>
#include <sys/ioctl.h>

#include "frag/btrfs/btrfs.h"
#include "base/cleanup.h"

bool frag_file_is_known(const struct frag_file *file)
{
	const struct layout *layout = &file->layout;

	return layout->addresses_known ||
	       (layout->extents == 1 && file->inline_bytes == layout->mapped_bytes);
}

bool frag_file_is_fragmented(const struct frag_file *file)
{
	return file->layout.fragments > file->ideal_fragments;
}

bool frag_file_is_costly(const struct frag_file *file)
{
	return frag_file_is_fragmented(file) &&
	       seek_is_worth(file->sequential_seconds, file->extra_seconds);
}

/* ---- columns ---- */

static double known(const struct frag_file *file, double value)
{
	return frag_file_is_known(file) ? value : NAN;
}

#define COLUMN(name, value)                                   \
	static double of_##name(const struct frag_file *file) \
	{                                                     \
		return (double)(value);                       \
	}

COLUMN(inode, file->inode)
COLUMN(size, file->size_bytes)
COLUMN(disk, file->disk_bytes)
COLUMN(mapped, file->layout.mapped_bytes)
COLUMN(extents, file->layout.extents)
COLUMN(fragments, known(file, (double)file->layout.fragments))
COLUMN(least, file->layout.fragments)
COLUMN(ideal, file->ideal_fragments)
COLUMN(largest, known(file, (double)file->layout.largest_bytes))
COLUMN(mean, known(file, file->layout.fragments ? (double)file->layout.mapped_bytes /
							  (double)file->layout.fragments
						: 0))
COLUMN(gaps, known(file, (double)file->layout.gap_bytes))
COLUMN(unwritten, file->layout.unwritten_bytes)
COLUMN(shared, file->layout.shared_bytes)
COLUMN(encoded, file->layout.encoded_bytes)
COLUMN(delayed, file->delayed_bytes)
COLUMN(inlined, file->inline_bytes)
COLUMN(holes, file->layout.holes)
COLUMN(sequential, file->sequential_seconds)
COLUMN(extra, known(file, file->extra_seconds))

const struct frag_column frag_columns[] = {
	{ "inode", "", "number of the inode", of_inode },
	{ "size_bytes", "bytes", "length of the file", of_size },
	{ "disk_bytes", "bytes", "space as reported by stat(), including metadata of the file",
	  of_disk },
	{ "mapped_bytes", "bytes", "sum of the extents", of_mapped },
	{ "extents", "count", "extents, as the file system reports them", of_extents },
	{ "fragments", "count", "runs of physically contiguous extents", of_fragments },
	{ "fragments_at_least", "count", "a lower bound, if the number is not known exactly",
	  of_least },
	{ "ideal_fragments", "count", "minimum number on this file system", of_ideal },
	{ "largest_bytes", "bytes", "largest fragment", of_largest },
	{ "mean_bytes", "bytes", "mapped bytes divided by fragments", of_mean },
	{ "gap_bytes", "bytes", "sum of the distances between fragments", of_gaps },
	{ "unwritten_bytes", "bytes", "allocated but unwritten: read as zeroes", of_unwritten },
	{ "shared_bytes", "bytes", "shared with other files (reflinks, snapshots)", of_shared },
	{ "encoded_bytes", "bytes", "compressed or encrypted", of_encoded },
	{ "delayed_bytes", "bytes", "delayed allocation: written, without a location yet",
	  of_delayed },
	{ "inline_bytes", "bytes", "stored in metadata", of_inlined },
	{ "holes", "count", "ranges without blocks, including the end", of_holes },
	{ "sequential_seconds", "seconds", "time to read it contiguously, by the model",
	  of_sequential },
	{ "extra_seconds", "seconds", "time that discontinuities add, by the model", of_extra },
};
const unsigned frag_column_count = ARRAY_SIZE(frag_columns);

/* ---- parts ---- */

void parts_init(struct frag_parts *parts, uint64_t file_bytes, uint64_t block_bytes)
{
	uint64_t blocks = file_bytes / block_bytes + (file_bytes % block_bytes != 0);
	uint64_t blocks_each = blocks / PARTS_MAX + (blocks % PARTS_MAX != 0);

	*parts = (struct frag_parts) { 0 };
	if (blocks == 0)
		return;
	parts->part_bytes = blocks_each * block_bytes;
	parts->count = (unsigned)((blocks + blocks_each - 1) / blocks_each);
}

/* A fragment that starts at `logical`; what lies past the end of the file is in the last part. */
static void parts_add(struct frag_parts *parts, uint64_t logical, double extra_seconds)
{
	uint64_t number = parts->count ? logical / parts->part_bytes : 0;

	if (parts->count == 0)
		return;
	if (number >= parts->count)
		number = parts->count - 1;
	parts->part[number].fragments++;
	parts->part[number].extra_seconds += extra_seconds;
}

/* ---- collecting ---- */

static void add_to_map(const struct frag_collector *collector, const struct extent *extent,
		       int is_seek)
{
	struct extent there = *extent;

	there.bytes = extent_disk_bytes(extent);
	map_add(collector->map, &there, is_seek, collector->file_bytes);
}

int frag_collect(const struct extent *extent, void *context)
{
	struct frag_collector *collector = context;
	struct layout_sums *sums = &collector->sums;
	uint64_t before = sums->figures.fragments;
	double seconds = 0;
	int r = 0, is_seek;

	layout_sums_add(sums, extent);
	is_seek = sums->step_bytes != 0;
	if (is_seek)
		seconds = seek_cost(collector->model, sums->step_bytes, collector->volume_bytes);
	collector->seek_seconds += seconds;
	if (collector->parts && sums->figures.fragments > before)
		parts_add(collector->parts, extent->logical, seconds);
	if (extent->flags & EXTENT_DELALLOC)
		collector->delayed_bytes += extent->bytes;
	if (extent->flags & EXTENT_INLINE)
		collector->inline_bytes += extent->bytes;
	if (extent->bytes > extent_disk_bytes(extent))
		collector->packed_bytes += extent->bytes - extent_disk_bytes(extent);
	if (collector->map && extent_has_address(extent))
		add_to_map(collector, extent, is_seek);
	if (collector->shared && extent->flags & EXTENT_SHARED && extent_has_address(extent))
		r = ranges_add(collector->shared, collector->device, extent->physical,
			       extent_disk_bytes(extent));
	if (r == 0 && collector->also)
		r = collector->also(extent, collector->also_context);
	return r;
}

static void add_costs(const struct seek_model *model, double seek_seconds, uint64_t packed_bytes,
		      struct frag_file *file)
{
	uint64_t unread = file->layout.unwritten_bytes + file->inline_bytes + packed_bytes;
	uint64_t mapped = file->layout.mapped_bytes;

	file->sequential_seconds = seek_read_cost(model, mapped > unread ? mapped - unread : 0);
	file->extra_seconds = seek_seconds;
}

/* Whether there is a hole behind the last extent; the rest of its last block is none. */
static bool ends_in_hole(uint64_t size_bytes, uint64_t end, uint64_t block_bytes)
{
	uint64_t into_block = block_bytes ? end % block_bytes : 0;

	return size_bytes > end && size_bytes - end > (into_block ? block_bytes - into_block : 0);
}

void frag_collected(const struct frag_collector *collector, const struct filesystem_facts *facts,
		    bool block_mapped, struct frag_file *file)
{
	uint64_t run = block_mapped ? filesystem_block_mapped_run(facts->block_bytes)
				    : facts->kind->run_bytes;

	file->opened = true;
	file->layout = collector->sums.figures;
	file->layout.holes +=
		ends_in_hole(file->size_bytes, collector->sums.logical_end, facts->block_bytes);
	file->delayed_bytes = collector->delayed_bytes;
	file->inline_bytes = collector->inline_bytes;
	file->ideal_fragments = layout_ideal_fragments(file->layout.mapped_bytes, run);
	if (file->ideal_fragments > file->layout.fragments)
		file->ideal_fragments = file->layout.fragments;
	add_costs(collector->model, collector->seek_seconds, collector->packed_bytes, file);
}

static void fill_one_extent(const struct seek_model *model, uint64_t extents,
			    struct frag_file *file)
{
	uint64_t bytes = extents ? file->disk_bytes : 0;
	bool is_hole = extents == 0 && file->size_bytes;

	file->opened = false;
	file->layout = (struct layout) {
		.extents = extents,
		.fragments = extents,
		.mapped_bytes = bytes,
		.largest_bytes = bytes,
		.holes = is_hole,
		.addresses_known = 1,
	};
	file->delayed_bytes = file->inline_bytes = 0;
	file->ideal_fragments = extents;
	add_costs(model, 0, 0, file);
}

static bool is_inline(const struct frag_file *file, const struct filesystem_facts *facts)
{
	return facts->magic == EXT4_SUPER_MAGIC && file->disk_bytes % facts->block_bytes;
}

bool frag_file_has_one_block(uint64_t size_bytes, uint64_t disk_bytes,
			     const struct filesystem_facts *facts)
{
	return disk_bytes == 0 ||
	       (disk_bytes <= facts->block_bytes && size_bytes && size_bytes <= facts->block_bytes);
}

void frag_file_of_one_block(const struct seek_model *model, const struct filesystem_facts *facts,
			    uint64_t extents, struct frag_file *file)
{
	fill_one_extent(model, extents, file);
	if (!is_inline(file, facts))
		return;
	file->layout = (struct layout) {
		.extents = 1,
		.fragments = 1,
		.mapped_bytes = file->size_bytes,
	};
	file->inline_bytes = file->size_bytes;
	add_costs(model, 0, 0, file);
}

int frag_open(int directory, const char *name, bool follow)
{
	int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW);
	int fd = openat(directory, name, flags | O_NOATIME);

	/* O_NOATIME is for the owner of the file and for root. */
	if (fd < 0 && errno == EPERM)
		fd = openat(directory, name, flags);
	return fd < 0 ? -errno : fd;
}

bool frag_is_block_mapped(int fd, const struct filesystem_facts *facts)
{
	int flags = 0;

	if (facts->magic != EXT4_SUPER_MAGIC)
		return false;
	return ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && !(flags & FS_EXTENT_FL);
}

int frag_file_read(int fd, const struct filesystem_facts *facts, bool sync,
		   struct frag_collector *collector, struct frag_file *file)
{
	const struct extent_walk_options options = { .sync = sync };
	bool block_mapped;
	int r;

	collector->sums = LAYOUT_SUMS_INIT;
	collector->device = facts->device;
	collector->volume_bytes = facts->volume_bytes;
	r = extent_walk(fd, &options, frag_collect, collector, NULL);
	if (r == 0 && facts->magic == BTRFS_SUPER_MAGIC && collector->sums.figures.encoded_bytes)
		r = btrfs_measure_encoded(fd, file->inode, collector);
	if (r)
		return r;
	block_mapped = collector->sums.figures.fragments > 1 && frag_is_block_mapped(fd, facts);
	frag_collected(collector, facts, block_mapped, file);
	return 0;
}
