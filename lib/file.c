/* SPDX-License-Identifier: MIT */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "call.h"
#include "scope.h"

/* The working directory may be another one when the file's turn comes. */
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
