/* SPDX-License-Identifier: MIT */
/*
 * One file of large writes, then smaller ones, down to single blocks, and once more after a sync,
 * which frees what file systems had set aside for delayed allocation.
 */
#include "promise/fill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

enum { PIECE_MOST = 4 << 20, PIECE_LEAST = 512, ROUNDS_MAX = 16 };

static const char folder[] = "fill";

static int is_full(int error)
{
	return error == ENOSPC || error == EDQUOT;
}

/* Appends as long as there is space for pieces of that size.  0 or -errno. */
static int append(int fd, const void *zeroes, size_t piece, uint64_t *bytes)
{
	for (;;) {
		ssize_t written = write(fd, zeroes, piece);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return is_full(errno) ? 0 : -errno;
		*bytes += (uint64_t)written;
		if ((size_t)written < piece)
			return 0;
	}
}

/* Delayed allocation may find out only now that there is no space. */
static int flush(int fd)
{
	return fsync(fd) < 0 && !is_full(errno) ? -errno : 0;
}

/* One file, in pieces that become smaller. */
static int fill_file(const char *path, const void *zeroes, uint64_t *bytes)
{
	CLEANUP(fd_closep) int fd = open(path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
	int r = 0;

	if (fd < 0)
		return is_full(errno) ? 0 : -errno;
	for (size_t piece = PIECE_MOST; r == 0 && piece >= PIECE_LEAST; piece /= 2)
		r = append(fd, zeroes, piece, bytes);
	return r < 0 ? r : flush(fd);
}

int fill_volume(const char *directory, uint64_t *ret_bytes)
{
	CLEANUP(freep) char *path = text_format("%s/%s", directory, folder);
	CLEANUP(freep) void *zeroes = calloc(1, PIECE_MOST);
	uint64_t sum = 0, before;
	int r = 0, round = 0;

	if (!path || !zeroes)
		return -ENOMEM;
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	do {
		CLEANUP(freep) char *file = text_format("%s/%d", path, round);

		before = sum;
		r = file ? fill_file(file, zeroes, &sum) : -ENOMEM;
		sync();
	} while (r == 0 && (sum > before || round == 0) && ++round < ROUNDS_MAX);
	if (r == 0)
		*ret_bytes = sum;
	return r;
}

int fill_remove(const char *directory)
{
	CLEANUP(freep) char *path = text_format("%s/%s", directory, folder);

	if (!path)
		return -ENOMEM;
	for (int i = 0; i < ROUNDS_MAX; i++) {
		CLEANUP(freep) char *file = text_format("%s/%d", path, i);

		if (!file)
			return -ENOMEM;
		if (unlink(file) < 0 && errno != ENOENT)
			return -errno;
	}
	if (rmdir(path) < 0 && errno != ENOENT)
		return -errno;
	sync();
	return 0;
}
