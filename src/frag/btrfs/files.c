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

static const struct frag_settings *settings_of(const struct btrfs_files *files)
{
	return files->member->crew->settings;
}

static struct frag_result *result_of(const struct btrfs_files *files)
{
	return files->member->crew->result;
}

/* ---- extents ---- */

static int flush_extent(struct btrfs_files *files)
{
	struct extent extent = files->pending;

	files->pending.bytes = 0;
	return extent.bytes ? frag_collect(&extent, &files->collector) : 0;
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

	if (btrfs_inline_take(item, result_of(files)->facts.block_bytes, &extent))
		return add_extent(files, &extent);
	if (!btrfs_extent_take(item, &extent))
		return 0;
	memcpy(&data, item->data, sizeof(data));
	if (ranges_add(&files->member->totals.shared, 0, le64toh(data.disk_bytenr),
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
	const struct btrfs_trees trees = btrfs_mounted(fd);
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
	buffer = btrfs_buffer_new(&trees);
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
	collector->break_seconds = again.break_seconds;
	collector->packed_bytes = again.packed_bytes;
	return 0;
}

/* ---- inodes ---- */

/* For the extension the name alone does; the path is looked for where somebody sees it. */
static int account(struct btrfs_files *files)
{
	const struct frag_settings *settings = settings_of(files);
	struct totals *totals = &files->member->totals;
	struct frag_file *file = &files->file;
	bool has_name = *files->name.name;
	int r;

	file->path = has_name ? files->name.name : NULL;
	if (has_name && (settings->each || totals_wants_path(totals, file)))
		file->path = btrfs_path_of(files->paths, files->tree, &files->name);
	r = totals_add(totals, file);
	return r < 0 ? r : crew_emit(files->member, file);
}

int btrfs_files_finish(struct btrfs_files *files)
{
	struct frag_result *result = result_of(files);
	int r;

	if (!files->in_file)
		return 0;
	files->in_file = false;
	r = flush_extent(files);
	if (r < 0)
		return r;
	if (files->one_block)
		frag_file_of_one_block(result->model, &result->facts, &files->file);
	else
		frag_collected(&files->collector, &result->facts, false, &files->file);
	return account(files);
}

static void begin_file(struct btrfs_files *files, uint64_t inode,
		       const struct btrfs_inode_item *item)
{
	const struct frag_settings *settings = settings_of(files);
	struct frag_result *result = result_of(files);
	uint64_t block = result->facts.block_bytes;

	files->file = (struct frag_file) {
		.device = files->tree,
		.inode = inode,
		.size_bytes = le64toh(item->size),
		.disk_bytes = (le64toh(item->nbytes) + block - 1) / block * block,
	};
	files->name.name[0] = '\0';
	if (files->file.size_bytes < settings->min_bytes ||
	    (settings->newer && (time_t)le64toh(item->mtime.sec) <= settings->newer)) {
		files->member->totals.filtered_files++;
		return;
	}
	files->in_file = true;
	files->one_block =
		!settings->exact && frag_file_has_one_block(files->file.size_bytes,
							    files->file.disk_bytes, &result->facts);
	files->collector = (struct frag_collector) {
		.sums = LAYOUT_SUMS_INIT,
		.model = result->model,
		.volume_bytes = result->facts.volume_bytes,
		.map = files->member->totals.map,
	};
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
	atomic_fetch_add_explicit(&files->member->crew->files, 1, memory_order_relaxed);
	if (S_ISREG(le32toh(inode.mode)))
		begin_file(files, item->object, &inode);
	else if (S_ISDIR(le32toh(inode.mode)))
		files->member->totals.directories++;
	else
		files->member->totals.special_files++;
	return 0;
}

int btrfs_files_take(const struct btree_item *item, void *context)
{
	struct btrfs_files *files = context;
	bool is_ours = files->in_file && item->object == files->file.inode;

	if (item->type == BTRFS_INODE_ITEM_KEY)
		return take_inode(files, item);
	if (is_ours && item->type == BTRFS_EXTENT_DATA_KEY && !files->one_block)
		return take_extent(files, item);
	if (is_ours && !*files->name.name)
		btrfs_name_take(item, &files->name);
	return crew_is_over(files->member->crew) ? 1 : 0;
}
