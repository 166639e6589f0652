/* SPDX-License-Identifier: MIT */
/*
 * Those who write to the file while it is being allocated lose nothing; a process
 * killed in the middle leaves a file that is whole and can be finished.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "look.h"
#include "place.h"
#include "prealloc.h"

static const uint64_t mib = 1 << 20;

enum { SLOT = 4096 + 512 };

/* Writes into slots of a range, in an order of its own, until told to stop. */
struct writer {
	int fd;
	uint64_t offset; /* of slot 0 */
	unsigned slots, first, stride;
	atomic_uint done; /* slots first, first + stride, ... have been written */
	atomic_int stop;
};

static uint64_t slot_offset(const struct writer *writer, unsigned i)
{
	/* A stride that shares no factor with the count visits each slot once. */
	return writer->offset + (uint64_t)((i * 7919u) % writer->slots) * SLOT;
}

static void *write_slots(void *context)
{
	struct writer *writer = context;

	for (unsigned i = writer->first; i < writer->slots && !atomic_load(&writer->stop);
	     i += writer->stride) {
		look_write(writer->fd, slot_offset(writer, i), 700);
		writer->done = i + 1;
	}
	return NULL;
}

static void check_slots(const struct writer *writer)
{
	for (unsigned i = writer->first; i < writer->done; i += writer->stride)
		look_is_written(writer->fd, slot_offset(writer, i), 700);
}

static void run_beside(struct writer *writers, size_t count, int fd, uint64_t bytes)
{
	pthread_t threads[8];

	for (size_t i = 0; i < count; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_slots, &writers[i]), 0);
	for (size_t i = 0; i < count; i++)
		while (!atomic_load(&writers[i].done))
			sched_yield();
	assert_int_equal(prealloc(fd, 0, bytes, NULL, NULL), 0);
	for (size_t i = 0; i < count; i++) {
		atomic_store(&writers[i].stop, 1);
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	}
}

static struct writer writer_of(int fd, uint64_t offset, uint64_t bytes, unsigned first,
			       unsigned stride)
{
	struct writer writer = { .fd = fd, .offset = offset, .first = first, .stride = stride };

	writer.slots = (unsigned)(bytes / SLOT);
	if (writer.slots % 7919 == 0)
		writer.slots--;
	return writer;
}

static void writers_into_holes_lose_nothing(void **state)
{
	const struct place *place = *state;
	CLEANUP(fd_closep) int fd = look_new_file(place, 0);
	const uint64_t bytes = 96 * mib;
	struct writer writers[2];

	assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
	for (unsigned i = 0; i < 2; i++)
		writers[i] = writer_of(fd, 0, bytes, i, 2);
	run_beside(writers, 2, fd, bytes);
	assert_int_equal(look_size(fd), bytes);
	look_is_reserved(place, fd, 0, bytes);
	for (unsigned i = 0; i < 2; i++)
		check_slots(&writers[i]);
}

static void writers_past_the_end_lose_nothing(void **state)
{
	const struct place *place = *state;
	CLEANUP(fd_closep) int fd = look_new_file(place, 0);
	const uint64_t bytes = 96 * mib;
	struct writer writers[2];

	for (unsigned i = 0; i < 2; i++)
		writers[i] = writer_of(fd, 0, bytes, i, 2);
	run_beside(writers, 2, fd, bytes);
	assert_true(look_size(fd) >= bytes);
	look_is_reserved(place, fd, 0, bytes);
	for (unsigned i = 0; i < 2; i++)
		check_slots(&writers[i]);
}

struct appender {
	int fd;
	unsigned done;
	atomic_int stop;
};

static const char line[] = "a line that another appends\n";

static void *append_lines(void *context)
{
	struct appender *appender = context;

	while (!atomic_load(&appender->stop)) {
		assert_int_equal(write(appender->fd, line, sizeof(line) - 1), sizeof(line) - 1);
		appender->done++;
	}
	return NULL;
}

/* Every line is there, whole, among the zeroes. */
static void count_lines(int fd, unsigned expected)
{
	const size_t size = (size_t)look_size(fd), length = sizeof(line) - 1;
	char *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	unsigned found = 0;

	assert_true(data != MAP_FAILED);
	for (size_t at = 0; at < size;) {
		if (data[at] == '\0') {
			at++;
			continue;
		}
		assert_true(size - at >= length);
		assert_memory_equal(data + at, line, length);
		found++;
		at += length;
	}
	munmap(data, size);
	assert_int_equal(found, expected);
}

static void appenders_lose_nothing(void **state)
{
	const struct place *place = *state;
	CLEANUP(fd_closep) int fd = look_new_file(place, O_RDWR | O_APPEND);
	struct appender appender = { .fd = fd };
	const uint64_t bytes = 64 * mib + 99;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, append_lines, &appender), 0);
	while (look_size(fd) < 100000)
		;
	assert_int_equal(prealloc(fd, 0, bytes, NULL, NULL), 0);
	atomic_store(&appender.stop, 1);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(look_size(fd) >= bytes);
	look_is_reserved(place, fd, 0, bytes);
	count_lines(fd, appender.done);
}

enum { TONES = 79, RECORDERS = 3 };

/* Appends records of a length of its own, whose every byte tells whose it is, and where in it. */
struct recorder {
	int fd, id;
	size_t bytes;
	unsigned done;
	atomic_int *stop;
};

static void make_record(const struct recorder *recorder, unsigned number, unsigned char *ret)
{
	for (size_t i = 0; i < recorder->bytes; i++)
		ret[i] = (unsigned char)(1 + recorder->id * TONES + (number + i) % TONES);
}

static void *append_records(void *context)
{
	const uint64_t most = 24 * mib;
	struct recorder *recorder = context;
	CLEANUP(freep) unsigned char *record = malloc(recorder->bytes);

	assert_non_null(record);
	while (!atomic_load(recorder->stop) && recorder->done * recorder->bytes < most) {
		make_record(recorder, recorder->done, record);
		assert_int_equal(write(recorder->fd, record, recorder->bytes), recorder->bytes);
		recorder->done++;
	}
	return NULL;
}

/* Byte by byte: only zeroes between whole records, and of each recorder all, in his order. */
static void check_records(int fd, const struct recorder *recorders, uint64_t *ret_last_zero)
{
	const size_t size = (size_t)look_size(fd);
	unsigned char *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	CLEANUP(freep) unsigned char *record = malloc(mib);
	unsigned found[RECORDERS] = { 0 };

	assert_true(data != MAP_FAILED && record);
	for (size_t at = 0, id; at < size;) {
		if (data[at] == 0) {
			*ret_last_zero = at++;
			continue;
		}
		id = (data[at] - 1u) / TONES;
		assert_true(id < RECORDERS && size - at >= recorders[id].bytes);
		make_record(&recorders[id], found[id]++, record);
		assert_memory_equal(data + at, record, recorders[id].bytes);
		at += recorders[id].bytes;
	}
	munmap(data, size);
	for (int i = 0; i < RECORDERS; i++)
		assert_int_equal(found[i], recorders[i].done);
}

static void many_appenders_lose_nothing(void **state)
{
	const struct place *place = *state;
	CLEANUP(fd_closep) int fd = look_new_file(place, O_RDWR | O_APPEND);
	const uint64_t bytes = 64 * mib + 99;
	atomic_int stop = 0;
	struct recorder recorders[RECORDERS] = { { fd, 0, 37, 0, &stop },
						 { fd, 1, 4096, 0, &stop },
						 { fd, 2, 70001, 0, &stop } };
	pthread_t threads[RECORDERS];
	uint64_t last_zero = 0;

	for (int i = 0; i < RECORDERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, append_records, &recorders[i]),
				 0);
	assert_int_equal(prealloc(fd, 0, bytes, NULL, NULL), 0);
	atomic_store(&stop, 1);
	for (int i = 0; i < RECORDERS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_true(look_size(fd) >= bytes);
	look_is_reserved(place, fd, 0, bytes);
	check_records(fd, recorders, &last_zero);
	assert_true(last_zero < bytes + 64 * mib);
}

struct late {
	int fd;
	uint64_t cancel_after, offset;
};

/* Another writes into what has been allocated just now; then the call is cancelled. */
static int write_then_cancel(uint64_t done_bytes, uint64_t total_bytes, void *context)
{
	const struct late *late = context;

	(void)total_bytes;
	if (done_bytes < late->cancel_after)
		return 0;
	look_write(late->fd, late->offset, 700);
	return 1;
}

static void a_cancel_spares_what_others_wrote(void **state)
{
	const struct place *place = *state;
	CLEANUP(fd_closep) int fd = look_new_file(place, 0);
	struct late late = { fd, 4 * mib, 2 * mib + 300 };
	struct prealloc_options options = { .size = sizeof(options),
					    .progress = write_then_cancel,
					    .context = &late };

	assert_int_equal(ftruncate(fd, 32 * (off_t)mib), 0);
	assert_int_equal(prealloc(fd, 0, 32 * mib, &options, NULL), -ECANCELED);
	assert_int_equal(look_size(fd), 32 * mib);
	look_is_zero(fd, 0, late.offset);
	look_is_written(fd, late.offset, 700);
	assert_int_equal(fsync(fd), 0);
	if (place->kind->traits & PLACE_PUNCHES)
		assert_true(look_block_bytes(fd) < mib);
}

static void a_cancel_spares_a_file_that_others_grew(void **state)
{
	const struct place *place = *state;
	CLEANUP(fd_closep) int fd = look_new_file(place, 0);
	struct late late = { fd, 4 * mib, 100 * mib + 11 };
	struct prealloc_options options = { .size = sizeof(options),
					    .progress = write_then_cancel,
					    .context = &late };

	assert_int_equal(prealloc(fd, 0, 32 * mib, &options, NULL), -ECANCELED);
	assert_int_equal(look_size(fd), late.offset + 700);
	look_is_zero(fd, 0, 32 * mib);
	look_is_written(fd, late.offset, 700);
}

static int never(uint64_t done_bytes, uint64_t total_bytes, void *context)
{
	(void)done_bytes, (void)total_bytes, (void)context;
	return 0;
}

/* A child begins; where it is after so many microseconds is where it is killed. */
static void kill_while_allocating(int fd, uint64_t bytes, useconds_t after_us)
{
	struct prealloc_options options = { .size = sizeof(options), .progress = never };
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(prealloc(fd, 0, bytes, &options, NULL) == 0 ? 0 : 1);
	usleep(after_us);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void killed_at_any_time_it_can_be_finished(void **state)
{
	const struct place *place = *state;
	const uint64_t bytes = 48 * mib, size = 12 * mib + 100;

	for (useconds_t after_us = 100; after_us < 60000; after_us = after_us * 2 + 77) {
		CLEANUP(fd_closep) int fd = look_new_file(place, 0);
		uint64_t left;

		look_write(fd, 5000, 20000);
		look_write(fd, 12 * mib, 100);
		kill_while_allocating(fd, bytes, after_us);
		left = look_size(fd);
		assert_true(left >= size && left <= bytes);
		look_is_zero(fd, 0, 5000);
		look_is_written(fd, 5000, 20000);
		look_is_zero(fd, 25000, 12 * mib - 25000);
		look_is_written(fd, 12 * mib, 100);
		look_is_zero(fd, size, left - size);
		assert_int_equal(prealloc(fd, 0, bytes, NULL, NULL), 0);
		look_is_written(fd, 5000, 20000);
		look_is_reserved(place, fd, 0, bytes);
	}
}

int main(void)
{
	const struct place_test tests[] = {
		{ "writers into holes lose nothing", writers_into_holes_lose_nothing, 0 },
		{ "writers past the end lose nothing", writers_past_the_end_lose_nothing, 0 },
		{ "appenders lose nothing", appenders_lose_nothing, 0 },
		{ "many appenders lose nothing", many_appenders_lose_nothing, 0 },
		{ "a cancel spares what others wrote", a_cancel_spares_what_others_wrote, 0 },
		{ "a cancel spares a file that others grew",
		  a_cancel_spares_a_file_that_others_grew, 0 },
		{ "killed at any time, it can be finished", killed_at_any_time_it_can_be_finished,
		  0 },
	};

	return places_run(tests, ARRAY_SIZE(tests));
}
