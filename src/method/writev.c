/* SPDX-License-Identifier: MIT */
/*
 * One writev() of N bytes needs no buffer of N bytes: all parts of the vector are the same page of
 * zeroes.  The kernel accepts at most 1024 parts (IOV_MAX), so the shared part is larger than a
 * page if N is more than 4 MiB.
 */
#include <errno.h>
#include <limits.h>
#include <sys/uio.h>

#include "base/cleanup.h"
#include "method/methods.h"

enum { PIECE_BYTES_MIN = 4096 };

struct vector {
	size_t piece_bytes;
	struct iovec *parts; /* each a whole piece */
};

static size_t round_up(size_t value, size_t multiple)
{
	return (value + multiple - 1) / multiple * multiple;
}

static ssize_t put(const struct zeroes_writer *writer, int fd, size_t bytes, off_t at)
{
	const struct vector *vector = writer->source;
	size_t count = (bytes + vector->piece_bytes - 1) / vector->piece_bytes;
	struct iovec *last = &vector->parts[count - 1];
	ssize_t put;

	(void)at;
	last->iov_len = bytes - (count - 1) * vector->piece_bytes;
	put = writev(fd, vector->parts, (int)count);
	last->iov_len = vector->piece_bytes;
	return put;
}

static int allocate(int fd, const struct method_request *req, struct method_outcome *ret)
{
	size_t piece = round_up((req->chunk_bytes + IOV_MAX - 1) / IOV_MAX, PIECE_BYTES_MIN);
	CLEANUP(freep) void *zeroes = zeroes_make(piece);
	CLEANUP(freep) struct iovec *parts = calloc(IOV_MAX, sizeof(*parts));
	struct vector vector = { .piece_bytes = piece, .parts = parts };
	struct zeroes_writer writer = {
		.call = "writev",
		.put = put,
		.source = &vector,
		.chunk_bytes = req->chunk_bytes,
		.unit_bytes = 1,
	};

	if (!zeroes || !parts)
		return outcome_refuse(ret, "malloc", ENOMEM);
	for (size_t i = 0; i < IOV_MAX; i++)
		parts[i] = (struct iovec) { .iov_base = zeroes, .iov_len = piece };
	return zeroes_write(&writer, fd, req->bytes, ret);
}

const struct method method_writev = {
	.name = "writev",
	.summary = "writev() zeroes, N bytes per call, all from one page",
	.parameters = METHOD_CHUNK,
	.allocate = allocate,
};
