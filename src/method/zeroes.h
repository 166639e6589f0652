/* SPDX-License-Identifier: MIT */
/* Inside src/method/ only: writing a file full of zeroes, chunk by chunk. */
#ifndef METHOD_ZEROES_H
#define METHOD_ZEROES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "method/method.h"

/* Enough for O_DIRECT on every device that Linux has. */
enum { ZEROES_ALIGNMENT = 4096 };

struct zeroes_writer {
	const char *call; /* for refused_by */
	/* Hands over `bytes` zeroes that belong at offset `at`; returns as write(). */
	ssize_t (*put)(const struct zeroes_writer *writer, int fd, size_t bytes, off_t at);
	const void *source; /* what put() takes the zeroes from */
	size_t chunk_bytes;
	size_t unit_bytes; /* a short write counts in multiples of this */
};

/* The bytes of the next chunk where `left` are left. */
static inline size_t zeroes_chunk(uint64_t left, size_t chunk_bytes)
{
	return left < chunk_bytes ? (size_t)left : chunk_bytes;
}

/* What a short write of `put` out of `bytes` is worth. */
static inline size_t zeroes_progress(size_t put, size_t bytes, size_t unit_bytes)
{
	return put == bytes ? put : put - put % unit_bytes;
}

/* Memory full of zeroes, aligned for direct I/O, for free().  NULL: no memory. */
void *zeroes_make(size_t bytes);

/* Writes `bytes` from the start of the file; counts into `ret`.  0 or -errno. */
int zeroes_write(const struct zeroes_writer *writer, int fd, uint64_t bytes,
		 struct method_outcome *ret);

#endif
