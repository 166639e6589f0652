/* SPDX-License-Identifier: MIT */
/*
 * Metadata of a mounted ext4 passes through the page cache of its device, so that
 * reading the device gives what the kernel has in hand, with one exception: data
 * of delayed allocation, which is in no inode yet.  The kernel counts the blocks
 * of these; as long as there are none the tables are as good as its answers, and a
 * thousand inodes cost one read().
 *
 * An inode that is just being changed may be read half old, half new: its checksum
 * tells, and the kernel is asked.
 */
#include "frag/ext/mounted.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blockdev/sysfs.h"

/* More block groups than that (32 TiB) take too much memory to hold their descriptors. */
enum { GROUPS_MAX = 1 << 18 };

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

static int open_tables(int fd, uint64_t device, struct ext_mounted *mounted)
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

struct ext_mounted *ext_mounted_open(int fd, uint64_t device)
{
	struct ext_mounted *mounted = malloc(sizeof(*mounted));

	if (!mounted)
		return NULL;
	*mounted = (struct ext_mounted) { .volume = EXT_VOLUME_NONE, .delayed_fd = -1 };
	if (open_tables(fd, device, mounted) == 0)
		return mounted;
	ext_mounted_close(mounted);
	return NULL;
}

void ext_mounted_close(struct ext_mounted *mounted)
{
	if (!mounted)
		return;
	ext_volume_close(&mounted->volume);
	fd_close(mounted->delayed_fd);
	free(mounted);
}

bool ext_mounted_is_settled(const struct ext_mounted *mounted)
{
	char text[32];
	ssize_t bytes = pread(mounted->delayed_fd, text, sizeof(text), 0);

	return bytes == 2 && memcmp(text, "0\n", 2) == 0;
}

const struct ext2_inode_large *ext_mounted_file(struct ext_reader *reader, uint64_t inode,
						uint64_t last, struct statx *ret)
{
	const struct ext_volume *volume = reader->volume;
	struct ext2_inode_large *found;
	int error;

	if (last > UINT32_MAX)
		return NULL;
	found = ext_inode(reader, (ext2_ino_t)inode, (ext2_ino_t)last, &error);
	if (!found || found->i_links_count == 0 || !LINUX_S_ISREG(found->i_mode) ||
	    !ext2fs_inode_csum_verify(volume->fs, (ext2_ino_t)inode, found))
		return NULL;
	*ret = (struct statx) {
		.stx_ino = inode,
		.stx_mode = found->i_mode,
		.stx_nlink = found->i_links_count,
		.stx_size = EXT2_I_SIZE(found),
		.stx_blocks = ext_disk_bytes(volume, found) / 512,
		.stx_mtime.tv_sec = ext_mtime(volume, found),
	};
	return found;
}
