/* SPDX-License-Identifier: MIT */
/*
 * File systems are identified by the magic number of statfs(2): no call reports whether a file
 * system overwrites in place or reserves space.
 */
#include "volume.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/btrfs.h>
#include <linux/capability.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "prealloc.h"
#include "util.h"

/* Missing in linux/magic.h, or in older versions of it. */
enum {
	ZFS_MAGIC = 0x2fc12fc1,
	BCACHEFS_MAGIC = 0xca451a4e,
	NILFS2_MAGIC = 0x3434,
	FUSE_MAGIC = 0x65735546,
	CIFS_MAGIC = 0xff534d42,
	SMB2_MAGIC = 0xfe534d42,
	CEPH_MAGIC = 0x00c36400,
	LUSTRE_MAGIC = 0x0bd00bd0,
	CONFIGFS_MAGIC = 0x62656570,
	FUSECTL_MAGIC = 0x65735543,
	RPC_PIPEFS_MAGIC = 0x67596969,
	NFSDFS_MAGIC = 0x6e667364,
	MQUEUE_MAGIC = 0x19800202,
	EXFAT_MAGIC = 0x2011bab0,
	JFS_MAGIC = 0x3153464a,
};

/*
 * File systems whose regular files store nothing: a write is a command, and appended data is not
 * kept.
 */
static const uint32_t pseudo[] = {
	PROC_SUPER_MAGIC, SYSFS_MAGIC,	    CGROUP_SUPER_MAGIC,	  CGROUP2_SUPER_MAGIC,
	DEBUGFS_MAGIC,	  TRACEFS_MAGIC,    SECURITYFS_MAGIC,	  SELINUX_MAGIC,
	SMACK_MAGIC,	  EFIVARFS_MAGIC,   BINFMTFS_MAGIC,	  PSTOREFS_MAGIC,
	BPF_FS_MAGIC,	  NSFS_MAGIC,	    RDTGROUP_SUPER_MAGIC, CONFIGFS_MAGIC,
	FUSECTL_MAGIC,	  RPC_PIPEFS_MAGIC, NFSDFS_MAGIC,	  MQUEUE_MAGIC,
};

static const struct {
	uint32_t magic, risks;
} risky[] = {
	{ BTRFS_SUPER_MAGIC, PREALLOC_RISK_COPY_ON_WRITE },
	{ ZFS_MAGIC, PREALLOC_RISK_COPY_ON_WRITE },
	{ BCACHEFS_MAGIC, PREALLOC_RISK_COPY_ON_WRITE },
	{ NILFS2_MAGIC, PREALLOC_RISK_COPY_ON_WRITE },
	{ F2FS_SUPER_MAGIC, PREALLOC_RISK_COPY_ON_WRITE },
	{ OVERLAYFS_SUPER_MAGIC, PREALLOC_RISK_UNKNOWN },
	{ FUSE_MAGIC, PREALLOC_RISK_UNKNOWN },
	{ NFS_SUPER_MAGIC, PREALLOC_RISK_UNKNOWN },
	{ CIFS_MAGIC, PREALLOC_RISK_UNKNOWN },
	{ SMB2_MAGIC, PREALLOC_RISK_UNKNOWN },
	{ V9FS_MAGIC, PREALLOC_RISK_UNKNOWN },
	{ CEPH_MAGIC, PREALLOC_RISK_UNKNOWN },
	{ LUSTRE_MAGIC, PREALLOC_RISK_UNKNOWN },
};

/* 0: unknown. */
static uint32_t magic_of(int fd)
{
	struct statfs volume;

	return fstatfs(fd, &volume) < 0 ? 0 : (uint32_t)volume.f_type;
}

static int is_among(uint32_t magic, const uint32_t *magics, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (magics[i] == magic)
			return 1;
	return 0;
}

int volume_stores(int fd)
{
	return !is_among(magic_of(fd), pseudo, sizeof(pseudo) / sizeof(pseudo[0]));
}

static int has_flag(int fd, int flag)
{
	int flags = 0;

	return ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && (flags & flag);
}

int volume_is_append_only(int fd)
{
	return has_flag(fd, FS_APPEND_FL);
}

int volume_is_ext(int fd)
{
	return magic_of(fd) == EXT4_SUPER_MAGIC;
}

uint32_t volume_risks(int fd)
{
	uint32_t magic = magic_of(fd);

	if (magic == BTRFS_SUPER_MAGIC && has_flag(fd, FS_NOCOW_FL))
		return 0;
	for (size_t i = 0; i < sizeof(risky) / sizeof(risky[0]); i++)
		if (risky[i].magic == magic)
			return risky[i].risks;
	return 0;
}

int volume_reserves(int fd)
{
	return magic_of(fd) != ZFS_MAGIC;
}

int volume_reports_holes(int fd)
{
	/* FAT has no holes. */
	static const uint32_t magics[] = { TMPFS_MAGIC, ZFS_MAGIC, MSDOS_SUPER_MAGIC, EXFAT_MAGIC };

	return is_among(magic_of(fd), magics, sizeof(magics) / sizeof(magics[0]));
}

int volume_counts_blocks(int fd)
{
	static const uint32_t magics[] = {
		EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC,	BTRFS_SUPER_MAGIC, F2FS_SUPER_MAGIC,
		TMPFS_MAGIC,	  MSDOS_SUPER_MAGIC,	EXFAT_MAGIC,	   JFS_MAGIC,
		NFS_SUPER_MAGIC,  REISERFS_SUPER_MAGIC,
	};

	return is_among(magic_of(fd), magics, sizeof(magics) / sizeof(magics[0]));
}

int volume_maps_by_pointers(int fd)
{
	enum {
		INLINE_DATA = 0x10000000 /* a small directory or file of ext4, mapped by nothing */
	};
	int flags = 0;

	return magic_of(fd) == EXT4_SUPER_MAGIC && ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 &&
	       !(flags & (FS_EXTENT_FL | INLINE_DATA));
}

int volume_shows_extents(int fd)
{
	return magic_of(fd) != NILFS2_MAGIC;
}

uint64_t volume_granule(int fd)
{
	enum { LEAST = 512, MOST = 1 << 26 };
	struct statvfs volume;
	struct fsxattr attributes;
	uint64_t granule = 4096;

	if (fstatvfs(fd, &volume) == 0 && volume.f_bsize >= LEAST && volume.f_bsize <= MOST)
		granule = volume.f_bsize;
	if (magic_of(fd) == XFS_SUPER_MAGIC && ioctl(fd, FS_IOC_FSGETXATTR, &attributes) == 0 &&
	    (attributes.fsx_xflags & FS_XFLAG_EXTSIZE))
		granule = greater(granule, attributes.fsx_extsize);
	return granule;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* Whether this process may use the blocks reserved for root. */
static int may_use_reserve(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (geteuid() == 0 || syscall(SYS_capget, &header, data) < 0)
		return 1;
	return (data[0].effective >> CAP_SYS_RESOURCE) & 1;
}

/*
 * File systems with an exact count of free blocks. btrfs makes an estimate.  XFS does not count
 * what deleted files are about to free, but waits for it when it allocates.
 */
static int has_exact_free_count(uint32_t magic)
{
	return magic == EXT4_SUPER_MAGIC || magic == TMPFS_MAGIC || magic == MSDOS_SUPER_MAGIC;
}

/*
 * Blocks that ext4 reserves for its own needs, also from root (2 %, at most 4096).  Only sysfs
 * reports them; statvfs() includes them in those for root.
 */
static uint64_t reserved_by_ext4(int fd)
{
	char link[64], target[PATH_MAX], path[PATH_MAX + 40], text[24] = "", *name;
	struct stat status;
	ssize_t length;
	CLEANUP(close_fd) int file_fd = -1;

	if (fstat(fd, &status) < 0)
		return 0;
	snprintf(link, sizeof(link), "/sys/dev/block/%u:%u", major(status.st_dev),
		 minor(status.st_dev));
	length = readlink(link, target, sizeof(target) - 1);
	if (length <= 0)
		return 0;
	target[length] = '\0';
	name = strrchr(target, '/');
	if (!name)
		return 0;
	snprintf(path, sizeof(path), "/sys/fs/ext4%s/reserved_clusters", name);
	file_fd = open(path, O_RDONLY | O_CLOEXEC);
	return file_fd < 0 || read(file_fd, text, sizeof(text) - 1) < 0 ? 0
									: strtoull(text, NULL, 10);
}

static uint64_t free_blocks(int fd, uint32_t magic, const struct statvfs *volume)
{
	uint64_t held;

	if (!may_use_reserve())
		return volume->f_bavail;
	held = magic == EXT4_SUPER_MAGIC ? reserved_by_ext4(fd) : 0;
	return volume->f_bfree - lesser(held, volume->f_bfree);
}

/*
 * overlay passes on FIEMAP and, except for the type, statfs().  If FIEMAP is supported and
 * fallocate() is not, the lower file system is ext2 or ext3. overlay writes with the credentials
 * of its mounter, so blocks reserved for root are available to everybody.
 */
static uint32_t resolve_overlay(int fd, uint32_t magic, struct statvfs *volume)
{
	struct fiemap nothing = { .fm_length = 1 };

	if (magic != OVERLAYFS_SUPER_MAGIC || ioctl(fd, FS_IOC_FIEMAP, &nothing) < 0)
		return magic;
	volume->f_bavail = volume->f_bfree;
	return EXT4_SUPER_MAGIC;
}

/* The minimum number of blocks of 4-byte pointers for this many blocks. */
static uint64_t pointer_blocks(uint64_t blocks, uint64_t block_bytes)
{
	uint64_t pointers = blocks / (block_bytes / 4);

	return pointers > 2 ? pointers - 2 : 0;
}

/*
 * Whether the file system is in memory.  An overlay without a size is on a tmpfs without a limit.
 */
static int is_memory(uint32_t magic, const struct statvfs *volume)
{
	return magic == TMPFS_MAGIC || magic == RAMFS_MAGIC ||
	       (magic == OVERLAYFS_SUPER_MAGIC && volume->f_blocks == 0);
}

static uint64_t needed_blocks(uint32_t magic, uint64_t bytes, uint64_t block_bytes, int written)
{
	uint64_t blocks = bytes / block_bytes;

	return written && magic == EXT4_SUPER_MAGIC ? blocks + pointer_blocks(blocks, block_bytes)
						    : blocks;
}

int volume_has_room(int fd, uint64_t bytes, int written)
{
	uint32_t magic = magic_of(fd);
	enum { LITTLE = 256 * 1024 }; /* memory_room() reads many files */
	struct statvfs volume;
	uint64_t room;

	if (fstatvfs(fd, &volume) < 0)
		return 0;
	if (bytes > LITTLE && is_memory(magic, &volume) && bytes > memory_room())
		return -ENOSPC;
	if (volume.f_blocks == 0 || volume.f_frsize < 512)
		return 0;
	if (written)
		magic = resolve_overlay(fd, magic, &volume);
	room = has_exact_free_count(magic) ? free_blocks(fd, magic, &volume) : volume.f_blocks;
	return needed_blocks(magic, bytes, volume.f_frsize, written) > room ? -ENOSPC : 0;
}

uint64_t volume_needed(int fd, uint64_t bytes)
{
	struct statvfs volume;

	if (fstatvfs(fd, &volume) < 0 || volume.f_frsize < 512)
		return bytes;
	return needed_blocks(magic_of(fd), bytes, volume.f_frsize, volume_maps_by_pointers(fd)) *
	       volume.f_frsize;
}

/*
 * The number of pointer blocks, of `fan` pointers each, for the blocks `first` to `last` of a
 * file.  The inode has the first 12 blocks.  After those, each pointer block covers `fan` blocks
 * of data.  The inode points to the first pointer block, one further block to the next `fan` of
 * them, and blocks with one more level above to all others.
 */
static uint64_t pointer_blocks_of(uint64_t first, uint64_t last, uint64_t fan)
{
	enum { IN_INODE = 12 };
	uint64_t first_leaf, last_leaf, first_node, last_node;

	if (last < IN_INODE)
		return 0;
	first_leaf = (greater(first, IN_INODE) - IN_INODE) / fan;
	last_leaf = (last - IN_INODE) / fan;
	if (last_leaf == 0)
		return 1;
	first_node = (greater(first_leaf, 1) - 1) / fan;
	last_node = (last_leaf - 1) / fan;
	return last_leaf - first_leaf + 1 + last_node - first_node + 1 + (last_node > 0);
}

uint64_t volume_needed_by_new(int fd, uint64_t offset, uint64_t end)
{
	uint64_t granule = volume_granule(fd), first, last, blocks;

	first = offset / granule;
	last = (end - 1) / granule;
	blocks = last - first + 1;
	if (volume_maps_by_pointers(fd))
		blocks += pointer_blocks_of(first, last, granule / 4);
	return blocks * granule;
}

int volume_room(int fd, struct volume_room *ret)
{
	struct statvfs volume;

	if (fstatvfs(fd, &volume) < 0)
		return -errno;
	*ret = (struct volume_room) {
		.bytes = free_blocks(fd, magic_of(fd), &volume) * volume.f_frsize,
		.files = volume.f_files ? volume.f_favail : UINT64_MAX,
		.exact = has_exact_free_count(magic_of(fd)),
	};
	if (volume.f_blocks == 0)
		ret->bytes = UINT64_MAX;
	if (is_memory(magic_of(fd), &volume))
		ret->bytes = lesser(ret->bytes, memory_room());
	return 0;
}

int volume_identify(int fd, struct volume_identity *ret)
{
	struct btrfs_ioctl_fs_info_args info = { 0 };
	struct volume_identity identity = { 0 };
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	identity.device = status.st_dev;
	/* Subvolumes have separate device numbers and share their space. */
	if (magic_of(fd) == BTRFS_SUPER_MAGIC && ioctl(fd, BTRFS_IOC_FS_INFO, &info) == 0) {
		identity.device = 0;
		memcpy(identity.fsid, info.fsid, sizeof(identity.fsid));
	}
	*ret = identity;
	return 0;
}

static void hint_nocow(int fd, struct volume_hint *ret)
{
	int flags, nocow;
	struct stat status;

	if (fstat(fd, &status) < 0 || status.st_size != 0)
		return;
	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		return;
	nocow = flags | FS_NOCOW_FL;
	if (ioctl(fd, FS_IOC_SETFLAGS, &nocow) < 0)
		return;
	*ret = (struct volume_hint) { .kind = HINT_NOCOW, .old_flags = flags };
}

static void hint_extent_size(int fd, uint64_t extent_bytes, struct volume_hint *ret)
{
	struct fsxattr attributes, hinted;

	if (ioctl(fd, FS_IOC_FSGETXATTR, &attributes) < 0)
		return;
	hinted = attributes;
	hinted.fsx_xflags |= FS_XFLAG_EXTSIZE;
	hinted.fsx_extsize = (uint32_t)lesser(extent_bytes, UINT32_MAX);
	if (ioctl(fd, FS_IOC_FSSETXATTR, &hinted) < 0)
		return;
	*ret = (struct volume_hint) {
		.kind = HINT_EXTENT_SIZE,
		.old_xflags = attributes.fsx_xflags,
		.old_extent_bytes = attributes.fsx_extsize,
	};
}

void volume_hint(int fd, uint64_t extent_bytes, struct volume_hint *ret)
{
	uint32_t magic = magic_of(fd);

	if (magic == BTRFS_SUPER_MAGIC)
		hint_nocow(fd, ret);
	else if (magic == XFS_SUPER_MAGIC)
		hint_extent_size(fd, extent_bytes ? extent_bytes : 1 << 20, ret);
}

void volume_unhint(int fd, const struct volume_hint *hint)
{
	struct fsxattr attributes;

	if (hint->kind == HINT_NOCOW)
		ioctl(fd, FS_IOC_SETFLAGS, &hint->old_flags);
	if (hint->kind != HINT_EXTENT_SIZE || ioctl(fd, FS_IOC_FSGETXATTR, &attributes) < 0)
		return;
	attributes.fsx_xflags = hint->old_xflags;
	attributes.fsx_extsize = hint->old_extent_bytes;
	ioctl(fd, FS_IOC_FSSETXATTR, &attributes);
}
