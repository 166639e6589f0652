/* SPDX-License-Identifier: MIT */
/*
 * The metadata of a mounted ext4 are in the page cache of its device.  So the device has the
 * current state of the kernel, except for delayed allocation, which is in no inode yet.  The
 * kernel counts those blocks; while there are none the tables agree with its answers, and a
 * thousand inodes cost one read().
 *
 * An inode that is being changed may be read half old, half new.  Its checksum shows that, and
 * the kernel is asked.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blockdev/sysfs.h"
#include "frag/ext/ext.h"
#include "frag/scan/source.h"

enum { GROUPS_MAX = 1 << 18 }; /* 32 TiB: descriptors of more take too much memory */

struct source_volume {
	struct ext_volume volume;
	int delayed_fd; /* sysfs: written blocks that are not allocated yet */
};

struct source_reader {
	struct ext_reader ext;
};

static int open_delayed(uint64_t device)
{
	CLEANUP(freep) char *name = sysfs_name("/sys", device);
	CLEANUP(freep) char *path = NULL;
	int fd;

	if (!name)
		return -ENODEV;
	path = text_format("/sys/fs/ext4/%s/delayed_allocation_blocks", name);
	fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	return fd < 0 ? -errno : fd;
}

static bool is_device(int fd, uint64_t device)
{
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISBLK(status.st_mode) && status.st_rdev == device;
}

static int open_tables(int fd, uint64_t device, struct source_volume *mounted)
{
	CLEANUP(filesystem_mount_clear) struct filesystem_mount mount = { 0 };
	int r = filesystem_mount(fd, &mount);

	if (r == 0)
		r = mount.device ? ext_volume_open(mount.device, &mounted->volume, NULL) : -ENODEV;
	if (r < 0)
		return r;
	if (!is_device(mounted->volume.fd, device) ||
	    mounted->volume.fs->group_desc_count > GROUPS_MAX)
		return -EOPNOTSUPP;
	mounted->delayed_fd = open_delayed(device);
	return mounted->delayed_fd < 0 ? mounted->delayed_fd : 0;
}

static void close_volume(struct source_volume *mounted)
{
	if (!mounted)
		return;
	ext_volume_close(&mounted->volume);
	fd_close(mounted->delayed_fd);
	free(mounted);
}

static struct source_volume *open_volume(int fd, const struct filesystem_facts *facts)
{
	struct source_volume *mounted = malloc(sizeof(*mounted));

	if (!mounted)
		return NULL;
	*mounted = (struct source_volume) { .volume = EXT_VOLUME_NONE, .delayed_fd = -1 };
	if (open_tables(fd, facts->device, mounted) == 0)
		return mounted;
	close_volume(mounted);
	return NULL;
}

static bool is_settled(struct source_volume *mounted)
{
	return sysfs_is_zero(mounted->delayed_fd);
}

/* ---- a thread ---- */

static void reader_free(struct source_reader *reader)
{
	if (!reader)
		return;
	ext_reader_clear(&reader->ext);
	free(reader);
}

static struct source_reader *reader_new(struct source_volume *mounted)
{
	struct source_reader *reader = calloc(1, sizeof(*reader));

	if (reader && ext_reader_init(&reader->ext, &mounted->volume) == 0)
		return reader;
	reader_free(reader);
	return NULL;
}

/* NULL: ask the kernel; the inode is of another kind, or was being written. */
static const struct ext2_inode_large *read_inode(struct ext_reader *reader, uint64_t number,
						 uint64_t last)
{
	struct ext2_inode_large *inode;
	int error;

	if (last > UINT32_MAX)
		return NULL;
	inode = ext_inode(reader, (ext2_ino_t)number, (ext2_ino_t)last, &error);
	if (!inode || inode->i_links_count == 0 || !LINUX_S_ISREG(inode->i_mode) ||
	    !ext2fs_inode_csum_verify(reader->volume->fs, (ext2_ino_t)number, inode))
		return NULL;
	return inode;
}

/*
 * Where FIEMAP splits extents of files that map single blocks depends on the kernel's cache: such
 * files are left to the kernel, so that there is one answer.
 */
static int read_map(struct ext_reader *reader, const struct ext2_inode_large *inode,
		    const struct source_visit *visit)
{
	int r;

	if (!(inode->i_flags & (EXT4_EXTENTS_FL | EXT4_INLINE_DATA_FL)))
		return -EOPNOTSUPP;
	r = ext_read_map(reader, inode, visit->facts, visit->collector, visit->file);
	return r == -EUCLEAN || r == -EIO ? -EOPNOTSUPP : r;
}

static int read_file(struct ext_reader *reader, struct source_visit *visit, size_t index,
		     const struct ext2_inode_large *inode)
{
	const struct ext_volume *volume = reader->volume;
	struct source_inode known = {
		.device = visit->facts->device,
		.number = visit->inodes[index],
		.size_bytes = EXT2_I_SIZE(inode),
		.disk_bytes = ext_disk_bytes(volume, inode),
		.links = inode->i_links_count,
		.mtime = ext_mtime(volume, inode),
	};
	int r;

	known.is_simple =
		ext_has_one_block(inode, visit->facts, known.size_bytes, known.disk_bytes);
	known.extents = known.disk_bytes != 0;
	r = visit->begin(visit, index, &known);
	return r > 0 ? visit->end(visit, index, read_map(reader, inode, visit)) : r;
}

static int start_visit(struct source_reader *reader)
{
	ext_reader_forget(&reader->ext);
	return 0;
}

static int read_run(struct source_reader *reader, struct source_visit *visit, size_t from,
		    size_t to)
{
	int r = 0;

	for (size_t i = from; r == 0 && i < to; i++) {
		const struct ext2_inode_large *inode =
			read_inode(&reader->ext, visit->inodes[i], visit->inodes[to - 1]);

		if (inode)
			r = read_file(&reader->ext, visit, i, inode);
	}
	return r;
}

const struct inode_source inode_source_ext = {
	.name = "ext",
	.magic = EXT4_SUPER_MAGIC,
	.has_old_times = true, /* lazytime */
	.open = open_volume,
	.close = close_volume,
	.is_settled = is_settled,
	.reader_new = reader_new,
	.reader_free = reader_free,
	.inodes_apart = 64,
	.run_min = 1,
	.start = start_visit,
	.read = read_run,
};
