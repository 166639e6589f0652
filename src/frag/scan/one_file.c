/* SPDX-License-Identifier: MIT */
/*
 * A file of a hundred million extents takes a minute.  So progress is reported and cancellation
 * checked in between, but not at each extent, which would be a system call each.
 */
#include "frag/scan/one_file.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "frag/btrfs/btrfs.h"

enum { EXTENTS_BETWEEN_LOOKS = 8192 };

struct watcher {
	const struct frag_settings *settings;
	const struct frag_file *file;
	uint64_t extents;
	extent_fn also;
	void *also_context;
};

void one_file_close(struct one_file *one)
{
	one->fd = fd_close(one->fd);
}

int one_file_open(const struct frag_settings *settings, const char *path, struct one_file *ret)
{
	struct one_file one = { .fd = frag_open(AT_FDCWD, path, true) };
	struct stat status;
	int r = one.fd;

	if (r >= 0)
		r = fstat(one.fd, &status) < 0 ? -errno : 0;
	if (r == 0 && !S_ISREG(status.st_mode))
		r = S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
	if (r == 0)
		r = filesystem_read(one.fd, &one.facts);
	if (r < 0) {
		one_file_close(&one);
		return r;
	}
	one.model = frag_model_for(settings, &one.facts);
	one.file = (struct frag_file) {
		.path = path,
		.device = status.st_dev,
		.inode = status.st_ino,
		.size_bytes = (uint64_t)status.st_size,
		.disk_bytes = (uint64_t)status.st_blocks * 512,
	};
	*ret = one;
	return 0;
}

static int report_progress(const struct watcher *watcher, const struct extent *extent)
{
	const struct frag_settings *settings = watcher->settings;
	struct pollfd cancel = { .fd = settings->cancel_fd, .events = POLLIN };

	if (settings->file_tick)
		settings->file_tick(watcher->file, watcher->extents,
				    extent->logical + extent->bytes, settings->tick_context);
	return poll(&cancel, 1, 0) > 0 ? -ECANCELED : 0;
}

static int watch(const struct extent *extent, void *context)
{
	struct watcher *watcher = context;

	if (++watcher->extents % EXTENTS_BETWEEN_LOOKS == 0 && report_progress(watcher, extent) < 0)
		return -ECANCELED;
	return watcher->also ? watcher->also(extent, watcher->also_context) : 0;
}

int one_file_read(const struct frag_settings *settings, struct one_file *one, struct totals *totals,
		  extent_fn also, void *also_context)
{
	struct watcher watcher = { settings, &one->file, 0, also, also_context };
	struct frag_collector collector = {
		.model = one->model,
		.file_bytes = settings->map_in_order ? one->file.size_bytes : 0,
		.shared = totals ? &totals->shared : NULL,
		.map = totals ? totals->map : NULL,
		.parts = settings->with_parts ? &one->parts : NULL,
		.also = watch,
		.also_context = &watcher,
	};
	int r;

	parts_init(&one->parts, one->file.size_bytes, one->facts.block_bytes);
	r = frag_file_read(one->fd, &one->facts, settings->sync, &collector, &one->file);

	/* What follows is not known to be a hole. */
	if (r == -ECANCELED)
		collector.sums.logical_end = one->file.size_bytes;
	if (r == -ECANCELED)
		frag_collected(&collector, &one->facts, false, &one->file);
	if ((r == 0 || r == -ECANCELED) && totals) {
		int added = totals_add(totals, &one->file);

		r = added < 0 ? added : r;
	}
	return r;
}

/*
 * ---- swap ----
 *
 * The kernel takes over the blocks of the file (iomap_swapfile_activate(),
 * btrfs_swap_activate()).  So it refuses a file that does not have blocks of its own for each
 * page, and resume_offset is the address of the first page on the device, in pages.  btrfs
 * reports addresses of its own; its chunks translate them, which only root may read.
 */

void swap_clear(struct frag_swap *swap)
{
	free(swap->device);
	*swap = (struct frag_swap) { .offset_pages = SWAP_NO_OFFSET };
}

/* At the end of the first page, of 4 KiB to 64 KiB. */
uint64_t swap_signature(int fd)
{
	static const char magic[] = "SWAPSPACE2";
	char found[sizeof(magic) - 1];

	for (uint64_t page = 4096; page <= 65536; page *= 2)
		if (io_read_at(fd, page - sizeof(found), found, sizeof(found)) == 0 &&
		    memcmp(found, magic, sizeof(found)) == 0)
			return page;
	return 0;
}

/* ---- why it cannot be used ---- */

static bool is_copy_on_write(int fd, const struct filesystem_facts *facts)
{
	int flags = 0;

	return facts->magic == BTRFS_SUPER_MAGIC &&
	       (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0 || !(flags & FS_NOCOW_FL));
}

static const char *obstacle_of(int fd, const struct filesystem_facts *facts,
			       const struct frag_file *file, uint64_t signature)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	if (file->inline_bytes)
		return "is stored in metadata";
	if (file->layout.holes)
		return "has holes";
	if (file->delayed_bytes)
		return "is not written out yet (--sync)";
	if (file->layout.encoded_bytes)
		return "is compressed or encrypted";
	if (file->layout.shared_bytes)
		return "shares blocks with other files or snapshots";
	if (is_copy_on_write(fd, facts))
		return "is copied on write (btrfs: chattr +C while it is empty)";
	if (file->size_bytes < 10 * page)
		return "is too small";
	if (signature && signature != page)
		return "was created for another page size";
	return NULL;
}

/* ---- its location on the device ---- */

/* The first run of extents that contains a whole page; the kernel ignores shorter runs. */
struct page_search {
	uint64_t page;
	uint64_t start, end; /* on the device */
};

static int find_page(const struct extent *extent, void *context)
{
	struct page_search *search = context;

	if (extent->flags & EXTENT_NO_ADDRESS)
		return -ENODATA;
	if (extent->physical != search->end)
		search->start = extent->physical;
	search->end = extent->physical + extent->bytes;
	return (search->start + search->page - 1) / search->page < search->end / search->page;
}

struct chunk_search {
	uint64_t address;
	struct btrfs_chunk chunk; /* with its first stripe */
	uint64_t start;
};

static int find_chunk(const struct btree_item *item, void *context)
{
	struct chunk_search *search = context;

	if (item->type != BTRFS_CHUNK_ITEM_KEY || item->bytes < sizeof(search->chunk) ||
	    item->offset > search->address)
		return 0;
	memcpy(&search->chunk, item->data, sizeof(search->chunk));
	search->start = item->offset;
	return search->address - item->offset < le64toh(search->chunk.length);
}

/* The kernel accepts a swap file only if each block is on one device, once. */
static int on_device(int fd, uint64_t *address, struct frag_swap *swap)
{
	CLEANUP(freep) void *buffer = btrfs_buffer_new();
	struct btrfs_ioctl_dev_info_args device = { 0 };
	struct chunk_search search = { .address = *address };
	int r;

	if (!buffer)
		return -ENOMEM;
	r = btrfs_search(fd, buffer, BTRFS_CHUNK_TREE_OBJECTID, BTRFS_FIRST_CHUNK_TREE_OBJECTID,
			 BTRFS_FIRST_CHUNK_TREE_OBJECTID, find_chunk, &search);
	if (r <= 0)
		return r == 0 ? -EIO : r;
	if (le64toh(search.chunk.type) & BTRFS_BLOCK_GROUP_PROFILE_MASK) {
		swap->obstacle = "is on several devices or has several copies (profile not single)";
		return -EINVAL;
	}
	*address = le64toh(search.chunk.stripe.offset) + (*address - search.start);
	device.devid = le64toh(search.chunk.stripe.devid);
	if (ioctl(fd, BTRFS_IOC_DEV_INFO, &device) == 0) {
		free(swap->device);
		swap->device = strdup((const char *)device.path);
	}
	return 0;
}

static const char *read_offset(int fd, const struct filesystem_facts *facts, struct frag_swap *swap)
{
	struct page_search search = { .page = (uint64_t)sysconf(_SC_PAGESIZE) };
	int r = extent_walk(fd, NULL, find_page, &search, NULL);

	if (r <= 0)
		return "it has no address yet";
	r = facts->magic == BTRFS_SUPER_MAGIC ? on_device(fd, &search.start, swap) : 0;
	if (r == -EPERM)
		return "btrfs reports it to root only";
	if (r < 0)
		return "it cannot be read";
	/* The kernel would not find the signature there. */
	if (search.start % search.page)
		return "it does not start at a page of the device, so that it cannot be used to "
		       "resume";
	swap->offset_pages = search.start / search.page;
	return NULL;
}

int swap_read(int fd, const struct filesystem_facts *facts, const struct frag_file *file,
	      struct frag_swap *ret)
{
	CLEANUP(filesystem_mount_clear) struct filesystem_mount mount = { 0 };
	uint64_t signature = swap_signature(fd);
	int r = filesystem_mount(fd, &mount);

	*ret = (struct frag_swap) { .is_swap = signature != 0, .offset_pages = SWAP_NO_OFFSET };
	if (r < 0)
		return r;
	ret->device = TAKE_PTR(mount.device);
	ret->obstacle = obstacle_of(fd, facts, file, signature);
	if (!ret->obstacle)
		ret->no_offset = read_offset(fd, facts, ret);
	return 0;
}
