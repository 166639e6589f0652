/* SPDX-License-Identifier: MIT */
/*
 * From the items of a subvolume to files.  They come in the order of the inodes:
 * an inode's item, its name, then its extents.
 *
 * Addresses are those of the file system's own address space, as in FIEMAP.
 * Extents that lie side by side are joined as FIEMAP joins them.  Whether an
 * extent is shared is not in these trees; but all extents pass by here, those of
 * snapshots as well, and their union is what is used once.
 */
#include <endian.h>
#include <errno.h>
#include <linux/btrfs_tree.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include "frag/btrfs/btrfs.h"
#include "base/cleanup.h"
#include "frag/scan/pipeline.h"
#include "frag/frag.h"

/* ---- extents ---- */

static int flush_extent(struct btrfs_files *files)
{
	struct extent extent = files->pending;

	files->pending.bytes = 0;
	return extent.bytes ? frag_collect(&extent, &files->worker->collector) : 0;
}

static int add_extent(struct btrfs_files *files, const struct extent *extent)
{
	struct extent *pending = &files->pending;
	int r;

	if (pending->bytes && pending->flags == extent->flags &&
	    !(extent->flags & EXTENT_NO_ADDRESS) &&
	    pending->logical + pending->bytes == extent->logical &&
	    pending->physical + pending->bytes == extent->physical) {
		pending->bytes += extent->bytes;
		return 0;
	}
	r = flush_extent(files);
	*pending = *extent;
	return r;
}

int btrfs_inline_take(const struct btree_item *item, uint64_t block_bytes, struct extent *ret)
{
	struct btrfs_file_extent_item data = { 0 };
	uint64_t bytes;

	if (item->type != BTRFS_EXTENT_DATA_KEY ||
	    item->bytes < offsetof(struct btrfs_file_extent_item, disk_bytenr))
		return 0;
	memcpy(&data, item->data, offsetof(struct btrfs_file_extent_item, disk_bytenr));
	bytes = le64toh(data.ram_bytes);
	/* More than a leaf of the tree cannot be in one, whatever the item says. */
	if (data.type != BTRFS_FILE_EXTENT_INLINE || bytes > 1 << 20)
		return 0;
	*ret = (struct extent) {
		.logical = item->offset,
		.bytes = (bytes + block_bytes - 1) / block_bytes * block_bytes,
		.flags = EXTENT_INLINE | EXTENT_NOT_ALIGNED,
	};
	return 1;
}

/*
 * What is compressed is read from its start, whichever part of it the file uses, and
 * is as long as what was written.
 */
int btrfs_extent_take(const struct btree_item *item, struct extent *ret)
{
	struct btrfs_file_extent_item data;
	struct extent extent = { .logical = item->offset };
	uint64_t end;

	if (item->type != BTRFS_EXTENT_DATA_KEY || item->bytes < sizeof(data))
		return 0;
	memcpy(&data, item->data, sizeof(data));
	/* Address 0 is a hole. */
	if (data.type == BTRFS_FILE_EXTENT_INLINE || data.disk_bytenr == 0)
		return 0;
	extent.bytes = le64toh(data.num_bytes);
	extent.physical = le64toh(data.disk_bytenr);
	if (data.type == BTRFS_FILE_EXTENT_PREALLOC)
		extent.flags |= EXTENT_UNWRITTEN;
	if (data.compression || data.encryption) {
		extent.flags |= EXTENT_ENCODED;
		extent.disk_bytes = le64toh(data.disk_num_bytes);
	} else if (__builtin_add_overflow(extent.physical, le64toh(data.offset),
					  &extent.physical)) {
		return 0;
	}
	if (__builtin_add_overflow(extent.physical, extent_disk_bytes(&extent), &end) ||
	    __builtin_add_overflow(extent.logical, extent.bytes, &end))
		return 0;
	*ret = extent;
	return 1;
}

static int take_extent(struct btrfs_files *files, const struct btree_item *item)
{
	struct btrfs_file_extent_item data;
	struct extent extent;

	if (btrfs_inline_take(item, files->worker->facts->block_bytes, &extent))
		return add_extent(files, &extent);
	if (!btrfs_extent_take(item, &extent))
		return 0;
	memcpy(&data, item->data, sizeof(data));
	if (ranges_add(&files->worker->totals.shared, 0, le64toh(data.disk_bytenr),
		       le64toh(data.disk_num_bytes)) < 0)
		return -ENOMEM;
	return add_extent(files, &extent);
}

/* ---- a single file ---- */

struct encoded {
	struct frag_collector *collector;
	struct map *map;
};

static int take_again(const struct btree_item *item, void *context)
{
	struct encoded *encoded = context;
	struct extent extent;

	if (!btrfs_extent_take(item, &extent))
		return 0;
	/* The others are on the map already. */
	encoded->collector->map = extent.flags & EXTENT_ENCODED ? encoded->map : NULL;
	return frag_collect(&extent, encoded->collector);
}

int btrfs_measure_encoded(int fd, uint64_t inode, struct frag_collector *collector)
{
	const struct btrfs_trees trees = { fd };
	const struct layout *before = &collector->sums.figures;
	struct frag_collector again = { .sums = LAYOUT_SUMS_INIT,
					.model = collector->model,
					.volume_bytes = collector->volume_bytes,
					.file_bytes = collector->file_bytes };
	struct encoded encoded = { &again, collector->map };
	CLEANUP(freep) void *buffer = NULL;
	int r;

	/* Those are in no tree. */
	if (collector->delayed_bytes || collector->inline_bytes)
		return 0;
	buffer = btrfs_buffer_new();
	if (!buffer)
		return -ENOMEM;
	/* Tree 0 is that of the subvolume that the file is in. */
	r = btrfs_search(&trees, buffer, 0, inode, inode, take_again, &encoded);
	/* No permission, or it has changed meanwhile. */
	if (r < 0 || again.sums.figures.mapped_bytes != before->mapped_bytes)
		return 0;
	/* Extents are those of FIEMAP, and it alone reports what is shared. */
	again.sums.figures.extents = before->extents;
	again.sums.figures.shared_bytes = before->shared_bytes;
	collector->sums = again.sums;
	collector->seek_seconds = again.seek_seconds;
	collector->packed_bytes = again.packed_bytes;
	return 0;
}

/* ---- inodes ---- */

int btrfs_name_file(void *context, const struct frag_file *file, bool whole, const char **ret)
{
	struct btrfs_files *files = context;

	(void)file;
	*ret = *files->name.name ? files->name.name : NULL;
	if (*ret && whole)
		*ret = btrfs_path_of(files->paths, files->tree, &files->name);
	return 0;
}

int btrfs_files_finish(struct btrfs_files *files)
{
	struct pipeline_worker *worker = files->worker;
	int r;

	if (!files->in_file)
		return 0;
	files->in_file = false;
	r = files->needs_no_extents ? pipeline_begin_file(worker, &files->inode)
				    : flush_extent(files);
	if (files->needs_no_extents || r < 0)
		return r;
	frag_collected(&worker->collector, worker->facts, false, &worker->file);
	return pipeline_end_file(worker, 0);
}

/* The name of a file that needs no extents comes before it is counted. */
static int begin_file(struct btrfs_files *files, uint64_t inode,
		      const struct btrfs_inode_item *item)
{
	struct pipeline_worker *worker = files->worker;
	uint64_t block = worker->facts->block_bytes;
	int r;

	files->inode = (struct source_inode) {
		.device = files->tree,
		.number = inode,
		.size_bytes = le64toh(item->size),
		.disk_bytes = (le64toh(item->nbytes) + block - 1) / block * block,
		.mtime = (int64_t)le64toh(item->mtime.sec),
	};
	files->inode.is_simple = frag_file_has_one_block(files->inode.size_bytes,
							 files->inode.disk_bytes, worker->facts);
	files->inode.extents = files->inode.disk_bytes != 0;
	files->name.name[0] = '\0';
	files->needs_no_extents = files->inode.is_simple && !worker->pipeline->settings->exact;
	r = files->needs_no_extents ? 1 : pipeline_begin_file(worker, &files->inode);
	files->in_file = r > 0;
	return r < 0 ? r : 0;
}

static int take_inode(struct btrfs_files *files, const struct btree_item *item)
{
	struct btrfs_inode_item inode;
	int r = btrfs_files_finish(files);

	if (r < 0 || item->bytes < sizeof(inode))
		return r;
	memcpy(&inode, item->data, sizeof(inode));
	if (le32toh(inode.nlink) == 0)
		return 0;
	atomic_fetch_add_explicit(&files->worker->pipeline->files, 1, memory_order_relaxed);
	if (S_ISREG(le32toh(inode.mode)))
		return begin_file(files, item->object, &inode);
	if (S_ISDIR(le32toh(inode.mode)))
		files->worker->totals.directories++;
	else
		files->worker->totals.special_files++;
	return 0;
}

int btrfs_files_take(const struct btree_item *item, void *context)
{
	struct btrfs_files *files = context;
	bool is_ours = files->in_file && item->object == files->inode.number;

	if (item->type == BTRFS_INODE_ITEM_KEY)
		return take_inode(files, item);
	if (is_ours && item->type == BTRFS_EXTENT_DATA_KEY && !files->needs_no_extents)
		return take_extent(files, item);
	if (is_ours && !*files->name.name)
		btrfs_name_take(item, &files->name);
	return pipeline_is_over(files->worker->pipeline) ? 1 : 0;
}
