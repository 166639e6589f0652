/* SPDX-License-Identifier: MIT */
/*
 * One file that is allocated in large pieces, then smaller ones, then written in still smaller
 * ones, and once more after a sync, which frees what file systems had set aside for delayed
 * allocation.
 */
#include "promise/fill.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"

enum {
	ALLOCATED_MOST = 256 << 20,
	ALLOCATED_LEAST = 64 << 10,
	WRITTEN_MOST = 4 << 20,
	WRITTEN_LEAST = 512,
};

static const uint64_t small_bytes = 1 << 30;

static bool is_full(int error)
{
	return error == ENOSPC || error == EDQUOT;
}

/* ---- where ---- */

/* The directory may be one of the run's own in it. */
static bool is_own(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	       strcmp(name, "lost+found") == 0 || strncmp(name, "alloc-perf", 10) == 0;
}

static bool is_empty(const char *directory)
{
	DIR *entries = opendir(directory);
	const struct dirent *entry;
	bool empty = entries != NULL;

	while (empty && (entry = readdir(entries)))
		empty = is_own(entry->d_name);
	if (entries)
		closedir(entries);
	return empty;
}

/* The root directory of the file system.  0 or -errno. */
static int find_root(const char *directory, char **ret)
{
	CLEANUP(freep) char *path = strdup(directory);
	struct stat here, above;

	for (;;) {
		CLEANUP(freep) char *parent = path ? text_path(path, "..") : NULL;

		if (!parent)
			return -ENOMEM;
		if (stat(path, &here) < 0 || stat(parent, &above) < 0)
			return -errno;
		if (here.st_dev != above.st_dev || here.st_ino == above.st_ino)
			break;
		free(path);
		path = TAKE_PTR(parent);
	}
	*ret = TAKE_PTR(path);
	return 0;
}

static bool is_small_volume(const char *directory)
{
	CLEANUP(freep) char *root = NULL;
	struct statvfs volume;
	struct stat status;
	uint64_t bytes;

	if (find_root(directory, &root) < 0 || stat(root, &status) < 0 ||
	    statvfs(root, &volume) < 0)
		return false;
	bytes = (uint64_t)volume.f_blocks * volume.f_frsize;
	return status.st_uid == geteuid() && bytes > 0 && bytes <= small_bytes && is_empty(root);
}

bool fill_is_allowed(struct promise_run *run)
{
	if (run->device || is_small_volume(run->directory))
		return true;
	(void)promise_na(run,
			 "it fills the file system, and that of this directory is not an empty one "
			 "of at most 1 GiB that belongs to you: use --on loop or --on uml");
	return false;
}

/* ---- filling ---- */

/* The descriptor belongs to `fill`.  -ENOSPC: there is no room for a file. */
static int add_file(const char *directory, struct fill *fill)
{
	CLEANUP(freep) char *path = text_format("%s/fill.%zu", directory, fill->count);
	int fd = path ? io_open_unnamed(directory, path) : -1;

	if (fd < 0)
		return path ? -errno : -ENOMEM;
	fill->fd[fill->count++] = fd;
	return fd;
}

/* Pieces that become smaller.  Where fallocate() is refused, the writes have to do. */
static void allocate_pieces(int fd, uint64_t left, uint64_t *at)
{
	for (uint64_t piece = ALLOCATED_MOST; piece >= ALLOCATED_LEAST && *at < left; piece /= 2)
		while (piece <= left - *at && fallocate(fd, 0, (off_t)*at, (off_t)piece) == 0)
			*at += piece;
}

/* Appends as long as there is space for pieces of that size.  0 or -errno. */
static int append(int fd, const void *zeroes, size_t piece, uint64_t *at)
{
	for (;;) {
		ssize_t written = pwrite(fd, zeroes, piece, (off_t)*at);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return is_full(errno) ? 0 : -errno;
		*at += (uint64_t)written;
		if ((size_t)written < piece)
			return 0;
	}
}

/* Delayed allocation may find out only now that there is no space. */
static int flush(int fd)
{
	return (fsync(fd) < 0 || syncfs(fd) < 0) && !is_full(errno) ? -errno : 0;
}

static int fill_file(int fd, const void *zeroes, uint64_t *ret_bytes)
{
	uint64_t at = 0;
	int r = 0;

	allocate_pieces(fd, UINT64_MAX, &at);
	for (size_t piece = WRITTEN_MOST; r == 0 && piece >= WRITTEN_LEAST; piece /= 2)
		r = append(fd, zeroes, piece, &at);
	*ret_bytes = at;
	return r < 0 ? r : flush(fd);
}

int fill_volume(const char *directory, struct fill *fill)
{
	CLEANUP(freep) void *zeroes = calloc(1, WRITTEN_MOST);
	uint64_t bytes = 1;
	int r = zeroes ? 0 : -ENOMEM;

	while (r == 0 && bytes > 0 && fill->count < FILL_FILES_MAX) {
		int fd = add_file(directory, fill);

		if (fd < 0)
			return is_full(-fd) ? 0 : fd;
		r = fill_file(fd, zeroes, &bytes);
		fill->bytes += bytes;
	}
	return r;
}

int fill_leave(const char *directory, uint64_t left, struct fill *fill)
{
	struct statvfs volume;
	uint64_t free_bytes;
	int fd;

	if (statvfs(directory, &volume) < 0)
		return -errno;
	free_bytes = (uint64_t)volume.f_bavail * volume.f_frsize;
	if (free_bytes <= left)
		return 0;
	fd = add_file(directory, fill);
	if (fd < 0)
		return fd;
	allocate_pieces(fd, free_bytes - left, &fill->bytes);
	return flush(fd);
}

void fill_clear(struct fill *fill)
{
	while (fill->count > 0)
		fd_close(fill->fd[--fill->count]);
	fill->bytes = 0;
}
