/* SPDX-License-Identifier: MIT */
/*
 * Reserves space for a file, shows how far it is, and lets Ctrl-C stop it:
 *
 *	cc prealloc-example.c $(pkg-config --cflags --libs libprealloc)
 *	./a.out FILE MEBIBYTES
 */
#include <fcntl.h>
#include <inttypes.h>
#include <prealloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t stopped;

static void stop(int number)
{
	(void)number;
	stopped = 1;
}

static int show(uint64_t done_bytes, uint64_t total_bytes, void *context)
{
	fprintf(context, "\r%3.0f %%", 100.0 * (double)done_bytes / (double)total_bytes);
	return stopped;
}

int main(int argc, char **argv)
{
	struct prealloc_options options = {
		.size = sizeof(options),
		.flags = PREALLOC_DURABLE,
		.progress = show,
		.context = stderr,
	};
	struct prealloc_result result = { .size = sizeof(result) };
	uint64_t bytes = argc == 3 ? strtoull(argv[2], NULL, 10) << 20 : 0;
	int fd, r;

	if (bytes == 0) {
		fprintf(stderr, "usage: %s FILE MEBIBYTES\n", argv[0]);
		return 2;
	}
	fd = open(argv[1], O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0) {
		perror(argv[1]);
		return 1;
	}
	signal(SIGINT, stop);
	r = prealloc(fd, 0, bytes, &options, &result);
	fputc('\n', stderr);
	if (r < 0)
		fprintf(stderr, "%s: %s\n", argv[1], strerror(-r));
	else
		printf("%s: %" PRIu64 " bytes reserved (%s)%s\n", argv[1], result.reserved_bytes,
		       prealloc_path_name(result.path),
		       result.risks ? ", but a later write may still find no space" : "");
	close(fd);
	return r < 0;
}
