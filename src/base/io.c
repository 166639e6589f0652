/* SPDX-License-Identifier: MIT */
#include "base/io.h"

#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strbuf.h"

int io_write_all(int fd, const void *data, size_t bytes)
{
	const char *at = data;

	while (bytes > 0) {
		ssize_t written = write(fd, at, bytes);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		at += written;
		bytes -= (size_t)written;
	}
	return 0;
}

int io_read_rest(int fd, size_t limit, char **ret_data, size_t *ret_bytes)
{
	enum { STEP_BYTES = 4096 };
	CLEANUP(strbuf_clear) struct strbuf data = { 0 };
	size_t bytes;

	for (;;) {
		/* Doubles the buffer, so that a large file takes few calls. */
		size_t room = data.bytes > STEP_BYTES ? data.bytes : STEP_BYTES;
		char *to = strbuf_reserve(&data, room);
		ssize_t got = to ? read(fd, to, room) : -1;

		if (!to)
			return -ENOMEM;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		data.bytes += (size_t)got;
		if (data.bytes > limit)
			return -EFBIG;
	}
	data.text[data.bytes] = '\0';
	bytes = data.bytes;
	*ret_data = strbuf_take(&data);
	if (ret_bytes)
		*ret_bytes = bytes;
	return 0;
}

int io_read_at(int fd, uint64_t at, void *ret, size_t bytes)
{
	char *place = ret;

	while (bytes) {
		ssize_t got = pread(fd, place, bytes, (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EIO;
		place += got;
		at += (uint64_t)got;
		bytes -= (size_t)got;
	}
	return 0;
}

int io_write_at(int fd, uint64_t at, const void *data, size_t bytes)
{
	const char *place = data;

	while (bytes > 0) {
		ssize_t written = pwrite(fd, place, bytes, (off_t)at);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return written < 0 ? -errno : -EIO;
		place += written;
		at += (uint64_t)written;
		bytes -= (size_t)written;
	}
	return 0;
}

int io_copy_at(int from, uint64_t from_at, int to, uint64_t to_at, uint64_t bytes)
{
	enum { PIECE_BYTES = 65536 };
	char piece[PIECE_BYTES];

	while (bytes > 0) {
		size_t some = bytes < PIECE_BYTES ? (size_t)bytes : PIECE_BYTES;
		int r = io_read_at(from, from_at, piece, some);

		if (r == 0)
			r = io_write_at(to, to_at, piece, some);
		if (r < 0)
			return r;
		from_at += some;
		to_at += some;
		bytes -= some;
	}
	return 0;
}

int io_read_file(const char *path, size_t limit, char **ret_data, size_t *ret_bytes)
{
	CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return io_read_rest(fd, limit, ret_data, ret_bytes);
}

int io_open_unnamed(const char *directory, const char *path)
{
	int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
		return fd;
	fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0 && unlink(path) < 0)
		return fd_close(fd);
	return fd;
}

uint64_t io_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int io_milliseconds_until(uint64_t deadline_ns)
{
	uint64_t now = io_now_ns(), left;

	left = deadline_ns > now ? (deadline_ns - now + 999999) / 1000000 : 0;
	return left > 3600000 ? 3600000 : (int)left;
}
