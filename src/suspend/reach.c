/* SPDX-License-Identifier: MIT */
/*
 * A mount point is a name, and something else may be mounted there by the time
 * it is opened.  The number of a mount tells them apart; the number of the device
 * would not, since btrfs shows another one in stat() than in mountinfo.
 */
#include "suspend/reach.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "suspend/types.h"

static int mount_id_of(int fd, uint64_t *ret)
{
	CLEANUP(freep) char *text = NULL;
	unsigned long long id;
	const char *line;
	char path[64];
	int r;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	r = io_read_file(path, 1 << 16, &text, NULL);
	if (r < 0)
		return r;
	line = strstr(text, "mnt_id:");
	if (!line || sscanf(line, "mnt_id: %llu", &id) != 1)
		return -EBADMSG;
	*ret = id;
	return 0;
}

char *reach_name(const struct mount *mount)
{
	char *name;

	return asprintf(&name, "%s%s", mount->through ? mount->through : "", mount->point) < 0
		       ? NULL
		       : name;
}

static int open_mount(const struct mount *mount)
{
	CLEANUP(freep) char *name = reach_name(mount);
	/* O_PATH first: what a file is mounted on may be a device or a pipe. */
	CLEANUP(fd_closep) int place = name ? open(name, O_PATH | O_CLOEXEC | O_NOFOLLOW) : -1;
	struct stat status;
	char path[64];
	uint64_t id;
	int r, fd;

	if (!name)
		return -ENOMEM;
	if (place < 0 || fstat(place, &status) < 0)
		return -errno;
	r = mount_id_of(place, &id);
	if (r < 0)
		return r;
	if (id != mount->id)
		return -ESTALE;
	if (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode))
		return -EINVAL;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", place);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOATIME);
	return fd < 0 ? -errno : fd;
}

/* A device that nothing is mounted from. */
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

int reach_open(const struct mount *mount)
{
	return strcmp(mount->type, TYPE_NAME_DEVICE) == 0 ? open_device(mount) : open_mount(mount);
}
