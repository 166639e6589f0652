/* SPDX-License-Identifier: MIT */
/* Fills a file with zeroes, chunk by chunk; private to src/method/. */
#ifndef METHOD_ZEROES_H
#define METHOD_ZEROES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "method/method.h"

/* Sufficient for O_DIRECT on all devices that Linux supports. */
enum { ZEROES_ALIGNMENT = 4096 };

struct zeroes_writer {
	const char *call; /* the system call, for refused_by */
	/* Writes `bytes` zeroes at offset `at`; returns what write() returns. */
	ssize_t (*put)(const struct zeroes_writer *writer, int fd, size_t bytes, off_t at);
	const void *source; /* of the zeroes, for put() */
	size_t chunk_bytes;
	size_t unit_bytes; /* a short write is rounded down to a multiple of this */
};

/* The bytes of the next chunk if `left` remain. */
static inline size_t zeroes_chunk(uint64_t left, size_t chunk_bytes)
{
	return left < chunk_bytes ? (size_t)left : chunk_bytes;
}

/* How many bytes a write of `put` out of `bytes` counts for. */
static inline size_t zeroes_progress(size_t put, size_t bytes, size_t unit_bytes)
{
	return put == bytes ? put : put - put % unit_bytes;
}

/* Zeroed memory, aligned for direct I/O.  The caller frees it; NULL: out of memory. */
void *zeroes_make(size_t bytes);

/* Writes `bytes` from the start of the file and counts calls and bytes in `ret`.  0 or -errno. */
int zeroes_write(const struct zeroes_writer *writer, int fd, uint64_t bytes,
		 struct method_outcome *ret);

#endif
