/* SPDX-License-Identifier: MIT */
/*
 * What a client of many files does, all at once, on every file system: threads add a
 * thousand files of all sizes, others cancel, ask and take what has ended, with few
 * descriptors; in the end each file is there in full or not at all.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "look.h"
#include "place.h"
#include "prealloc.h"

enum { FILES = 1000, ADDERS = 2, TAKERS = 2, THREADS = ADDERS + TAKERS + 1, NOT_YET = 1 };

struct crowd {
	const struct place *place;
	struct prealloc_queue *queue;
	atomic_uint next, ended, callbacks;
	atomic_int outcomes[FILES];
	struct item {
		struct crowd *crowd;
		unsigned number;
	} items[FILES];
};

/* From 1 byte to 700 KiB, most of them small; the same in every run. */
static uint64_t length_of(unsigned number)
{
	unsigned scattered = number * 2654435761u >> 8;

	return 1 + scattered % (number % 7 == 0 ? 700000 : 40000);
}

static void path_of(const struct crowd *crowd, unsigned number, char path[static 64])
{
	snprintf(path, 64, "%s/crowd-%u", crowd->place->directory, number);
}

static int note(uint64_t done_bytes, uint64_t total_bytes, void *context)
{
	struct item *item = context;

	if (done_bytes > total_bytes || total_bytes != length_of(item->number))
		return 1;
	atomic_fetch_add(&item->crowd->callbacks, 1);
	return 0;
}

static void *add(void *context)
{
	struct crowd *crowd = context;

	for (unsigned number; (number = atomic_fetch_add(&crowd->next, 1)) < FILES;) {
		struct prealloc_options options = { .size = sizeof(options),
						    .flags = number % 20 ? 0 : PREALLOC_DURABLE,
						    .progress = number % 2 ? note : NULL,
						    .context = &crowd->items[number],
						    .write_bytes_per_second =
							    number % 5 ? 0 : 1ull << 30 };
		char path[64];
		struct prealloc_file file = { .size = sizeof(file),
					      .path = path,
					      .length = length_of(number),
					      .options = &options,
					      .tag = &crowd->items[number] };

		path_of(crowd, number, path);
		if (prealloc_queue_add(crowd->queue, &file, NULL) < 0)
			abort();
	}
	return NULL;
}

static void *take(void *context)
{
	struct crowd *crowd = context;
	struct pollfd watched = { .fd = prealloc_queue_fd(crowd->queue), .events = POLLIN };

	while (atomic_load(&crowd->ended) < FILES) {
		struct prealloc_outcome outcome = { .size = sizeof(outcome) };
		const struct item *item;

		poll(&watched, 1, 10);
		if (prealloc_queue_next(crowd->queue, &outcome, NULL) < 0)
			continue;
		item = outcome.tag;
		if (atomic_exchange(&crowd->outcomes[item->number], outcome.error) != NOT_YET)
			abort();
		/* What is left at three quarters is cancelled. */
		if (atomic_fetch_add(&crowd->ended, 1) == FILES * 3 / 4)
			prealloc_queue_cancel(crowd->queue, 0);
	}
	return NULL;
}

static void *cancel(void *context)
{
	struct crowd *crowd = context;
	struct prealloc_queue_status status = { .size = sizeof(status) };

	for (unsigned i = 0; atomic_load(&crowd->ended) < FILES; i++) {
		prealloc_queue_cancel(crowd->queue, 1 + (i * 7919u) % (FILES * 4));
		prealloc_queue_status(crowd->queue, &status);
		if (status.running > 4 || status.done_bytes > status.total_bytes)
			abort();
		usleep(1000);
	}
	return NULL;
}

static void check_files(struct crowd *crowd)
{
	unsigned whole = 0, cancelled = 0;

	for (unsigned i = 0; i < FILES; i++) {
		struct stat status;
		char path[64];
		int is_there;

		path_of(crowd, i, path);
		is_there = stat(path, &status) == 0;
		assert_int_equal(is_there, crowd->outcomes[i] == 0);
		whole += is_there;
		cancelled += crowd->outcomes[i] == -ECANCELED;
		if (!is_there)
			continue;
		assert_int_equal(status.st_size, length_of(i));
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(whole + cancelled, FILES);
	assert_true(whole > 0);
}

static void run_threads(struct crowd *crowd)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
						i < ADDERS	      ? add
						: i < ADDERS + TAKERS ? take
								      : cancel,
						crowd),
				 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void each_file_is_there_in_full_or_not_at_all(void **state)
{
	const struct prealloc_queue_options options = { .size = sizeof(options), .at_once = 4 };
	struct crowd *crowd = calloc(1, sizeof(*crowd));
	struct rlimit before, few;

	assert_non_null(crowd);
	crowd->place = *state;
	for (unsigned i = 0; i < FILES; i++) {
		crowd->outcomes[i] = NOT_YET;
		crowd->items[i] = (struct item) { crowd, i };
	}
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = (struct rlimit) { 64, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(prealloc_queue_new(&options, &crowd->queue), 0);
	run_threads(crowd);
	prealloc_queue_free(crowd->queue);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_true(crowd->callbacks > 0);
	check_files(crowd);
	free(crowd);
}

int main(void)
{
	static const struct place_test tests[] = {
		{ "each file is there in full or not at all",
		  each_file_is_there_in_full_or_not_at_all, 0 },
	};

	return places_run(tests, ARRAY_SIZE(tests));
}
