/* SPDX-License-Identifier: MIT */
/* Complete reads and writes: EINTR and short counts are handled here. */
#ifndef BASE_IO_H
#define BASE_IO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Writes all bytes at the file's position.  0 or -errno. */
int io_write_all(int fd, const void *data, size_t bytes);

/*
 * Reads from the file's position to its end.  The caller frees *ret_data, which is terminated by a
 * zero byte.  0, -EFBIG (more than `limit` bytes) or -errno.
 */
int io_read_rest(int fd, size_t limit, char **ret_data, size_t *ret_bytes);

/* Reads exactly `bytes` bytes from the offset `at`.  0 or -errno; -EIO: the file ends before. */
int io_read_at(int fd, uint64_t at, void *ret, size_t bytes);

/* Writes all bytes at the offset `at`.  0 or -errno. */
int io_write_at(int fd, uint64_t at, const void *data, size_t bytes);

/*
 * Copies bytes from one file to another, at these offsets.  0 or -errno; -EIO: the file `from` ends
 * before.
 */
int io_copy_at(int from, uint64_t from_at, int to, uint64_t to_at, uint64_t bytes);

/* Reads the whole file `path`, as io_read_rest() does.  `ret_bytes` may be NULL. */
int io_read_file(const char *path, size_t limit, char **ret_data, size_t *ret_bytes);

/*
 * Opens a new file that has no name, so that it goes with its last descriptor.  On file systems
 * that cannot make one it has the name `path` for a moment.  The descriptor, or -1 with errno.
 */
int io_open_unnamed(const char *directory, const char *path);

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t io_now_ns(void);

/* The timeout for poll() until the deadline, at most an hour; 0 after the deadline. */
int io_milliseconds_until(uint64_t deadline_ns);

#endif
