/* SPDX-License-Identifier: MIT */
/*
 * allocate-once WAY FILE BYTES [COUNT]: makes one file durably, by COUNT calls of so many
 * bytes one after the other, and prints what it cost: seconds, the highest resident memory
 * in KiB, and the seconds of the calls alone.  For bench/prealloc, beside programs that
 * are timed from outside.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "prealloc.h"

static int direct_refused;

/* --wrap: what the library sees where a file system refuses O_DIRECT. */
int __real_fcntl64(int fd, int command, ...);
int __wrap_fcntl64(int fd, int command, long argument);
int __wrap_fcntl64(int fd, int command, long argument)
{
	if (direct_refused && command == F_SETFL && (argument & O_DIRECT)) {
		errno = EINVAL;
		return -1;
	}
	return __real_fcntl64(fd, command, argument);
}

static int by_library(int fd, uint64_t offset, uint64_t bytes)
{
	return prealloc(fd, offset, bytes, NULL, NULL);
}

static int watch(uint64_t done_bytes, uint64_t total_bytes, void *context)
{
	(void)done_bytes, (void)total_bytes, (void)context;
	return 0;
}

static int by_library_watched(int fd, uint64_t offset, uint64_t bytes)
{
	struct prealloc_options options = { .size = sizeof(options), .progress = watch };

	return prealloc(fd, offset, bytes, &options, NULL);
}

static int by_library_cached(int fd, uint64_t offset, uint64_t bytes)
{
	direct_refused = 1;
	return prealloc(fd, offset, bytes, NULL, NULL);
}

static int by_c_library(int fd, uint64_t offset, uint64_t bytes)
{
	return -posix_fallocate(fd, (off_t)offset, (off_t)bytes);
}

static int by_kernel(int fd, uint64_t offset, uint64_t bytes)
{
	return fallocate(fd, 0, (off_t)offset, (off_t)bytes) < 0 ? -errno : 0;
}

/* The limit of the device: the blocks are there already. */
static int by_overwriting(int fd, uint64_t offset, uint64_t bytes)
{
	enum { PIECE = 64 * 1024, COUNT = 1024 };
	struct iovec vector[COUNT];
	char *zeroes = mmap(NULL, PIECE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (zeroes == MAP_FAILED || fcntl(fd, F_SETFL, O_DIRECT) < 0)
		return -errno;
	for (int i = 0; i < COUNT; i++)
		vector[i] = (struct iovec) { zeroes, PIECE };
	for (uint64_t at = offset, end = offset + bytes; at < end;) {
		uint64_t pieces = (end - at + PIECE - 1) / PIECE;
		ssize_t written =
			pwritev(fd, vector, pieces < COUNT ? (int)pieces : COUNT, (off_t)at);

		if (written <= 0)
			return written < 0 ? -errno : -EIO;
		at += (uint64_t)written;
	}
	return 0;
}

static int by_nothing(int fd, uint64_t offset, uint64_t bytes)
{
	(void)fd, (void)offset, (void)bytes;
	return 0;
}

static const struct {
	const char *name;
	int (*allocate)(int fd, uint64_t offset, uint64_t bytes);
} ways[] = {
	{ "prealloc", by_library },
	{ "prealloc-watched", by_library_watched },
	{ "prealloc-cached", by_library_cached },
	{ "posix_fallocate", by_c_library },
	{ "fallocate", by_kernel },
	{ "overwrite", by_overwriting },
	{ "nothing", by_nothing },
};

static double now_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int allocate(const char *way, int fd, uint64_t bytes, uint64_t count)
{
	int r = -EINVAL;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (strcmp(ways[i].name, way) == 0)
			for (uint64_t n = r = 0; r == 0 && n < count; n++)
				r = ways[i].allocate(fd, n * bytes, bytes);
	return r;
}

int main(int argc, char **argv)
{
	struct rusage usage;
	double start, called;
	int fd, r;

	if (argc != 4 && argc != 5)
		return 2;
	fd = open(argv[2], O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	start = now_seconds();
	r = allocate(argv[1], fd, strtoull(argv[3], NULL, 10),
		     argc == 5 ? strtoull(argv[4], NULL, 10) : 1);
	called = now_seconds() - start;
	if (fd < 0 || r < 0 || fsync(fd) < 0) {
		fprintf(stderr, "allocate-once: %s: %s\n", argv[2], strerror(r < 0 ? -r : errno));
		return 1;
	}
	start = now_seconds() - start;
	getrusage(RUSAGE_SELF, &usage);
	printf("%.6f %ld %.6f\n", start, usage.ru_maxrss, called);
	return 0;
}
