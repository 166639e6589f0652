/* SPDX-License-Identifier: MIT */
/*
 * Walks over btrfs as root: the items of a directory's files, which are mostly adjacent, contain
 * all that stat() and FIEMAP report, except which extents are shared.  That is in the extent
 * tree: an extent is not shared if only this file refers to it, and if it was written after the
 * last snapshot of the subvolume (a snapshot may refer to older ones by the same leaves).  Files
 * with other extents are left to the kernel.
 *
 * The trees agree with the kernel's answers while no data are waiting for allocation, and once
 * the transaction that ran at the start is committed, which is requested.  Then the generation of
 * the extent tree is at least that of the transaction.  Until then the kernel is asked.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <linux/magic.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "blockdev/sysfs.h"
#include "frag/btrfs/btrfs.h"
#include "frag/scan/source.h"

enum {
	BYTES_APART = 1 << 20,	/* if less, one call for all extents between them is cheaper */
	FILE_EXTENTS_MAX = 512, /* files with more are left to the kernel */
};

struct source_volume {
	int fd;
	int waiting_fd, written_fd; /* sysfs: bytes of data without and with an address */
	uint64_t tree;		    /* of the subvolume */
	uint64_t committing;	    /* the transaction that ran when the source was opened */
	atomic_bool is_committed;
};

/* A file that was found; its extents are in reader->extents. */
struct found {
	size_t index; /* of the visit */
	struct source_inode inode;
	size_t first, count;
	bool ask_kernel;
};

/* An extent of the extent tree that a file refers to. */
struct reference {
	uint64_t start; /* of all of it, on the volume */
	size_t file;	/* in reader->found */
	bool is_sole;
};

struct source_reader {
	struct source_volume *volume;
	void *buffer;
	uint64_t last_snapshot;
	struct source_visit *visit;
	size_t next;	       /* of the visit: the next inode to be found */
	struct found *in_hand; /* the file of the next items; NULL: none */
	bool needs_no_extents; /* the file of the next items */
	struct found *found;
	size_t found_count;
	struct extent *extents;
	size_t extent_count;
	struct reference *references;
	size_t reference_count, next_reference;
};

/* ---- the volume ---- */

struct root {
	uint64_t generation, last_snapshot;
};

static int take_root(const struct btree_item *item, void *context)
{
	struct root *root = context;
	struct btrfs_root_item data;

	if (item->type != BTRFS_ROOT_ITEM_KEY ||
	    item->bytes < offsetof(struct btrfs_root_item, flags))
		return 0;
	memcpy(&data, item->data, offsetof(struct btrfs_root_item, flags));
	*root = (struct root) { le64toh(data.generation), le64toh(data.last_snapshot) };
	return 1;
}

static int read_root(int fd, uint64_t tree, struct root *ret)
{
	CLEANUP(freep) void *buffer = btrfs_buffer_new();
	int r = buffer ? btrfs_search(fd, buffer, BTRFS_ROOT_TREE_OBJECTID, tree, tree, take_root,
				      ret)
		       : -ENOMEM;

	return r > 0 ? 0 : r < 0 ? r : -ENOENT;
}

static int open_counter(const uint8_t fsid[static BTRFS_FSID_SIZE], const char *name)
{
	char path[PATH_MAX], text[2 * BTRFS_FSID_SIZE + 5], *to = text;
	int fd;

	for (int i = 0; i < BTRFS_FSID_SIZE; i++)
		to += sprintf(to, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x",
			      fsid[i]);
	snprintf(path, sizeof(path), "/sys/fs/btrfs/%s/allocation/data/%s", text, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static bool is_committed(const struct source_volume *volume)
{
	struct root extents;

	return read_root(volume->fd, BTRFS_EXTENT_TREE_OBJECTID, &extents) == 0 &&
	       extents.generation >= volume->committing;
}

static bool is_settled(struct source_volume *volume)
{
	if (!sysfs_is_zero(volume->waiting_fd) || !sysfs_is_zero(volume->written_fd))
		return false;
	if (!atomic_load(&volume->is_committed) && is_committed(volume))
		atomic_store(&volume->is_committed, true);
	return atomic_load(&volume->is_committed);
}

static void close_volume(struct source_volume *volume)
{
	fd_close(volume->fd);
	fd_close(volume->waiting_fd);
	fd_close(volume->written_fd);
	free(volume);
}

static struct source_volume *open_volume(int fd, const struct filesystem_facts *facts)
{
	struct btrfs_ioctl_ino_lookup_args lookup = { .objectid = BTRFS_FIRST_FREE_OBJECTID };
	struct source_volume *volume = calloc(1, sizeof(*volume));
	struct btrfs_ioctl_fs_info_args info = { 0 };
	__u64 transaction;
	struct root root;

	(void)facts;
	if (!volume)
		return NULL;
	*volume = (struct source_volume) { .fd = fcntl(fd, F_DUPFD_CLOEXEC, 0),
					   .waiting_fd = -1,
					   .written_fd = -1 };
	if (ioctl(fd, BTRFS_IOC_FS_INFO, &info) == 0 &&
	    ioctl(fd, BTRFS_IOC_INO_LOOKUP, &lookup) == 0 &&
	    ioctl(fd, BTRFS_IOC_START_SYNC, &transaction) == 0) {
		volume->committing = transaction;
		volume->waiting_fd = open_counter(info.fsid, "bytes_may_use");
		volume->written_fd = open_counter(info.fsid, "bytes_reserved");
		volume->tree = lookup.treeid;
		if (volume->waiting_fd >= 0 && volume->written_fd >= 0 &&
		    read_root(volume->fd, volume->tree, &root) == 0)
			return volume;
	}
	close_volume(volume);
	return NULL;
}

/* ---- a thread ---- */

static void reader_free(struct source_reader *reader)
{
	free(reader->buffer);
	free(reader->found);
	free(reader->extents);
	free(reader->references);
	free(reader);
}

static struct source_reader *reader_new(struct source_volume *volume)
{
	struct source_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return NULL;
	reader->volume = volume;
	reader->buffer = btrfs_buffer_new();
	if (reader->buffer)
		return reader;
	reader_free(reader);
	return NULL;
}

/* ---- items of files ---- */

static int take_inode(struct source_reader *reader, const struct btree_item *item)
{
	const struct source_visit *visit = reader->visit;
	uint64_t block = visit->facts->block_bytes;
	struct btrfs_inode_item inode;
	struct found *found;

	reader->in_hand = NULL;
	while (reader->next < visit->count && visit->inodes[reader->next] < item->object)
		reader->next++;
	if (reader->next == visit->count || visit->inodes[reader->next] != item->object ||
	    item->bytes < sizeof(inode))
		return 0;
	memcpy(&inode, item->data, sizeof(inode));
	if (!S_ISREG(le32toh(inode.mode)) || inode.nlink == 0)
		return 0;
	if (ARRAY_ROOM(reader->found, reader->found_count) < 0)
		return -ENOMEM;
	found = &reader->found[reader->found_count++];
	*found = (struct found) {
		.index = reader->next,
		.inode = { .device = visit->facts->device,
			   .number = item->object,
			   .size_bytes = le64toh(inode.size),
			   .disk_bytes = (le64toh(inode.nbytes) + block - 1) / block * block,
			   .links = le32toh(inode.nlink),
			   .mtime = (int64_t)le64toh(inode.mtime.sec) },
		.first = reader->extent_count,
	};
	found->inode.is_simple = frag_file_has_one_block(found->inode.size_bytes,
							 found->inode.disk_bytes, visit->facts);
	found->inode.extents = found->inode.disk_bytes != 0;
	reader->needs_no_extents = found->inode.is_simple && !visit->exact;
	reader->in_hand = found;
	return 0;
}

static int add_reference(struct source_reader *reader, const struct btree_item *item)
{
	struct btrfs_file_extent_item data;

	memcpy(&data, item->data, sizeof(data));
	if (le64toh(data.generation) <= reader->last_snapshot) {
		reader->in_hand->ask_kernel = true;
		return 0;
	}
	if (ARRAY_ROOM(reader->references, reader->reference_count) < 0)
		return -ENOMEM;
	reader->references[reader->reference_count++] = (struct reference) {
		.start = le64toh(data.disk_bytenr),
		.file = reader->found_count - 1,
	};
	return 0;
}

/* Joins extents as the kernel does, which is not predictable for compressed ones. */
static int add_extent(struct source_reader *reader, const struct extent *extent)
{
	struct found *found = reader->in_hand;
	struct extent *last = found->count ? &reader->extents[reader->extent_count - 1] : NULL;

	if (last && last->flags == extent->flags && !(extent->flags & EXTENT_INLINE) &&
	    last->logical + last->bytes == extent->logical &&
	    last->physical + last->bytes == extent->physical) {
		last->bytes += extent->bytes;
		found->ask_kernel |= (extent->flags & EXTENT_ENCODED) != 0;
		return 0;
	}
	if (ARRAY_ROOM(reader->extents, reader->extent_count) < 0)
		return -ENOMEM;
	reader->extents[reader->extent_count++] = *extent;
	found->ask_kernel |= ++found->count > FILE_EXTENTS_MAX;
	return 0;
}

static int take_extent(struct source_reader *reader, const struct btree_item *item)
{
	struct extent extent;
	int r = btrfs_extent_take(item, &extent);

	if (r > 0) {
		r = add_reference(reader, item);
		return r < 0 ? r : add_extent(reader, &extent);
	}
	r = btrfs_inline_take(item, reader->visit->facts->block_bytes, &extent);
	return r > 0 ? add_extent(reader, &extent) : 0;
}

static int take_item(const struct btree_item *item, void *context)
{
	struct source_reader *reader = context;
	const struct found *file = reader->in_hand;

	if (item->type == BTRFS_INODE_ITEM_KEY)
		return take_inode(reader, item);
	if (item->type != BTRFS_EXTENT_DATA_KEY || !file || file->ask_kernel ||
	    file->inode.number != item->object || reader->needs_no_extents)
		return 0;
	return take_extent(reader, item);
}

/* ---- references to extents ---- */

static int by_start(const void *one, const void *other)
{
	const struct reference *a = one, *b = other;

	return a->start < b->start ? -1 : a->start > b->start;
}

/* Whether all references of the item are from this file. */
static bool is_sole(const struct source_reader *reader, const struct btree_item *item,
		    uint64_t inode)
{
	const char *data = item->data;
	struct btrfs_extent_item extent;
	struct btrfs_extent_data_ref by;

	if (item->bytes != sizeof(extent) + 1 + sizeof(by) ||
	    data[sizeof(extent)] != (char)BTRFS_EXTENT_DATA_REF_KEY)
		return false;
	memcpy(&extent, data, sizeof(extent));
	memcpy(&by, data + sizeof(extent) + 1, sizeof(by));
	return le64toh(extent.refs) == le32toh(by.count) &&
	       le64toh(by.root) == reader->volume->tree && le64toh(by.objectid) == inode;
}

static int take_extent_item(const struct btree_item *item, void *context)
{
	struct source_reader *reader = context;
	struct reference *reference;

	if (item->type != BTRFS_EXTENT_ITEM_KEY)
		return 0;
	while (reader->next_reference < reader->reference_count &&
	       reader->references[reader->next_reference].start < item->object)
		reader->next_reference++;
	for (size_t i = reader->next_reference; i < reader->reference_count; i++) {
		reference = &reader->references[i];
		if (reference->start != item->object)
			break;
		reference->is_sole =
			is_sole(reader, item, reader->found[reference->file].inode.number);
	}
	return 0;
}

static int read_references(struct source_reader *reader)
{
	struct reference *all = reader->references;
	size_t from = 0, count = reader->reference_count;
	int r = 0;

	qsort(all, count, sizeof(*all), by_start);
	reader->next_reference = 0;
	for (size_t i = 1; r == 0 && i <= count; i++) {
		if (i < count && all[i].start - all[i - 1].start < BYTES_APART)
			continue;
		r = btrfs_search(reader->volume->fd, reader->buffer, BTRFS_EXTENT_TREE_OBJECTID,
				 all[from].start, all[i - 1].start, take_extent_item, reader);
		from = i;
	}
	for (size_t i = 0; i < count; i++)
		reader->found[all[i].file].ask_kernel |= !all[i].is_sole;
	return r;
}

/* ---- files ---- */

static int collect(const struct source_reader *reader, const struct found *found)
{
	const struct source_visit *visit = reader->visit;
	struct frag_collector *collector = visit->collector;
	int r = 0;

	if (found->ask_kernel)
		return -EOPNOTSUPP;
	for (size_t i = 0; r == 0 && i < found->count; i++)
		r = frag_collect(&reader->extents[found->first + i], collector);
	if (r == 0)
		frag_collected(collector, visit->facts, false, visit->file);
	return r;
}

static int hand_over(struct source_reader *reader)
{
	struct source_visit *visit = reader->visit;
	int r = 0;

	for (size_t i = 0; r == 0 && i < reader->found_count; i++) {
		const struct found *found = &reader->found[i];

		r = visit->begin(visit, found->index, &found->inode);
		if (r > 0)
			r = visit->end(visit, found->index, collect(reader, found));
	}
	return r;
}

static int read_run(struct source_reader *reader, struct source_visit *visit, size_t from,
		    size_t to)
{
	const uint64_t *inodes = visit->inodes;
	int r;

	reader->visit = visit;
	reader->next = from;
	reader->in_hand = NULL;
	reader->found_count = reader->extent_count = reader->reference_count = 0;
	r = btrfs_search(reader->volume->fd, reader->buffer, reader->volume->tree, inodes[from],
			 inodes[to - 1], take_item, reader);
	if (r == 0)
		r = read_references(reader);
	/* What is not passed on is left to the kernel. */
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	return hand_over(reader);
}

static int start_visit(struct source_reader *reader)
{
	struct root root;
	int r = read_root(reader->volume->fd, reader->volume->tree, &root);

	if (r == 0)
		reader->last_snapshot = root.last_snapshot;
	return r;
}

const struct inode_source inode_source_btrfs = {
	.name = "btrfs",
	.magic = BTRFS_SUPER_MAGIC,
	.has_old_times = true,
	.open = open_volume,
	.close = close_volume,
	.is_settled = is_settled,
	.reader_new = reader_new,
	.reader_free = reader_free,
	.inodes_apart = 16,
	.run_min = 4,
	.start = start_visit,
	.read = read_run,
};
