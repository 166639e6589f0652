/* SPDX-License-Identifier: MIT */
/*
 * The peer of a phase: nothing but a loop of the same calls on a file that was just made, in the
 *same kind of order, from one buffer.  Prepares as a trial does, in a fresh process, on a file
 *without a name.  Prints the nanoseconds of the last phase.
 *
 *	bare-phase DIRECTORY BYTES BLOCK CALL[+fdatasync]...	CALL is write-seq, write-rand,
 *read-seq or read-rand
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

static void drop_caches(int file)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);

	fsync(file);
	posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
	if (fd < 0)
		return;
	sync();
	if (write(fd, "3", 1) < 0)
		perror("drop_caches");
	close(fd);
}

static void shuffle(unsigned *order, unsigned count)
{
	for (unsigned i = count; i > 1; i--) {
		unsigned other = (unsigned)random() % i, taken = order[i - 1];

		order[i - 1] = order[other];
		order[other] = taken;
	}
}

static int run(int fd, const char *phase, char *buffer, size_t block, const unsigned *order,
	       unsigned count)
{
	int writes = strncmp(phase, "write", 5) == 0, syncs = strchr(phase, '+') != NULL;

	for (unsigned i = 0; i < count; i++) {
		off_t at = (off_t)order[i] * (off_t)block;
		ssize_t moved =
			writes ? pwrite(fd, buffer, block, at) : pread(fd, buffer, block, at);

		if (moved != (ssize_t)block || (syncs && fdatasync(fd) < 0)) {
			perror(phase);
			return -1;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	size_t block = argc > 4 ? (size_t)atoll(argv[3]) : 0;
	unsigned count = block ? (unsigned)((size_t)atoll(argv[2]) / block) : 0;
	int fd = count ? open(argv[1], O_TMPFILE | O_RDWR, 0600) : -1;
	unsigned *order = calloc(count + 1, sizeof(*order));
	long long ns = 0;
	char *buffer = NULL;

	if (fd < 0 || !order || posix_memalign((void **)&buffer, 4096, block) != 0) {
		fprintf(stderr, "Usage: bare-phase DIRECTORY BYTES BLOCK CALL[+fdatasync]...\n");
		return 2;
	}
	memset(buffer, 1, block);
	drop_caches(fd);
	for (char **phase = argv + 4; *phase; phase++) {
		long long before;

		for (unsigned i = 0; i < count; i++)
			order[i] = i;
		if (strstr(*phase, "-rand"))
			shuffle(order, count);
		if (strncmp(*phase, "read", 4) == 0)
			drop_caches(fd);
		before = now_ns();
		if (run(fd, *phase, buffer, block, order, count) < 0)
			return 1;
		ns = now_ns() - before;
		fsync(fd);
	}
	printf("%lld\n", ns);
	return 0;
}
