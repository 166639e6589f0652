/* SPDX-License-Identifier: MIT */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "task.h"
#include "util.h"

/* The working directory may have changed by the time the file is opened. */
static int make_absolute(const char *path, char **ret)
{
	char *directory = NULL;
	int r;

	if (*path == '/' || *path == '\0') {
		*ret = strdup(path);
		return *ret ? 0 : -ENOMEM;
	}
	directory = get_current_dir_name();
	if (!directory)
		return -errno;
	r = asprintf(ret, "%s/%s", directory, path);
	free(directory);
	return r < 0 ? -ENOMEM : 0;
}

int file_take(struct file *ret, const struct prealloc_file *given)
{
	struct prealloc_file file = { 0 };
	int r;

	if (given->size < offsetof(struct prealloc_file, options))
		return -EINVAL;
	memcpy(&file, given, lesser(given->size, sizeof(file)));
	if (!file.path || (file.mode & ~07777u) || file.reserved)
		return -EINVAL;
	r = call_take_options(file.options, &ret->options);
	if (r < 0)
		return r;
	ret->offset = file.offset;
	ret->length = file.length;
	ret->tag = file.tag;
	ret->mode = file.mode ? file.mode : 0666;
	return make_absolute(file.path, &ret->path);
}

void file_clear(struct file *file)
{
	free(file->path);
}

int file_create(const struct file *file, int *ret_created)
{
	const int flags = O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	int fd = open(file->path, O_RDWR | O_CREAT | O_EXCL | flags, file->mode);

	*ret_created = fd >= 0;
	if (fd >= 0 || errno != EEXIST)
		return fd < 0 ? -errno : fd;
	fd = open(file->path, O_RDWR | flags);
	if (fd < 0 && errno == EACCES)
		fd = open(file->path, O_WRONLY | flags);
	return fd < 0 ? -errno : fd;
}

int file_remove_empty(const struct file *file, int fd)
{
	struct stat ours, named;

	return fstat(fd, &ours) == 0 && lstat(file->path, &named) == 0 &&
	       ours.st_dev == named.st_dev && ours.st_ino == named.st_ino && ours.st_size == 0 &&
	       unlink(file->path) == 0;
}

void file_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* ---- durability ---- */

/*
 * A new file survives a crash only if its directory was synced as well.  Only /proc has the path
 * of an open file.  That path may be outdated, so it must lead to the same inode.
 */

static int sync_retrying(int fd)
{
	while (fsync(fd) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

int file_sync(int fd)
{
	return sync_retrying(fd);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* Opens the directory of the file.  *ret_name points into `path`. */
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

int file_sync_directory(int fd)
{
	char path[PATH_MAX];
	const char *name;
	struct stat file, named;
	CLEANUP(close_fd) int directory_fd = -1;

	if (fstat(fd, &file) < 0)
		return -errno;
	if (file.st_nlink == 0) /* it has no name that could be lost */
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
