/* SPDX-License-Identifier: MIT */
/*
 * Reserved: the file is allocated, the volume is filled to its last block, and the range is written
 * in random order.  The file system has to find room for each block, which is there only if the
 * allocation has reserved it.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/random.h"
#include "base/text.h"
#include "promise/cases.h"
#include "promise/fill.h"
#include "workload/pattern.h"

enum { BLOCK_BYTES = 4096, PASSES = 2 };

static const char file_name[] = "alloc-perf.file";

/* The file, allocated by the method and synced; n/a where the method is refused. */
static int make_file(struct promise_run *run, int *ret_fd)
{
	CLEANUP(freep) char *path = text_format("%s/%s", run->directory, file_name);
	CLEANUP(fd_closep) int fd = -1;
	struct method_outcome outcome = { .path = METHOD_PATH_NATIVE };
	int r;

	if (!path)
		return -ENOMEM;
	fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return promise_fault(run, errno, "creating the file");
	r = method_run(run->method, fd, run->file_bytes, &outcome);
	if (r < 0 && method_unsupported(r))
		return promise_na(run, "%s: %s", outcome.refused_by, strerror(-r));
	if (r < 0)
		return promise_fault(run, -r, outcome.refused_by);
	if (fsync(fd) < 0)
		return promise_fault(run, errno, "fsync");
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* A random order of the blocks, the same for the same seed. */
static void shuffle(uint32_t *order, size_t count, uint64_t seed)
{
	for (size_t i = 0; i < count; i++)
		order[i] = (uint32_t)i;
	for (size_t i = count; i > 1; i--) {
		size_t other = random_mix(seed + i) % i;
		uint32_t last = order[i - 1];

		order[i - 1] = order[other];
		order[other] = last;
	}
}

/* Each block once, each made durable.  0; 1: the promise is broken; or -errno. */
static int write_blocks(struct promise_run *run, int fd, const uint32_t *order, size_t count,
			unsigned pass)
{
	CLEANUP(pattern_clear) struct pattern pattern = { 0 };
	int r = pattern_init(&pattern, run->seed, pass, BLOCK_BYTES);

	for (size_t i = 0; r == 0 && i < count; i++) {
		uint64_t offset = (uint64_t)order[i] * BLOCK_BYTES;
		const void *block = pattern_block(&pattern, 0, order[i], offset);

		if (pwrite(fd, block, BLOCK_BYTES, (off_t)offset) == BLOCK_BYTES &&
		    fdatasync(fd) == 0)
			continue;
		if (errno != ENOSPC && errno != EDQUOT)
			return promise_fault(run, errno, "writing into the range");
		r = promise_break(run, PROMISE_RESERVED,
				  "when the range is written for the %s time, block %zu of %zu: %s",
				  pass ? "second" : "first", i + 1, count, strerror(errno));
		return r < 0 ? r : 1;
	}
	return r;
}

static int run_overwrite(struct promise_run *run)
{
	CLEANUP(fd_closep) int fd = -1;
	CLEANUP(freep) uint32_t *order = NULL;
	size_t count = (size_t)(run->file_bytes / BLOCK_BYTES);
	uint64_t filled;
	int r = make_file(run, &fd);

	if (r < 0 || run->verdict)
		return r;
	order = calloc(count, sizeof(*order));
	if (!order)
		return -ENOMEM;
	r = fill_volume(run->directory, &filled);
	if (r < 0)
		return promise_fault(run, -r, "filling the volume");
	shuffle(order, count, run->seed);
	for (unsigned pass = 0; r == 0 && pass < PASSES; pass++)
		r = write_blocks(run, fd, order, count, pass);
	return r == 0 ? promise_keep(run) : r < 0 ? r : 0;
}

const struct promise_case promise_reserved_overwrite = {
	.name = "overwrite",
	.summary = "the volume is filled, then the range is written twice in random order",
	.promises = 1u << PROMISE_RESERVED,
	.run = run_overwrite,
};
