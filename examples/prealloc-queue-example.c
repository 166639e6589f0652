/* SPDX-License-Identifier: MIT */
/*
 * Makes room for the files of a download, as a torrent client does: the list on
 * standard input has a line "BYTES PATH" for each.  Ctrl-C leaves no half-made file.
 *
 *	cc prealloc-queue-example.c $(pkg-config --cflags --libs libprealloc)
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <prealloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static struct prealloc_file files[10000];
static volatile sig_atomic_t stopped;

static void stop(int number)
{
	stopped = number;
}

/* Better now than when the disk is full of half a download. */
static int check(size_t count)
{
	struct prealloc_volume volume = { .size = sizeof(volume) };
	size_t room = 1; /* a file system that lacks something comes first */
	int r = prealloc_fits(files, count, &volume, &room);

	if (r == -ENOSPC)
		fprintf(stderr, "%s: %" PRIu64 " bytes needed, %" PRIu64 " available\n",
			files[volume.first_file].path, volume.needed_bytes, volume.available_bytes);
	return r;
}

static int run(struct prealloc_queue *queue)
{
	struct pollfd ended = { .fd = prealloc_queue_fd(queue), .events = POLLIN };
	struct prealloc_queue_status status = { .size = sizeof(status) };
	struct prealloc_outcome outcome = { .size = sizeof(outcome) };
	int r, failed = 0;

	while ((r = prealloc_queue_next(queue, &outcome, NULL)) != -ENOENT) {
		if (r == 0 && outcome.error < 0) {
			failed = 1;
			fprintf(stderr, "%s: %s\n", (char *)outcome.tag, strerror(-outcome.error));
		}
		if (r == -EINPROGRESS)
			poll(&ended, 1, 200); /* a client has its sockets here as well */
		if (stopped)
			prealloc_queue_cancel(queue, 0);
		prealloc_queue_status(queue, &status);
		printf("%" PRIu64 " of %" PRIu64 " bytes\n", status.done_bytes, status.total_bytes);
	}
	prealloc_queue_free(queue);
	return failed;
}

int main(void)
{
	/* One at a time, and in the background: the user comes first. */
	struct prealloc_queue_options options = { .size = sizeof(options),
						  .io_priority = PREALLOC_IO_LOW,
						  .write_bytes_per_second = 100 << 20 };
	struct prealloc_queue *queue;
	size_t count = 0;

	for (struct prealloc_file *file = files; count < 10000; file++, count++) {
		file->size = sizeof(*file);
		if (scanf("%" SCNu64 " %m[^\n]", &file->length, (char **)&file->tag) != 2)
			break;
		file->path = file->tag; /* the tag comes back with the outcome */
	}
	signal(SIGINT, stop);
	if (check(count) < 0 || prealloc_queue_new(&options, &queue) < 0)
		return 1;
	for (size_t i = 0; i < count; i++)
		if (prealloc_queue_add(queue, &files[i], NULL) < 0)
			return 1;
	return run(queue);
}
