/* SPDX-License-Identifier: MIT */
/*
 * A slow disk for bench/aa, to be preloaded: every write() and writev() of a page or
 * more first waits for DELAY_NS.  What waits is slowed down by exactly as much as
 * is asked for, however busy the machine is.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { PAGE_BYTES = 4096 };

static void wait_for_disk(size_t bytes)
{
	const char *delay = getenv("DELAY_NS");
	long ns = delay ? atol(delay) : 0;

	if (bytes >= PAGE_BYTES && ns > 0)
		clock_nanosleep(CLOCK_MONOTONIC, 0,
				&(struct timespec) { ns / 1000000000, ns % 1000000000 }, NULL);
}

ssize_t write(int fd, const void *data, size_t bytes)
{
	ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");

	wait_for_disk(bytes);
	return real(fd, data, bytes);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
	ssize_t (*real)(int, const struct iovec *, int) = dlsym(RTLD_NEXT, "writev");

	/* Each part is a page. */
	wait_for_disk(count > 0 ? parts[0].iov_len : 0);
	return real(fd, parts, count);
}
