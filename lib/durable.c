/* SPDX-License-Identifier: MIT */
/*
 * A new file is only there after a crash if its directory was synced as well, and
 * only /proc knows where a descriptor's file lives.  The name found there may be
 * out of date, so it has to lead back to the same inode.
 */
#include "durable.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scope.h"

static int sync_retrying(int fd)
{
	while (fsync(fd) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

int durable_file(int fd)
{
	return sync_retrying(fd);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* The directory of the file, opened; *ret_name points into `path`. */
static int open_directory(int fd, char path[static PATH_MAX], const char **ret_name)
{
	char link[sizeof("/proc/thread-self/fd/") + 12];
	ssize_t length;
	char *slash;

	snprintf(link, sizeof(link), "/proc/thread-self/fd/%d", fd);
	length = readlink(link, path, PATH_MAX - 1);
	if (length <= 0 || path[0] != '/')
		return -ENOENT;
	path[length] = '\0';
	slash = strrchr(path, '/');
	*ret_name = slash + 1;
	*slash = '\0';
	fd = open(*path ? path : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int durable_directory(int fd)
{
	char path[PATH_MAX];
	const char *name;
	struct stat file, named;
	CLEANUP(close_fd) int directory_fd = -1;

	if (fstat(fd, &file) < 0)
		return -errno;
	if (file.st_nlink == 0) /* no name that could get lost */
		return 0;
	directory_fd = open_directory(fd, path, &name);
	if (directory_fd < 0)
		return directory_fd;
	if (fstatat(directory_fd, name, &named, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (named.st_dev != file.st_dev || named.st_ino != file.st_ino)
		return -ENOENT;
	return sync_retrying(directory_fd);
}
