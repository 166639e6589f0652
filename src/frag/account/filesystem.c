/* SPDX-License-Identifier: MIT */
/*
 * statfs() reports the same type for ext2, ext3 and ext4, and the device of btrfs in stat() is no
 * block device.  So the mount table is read as well, by the mount's number (statx(), Linux 5.8).
 */
#include "frag/account/filesystem.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "blockdev/mounts.h"
#include "blockdev/sysfs.h"
#include "extent/extent_kernel.h"
#include "frag/account/free_space.h"
#include "frag/btrfs/btrfs.h"

#define GIB (1ull << 30)

static const char copy_caveat[] = "there is no tool: copy the file, compare, and rename the copy "
				  "over it; hard links keep the old file";

/*
 * run_bytes: ext4 keeps the metadata of 16 block groups together (flex_bg), which leaves runs of
 * 2 GiB; the others have no limit that matters.
 */
static const struct filesystem_kind kinds[] = {
	{ "ext4", 2 * GIB, true, "e4defrag", NULL,
	  "e4defrag copies into free space and swaps the blocks; files in use are fine; snapshots "
	  "of the volume (LVM) grow by the moved data" },
	{ "ext3", 4 << 20, true, NULL, NULL, copy_caveat },
	{ "ext2", 4 << 20, true, NULL, NULL, copy_caveat },
	{ "xfs", 0, true, "xfs_fsr -v", NULL,
	  "xfs_fsr copies the file and swaps the extents: extents shared with reflinked copies are "
	  "no longer shared and need additional space" },
	{ "btrfs", 0, false, "btrfs filesystem defragment -v", "-t",
	  "fragments larger than -t are kept, because they cost little; defragmenting unshares "
	  "extents: snapshots and reflinked copies keep the old ones, and the file needs the same "
	  "space again; add an option such as -czstd to keep files compressed" },
	{ "f2fs", 0, false, "defrag.f2fs", NULL,
	  "defrag.f2fs takes a range of blocks of one file" },
};
static const struct filesystem_kind other = { "other", 0, true, NULL, NULL, copy_caveat };

static const struct {
	unsigned long magic;
	const char *name;
	bool is_pseudo;
} magics[] = {
	{ EXT4_SUPER_MAGIC, "ext4", false },
	{ 0x58465342, "xfs", false },
	{ BTRFS_SUPER_MAGIC, "btrfs", false },
	{ F2FS_SUPER_MAGIC, "f2fs", false },
	{ PROC_SUPER_MAGIC, "proc", true },
	{ SYSFS_MAGIC, "sysfs", true },
	{ CGROUP2_SUPER_MAGIC, "cgroup2", true },
	{ CGROUP_SUPER_MAGIC, "cgroup", true },
	{ DEBUGFS_MAGIC, "debugfs", true },
	{ TRACEFS_MAGIC, "tracefs", true },
	{ DEVPTS_SUPER_MAGIC, "devpts", true },
	{ SECURITYFS_MAGIC, "securityfs", true },
	{ BPF_FS_MAGIC, "bpf", true },
	{ 0x19800202, "mqueue", true },
	{ 0x6165676c, "pstore", true },
	{ 0x62656570, "configfs", true },
	{ 0x65735543, "fusectl", true },
	{ 0xde5e81e4, "efivarfs", true },
};

const struct filesystem_kind *filesystem_kind_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return &other;
}

uint64_t filesystem_block_mapped_run(uint64_t block_bytes)
{
	/* Between two such runs there is a block of 4-byte addresses. */
	return block_bytes / 4 * block_bytes;
}

static const char *name_by_magic(unsigned long magic, bool *ret_is_pseudo)
{
	for (size_t i = 0; i < ARRAY_SIZE(magics); i++)
		if (magics[i].magic == (magic & 0xffffffff)) {
			*ret_is_pseudo = magics[i].is_pseudo;
			return magics[i].name;
		}
	*ret_is_pseudo = false;
	return "other";
}

/* ---- the mount table ---- */

void filesystem_mount_clear(struct filesystem_mount *mount)
{
	free(mount->device);
	free(mount->type);
	free(mount->point);
	*mount = (struct filesystem_mount) { 0 };
}

static int copy(const char *text, char **ret)
{
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

static int copy_mount(const struct mount *mount, struct filesystem_mount *ret)
{
	int r = copy(mount->point, &ret->point);

	ret->is_whole = strcmp(mount->root, "/") == 0;
	if (r == 0)
		r = copy(mount->type, &ret->type);
	if (r == 0 && mount->source[0] == '/' && mount_block_device(mount))
		r = copy(mount->source, &ret->device);
	return r;
}

int filesystem_mount(int fd, struct filesystem_mount *ret)
{
	CLEANUP(mounts_clear) struct mounts mounts = { 0 };
	CLEANUP(filesystem_mount_clear) struct filesystem_mount found = { 0 };
	const struct mount *mount;

	if (mounts_read("/proc/self/mountinfo", &mounts) == -ENOMEM)
		return -ENOMEM;
	mount = mounts_by_fd(&mounts, fd);
	if (mount && copy_mount(mount, &found) < 0)
		return -ENOMEM;
	*ret = found;
	found = (struct filesystem_mount) { 0 };
	return 0;
}

/* ---- the device ---- */

/* The block device; of btrfs it is known by the source of the mount. */
static dev_t block_device_of(const struct filesystem_mount *mount, dev_t device)
{
	struct stat status;

	return major(device) == 0 && mount->device && stat(mount->device, &status) == 0
		       ? status.st_rdev
		       : device;
}

int filesystem_rotates(uint64_t device)
{
	long long rotates = sysfs_count("/sys", device, "queue/rotational");

	return rotates < 0 ? -ENODATA : rotates != 0;
}

static uint64_t device_bytes(dev_t device)
{
	long long sectors = sysfs_count("/sys", device, "size");

	return sectors < 0 ? 0 : (uint64_t)sectors * 512;
}

int filesystem_read(int fd, struct filesystem_facts *ret)
{
	CLEANUP(filesystem_mount_clear) struct filesystem_mount mount = { 0 };
	struct statfs answer;
	struct stat status;
	const char *name;
	dev_t block;

	if (fstat(fd, &status) < 0 || fstatfs(fd, &answer) < 0)
		return -errno;
	*ret = (struct filesystem_facts) { .device = status.st_dev };
	if (filesystem_mount(fd, &mount) < 0)
		return -ENOMEM;
	name = name_by_magic((unsigned long)answer.f_type, &ret->is_pseudo);
	if (strncmp(name, "ext", 3) == 0 && mount.type)
		name = mount.type;
	ret->kind = filesystem_kind_find(name);
	ret->magic = (uint64_t)answer.f_type & 0xffffffff;
	ret->block_bytes = answer.f_bsize > 0 ? (uint64_t)answer.f_bsize : 512;
	ret->blocks = answer.f_blocks;
	block = block_device_of(&mount, status.st_dev);
	ret->volume_bytes = device_bytes(block);
	if (!ret->volume_bytes)
		ret->volume_bytes = ret->blocks * ret->block_bytes;
	ret->is_flash = filesystem_rotates(block) <= 0;
	return 0;
}

/*
 * ---- those of a scan ----
 *
 * A rewritten file gets the free runs: if the largest one has 6 MiB, a file of 120 MiB stays
 * fragmented, and e4defrag reports success nevertheless.
 *
 * Reading them takes as long as reading all bitmaps of the volume, so that it is postponed until
 * there is a file worth rewriting.  The kernel reports them for ext4 and xfs; btrfs has a tree of
 * them, which only root may read.  Of other file systems the sum is known.
 */

enum { FILESYSTEMS_MAX = 64 };

struct scanned_filesystem {
	struct filesystem_facts facts;
	int fd;
	struct free_space *space; /* NULL: not known, or not read yet */
	bool is_read;
};

struct filesystems {
	pthread_mutex_t lock;
	int cancel_fd;
	struct scanned_filesystem rows[FILESYSTEMS_MAX];
	unsigned count;
	const struct filesystem_facts *whole;
	const struct free_space *whole_space;
};

struct filesystems *filesystems_new(int cancel_fd)
{
	struct filesystems *filesystems = calloc(1, sizeof(*filesystems));

	if (!filesystems)
		return NULL;
	filesystems->cancel_fd = cancel_fd;
	pthread_mutex_init(&filesystems->lock, NULL);
	return filesystems;
}

void filesystems_free(struct filesystems *filesystems)
{
	for (unsigned i = 0; filesystems && i < filesystems->count; i++) {
		fd_close(filesystems->rows[i].fd);
		free(filesystems->rows[i].space);
	}
	if (filesystems)
		pthread_mutex_destroy(&filesystems->lock);
	free(filesystems);
}

static struct scanned_filesystem *find(const struct filesystems *filesystems, uint64_t device)
{
	for (unsigned i = 0; i < filesystems->count; i++)
		if (filesystems->rows[i].facts.device == device)
			return (struct scanned_filesystem *)&filesystems->rows[i];
	return NULL;
}

void filesystems_add(struct filesystems *filesystems, const struct filesystem_facts *facts, int fd)
{
	pthread_mutex_lock(&filesystems->lock);
	if (filesystems->count < FILESYSTEMS_MAX && !find(filesystems, facts->device))
		filesystems->rows[filesystems->count++] = (struct scanned_filesystem) {
			.facts = *facts,
			.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0),
		};
	pthread_mutex_unlock(&filesystems->lock);
}

void filesystems_set_whole(struct filesystems *filesystems, const struct filesystem_facts *facts,
			   const struct free_space *space)
{
	filesystems->whole = facts;
	filesystems->whole_space = space;
}

const struct filesystem_facts *filesystems_facts(const struct filesystems *filesystems,
						 uint64_t device)
{
	const struct scanned_filesystem *filesystem = find(filesystems, device);

	return filesystems->whole ? filesystems->whole : filesystem ? &filesystem->facts : NULL;
}

const struct free_space *filesystems_space(const struct filesystems *filesystems, uint64_t device)
{
	const struct scanned_filesystem *filesystem = find(filesystems, device);

	return filesystems->whole ? filesystems->whole_space
	       : filesystem	  ? filesystem->space
				  : NULL;
}

/* ---- what is free ---- */

/* Ctrl-C must not wait for all the bitmaps. */
static int control(void *context, int fd, unsigned long request, void *argument)
{
	const struct filesystems *filesystems = context;
	struct pollfd cancel = { .fd = filesystems->cancel_fd, .events = POLLIN };

	if (poll(&cancel, 1, 0) > 0)
		return -ECANCELED;
	return extent_running_kernel.control(extent_running_kernel.context, fd, request, argument);
}

static int read_runs(struct filesystems *filesystems, const struct scanned_filesystem *filesystem,
		     struct free_space *space)
{
	const struct extent_kernel kernel = { control, filesystems };

	if (filesystem->facts.magic == BTRFS_SUPER_MAGIC)
		return btrfs_read_free(filesystem->fd, filesystem->facts.block_bytes, space);
	return free_space_by_fsmap(&kernel, filesystem->fd, filesystem->facts.device, space);
}

static void read_space(struct filesystems *filesystems, struct scanned_filesystem *filesystem)
{
	CLEANUP(freep) struct free_space *space = calloc(1, sizeof(*space));

	filesystem->is_read = true;
	if (space && filesystem->fd >= 0 && read_runs(filesystems, filesystem, space) == 0)
		filesystem->space = TAKE_PTR(space);
}

/* If the runs are not known: only whether it fits. */
static uint64_t by_sum(const struct scanned_filesystem *filesystem, uint64_t bytes)
{
	struct statfs sums;
	uint64_t blocks;

	if (filesystem->fd < 0 || fstatfs(filesystem->fd, &sums) < 0 || sums.f_bsize <= 0)
		return FRAGMENTS_UNKNOWN;
	blocks = geteuid() == 0 ? sums.f_bfree : sums.f_bavail;
	return bytes / (uint64_t)sums.f_bsize > blocks ? 0 : FRAGMENTS_UNKNOWN;
}

/* A tool that rewrites the file part by part can use again what it frees. */
static uint64_t by_runs(const struct filesystem_facts *facts, const struct free_space *space,
			uint64_t bytes)
{
	if (facts->kind->copies_whole)
		return free_space_fragments(space, bytes);
	return space->largest_bytes ? (bytes + space->largest_bytes - 1) / space->largest_bytes : 0;
}

uint64_t filesystems_least_fragments(struct filesystems *filesystems, uint64_t device,
				     uint64_t bytes)
{
	struct scanned_filesystem *filesystem;
	uint64_t least = FRAGMENTS_UNKNOWN;

	if (filesystems->whole)
		return filesystems->whole_space
			       ? by_runs(filesystems->whole, filesystems->whole_space, bytes)
			       : FRAGMENTS_UNKNOWN;
	pthread_mutex_lock(&filesystems->lock);
	filesystem = find(filesystems, device);
	if (filesystem && !filesystem->is_read)
		read_space(filesystems, filesystem);
	if (filesystem && filesystem->space)
		least = by_runs(&filesystem->facts, filesystem->space, bytes);
	else if (filesystem && filesystem->facts.kind->copies_whole)
		least = by_sum(filesystem, bytes);
	pthread_mutex_unlock(&filesystems->lock);
	return least;
}
