/* SPDX-License-Identifier: MIT */
/*
 * The device number of a file is of no use on btrfs and the like, which give each subvolume an
 * anonymous one: the mount table names the real device.
 */
#include "blockdev/place.h"

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

/* A kernel that mounted its root by itself calls it /dev/root, a name that nothing has. */
static char *source_of(const struct mount *mount, dev_t number)
{
	CLEANUP(freep) char *name = NULL;
	struct stat status;

	if (number && stat(mount->source, &status) < 0)
		name = sysfs_name("/sys", number);
	return name ? text_path("/dev", name) : strdup(mount->source);
}

/* A device that is to be formatted lies on nothing. */
static int read_mount(int fd, struct place *place)
{
	CLEANUP(mounts_clear) struct mounts mounts = { 0 };
	const struct mount *mount;
	int r = mounts_read("/proc/self/mountinfo", &mounts);

	if (r < 0)
		return r;
	mount = mounts_by_fd(&mounts, fd);
	if (!mount)
		return -ENOENT;
	place->number = mount_block_device(mount);
	place->source = source_of(mount, place->number);
	place->type = strdup(mount->type);
	place->options = mount_all_options(mount);
	return place->source && place->type && place->options ? 0 : -ENOMEM;
}

static int read_device(const char *path, dev_t number, struct place *place)
{
	place->number = number;
	place->source = strdup(path);
	return place->source ? 0 : -ENOMEM;
}

int place_find(const char *path, struct place *ret)
{
	CLEANUP(place_clear) struct place place = { 0 };
	CLEANUP(fd_closep) int fd = open(path, O_PATH | O_CLOEXEC);
	struct stat status;
	int r;

	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	r = S_ISBLK(status.st_mode) ? read_device(path, status.st_rdev, &place)
				    : read_mount(fd, &place);
	if (r < 0)
		return r;
	if (place.number)
		place.counters = sysfs_path("/sys", place.number, "stat");
	*ret = place;
	place = (struct place) { 0 };
	return 0;
}

void place_clear(struct place *place)
{
	free(place->source);
	free(place->type);
	free(place->options);
	free(place->counters);
	*place = (struct place) { 0 };
}
