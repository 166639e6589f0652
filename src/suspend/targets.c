/* SPDX-License-Identifier: MIT */
/*
 * The table of types has only exceptions.  A type that is not in it and has a block device is
 * frozen; if the kernel refuses (EOPNOTSUPP), it is written out instead.
 *
 * When the kernel suspends, it writes out all dirty pages of block devices.  If a device is stored
 * in a file of a frozen file system, that blocks until the time limit (Linux 6.1), and syncfs() of
 * no file system includes them.  The kernel does not report whether a device that is not mounted
 * has dirty pages or is open, so all such devices are targets.
 *
 * Another mount may be at a mount point by the time it is opened.  The mount's number shows that.
 * The device number does not, since btrfs has another one in stat() than in mountinfo.
 */
#include "suspend/targets.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blockdev/devices.h"
#include "blockdev/mounts.h"

/* ---- types of file systems ---- */

static const struct type {
	const char *name;
	enum target_type type;
} types[] = {
	{ "9p", TARGET_MAY_HANG },	 { "afs", TARGET_MAY_HANG },
	{ "autofs", TARGET_MAY_HANG },	 { "bcachefs", TARGET_FREEZABLE },
	{ "beegfs", TARGET_MAY_HANG },	 { "btrfs", TARGET_FREEZABLE },
	{ "ceph", TARGET_MAY_HANG },	 { "cifs", TARGET_MAY_HANG },
	{ "coda", TARGET_MAY_HANG },	 { "ecryptfs", TARGET_STACKED },
	{ "exfat", TARGET_SYNC_ONLY },	 { "fuse", TARGET_MAY_HANG },
	{ "fuseblk", TARGET_MAY_HANG },	 { "fusectl", TARGET_VIRTUAL },
	{ "gfs2", TARGET_SHARED },	 { "glusterfs", TARGET_MAY_HANG },
	{ "gpfs", TARGET_MAY_HANG },	 { "hfs", TARGET_SYNC_ONLY },
	{ "hfsplus", TARGET_SYNC_ONLY }, { "jffs2", TARGET_SYNC_ONLY },
	{ "lustre", TARGET_MAY_HANG },	 { "msdos", TARGET_SYNC_ONLY },
	{ "ncpfs", TARGET_MAY_HANG },	 { "nfs", TARGET_MAY_HANG },
	{ "nfs4", TARGET_MAY_HANG },	 { "ntfs3", TARGET_SYNC_ONLY },
	{ "ocfs2", TARGET_SHARED },	 { "orangefs", TARGET_MAY_HANG },
	{ "overlay", TARGET_STACKED },	 { "pvfs2", TARGET_MAY_HANG },
	{ "smb3", TARGET_MAY_HANG },	 { "smbfs", TARGET_MAY_HANG },
	{ "ubifs", TARGET_SYNC_ONLY },	 { "udf", TARGET_SYNC_ONLY },
	{ "vboxsf", TARGET_MAY_HANG },	 { "vfat", TARGET_SYNC_ONLY },
	{ "virtiofs", TARGET_MAY_HANG }, { "zfs", TARGET_SYNC_ONLY },
};

enum target_type target_type(const char *type, bool has_device)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (strcmp(types[i].name, type) == 0)
			return types[i].type;
	if (strcmp(type, TARGET_DEVICE_NAME) == 0)
		return TARGET_DEVICE;
	if (strncmp(type, "fuse.", 5) == 0)
		return TARGET_MAY_HANG;
	return has_device ? TARGET_FREEZABLE : TARGET_VIRTUAL;
}

bool target_has_hidden_device(const char *type)
{
	return strcmp(type, "btrfs") == 0 || strcmp(type, "bcachefs") == 0;
}

/* ---- which mounts can be opened by their mount points ---- */

static bool is_below_one_that_may_hang(const struct mounts *mounts, const struct mount *mount)
{
	const struct mount *above = mount;

	for (size_t steps = 0; steps < mounts->count; steps++) {
		above = mounts_by_id(mounts, above->parent_id);
		if (!above || above == mount || strcmp(above->point, "/") == 0)
			return false;
		if (strcmp(above->type, "autofs") != 0 &&
		    target_type(above->type, false) == TARGET_MAY_HANG)
			return true;
	}
	return false;
}

/* How the kernel shows a mount point that was removed. */
static bool is_deleted(const struct mount *mount)
{
	static const char mark[] = "//deleted";
	size_t length = strlen(mount->point);

	return length > strlen(mark) && strcmp(mount->point + length - strlen(mark), mark) == 0;
}

bool target_is_accessible(const struct mounts *mounts, const struct mount *mount)
{
	return !is_deleted(mount) && mounts_find(mounts, mount->point) == mount &&
	       !is_below_one_that_may_hang(mounts, mount);
}

/* ---- other namespaces ---- */

static bool has_superblock(const struct mounts *mounts, dev_t device)
{
	for (size_t i = 0; i < mounts->count; i++)
		if (mounts->all[i].device == device)
			return true;
	return false;
}

static bool is_on_device(const struct mount *mount)
{
	return major(mount->device) != 0 || target_has_hidden_device(mount->type);
}

int targets_add_namespace(struct mounts *mounts, const char *text, const char *through)
{
	CLEANUP(mounts_clear) struct mounts other = { 0 };
	CLEANUP(freep) bool *wanted = NULL;
	int r = mounts_parse(text, &other);

	wanted = r == 0 ? calloc(other.count + 1, sizeof(*wanted)) : NULL;
	if (!wanted)
		return r < 0 ? r : -ENOMEM;
	/* Check all first: moving a mount invalidates the other table. */
	for (size_t i = 0; i < other.count; i++)
		wanted[i] =
			is_on_device(&other.all[i]) && target_is_accessible(&other, &other.all[i]);
	for (size_t i = 0; r == 0 && i < other.count; i++)
		if (wanted[i] && !has_superblock(mounts, other.all[i].device)) {
			other.all[i].through = strdup(through);
			r = other.all[i].through ? mounts_add(mounts, &other.all[i]) : -ENOMEM;
		}
	return r;
}

/* ---- devices that are not mounted ---- */

/* Marks a device and those below it.  `marks` has the indexes of the device table. */
static void mark_down(const struct devices *devices, const struct device *device, bool *marks)
{
	size_t number = device ? (size_t)(device - devices->all) : 0;

	if (!device || marks[number])
		return;
	marks[number] = true;
	for (size_t i = 0; i < device->below_count; i++)
		mark_down(devices, devices_by_name(devices, device->below[i]), marks);
}

/* Marks the devices of a mounted file system, and those below them. */
static void mark_mounted(const struct devices *devices, const struct mount *mount, bool *marks)
{
	const struct device *device = devices_by_number(devices, mount->device);
	const struct device_pool *pool;

	if (!device)
		device = devices_by_path(devices, mount->source);
	pool = device ? devices_pool_of(devices, device->name) : NULL;
	mark_down(devices, device, marks);
	for (size_t i = 0; pool && i < pool->count; i++)
		mark_down(devices, devices_by_name(devices, pool->names[i]), marks);
}

static int is_stored_in_file(const struct devices *devices, const struct device *device, bool *ret)
{
	CLEANUP(freep) bool *below = calloc(devices->count, sizeof(*below));

	if (!below)
		return -ENOMEM;
	mark_down(devices, device, below);
	*ret = false;
	for (size_t i = 0; i < devices->count; i++)
		*ret |= below[i] && devices->all[i].backing_file &&
			*devices->all[i].backing_file == '/';
	return 0;
}

/* A device node can be opened regardless of what is mounted over its file system. */
static int add_device(struct mounts *mounts, const struct device *device)
{
	char *path = text_path("/dev", device->name);
	struct mount mount = {
		.id = UINT64_MAX,
		.parent_id = UINT64_MAX,
		.device = device->number,
		.root = strdup("/"),
		.point = path,
		.type = strdup(TARGET_DEVICE_NAME),
		.mount_options = strdup("rw"),
		.options = strdup("rw"),
		.through = strdup(""),
	};

	/* sysfs names /dev/cciss/c0d0 "cciss!c0d0". */
	for (char *at = path; at && (at = strchr(at, '!'));)
		*at = '/';
	if (path)
		mount.source = device->mapped_name ? text_path("/dev/mapper", device->mapped_name)
						   : strdup(path);
	if (mount.root && mount.source && mount.type && mount.mount_options && mount.options &&
	    mount.through)
		return mounts_add(mounts, &mount);
	mount_clear(&mount);
	return -ENOMEM;
}

int targets_add_unmounted(struct mounts *mounts, const struct devices *devices)
{
	CLEANUP(freep) bool *mounted = calloc(devices->count + 1, sizeof(*mounted));
	int r = mounted ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < mounts->count; i++)
		mark_mounted(devices, &mounts->all[i], mounted);
	for (size_t i = 0; r == 0 && i < devices->count; i++) {
		bool in_file = false;

		if (!mounted[i] && devices->all[i].name)
			r = is_stored_in_file(devices, &devices->all[i], &in_file);
		if (r == 0 && in_file)
			r = add_device(mounts, &devices->all[i]);
	}
	return r;
}

/* ---- opening ---- */

char *target_path(const struct mount *mount)
{
	return text_format("%s%s", mount->through ? mount->through : "", mount->point);
}

static int open_mount(const struct mount *mount)
{
	CLEANUP(freep) char *name = target_path(mount);
	/* O_PATH first: the root of the mount can be a device node or a pipe. */
	CLEANUP(fd_closep) int point = name ? open(name, O_PATH | O_CLOEXEC | O_NOFOLLOW) : -1;
	struct stat status;
	char path[64];
	uint64_t id;
	int r, fd;

	if (!name)
		return -ENOMEM;
	if (point < 0 || fstat(point, &status) < 0)
		return -errno;
	r = mount_id_of_fd(point, &id);
	if (r < 0)
		return r;
	if (id != mount->id)
		return -ESTALE;
	if (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode))
		return -EINVAL;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", point);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOATIME);
	return fd < 0 ? -errno : fd;
}

static int open_device(const struct mount *mount)
{
	CLEANUP(fd_closep) int fd = open(mount->point, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISBLK(status.st_mode) || status.st_rdev != mount->device)
		return -ESTALE;
	return TAKE_FD(fd);
}

int target_open(const struct mount *mount)
{
	return strcmp(mount->type, TARGET_DEVICE_NAME) == 0 ? open_device(mount)
							    : open_mount(mount);
}
