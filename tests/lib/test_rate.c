/* SPDX-License-Identifier: MIT */
/*
 * The limit on what is written per second, by a clock that only naps move (--wrap), and
 * the I/O priorities.  fallocate() is refused where zeroes are to be written.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "lack.h"
#include "look.h"
#include "prealloc.h"

static const uint64_t mib = 1 << 20;
static const struct place here = { .directory = (char *)"." };

static struct {
	int no_fallocate;
	uint64_t now_ns, longest_nap_ns;
} seam;

int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
	(void)clock;
	now->tv_sec = (time_t)(seam.now_ns / 1000000000);
	now->tv_nsec = (long)(seam.now_ns % 1000000000);
	return 0;
}

int __wrap_nanosleep(const struct timespec *nap, struct timespec *left);
int __wrap_nanosleep(const struct timespec *nap, struct timespec *left)
{
	uint64_t ns = (uint64_t)nap->tv_sec * 1000000000 + (uint64_t)nap->tv_nsec;

	(void)left;
	seam.now_ns += ns;
	if (seam.longest_nap_ns < ns)
		seam.longest_nap_ns = ns;
	return 0;
}

int __real_fallocate64(int fd, int mode, off_t at, off_t bytes);
int __wrap_fallocate64(int fd, int mode, off_t at, off_t bytes);
int __wrap_fallocate64(int fd, int mode, off_t at, off_t bytes)
{
	if (!seam.no_fallocate || (mode & FALLOC_FL_PUNCH_HOLE))
		return __real_fallocate64(fd, mode, at, bytes);
	errno = EOPNOTSUPP;
	return -1;
}

static int start_over(void **state)
{
	(void)state;
	seam.no_fallocate = 1;
	seam.now_ns = 5000000000;
	seam.longest_nap_ns = 0;
	return 0;
}

struct flow {
	uint64_t start_ns, calls, stop_at_ns;
};

/* No instant of the call is ahead of the rate, but for one step (a tenth of a second). */
static int check_flow(uint64_t done_bytes, uint64_t total_bytes, void *context)
{
	const uint64_t second_ns = 1000000000;
	struct flow *flow = context;
	uint64_t ns = seam.now_ns - flow->start_ns;

	(void)total_bytes;
	assert_true(done_bytes * second_ns <= (ns + second_ns / 10) * mib);
	flow->calls++;
	return flow->stop_at_ns && ns >= flow->stop_at_ns;
}

static struct prealloc_options slow_options(struct flow *flow)
{
	flow->start_ns = seam.now_ns;
	return (struct prealloc_options) { .size = sizeof(struct prealloc_options),
					   .write_bytes_per_second = mib,
					   .progress = check_flow,
					   .context = flow };
}

/* 8 MiB at 1 MiB per second are 8 s by our clock, which nothing else moves. */
static void zeroes_keep_to_the_rate(void **state)
{
	CLEANUP(fd_closep) int fd = look_new_file(&here, 0);
	struct flow flow = { 0 };
	struct prealloc_options options = slow_options(&flow);
	(void)state;

	assert_int_equal(prealloc(fd, 0, 8 * mib, &options, NULL), 0);
	assert_true(seam.now_ns - flow.start_ns >= 7999999000 &&
		    seam.now_ns - flow.start_ns <= 8000001000);
	assert_true(seam.longest_nap_ns <= 40000000);
	assert_true(flow.calls >= 8 * 25);
	options.progress = NULL;
	assert_int_equal(prealloc(fd, 8 * mib, 8 * mib, &options, NULL), 0);
	assert_true(seam.now_ns - flow.start_ns >= 15999999000 &&
		    seam.now_ns - flow.start_ns <= 16000001000);
}

/* Holes are written as well; data that is there costs nothing. */
static void touched_pages_keep_to_the_rate(void **state)
{
	CLEANUP(fd_closep) int fd = look_new_file(&here, 0);
	struct flow flow = { 0 };
	struct prealloc_options options = slow_options(&flow);
	(void)state;

	look_write(fd, 0, 2 * mib);
	assert_int_equal(ftruncate(fd, 6 * (off_t)mib), 0);
	options.progress = NULL;
	assert_int_equal(prealloc(fd, 0, 6 * mib, &options, NULL), 0);
	assert_true(seam.now_ns - flow.start_ns >= 3999999000 &&
		    seam.now_ns - flow.start_ns <= 4000001000);
}

static void fallocate_is_not_slowed_down(void **state)
{
	CLEANUP(fd_closep) int fd = look_new_file(&here, 0);
	struct flow flow = { 0 };
	struct prealloc_options options = slow_options(&flow);
	(void)state;

	seam.no_fallocate = 0;
	options.progress = NULL;
	assert_int_equal(prealloc(fd, 0, 64 * mib, &options, NULL), 0);
	assert_int_equal(seam.now_ns, flow.start_ns);
}

/* It is cancelled in the middle of a wait: 64 KiB at 1 byte per second take 18 hours. */
static void waiting_can_be_cancelled(void **state)
{
	CLEANUP(fd_closep) int fd = look_new_file(&here, 0);
	struct flow flow = { .stop_at_ns = 1000000000 };
	struct prealloc_options options = slow_options(&flow);
	(void)state;

	options.write_bytes_per_second = 1;
	assert_int_equal(prealloc(fd, 0, 64 * 1024, &options, NULL), -ECANCELED);
	assert_int_equal(seam.now_ns - flow.start_ns, 1000000000);
	assert_int_equal(look_size(fd), 0);
	assert_int_equal(look_block_bytes(fd), 0);
}

/* 2 jobs of 4 MiB, one after the other, at 1 MiB per second for both of them. */
static void jobs_of_a_queue_share_a_rate(void **state)
{
	struct prealloc_queue_options options = { .size = sizeof(options),
						  .write_bytes_per_second = mib };
	struct prealloc_file file = { .size = sizeof(file), .path = "rate-of-a-queue" };
	struct prealloc_outcome outcome = { .size = sizeof(outcome) };
	struct prealloc_queue *queue = NULL;
	uint64_t start_ns = seam.now_ns;
	(void)state;

	assert_int_equal(prealloc_queue_new(&options, &queue), 0);
	for (int i = 0; i < 2; i++) {
		file.length += 4 * mib;
		assert_int_equal(prealloc_queue_add(queue, &file, NULL), 0);
	}
	while (prealloc_queue_wait(queue, &outcome, NULL) == 0)
		assert_int_equal(outcome.error, 0);
	assert_int_equal(outcome.id, 2);
	prealloc_queue_free(queue);
	assert_int_equal(unlink("rate-of-a-queue"), 0);
	assert_true(seam.now_ns - start_ns >= 7999999000 && seam.now_ns - start_ns <= 8000001000);
}

/* The priorities of all threads of the process, as the kernel has them. */
static void check_priorities(int expected)
{
	DIR *tasks = opendir("/proc/self/task");
	int threads = 0;

	assert_non_null(tasks);
	for (struct dirent *entry; (entry = readdir(tasks));)
		if (entry->d_name[0] != '.') {
			long priority = syscall(SYS_ioprio_get, 1, atoi(entry->d_name));

			assert_int_equal(priority, expected);
			threads++;
		}
	closedir(tasks);
	assert_true(threads >= 1);
}

static int see_priorities(uint64_t done_bytes, uint64_t total_bytes, void *context)
{
	(void)total_bytes;
	if (done_bytes > 0)
		check_priorities(*(const int *)context);
	return 0;
}

/* That of the calling thread, and of the one that writes; afterwards it is as before. */
static void priorities_are_lowered_and_restored(void **state)
{
	static const struct {
		uint32_t wanted;
		int before, during;
	} cases[] = {
		{ PREALLOC_IO_SAME, 2 << 13 | 4, 2 << 13 | 4 },
		{ PREALLOC_IO_LOW, 0, 2 << 13 | 7 },
		{ PREALLOC_IO_IDLE, 2 << 13 | 4, 3 << 13 },
		{ PREALLOC_IO_LOW, 3 << 13, 3 << 13 }, /* never raised */
	};
	CLEANUP(fd_closep) int fd = look_new_file(&here, 0);
	(void)state;

	if (syscall(SYS_ioprio_set, 1, 0, 0) < 0)
		skip_because("this system has no I/O priorities");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int during = cases[i].during;
		struct prealloc_result result = { .size = sizeof(result) };
		struct prealloc_options options = { .size = sizeof(options),
						    .io_priority = cases[i].wanted,
						    .progress = see_priorities,
						    .context = &during };

		assert_int_equal(syscall(SYS_ioprio_set, 1, 0, cases[i].before), 0);
		assert_int_equal(prealloc(fd, i * mib, mib, &options, &result), 0);
		assert_int_equal(!!(result.did & PREALLOC_DID_IO_PRIORITY),
				 cases[i].wanted != PREALLOC_IO_SAME);
		check_priorities(cases[i].before);
	}
	assert_int_equal(syscall(SYS_ioprio_set, 1, 0, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(zeroes_keep_to_the_rate, start_over),
		cmocka_unit_test_setup(touched_pages_keep_to_the_rate, start_over),
		cmocka_unit_test_setup(fallocate_is_not_slowed_down, start_over),
		cmocka_unit_test_setup(waiting_can_be_cancelled, start_over),
		cmocka_unit_test_setup(jobs_of_a_queue_share_a_rate, start_over),
		cmocka_unit_test_setup(priorities_are_lowered_and_restored, start_over),
	};

	return cmocka_run_group_tests_name("prealloc-rate", tests, NULL, NULL);
}
