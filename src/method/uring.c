/* SPDX-License-Identifier: MIT */
/*
 * DEPTH writes of N bytes in flight.  With O_DIRECT, since a buffered write by io_uring is a
 * write() in another thread, and a queue depth matters to devices only.
 *
 * All requests write the same zeroes, so they share one registered buffer: registered memory counts
 * against RLIMIT_MEMLOCK, which is 64 KiB for ordinary users on older systems.  If even one chunk
 * exceeds it, the buffer is not registered, which the outcome lists as a fallback.
 *
 * After a failure the requests in flight are completed before the method returns: nothing may
 * change the file after the failure was reported.
 */
#include <errno.h>
#include <liburing.h>
#include <stdbool.h>

#include "base/cleanup.h"
#include "method/methods.h"

struct request {
	uint64_t at;
	size_t bytes;
};

struct transfer {
	struct io_uring *ring;
	int fd;
	const void *zeroes;
	bool registered;
	size_t chunk_bytes, unit_bytes;
	uint64_t next, end;	  /* offsets: the first without a request, and the end */
	struct request *requests; /* one per slot */
	unsigned in_flight;
	int error; /* the first errno; positive */
};

static void ring_exitp(struct io_uring **ring)
{
	if (*ring)
		io_uring_queue_exit(*ring);
}

/* There is always a free entry: the ring has as many entries as there are slots. */
static void submit(struct transfer *transfer, unsigned slot)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(transfer->ring);
	const struct request *request = &transfer->requests[slot];
	unsigned bytes = (unsigned)request->bytes;

	if (transfer->registered)
		io_uring_prep_write_fixed(sqe, transfer->fd, transfer->zeroes, bytes, request->at,
					  0);
	else
		io_uring_prep_write(sqe, transfer->fd, transfer->zeroes, bytes, request->at);
	io_uring_sqe_set_data64(sqe, slot);
	transfer->in_flight++;
}

static void submit_next(struct transfer *transfer, unsigned slot)
{
	size_t bytes = zeroes_chunk(transfer->end - transfer->next, transfer->chunk_bytes);

	if (bytes == 0)
		return;
	transfer->requests[slot] = (struct request) { .at = transfer->next, .bytes = bytes };
	transfer->next += bytes;
	submit(transfer, slot);
}

static void complete(struct transfer *transfer, unsigned slot, int result,
		     struct method_outcome *ret)
{
	struct request *request = &transfer->requests[slot];
	size_t progress = 0;

	if (result > 0)
		progress = zeroes_progress((size_t)result, request->bytes, transfer->unit_bytes);

	transfer->in_flight--;
	if (progress > 0) {
		ret->calls++;
		ret->written_bytes += (size_t)result;
		request->at += progress;
		request->bytes -= progress;
	} else if (result != -EINTR && result != -EAGAIN && !transfer->error) {
		transfer->error = result < 0 ? -result : EIO;
	}
	if (transfer->error)
		return;
	if (request->bytes > 0)
		submit(transfer, slot);
	else
		submit_next(transfer, slot);
}

static int write_all(struct transfer *transfer, unsigned depth, struct method_outcome *ret)
{
	struct io_uring_cqe *cqe;

	for (unsigned slot = 0; slot < depth; slot++)
		submit_next(transfer, slot);
	while (transfer->in_flight > 0) {
		int r = io_uring_submit_and_wait(transfer->ring, 1);

		if (r < 0 && r != -EINTR && r != -EAGAIN && r != -EBUSY)
			return outcome_refuse(ret, "io_uring_enter", -r);
		while (io_uring_peek_cqe(transfer->ring, &cqe) == 0) {
			unsigned slot = (unsigned)io_uring_cqe_get_data64(cqe);
			int result = cqe->res;

			io_uring_cqe_seen(transfer->ring, cqe);
			complete(transfer, slot, result, ret);
		}
	}
	if (transfer->error)
		return outcome_refuse(ret, "io_uring write", transfer->error);
	ret->path = METHOD_PATH_WRITTEN;
	return 0;
}

static int register_zeroes(struct transfer *transfer, size_t bytes, struct method_outcome *ret)
{
	struct iovec buffer = { .iov_base = (void *)transfer->zeroes, .iov_len = bytes };
	int r = io_uring_register_buffers(transfer->ring, &buffer, 1);

	if (r == -ENOMEM)
		outcome_fall_back(ret, "io_uring_register", ENOMEM);
	else if (r < 0)
		return outcome_refuse(ret, "io_uring_register", -r);
	transfer->registered = r == 0;
	return 0;
}

static int write_through(struct io_uring *ring, const struct direct *direct,
			 const struct method_request *req, struct method_outcome *ret)
{
	size_t buffer_bytes = zeroes_chunk(direct->whole_bytes, req->chunk_bytes);
	CLEANUP(freep) void *zeroes = zeroes_make(buffer_bytes);
	CLEANUP(freep) struct request *requests = calloc(req->depth, sizeof(*requests));
	struct transfer transfer = {
		.ring = ring,
		.fd = direct->fd,
		.zeroes = zeroes,
		.chunk_bytes = req->chunk_bytes,
		.unit_bytes = direct->alignment,
		.end = direct->whole_bytes,
		.requests = requests,
	};
	int r;

	if (!zeroes || !requests)
		return outcome_refuse(ret, "malloc", ENOMEM);
	r = register_zeroes(&transfer, buffer_bytes, ret);
	return r < 0 ? r : write_all(&transfer, req->depth, ret);
}

static int allocate(int fd, const struct method_request *req, struct method_outcome *ret)
{
	struct io_uring memory;
	CLEANUP(direct_endp) struct direct direct = DIRECT_NONE;
	CLEANUP(ring_exitp) struct io_uring *ring = NULL;
	int r = io_uring_queue_init(req->depth, &memory, 0);

	if (r < 0)
		return outcome_refuse(ret, "io_uring_setup", -r);
	ring = &memory;
	r = direct_begin(fd, req, &direct, ret);
	if (r == 0)
		r = write_through(ring, &direct, req, ret);
	return r < 0 ? r : direct_trim(&direct, req, ret);
}

static int probe(const char **ret_why)
{
	struct io_uring ring;
	int r = io_uring_queue_init(1, &ring, 0);

	if (r == 0) {
		io_uring_queue_exit(&ring);
		return 0;
	}
	if (r == -EPERM)
		*ret_why = "io_uring is disabled (sysctl kernel.io_uring_disabled, or a sandbox)";
	else if (r == -ENOSYS)
		*ret_why = "this kernel has no io_uring (needs Linux 5.1), or a sandbox blocks it";
	else
		*ret_why = "io_uring_setup() failed";
	return r;
}

const struct method method_uring = {
	.name = "uring",
	.summary = "write zeroes without the page cache by io_uring, N bytes each, DEPTH (8) in "
		   "flight",
	.parameters = METHOD_CHUNK_DEPTH,
	.chunk_multiple = DIRECT_SECTOR_BYTES,
	.allocate = allocate,
	.probe = probe,
};
