/* SPDX-License-Identifier: MIT */
/*
 * A mount point is a name, and something else may be mounted there by the time
 * it is opened.  The number of a mount tells them apart; the number of the device
 * would not, since btrfs shows another one in stat() than in mountinfo.
 */
#include "reach.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "io.h"

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

int reach_open(const struct mount *mount)
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
