/* SPDX-License-Identifier: MIT */
/*
 * btrfs: BTRFS_IOC_TREE_SEARCH_V2 copies items out of the trees of the subvolumes,
 * in the order of the inodes: an inode's item, then those of its extents.  Threads
 * take ranges of inodes in turn.
 *
 * Addresses are those of the file system's own address space, as in FIEMAP.
 * Extents that lie side by side are joined as FIEMAP joins them.  Whether an
 * extent is shared is not in these trees; but all extents pass by here, those of
 * snapshots as well, and their union is what is used once.
 */
#include <errno.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <linux/magic.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "array.h"
#include "cleanup.h"
#include "crew.h"
#include "freespace.h"
#include "whole_volume.h"

enum { BUFFER_BYTES = 256 * 1024, INODES_A_RANGE = 8192, NAME_BYTES = 255 };

/* ---- searching ---- */

struct item {
	uint64_t object, offset;
	uint32_t type;
	const void *data; /* not aligned */
	size_t bytes;
};

/* Non-zero ends the search and is returned. */
typedef int (*item_fn)(const struct item *item, void *context);

static struct btrfs_ioctl_search_args_v2 *search_new(void)
{
	return malloc(sizeof(struct btrfs_ioctl_search_args_v2) + BUFFER_BYTES);
}

/* Goes on behind the key; false: there is nothing behind it. */
static bool step(struct btrfs_ioctl_search_key *key, const struct item *last)
{
	key->min_objectid = last->object;
	key->min_type = last->type;
	key->min_offset = last->offset + 1;
	if (key->min_offset)
		return true;
	key->min_type++;
	if (key->min_type <= UINT8_MAX)
		return true;
	key->min_type = 0;
	return ++key->min_objectid != 0;
}

/* Hands on one answer. */
static int deliver(const struct btrfs_ioctl_search_args_v2 *search, item_fn each, void *context,
		   struct item *last)
{
	size_t at = 0;

	for (uint32_t i = 0; i < search->key.nr_items; i++) {
		struct btrfs_ioctl_search_header header;
		int r;

		if (at + sizeof(header) > BUFFER_BYTES)
			return -EIO;
		memcpy(&header, search->buf + at, sizeof(header));
		at += sizeof(header);
		if (header.len > BUFFER_BYTES - at)
			return -EIO;
		*last = (struct item) { header.objectid, header.offset, header.type,
					search->buf + at, header.len };
		at += header.len;
		r = each(last, context);
		if (r)
			return r;
	}
	return 0;
}

static int search_tree(int fd, struct btrfs_ioctl_search_args_v2 *search, uint64_t tree,
		       uint64_t from, uint64_t to, item_fn each, void *context)
{
	struct btrfs_ioctl_search_key *key = &search->key;

	*key = (struct btrfs_ioctl_search_key) {
		.tree_id = tree,
		.min_objectid = from,
		.max_objectid = to,
		.max_type = UINT8_MAX,
		.max_offset = UINT64_MAX,
		.max_transid = UINT64_MAX,
	};
	for (;;) {
		struct item last = { 0 };
		int r;

		key->nr_items = UINT32_MAX;
		search->buf_size = BUFFER_BYTES;
		if (ioctl(fd, BTRFS_IOC_TREE_SEARCH_V2, search) < 0)
			return -errno;
		if (key->nr_items == 0)
			return 0;
		r = deliver(search, each, context, &last);
		if (r)
			return r;
		if (!step(key, &last) || key->min_objectid > to)
			return 0;
	}
}

/* ---- subvolumes ---- */

struct scan {
	struct crew crew;
	const struct frag_settings *settings;
	struct frag_result *result;
	int fd;
	uint64_t *trees;
	size_t tree_count;

	pthread_mutex_t lock;
	size_t tree; /* ranges are handed out of this one */
	uint64_t next_inode;
	struct btrfs_ioctl_search_args_v2 *search; /* to find the next one */
};

static bool is_subvolume(uint64_t tree)
{
	return tree == BTRFS_FS_TREE_OBJECTID ||
	       (tree >= BTRFS_FIRST_FREE_OBJECTID && tree <= BTRFS_LAST_FREE_OBJECTID);
}

static int keep_tree(const struct item *item, void *context)
{
	struct scan *scan = context;

	if (item->type != BTRFS_ROOT_ITEM_KEY || !is_subvolume(item->object))
		return 0;
	if (ARRAY_ROOM(scan->trees, scan->tree_count) < 0)
		return -ENOMEM;
	scan->trees[scan->tree_count++] = item->object;
	return 0;
}

static int keep_inode(const struct item *item, void *context)
{
	*(uint64_t *)context = item->object;
	return 1;
}

struct inode_range {
	uint64_t tree, from, to;
};

/* 1 with a range, 0 at the end, -errno.  Empty stretches of numbers are jumped over. */
static int next_range(struct scan *scan, struct inode_range *ret)
{
	while (scan->tree < scan->tree_count) {
		uint64_t tree = scan->trees[scan->tree], first;
		int r = search_tree(scan->fd, scan->search, tree, scan->next_inode,
				    BTRFS_LAST_FREE_OBJECTID, keep_inode, &first);

		if (r > 0) {
			*ret = (struct inode_range) { tree, first, first + INODES_A_RANGE - 1 };
			scan->next_inode = first + INODES_A_RANGE;
			return 1;
		}
		/* A subvolume that was deleted meanwhile. */
		if (r < 0 && r != -ENOENT)
			return r;
		scan->tree++;
		scan->next_inode = BTRFS_FIRST_FREE_OBJECTID;
	}
	return 0;
}

/* ---- inodes ---- */

struct reader {
	struct crew_member *member;
	struct scan *scan;
	uint64_t tree;
	bool in_file; /* `file` is one that we want */
	bool one_block;
	struct frag_file file;
	struct frag_collector collector;
	struct extent pending; /* not handed over yet: the next one may go on with it */
};

static int flush_extent(struct reader *reader)
{
	struct extent extent = reader->pending;

	reader->pending.bytes = 0;
	return extent.bytes ? frag_collect(&extent, &reader->collector) : 0;
}

static int add_extent(struct reader *reader, const struct extent *extent)
{
	struct extent *pending = &reader->pending;
	int r;

	if (pending->bytes && pending->flags == extent->flags &&
	    !(extent->flags & EXTENT_NO_ADDRESS) &&
	    pending->logical + pending->bytes == extent->logical &&
	    pending->physical + pending->bytes == extent->physical) {
		pending->bytes += extent->bytes;
		return 0;
	}
	r = flush_extent(reader);
	*pending = *extent;
	return r;
}

/* The file is complete. */
static int finish_file(struct reader *reader)
{
	const struct frag_settings *settings = reader->scan->settings;
	struct frag_result *result = reader->scan->result;
	int r;

	if (!reader->in_file)
		return 0;
	reader->in_file = false;
	r = flush_extent(reader);
	if (r < 0)
		return r;
	if (reader->one_block)
		frag_file_of_one_block(result->model, &reader->file);
	else
		frag_collected(&reader->collector, &result->facts, false, &reader->file);
	r = totals_add(&reader->member->totals, &reader->file);
	if (r == 0 && settings->each)
		r = settings->each(&reader->file, settings->each_context);
	return r;
}

static void begin_file(struct reader *reader, uint64_t inode, const struct btrfs_inode_item *item)
{
	const struct frag_settings *settings = reader->scan->settings;
	struct frag_result *result = reader->scan->result;
	uint64_t block = result->facts.block_bytes;

	reader->file = (struct frag_file) {
		.device = reader->tree,
		.inode = inode,
		.size_bytes = le64toh(item->size),
		.disk_bytes = (le64toh(item->nbytes) + block - 1) / block * block,
	};
	if (reader->file.size_bytes < settings->min_bytes ||
	    (settings->newer && (time_t)le64toh(item->mtime.sec) <= settings->newer)) {
		reader->member->totals.filtered_files++;
		return;
	}
	reader->in_file = true;
	reader->one_block = !settings->exact && reader->file.disk_bytes <= block;
	reader->collector = (struct frag_collector) {
		.sums = LAYOUT_SUMS_INIT,
		.model = result->model,
		.volume_bytes = result->facts.volume_bytes,
		.map = reader->member->totals.map,
	};
}

static int take_inode(struct reader *reader, const struct item *item)
{
	struct btrfs_inode_item inode;
	int r = finish_file(reader);

	if (r < 0 || item->bytes < sizeof(inode))
		return r;
	memcpy(&inode, item->data, sizeof(inode));
	if (le32toh(inode.nlink) == 0)
		return 0;
	atomic_fetch_add_explicit(&reader->member->crew->files, 1, memory_order_relaxed);
	if (S_ISREG(le32toh(inode.mode)))
		begin_file(reader, item->object, &inode);
	else if (S_ISDIR(le32toh(inode.mode)))
		reader->member->totals.directories++;
	else
		reader->member->totals.special_files++;
	return 0;
}

static int take_inline(struct reader *reader, const struct item *item,
		       const struct btrfs_file_extent_item *data)
{
	uint64_t block = reader->scan->result->facts.block_bytes;
	const struct extent extent = {
		.logical = item->offset,
		.bytes = (le64toh(data->ram_bytes) + block - 1) / block * block,
		.flags = EXTENT_INLINE | EXTENT_NOT_ALIGNED,
	};

	return add_extent(reader, &extent);
}

static int take_extent(struct reader *reader, const struct item *item)
{
	struct btrfs_file_extent_item data = { 0 };
	size_t inline_bytes = offsetof(struct btrfs_file_extent_item, disk_bytenr);
	struct extent extent = { .logical = item->offset };
	uint64_t end;

	if (item->bytes < inline_bytes)
		return 0;
	memcpy(&data, item->data, item->bytes < sizeof(data) ? item->bytes : sizeof(data));
	if (data.type == BTRFS_FILE_EXTENT_INLINE)
		return take_inline(reader, item, &data);
	/* Address 0 is a hole. */
	if (item->bytes < sizeof(data) || data.disk_bytenr == 0)
		return 0;
	extent.physical = le64toh(data.disk_bytenr) + le64toh(data.offset);
	extent.bytes = le64toh(data.num_bytes);
	if (data.type == BTRFS_FILE_EXTENT_PREALLOC)
		extent.flags |= EXTENT_UNWRITTEN;
	if (data.compression || data.encryption)
		extent.flags |= EXTENT_ENCODED;
	if (__builtin_add_overflow(extent.physical, extent.bytes, &end) ||
	    __builtin_add_overflow(extent.logical, extent.bytes, &end))
		return 0;
	if (ranges_add(&reader->member->totals.shared, 0, le64toh(data.disk_bytenr),
		       le64toh(data.disk_num_bytes)) < 0)
		return -ENOMEM;
	return add_extent(reader, &extent);
}

static int take_item(const struct item *item, void *context)
{
	struct reader *reader = context;

	if (item->type == BTRFS_INODE_ITEM_KEY)
		return take_inode(reader, item);
	if (item->type == BTRFS_EXTENT_DATA_KEY && reader->in_file && !reader->one_block &&
	    item->object == reader->file.inode)
		return take_extent(reader, item);
	return crew_is_over(reader->member->crew) ? 1 : 0;
}

static int work(struct crew_member *member)
{
	struct scan *scan = member->crew->context;
	CLEANUP(freep) struct btrfs_ioctl_search_args_v2 *search = search_new();
	struct reader reader = { .member = member, .scan = scan };
	int r = search ? 1 : -ENOMEM;

	while (r >= 0 && !crew_is_over(member->crew)) {
		struct inode_range range;

		pthread_mutex_lock(&scan->lock);
		r = next_range(scan, &range);
		pthread_mutex_unlock(&scan->lock);
		if (r <= 0)
			return r;
		reader.tree = range.tree;
		r = search_tree(scan->fd, search, range.tree, range.from, range.to, take_item,
				&reader);
		if (r == 0)
			r = finish_file(&reader);
		if (r == -ENOENT)
			r = 0;
	}
	return r < 0 ? r : 0;
}

/* ---- names of the worst ---- */

struct place_of_name {
	uint64_t parent;
	char name[NAME_BYTES + 1];
};

/* An INODE_REF names an inode in its directory, a ROOT_BACKREF a subvolume in its parent. */
static int take_name(const struct item *item, void *context)
{
	struct place_of_name *place = context;
	struct btrfs_inode_ref inode;
	struct btrfs_root_ref root;
	size_t head, bytes;

	if (item->type == BTRFS_INODE_REF_KEY && item->bytes >= sizeof(inode)) {
		memcpy(&inode, item->data, head = sizeof(inode));
		bytes = le16toh(inode.name_len);
		place->parent = item->offset;
	} else if (item->type == BTRFS_ROOT_BACKREF_KEY && item->bytes >= sizeof(root)) {
		memcpy(&root, item->data, head = sizeof(root));
		bytes = le16toh(root.name_len);
		place->parent = le64toh(root.dirid);
	} else {
		return 0;
	}
	if (bytes > NAME_BYTES || bytes > item->bytes - head)
		return 0;
	memcpy(place->name, (const char *)item->data + head, bytes);
	place->name[bytes] = '\0';
	return 1;
}

/* The directory in its subvolume, with a slash behind it; "" is the top. */
static int look_up(int fd, uint64_t tree, uint64_t folder, struct btrfs_ioctl_ino_lookup_args *ret)
{
	*ret = (struct btrfs_ioctl_ino_lookup_args) { .treeid = tree, .objectid = folder };
	if (ioctl(fd, BTRFS_IOC_INO_LOOKUP, ret) < 0)
		return -errno;
	ret->name[sizeof(ret->name) - 1] = '\0';
	return 0;
}

/* One level of subvolumes below the mounted one is named; others by their number. */
static void name_file(const struct scan *scan, uint64_t mounted, const char *top,
		      struct frag_file *file)
{
	struct btrfs_ioctl_ino_lookup_args folder, above = { 0 };
	struct place_of_name name, subvolume = { 0 };
	char number[64] = "";
	char *path = NULL;

	if (search_tree(scan->fd, scan->search, file->device, file->inode, file->inode, take_name,
			&name) <= 0 ||
	    look_up(scan->fd, file->device, name.parent, &folder) < 0)
		return;
	if (file->device != mounted &&
	    (search_tree(scan->fd, scan->search, BTRFS_ROOT_TREE_OBJECTID, file->device,
			 file->device, take_name, &subvolume) <= 0 ||
	     look_up(scan->fd, mounted, subvolume.parent, &above) < 0))
		snprintf(number, sizeof(number), "(subvolume %llu)",
			 (unsigned long long)file->device);
	if (asprintf(&path, "%s/%s%s%s%s%s%s", strcmp(top, "/") == 0 ? "" : top, number,
		     *number ? "" : above.name, *number ? "" : subvolume.name,
		     *number || *subvolume.name ? "/" : "", folder.name, name.name) >= 0)
		file->path = path;
}

static void name_worst(const struct scan *scan, const char *top)
{
	struct worst *worst = &scan->result->totals.worst;
	struct btrfs_ioctl_ino_lookup_args mounted;

	if (look_up(scan->fd, 0, BTRFS_FIRST_FREE_OBJECTID, &mounted) < 0)
		return;
	for (size_t i = 0; i < worst->count; i++)
		name_file(scan, mounted.treeid, top, &worst->file[i]);
}

/* ---- free space ---- */

struct free_reader {
	struct free_space *space;
	uint64_t block_bytes;
	uint64_t end; /* of the last piece of a device in use */
	bool found;
};

static void take_bitmap(struct free_reader *reader, const struct item *item)
{
	const uint8_t *bits = item->data;
	uint64_t blocks = item->offset / reader->block_bytes;

	for (uint64_t i = 0; i < blocks && i / 8 < item->bytes; i++)
		if (bits[i / 8] & 1 << i % 8)
			free_space_add(reader->space, item->object + i * reader->block_bytes,
				       reader->block_bytes);
}

/* The free space tree: one item a run, or a bitmap where runs are many. */
static int take_free(const struct item *item, void *context)
{
	struct free_reader *reader = context;

	reader->found = true;
	if (item->type == BTRFS_FREE_SPACE_EXTENT_KEY)
		free_space_add(reader->space, item->object, item->offset);
	else if (item->type == BTRFS_FREE_SPACE_BITMAP_KEY)
		take_bitmap(reader, item);
	return 0;
}

static int take_device_piece(const struct item *item, void *context)
{
	struct free_reader *reader = context;
	struct btrfs_dev_extent piece;

	if (item->type != BTRFS_DEV_EXTENT_KEY || item->bytes < sizeof(piece))
		return 0;
	memcpy(&piece, item->data, sizeof(piece));
	if (item->offset > reader->end)
		free_space_add(reader->space, reader->end, item->offset - reader->end);
	reader->end = item->offset + le64toh(piece.length);
	return 0;
}

/* What no block group has taken yet; with several devices, profiles decide what it is good for. */
static int look_at_unallocated(const struct scan *scan, struct free_reader *reader)
{
	struct btrfs_ioctl_fs_info_args info = { 0 };
	struct btrfs_ioctl_dev_info_args device = { .devid = 1 };
	int r;

	if (ioctl(scan->fd, BTRFS_IOC_FS_INFO, &info) < 0 || info.num_devices != 1)
		return 0;
	device.devid = info.max_id;
	if (ioctl(scan->fd, BTRFS_IOC_DEV_INFO, &device) < 0)
		return 0;
	free_space_finish(reader->space);
	reader->end = 1 << 20;
	r = search_tree(scan->fd, scan->search, BTRFS_DEV_TREE_OBJECTID, device.devid, device.devid,
			take_device_piece, reader);
	if (r == 0 && device.total_bytes > reader->end)
		free_space_add(reader->space, reader->end, device.total_bytes - reader->end);
	return r;
}

static int look_at_free(const struct scan *scan)
{
	struct free_space *space = calloc(1, sizeof(*space));
	struct free_reader reader = { space, scan->result->facts.block_bytes, 0, false };
	int r;

	if (!space)
		return -ENOMEM;
	scan->result->free = space;
	r = search_tree(scan->fd, scan->search, BTRFS_FREE_SPACE_TREE_OBJECTID, 0, UINT64_MAX,
			take_free, &reader);
	if (r == 0 && reader.found)
		r = look_at_unallocated(scan, &reader);
	free_space_finish(space);
	if (r == 0 && reader.found)
		return 0;
	free(TAKE_PTR(scan->result->free));
	scan->result->note = strdup("The free space is not known: this btrfs has no free space "
				    "tree (mount -o space_cache=v2 makes one).");
	return 0;
}

/* ---- all of it ---- */

static void scan_clear(struct scan *scan)
{
	free(scan->trees);
	free(scan->search);
	pthread_mutex_destroy(&scan->lock);
}

static int scan_btrfs(const struct frag_settings *settings, const struct frag_place *place,
		      struct frag_result *ret, struct problem *problem)
{
	CLEANUP(scan_clear)
	struct scan scan = {
		.crew = { .settings = settings, .result = ret, .work = work, .context = &scan },
		.settings = settings,
		.result = ret,
		.fd = place->fd,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.next_inode = BTRFS_FIRST_FREE_OBJECTID,
		.search = search_new(),
	};
	int r;

	(void)problem;
	if (place->fd < 0 || place->facts.magic != BTRFS_SUPER_MAGIC)
		return -EOPNOTSUPP;
	if (!scan.search)
		return -ENOMEM;
	r = search_tree(scan.fd, scan.search, BTRFS_ROOT_TREE_OBJECTID, 0, UINT64_MAX, keep_tree,
			&scan);
	if (r < 0)
		return r;
	ret->facts = place->facts;
	ret->model = frag_model_for(settings, &ret->facts);
	ret->totals.all_in_ranges = true;
	r = crew_run(&scan.crew, crew_size(settings));
	if (r < 0)
		return r;
	name_worst(&scan, place->mount.point ? place->mount.point : place->path);
	return look_at_free(&scan);
}

const struct frag_volume_source volume_btrfs = { "btrfs-search", scan_btrfs };
