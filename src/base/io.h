/* SPDX-License-Identifier: MIT */
/* Whole reads and writes: EINTR and short counts are dealt with here. */
#ifndef BASE_IO_H
#define BASE_IO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Writes all of it at the file's position.  0 or -errno. */
int io_write_all(int fd, const void *data, size_t bytes);

/*
 * Reads the rest of fd into memory that the caller frees; a zero byte follows
 * it.  Returns 0, -EFBIG (more than `limit` bytes) or -errno.
 */
int io_read_rest(int fd, size_t limit, char **ret_data, size_t *ret_bytes);

/* Reads exactly so many bytes from `at` on.  0, or -EIO (also at the end of the file). */
int io_read_at(int fd, uint64_t at, void *ret, size_t bytes);

/* The rest, of a named file. */
int io_read_file(const char *path, size_t limit, char **ret_data, size_t *ret_bytes);

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t io_now_ns(void);

/* For poll(): until that moment, at most an hour; 0 when it is over. */
int io_milliseconds_until(uint64_t deadline_ns);

#endif
