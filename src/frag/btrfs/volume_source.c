/* SPDX-License-Identifier: MIT */
/*
 * All files of a mounted btrfs: all subvolumes, in ranges of inodes that threads take in turn.
 * Items come in the order of the inodes: an inode's item, its name, then its extents.
 *
 * Extents that lie side by side are joined as FIEMAP joins them.  Whether an extent is shared
 * is not in these trees; but all extents pass by here, those of snapshots as well, and their
 * union is what is used once.
 */
#include <endian.h>
#include <errno.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <linux/magic.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "frag/btrfs/btrfs.h"
#include "frag/frag.h"
#include "frag/scan/pipeline.h"

enum { INODES_A_RANGE = 8192 };

struct scan {
	struct pipeline pipeline;
	int fd;
	uint64_t top_tree;
	const char *top;
	uint64_t *subvolumes;
	size_t subvolume_count;

	pthread_mutex_t lock;
	size_t subvolume; /* ranges are handed out of this one */
	uint64_t next_inode;
	uint64_t range_count;
	void *buffer; /* to find the next one */
};

/* ---- files ---- */

/* Goes through the inodes of one tree, item by item. */
struct files {
	struct pipeline_worker *worker;
	struct btrfs_paths *paths;
	uint64_t tree;
	bool in_file; /* `inode` is one that we want */
	bool needs_no_extents;
	struct source_inode inode;
	struct btrfs_name name; /* of it; "": not met yet */
	struct extent pending;	/* not handed over yet: the next one may go on with it */
};

static int flush_extent(struct files *files)
{
	struct extent extent = files->pending;

	files->pending.bytes = 0;
	return extent.bytes ? frag_collect(&extent, &files->worker->collector) : 0;
}

static int add_extent(struct files *files, const struct extent *extent)
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

static int take_extent(struct files *files, const struct btree_item *item)
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

static int name_file(void *context, const struct frag_file *file, bool whole, const char **ret)
{
	struct files *files = context;

	(void)file;
	*ret = *files->name.name ? files->name.name : NULL;
	if (*ret && whole)
		*ret = btrfs_path_of(files->paths, files->tree, &files->name);
	return 0;
}

static int finish_file(struct files *files)
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
static int begin_file(struct files *files, uint64_t inode, const struct btrfs_inode_item *item)
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

static int take_inode(struct files *files, const struct btree_item *item)
{
	struct btrfs_inode_item inode;
	int r = finish_file(files);

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

static int take_item(const struct btree_item *item, void *context)
{
	struct files *files = context;
	bool is_ours = files->in_file && item->object == files->inode.number;

	if (item->type == BTRFS_INODE_ITEM_KEY)
		return take_inode(files, item);
	if (is_ours && item->type == BTRFS_EXTENT_DATA_KEY && !files->needs_no_extents)
		return take_extent(files, item);
	if (is_ours && !*files->name.name)
		btrfs_name_take(item, &files->name);
	return pipeline_is_over(files->worker->pipeline) ? 1 : 0;
}

/* ---- subvolumes ---- */

static bool is_subvolume(uint64_t tree)
{
	return tree == BTRFS_FS_TREE_OBJECTID ||
	       (tree >= BTRFS_FIRST_FREE_OBJECTID && tree <= BTRFS_LAST_FREE_OBJECTID);
}

/* Nothing refers to one that was deleted and is not cleaned up yet. */
static bool is_deleted(const struct btree_item *item)
{
	uint32_t users;

	if (item->bytes < offsetof(struct btrfs_root_item, generation_v2))
		return true;
	memcpy(&users, (const char *)item->data + offsetof(struct btrfs_root_item, refs),
	       sizeof(users));
	return users == 0;
}

static int keep_subvolume(const struct btree_item *item, void *context)
{
	struct scan *scan = context;
	size_t count = scan->subvolume_count;

	if (item->type != BTRFS_ROOT_ITEM_KEY || !is_subvolume(item->object) || is_deleted(item) ||
	    (count && scan->subvolumes[count - 1] == item->object))
		return 0;
	if (ARRAY_ROOM(scan->subvolumes, count) < 0)
		return -ENOMEM;
	scan->subvolumes[scan->subvolume_count++] = item->object;
	return 0;
}

/* ---- ranges ---- */

static int keep_inode(const struct btree_item *item, void *context)
{
	*(uint64_t *)context = item->object;
	return 1;
}

struct inode_range {
	uint64_t tree, from, to, number;
};

/* 1 with a range, 0 at the end, -errno.  Empty stretches of numbers are jumped over. */
static int next_range(struct scan *scan, struct inode_range *ret)
{
	while (scan->subvolume < scan->subvolume_count) {
		uint64_t tree = scan->subvolumes[scan->subvolume], first;
		int r = btrfs_search(scan->fd, scan->buffer, tree, scan->next_inode,
				     BTRFS_LAST_FREE_OBJECTID, keep_inode, &first);

		if (r > 0) {
			*ret = (struct inode_range) { tree, first, first + INODES_A_RANGE - 1,
						      scan->range_count++ };
			scan->next_inode = first + INODES_A_RANGE;
			return 1;
		}
		/* A subvolume that was deleted meanwhile. */
		if (r < 0 && r != -ENOENT)
			return r;
		scan->subvolume++;
		scan->next_inode = BTRFS_FIRST_FREE_OBJECTID;
	}
	return 0;
}

/* ---- threads ---- */

static int scan_range(struct scan *scan, struct files *files, void *buffer,
		      const struct inode_range *range)
{
	int r;

	files->tree = range->tree;
	r = btrfs_search(scan->fd, buffer, range->tree, range->from, range->to, take_item, files);
	if (r == 0)
		r = finish_file(files);
	return r == -ENOENT ? 0 : r;
}

static int work(struct pipeline_worker *worker)
{
	struct scan *scan = worker->pipeline->context;
	CLEANUP(freep) void *buffer = btrfs_buffer_new();
	CLEANUP(btrfs_paths_freep)
	struct btrfs_paths *paths = btrfs_paths_new(scan->fd, scan->top_tree, scan->top);
	struct files files = { .worker = worker, .paths = paths };
	int r = buffer && paths ? 0 : -ENOMEM;

	worker->namer = (struct pipeline_namer) { name_file, &files };
	while (r >= 0 && !pipeline_is_over(worker->pipeline)) {
		struct inode_range range;

		pthread_mutex_lock(&scan->lock);
		r = next_range(scan, &range);
		pthread_mutex_unlock(&scan->lock);
		if (r <= 0)
			return r;
		pipeline_begin_unit(worker, range.number);
		r = scan_range(scan, &files, buffer, &range);
		if (r >= 0)
			r = pipeline_end_unit(worker);
	}
	return r < 0 ? r : 0;
}

static void scan_clear(struct scan *scan)
{
	free(scan->subvolumes);
	free(scan->buffer);
	pthread_mutex_destroy(&scan->lock);
}

/* `top_tree` is the subvolume that lies at `top`; result->facts are known already. */
static int scan_subvolumes(int fd, const struct frag_settings *settings, uint64_t top_tree,
			   const char *top, struct frag_result *result)
{
	CLEANUP(scan_clear)
	struct scan scan = {
		.pipeline = { .settings = settings,
			      .result = result,
			      .work = work,
			      .context = &scan },
		.fd = fd,
		.top_tree = top_tree,
		.top = top,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.next_inode = BTRFS_FIRST_FREE_OBJECTID,
		.buffer = btrfs_buffer_new(),
	};
	int r;

	if (!scan.buffer)
		return -ENOMEM;
	r = btrfs_search(fd, scan.buffer, BTRFS_ROOT_TREE_OBJECTID, 0, UINT64_MAX, keep_subvolume,
			 &scan);
	if (r < 0)
		return r;
	result->model = frag_model_for(settings, &result->facts);
	result->totals.all_in_ranges = true;
	frag_result_set_whole(result);
	frag_result_set_top(result, top);
	return pipeline_run(&scan.pipeline);
}

/* ---- mounted ---- */

static int subvolume_of(int fd, uint64_t *ret)
{
	struct btrfs_ioctl_ino_lookup_args args = { .objectid = BTRFS_FIRST_FREE_OBJECTID };

	if (ioctl(fd, BTRFS_IOC_INO_LOOKUP, &args) < 0)
		return -errno;
	*ret = args.treeid;
	return 0;
}

/*
 * The path that the top of the subvolume has; "": a directory of it is mounted,
 * so that it has none.
 */
static const char *top_of(const struct scan_target *target)
{
	const char *point = target->mount.point ? target->mount.point : target->path;
	struct stat status;

	return stat(point, &status) == 0 && status.st_ino == BTRFS_FIRST_FREE_OBJECTID ? point : "";
}

static int scan_mounted(const struct frag_settings *settings, const struct scan_target *target,
			struct frag_result *ret, struct problem *problem)
{
	const char *top;
	uint64_t top_tree;
	int r;

	(void)problem;
	if (target->fd < 0 || target->facts.magic != BTRFS_SUPER_MAGIC)
		return -EOPNOTSUPP;
	r = subvolume_of(target->fd, &top_tree);
	if (r < 0)
		return r;
	ret->facts = target->facts;
	top = top_of(target);
	ret->paths_inside = !*top;
	r = btrfs_note_free(target->fd, ret);
	return r < 0 ? r : scan_subvolumes(target->fd, settings, top_tree, top, ret);
}

const struct volume_source volume_source_btrfs = { "btrfs-search", scan_mounted };
