/* SPDX-License-Identifier: MIT */
/*
 * btrfs and others give each subvolume an anonymous device number, so the device is found in the
 * mount table.
 */
#include "blockdev/storage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blockdev/mounts.h"
#include "blockdev/sysfs.h"

/* A kernel that mounted its root itself names it /dev/root, which does not exist. */
static char *source_of(const struct mount *mount, dev_t number)
{
	CLEANUP(freep) char *name = NULL;
	struct stat status;

	if (number && stat(mount->source, &status) < 0)
		name = sysfs_name("/sys", number);
	return name ? text_path("/dev", name) : strdup(mount->source);
}

/* Reads the mount of an open file. */
static int read_mount(int fd, struct storage *storage)
{
	CLEANUP(mounts_clear) struct mounts mounts = { 0 };
	const struct mount *mount;
	int r = mounts_read("/proc/self/mountinfo", &mounts);

	if (r < 0)
		return r;
	mount = mounts_by_fd(&mounts, fd);
	if (!mount)
		return -ENOENT;
	storage->number = mount_block_device(mount);
	storage->source = source_of(mount, storage->number);
	storage->type = strdup(mount->type);
	storage->options = mount_all_options(mount);
	return storage->source && storage->type && storage->options ? 0 : -ENOMEM;
}

static int read_device(const char *path, dev_t number, struct storage *storage)
{
	storage->number = number;
	storage->source = strdup(path);
	return storage->source ? 0 : -ENOMEM;
}

int storage_find(const char *path, struct storage *ret)
{
	CLEANUP(storage_clear) struct storage storage = { 0 };
	CLEANUP(fd_closep) int fd = open(path, O_PATH | O_CLOEXEC);
	struct stat status;
	int r;

	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	r = S_ISBLK(status.st_mode) ? read_device(path, status.st_rdev, &storage)
				    : read_mount(fd, &storage);
	if (r < 0)
		return r;
	if (storage.number)
		storage.counters = sysfs_path("/sys", storage.number, "stat");
	*ret = storage;
	storage = (struct storage) { 0 };
	return 0;
}

void storage_clear(struct storage *storage)
{
	free(storage->source);
	free(storage->type);
	free(storage->options);
	free(storage->counters);
	*storage = (struct storage) { 0 };
}
