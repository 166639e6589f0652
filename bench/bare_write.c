/* SPDX-License-Identifier: MIT */
/*
 * The peer of chunk-4096: nothing but a loop of write().  Prepares as a trial
 * does (a fresh process, a file without a name, caches dropped where that is
 * allowed), so that the difference is what alloc-perf adds.  Prints nanoseconds.
 *
 *	bare-write DIRECTORY BYTES
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static char zeroes[4096];

static long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

static void drop_caches(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);

	if (fd < 0)
		return;
	sync();
	if (write(fd, "3", 1) < 0)
		perror("drop_caches");
	close(fd);
}

int main(int argc, char **argv)
{
	long long bytes = argc == 3 ? atoll(argv[2]) : 0, before;
	int fd = argc == 3 ? open(argv[1], O_TMPFILE | O_RDWR, 0600) : -1;

	if (fd < 0 || bytes <= 0) {
		fprintf(stderr, "Usage: bare-write DIRECTORY BYTES\n");
		return 2;
	}
	drop_caches();
	before = now_ns();
	for (; bytes > 0; bytes -= (long long)sizeof(zeroes))
		if (write(fd, zeroes, sizeof(zeroes)) != sizeof(zeroes)) {
			perror("write");
			return 1;
		}
	printf("%lld\n", now_ns() - before);
	return 0;
}
