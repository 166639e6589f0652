/* SPDX-License-Identifier: MIT */
/*
 * The loop of all methods that write.  A short write is completed before the next chunk, so that
 * all chunks start at multiples of their size.  The buffer is written beforehand: new pages would
 * all be the kernel's single page of zeroes, which stays in the processor's cache, unlike the
 * buffer of an application.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "method/methods.h"

void *zeroes_make(size_t bytes)
{
	void *zeroes;

	if (posix_memalign(&zeroes, ZEROES_ALIGNMENT, bytes) != 0)
		return NULL;
	return memset(zeroes, 0, bytes);
}

static int write_chunk(const struct zeroes_writer *writer, int fd, size_t bytes, uint64_t at,
		       struct method_outcome *ret)
{
	while (bytes > 0) {
		ssize_t put = writer->put(writer, fd, bytes, (off_t)at);
		size_t progress;

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return outcome_refuse(ret, writer->call, errno);
		progress = zeroes_progress((size_t)put, bytes, writer->unit_bytes);
		if (progress == 0) /* would loop forever */
			return outcome_refuse(ret, writer->call, EIO);
		ret->calls++;
		ret->written_bytes += (size_t)put;
		at += progress;
		bytes -= progress;
	}
	return 0;
}

int zeroes_write(const struct zeroes_writer *writer, int fd, uint64_t bytes,
		 struct method_outcome *ret)
{
	for (uint64_t at = 0; at < bytes; at += writer->chunk_bytes) {
		int r = write_chunk(writer, fd, zeroes_chunk(bytes - at, writer->chunk_bytes), at,
				    ret);

		if (r < 0)
			return r;
	}
	ret->path = METHOD_PATH_WRITTEN;
	return 0;
}
