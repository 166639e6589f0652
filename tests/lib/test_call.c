/* SPDX-License-Identifier: MIT */
/* Arguments, the two structs, and jobs: what is the same on every file system. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "lack.h"
#include "look.h"
#include "prealloc.h"

static const uint64_t mib = 1 << 20;
static const struct place here = { .directory = (char *)"." };

static void wrong_arguments_are_refused(void **state)
{
	CLEANUP(fd_closep) int fd = look_new_file(&here, 0);
	struct prealloc_options none = { 0 },
				unknown = { .size = sizeof(unknown), .flags = 1u << 31 },
				higher = { .size = sizeof(higher), .io_priority = 3 },
				later = { .size = sizeof(later), .reserved = 1 };
	struct prealloc_result sizeless = { 0 };
	(void)state;

	assert_int_equal(prealloc(fd, 0, 0, NULL, NULL), -EINVAL);
	assert_int_equal(prealloc(fd, 0, 1, &none, NULL), -EINVAL);
	assert_int_equal(prealloc(fd, 0, 1, &unknown, NULL), -EINVAL);
	assert_int_equal(prealloc(fd, 0, 1, &higher, NULL), -EINVAL);
	assert_int_equal(prealloc(fd, 0, 1, &later, NULL), -EINVAL);
	assert_int_equal(prealloc(fd, 0, 1, NULL, &sizeless), -EINVAL);
	assert_int_equal(prealloc(fd, INT64_MAX, 1, NULL, NULL), -EFBIG);
	assert_int_equal(prealloc(fd, 1, UINT64_MAX, NULL, NULL), -EFBIG);
	assert_int_equal(prealloc(-1, 0, 1, NULL, NULL), -EBADF);
	assert_int_equal(look_size(fd), 0);
}

static void what_is_no_file_is_refused(void **state)
{
	int ends[2], pair[2];
	(void)state;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(prealloc(ends[1], 0, 1, NULL, NULL), -ESPIPE);
	/* As the kernel says: it looks at the descriptor first. */
	assert_int_equal(prealloc(ends[0], 0, 1, NULL, NULL), -EBADF);
	assert_int_equal(prealloc(pair[1], 0, 1, NULL, NULL), -ESPIPE);
	for (int i = 0; i < 2; i++) {
		close(ends[i]);
		close(pair[i]);
	}
}

static void other_descriptors_are_refused(void **state)
{
	static const struct {
		const char *path;
		int flags, error;
	} cases[] = {
		{ "/dev/null", O_RDWR, ENODEV },
		{ "/proc/self/exe", O_RDONLY, EBADF },
		{ "/proc/self/exe", O_PATH, EBADF },
		{ ".", O_RDONLY, EBADF },
		/* A regular file, but what is written there is no data. */
		{ "/proc/self/comm", O_WRONLY, ENODEV },
		{ "/proc/self/oom_score_adj", O_RDWR, ENODEV },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(fd_closep) int fd = open(cases[i].path, cases[i].flags | O_CLOEXEC);

		assert_true(fd >= 0);
		assert_int_equal(prealloc(fd, 0, 1, NULL, NULL), -cases[i].error);
	}
}

/* A program compiled with a shorter struct, and with a longer one. */
static void structs_of_other_versions_are_taken(void **state)
{
	CLEANUP(fd_closep) int fd = look_new_file(&here, 0);
	struct {
		struct prealloc_result known;
		uint64_t later[4];
	} longer = { .known.size = sizeof(longer), .later = { 1, 2, 3, 4 } };
	struct prealloc_result shorter = { .size = offsetof(struct prealloc_result, new_bytes),
					   .new_bytes = 77 };
	struct prealloc_options options = { .size = offsetof(struct prealloc_options, progress) };
	(void)state;

	options.progress = (prealloc_progress_fn)(uintptr_t)1; /* must not be looked at */
	assert_int_equal(prealloc(fd, 0, mib, &options, &longer.known), 0);
	assert_int_equal(longer.known.size, sizeof(longer));
	assert_int_equal(longer.known.reserved_bytes, mib);
	assert_int_equal(longer.later[3], 0);
	assert_int_equal(prealloc(fd, 0, mib, NULL, &shorter), 0);
	assert_int_equal(shorter.reserved_bytes, mib);
	assert_int_equal(shorter.new_bytes, 77);
}

static void a_memory_file_will_do(void **state)
{
	CLEANUP(fd_closep) int fd = memfd_create("memory", MFD_CLOEXEC);
	(void)state;

	assert_int_equal(prealloc(fd, 0, mib, NULL, NULL), 0);
	assert_int_equal(look_block_bytes(fd), mib);
}

/* What a seal forbids is an error, and what it allows is done. */
static void seals_are_heeded(void **state)
{
	CLEANUP(fd_closep) int fd = memfd_create("sealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct prealloc_result result = { .size = sizeof(result) };
	(void)state;

	assert_int_equal(ftruncate(fd, 2 * (off_t)mib), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), 0);
	assert_int_equal(prealloc(fd, 0, 3 * mib, NULL, &result), -EPERM);
	assert_int_equal(result.left_bytes, 0); /* nothing was there to be given back */
	assert_int_equal(look_size(fd), 2 * mib);
	assert_int_equal(look_block_bytes(fd), 0);
	assert_int_equal(prealloc(fd, 0, 2 * mib, NULL, NULL), 0);
	assert_int_equal(look_block_bytes(fd), 2 * mib);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
	assert_int_equal(prealloc(fd, 0, 3 * mib, NULL, NULL), -EPERM);
	assert_int_equal(look_size(fd), 2 * mib);
}

static int cancel_late(uint64_t done_bytes, uint64_t total_bytes, void *context)
{
	(void)total_bytes, (void)context;
	return done_bytes > 0;
}

static void a_file_sealed_against_shrinking_keeps_its_length(void **state)
{
	CLEANUP(fd_closep) int fd = memfd_create("sealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct prealloc_options options = { .size = sizeof(options), .progress = cancel_late };
	struct prealloc_result result = { .size = sizeof(result) };
	(void)state;

	assert_int_equal(write(fd, "abc", 3), 3);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	assert_int_equal(prealloc(fd, 0, 8 * mib, &options, &result), -ECANCELED);
	assert_int_equal(look_size(fd), 3);
	assert_int_equal(result.left_bytes, 0);
	assert_int_equal(look_block_bytes(fd), 4096);
	assert_int_equal(prealloc(fd, 0, 8 * mib, NULL, NULL), 0);
	assert_int_equal(look_size(fd), 8 * mib);
}

/* A device would be overwritten; where there is none, /dev/full is as good. */
static void devices_are_refused(void **state)
{
	static const char *const paths[] = { "/dev/full", "/dev/zero", "/dev/loop0" };
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		CLEANUP(fd_closep) int fd = open(paths[i], O_RDWR | O_CLOEXEC);

		if (fd >= 0)
			assert_int_equal(prealloc(fd, 0, 1, NULL, NULL), -ENODEV);
	}
}

/* The callback forks; the child goes its own way, and the file is whole. */
static int fork_once(uint64_t done_bytes, uint64_t total_bytes, void *context)
{
	pid_t *pid = context;
	(void)total_bytes;

	if (*pid == 0 && done_bytes > 0) {
		*pid = fork();
		if (*pid == 0)
			_exit(7);
	}
	return 0;
}

static void a_fork_in_the_middle_does_no_harm(void **state)
{
	CLEANUP(fd_closep) int fd = look_new_file(&here, 0);
	pid_t pid = 0;
	struct prealloc_options options = { .size = sizeof(options),
					    .progress = fork_once,
					    .context = &pid };
	int status = 0;
	(void)state;

	assert_int_equal(prealloc(fd, 0, 16 * mib, &options, NULL), 0);
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 7);
	assert_int_equal(look_size(fd), 16 * mib);
	look_is_zero(fd, 0, 16 * mib);
}

struct slow {
	pthread_t thread;
	uint64_t calls, last;
	int bad_order, same_thread;
};

static int count(uint64_t done_bytes, uint64_t total_bytes, void *context)
{
	struct slow *slow = context;

	slow->bad_order |= done_bytes < slow->last || total_bytes != 16 * mib;
	slow->last = done_bytes;
	slow->same_thread = pthread_equal(slow->thread, pthread_self());
	slow->calls++;
	return 0;
}

static void progress_goes_from_nothing_to_all(void **state)
{
	CLEANUP(fd_closep) int fd = look_new_file(&here, 0);
	struct slow slow = { .thread = pthread_self() };
	struct prealloc_options options = { .size = sizeof(options),
					    .progress = count,
					    .context = &slow };
	(void)state;

	assert_int_equal(prealloc(fd, 3, 16 * mib, &options, NULL), 0);
	assert_true(slow.calls >= 3);
	assert_int_equal(slow.last, 16 * mib);
	assert_false(slow.bad_order);
	assert_true(slow.same_thread);
}

static void a_job_ends_and_says_so(void **state)
{
	CLEANUP(fd_closep) int fd = look_new_file(&here, 0);
	struct prealloc_result result = { .size = sizeof(result) };
	struct prealloc_job *job = NULL;
	struct pollfd ended;
	uint64_t done_bytes;
	(void)state;

	assert_int_equal(prealloc_job_start(fd, 0, 8 * mib, NULL, &job), 0);
	ended = (struct pollfd) { .fd = prealloc_job_fd(job), .events = POLLIN };
	assert_int_equal(poll(&ended, 1, 60000), 1);
	assert_int_equal(prealloc_job_poll(job, &done_bytes), 0);
	assert_int_equal(done_bytes, 8 * mib);
	assert_int_equal(prealloc_job_wait(job, &result), 0);
	assert_int_equal(prealloc_job_wait(job, &result), 0);
	assert_int_equal(result.reserved_bytes, 8 * mib);
	assert_int_equal(poll(&ended, 1, 0), 1);
	assert_null(prealloc_job_free(job));
	assert_null(prealloc_job_free(NULL));
	assert_int_equal(look_size(fd), 8 * mib);
}

/* A callback that holds the job where it is until the test lets it go. */
struct gate {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int arrived, open;
	int calls_after;
};

static int hold(uint64_t done_bytes, uint64_t total_bytes, void *context)
{
	struct gate *gate = context;

	(void)total_bytes;
	if (done_bytes == 0)
		return 0;
	pthread_mutex_lock(&gate->lock);
	gate->calls_after += gate->open;
	gate->arrived = 1;
	pthread_cond_broadcast(&gate->changed);
	while (!gate->open)
		pthread_cond_wait(&gate->changed, &gate->lock);
	pthread_mutex_unlock(&gate->lock);
	return 0;
}

static void a_cancelled_job_makes_one_more_step(void **state)
{
	CLEANUP(fd_closep) int fd = look_new_file(&here, 0);
	struct gate gate = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0 };
	struct prealloc_options options = { .size = sizeof(options),
					    .progress = hold,
					    .context = &gate };
	struct prealloc_job *job = NULL;
	uint64_t done_bytes = 0;
	(void)state;

	assert_int_equal(prealloc_job_start(fd, 0, 1024 * mib, &options, &job), 0);
	pthread_mutex_lock(&gate.lock);
	while (!gate.arrived)
		pthread_cond_wait(&gate.changed, &gate.lock);
	assert_int_equal(prealloc_job_poll(job, &done_bytes), -EINPROGRESS);
	assert_int_equal(done_bytes, mib); /* the first step is the least */
	prealloc_job_cancel(job);
	gate.open = 1;
	pthread_cond_broadcast(&gate.changed);
	pthread_mutex_unlock(&gate.lock);
	assert_int_equal(prealloc_job_wait(job, NULL), -ECANCELED);
	prealloc_job_poll(job, &done_bytes);
	assert_true(done_bytes <= 9 * mib); /* one step, eight times as long at most */
	assert_int_equal(gate.calls_after, 0);
	assert_null(prealloc_job_free(job));
	assert_int_equal(look_size(fd), 0);
	assert_int_equal(look_block_bytes(fd), 0);
}

static void *wait_for(void *job)
{
	return (void *)(intptr_t)prealloc_job_wait(job, NULL);
}

/* By two threads, and again; and no cancel changes what has ended. */
static void a_job_may_be_cancelled_and_waited_for_twice(void **state)
{
	CLEANUP(fd_closep) int fd = look_new_file(&here, 0);
	struct gate gate = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0 };
	struct prealloc_options options = { .size = sizeof(options),
					    .progress = hold,
					    .context = &gate };
	struct prealloc_job *job = NULL;
	pthread_t threads[2];
	void *outcome;
	(void)state;

	assert_int_equal(prealloc_job_start(fd, 0, 64 * mib, &options, &job), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, wait_for, job), 0);
	pthread_mutex_lock(&gate.lock);
	while (!gate.arrived)
		pthread_cond_wait(&gate.changed, &gate.lock);
	prealloc_job_cancel(job);
	prealloc_job_cancel(job);
	gate.open = 1;
	pthread_cond_broadcast(&gate.changed);
	pthread_mutex_unlock(&gate.lock);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(threads[i], &outcome), 0);
		assert_int_equal((intptr_t)outcome, -ECANCELED);
	}
	assert_int_equal(prealloc_job_wait(job, NULL), -ECANCELED);
	prealloc_job_free(job);
	assert_int_equal(look_size(fd), 0);
	assert_int_equal(prealloc_job_start(fd, 0, mib, NULL, &job), 0);
	assert_int_equal(prealloc_job_wait(job, NULL), 0);
	prealloc_job_cancel(job);
	assert_int_equal(prealloc_job_wait(job, NULL), 0);
	prealloc_job_free(job);
	assert_int_equal(look_size(fd), mib);
}

static void a_freed_job_is_cancelled(void **state)
{
	CLEANUP(fd_closep) int fd = look_new_file(&here, 0);
	struct prealloc_job *job = NULL;
	uint64_t size;
	(void)state;

	assert_int_equal(prealloc_job_start(fd, 0, 64 * mib, NULL, &job), 0);
	assert_null(prealloc_job_free(job));
	size = look_size(fd);
	assert_true(size == 0 || size == 64 * mib);
}

static void a_job_reports_its_error(void **state)
{
	struct prealloc_options sizeless = { 0 };
	struct prealloc_job *job = NULL;
	(void)state;

	assert_int_equal(prealloc_job_start(-1, 0, 1, &sizeless, &job), -EINVAL);
	assert_null(job);
	assert_int_equal(prealloc_job_start(-1, 0, 1, NULL, &job), 0);
	assert_int_equal(prealloc_job_wait(job, NULL), -EBADF);
	prealloc_job_free(job);
}

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#define SANITIZED __has_feature(address_sanitizer)
#else
#define SANITIZED 0
#endif

struct victim {
	int fd;
	struct gate gate;
};

static void *allocate_and_be_cancelled(void *context)
{
	struct victim *victim = context;
	struct prealloc_options options = { .size = sizeof(options),
					    .progress = hold,
					    .context = &victim->gate };

	prealloc(victim->fd, 0, 8 * mib, &options, NULL);
	pthread_testcancel();
	return NULL;
}

/* Cancelled in the middle of the call, the thread first brings it to its end. */
static void pthread_cancel_waits(void **state)
{
	struct victim victim = { look_new_file(&here, 0),
				 { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0 } };
	struct gate *gate = &victim.gate;
	pthread_t thread;
	void *result;
	(void)state;

	if (SANITIZED) {
		close(victim.fd);
		skip_because("AddressSanitizer takes a cancelled thread's stack for broken");
	}
	assert_int_equal(pthread_create(&thread, NULL, allocate_and_be_cancelled, &victim), 0);
	pthread_mutex_lock(&gate->lock);
	while (!gate->arrived)
		pthread_cond_wait(&gate->changed, &gate->lock);
	assert_int_equal(pthread_cancel(thread), 0);
	gate->open = 1;
	pthread_cond_broadcast(&gate->changed);
	pthread_mutex_unlock(&gate->lock);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_ptr_equal(result, PTHREAD_CANCELED);
	assert_int_equal(look_size(victim.fd), 8 * mib);
	close(victim.fd);
}

static void names_are_words(void **state)
{
	(void)state;
	assert_string_equal(prealloc_path_name(PREALLOC_NATIVE), "native");
	assert_string_equal(prealloc_path_name(PREALLOC_WRITTEN), "written");
	assert_string_equal(prealloc_path_name(PREALLOC_NONE), "none");
}

/* The text of the library, the macros of the header, and the build name one version. */
static void versions_agree(void **state)
{
	unsigned major, minor, patch;
	(void)state;

	assert_string_equal(prealloc_version(), ALLOC_PERF_VERSION);
	assert_int_equal(sscanf(ALLOC_PERF_VERSION, "%u.%u.%u", &major, &minor, &patch), 3);
	assert_int_equal(PREALLOC_VERSION_MAJOR, major);
	assert_int_equal(PREALLOC_VERSION_MINOR, minor);
	assert_int_equal(PREALLOC_VERSION_PATCH, patch);
	assert_int_equal(PREALLOC_VERSION, PREALLOC_MAKE_VERSION(major, minor, patch));
	assert_true(PREALLOC_VERSION < PREALLOC_MAKE_VERSION(major, minor + 1, 0));
	assert_true(PREALLOC_VERSION < PREALLOC_MAKE_VERSION(major + 1, 0, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_arguments_are_refused),
		cmocka_unit_test(what_is_no_file_is_refused),
		cmocka_unit_test(other_descriptors_are_refused),
		cmocka_unit_test(structs_of_other_versions_are_taken),
		cmocka_unit_test(a_memory_file_will_do),
		cmocka_unit_test(seals_are_heeded),
		cmocka_unit_test(a_file_sealed_against_shrinking_keeps_its_length),
		cmocka_unit_test(devices_are_refused),
		cmocka_unit_test(a_fork_in_the_middle_does_no_harm),
		cmocka_unit_test(progress_goes_from_nothing_to_all),
		cmocka_unit_test(a_job_ends_and_says_so),
		cmocka_unit_test(a_cancelled_job_makes_one_more_step),
		cmocka_unit_test(a_job_may_be_cancelled_and_waited_for_twice),
		cmocka_unit_test(a_freed_job_is_cancelled),
		cmocka_unit_test(a_job_reports_its_error),
		cmocka_unit_test(pthread_cancel_waits),
		cmocka_unit_test(names_are_words),
		cmocka_unit_test(versions_agree),
	};

	return cmocka_run_group_tests_name("prealloc-call", tests, NULL, NULL);
}
