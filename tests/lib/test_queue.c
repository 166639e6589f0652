/* SPDX-License-Identifier: MIT */
/* A queue, on whatever file system the tests run: its order, bounds, outcomes, and ends. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "lack.h"
#include "look.h"
#include "prealloc.h"

static const uint64_t mib = 1 << 20;

/* ---- a directory per test ---- */

static char directory[] = "/var/tmp/prealloc-queue-XXXXXX";

static int enter(void **state)
{
	(void)state;
	memset(strchr(directory, '\0') - 6, 'X', 6);
	return !mkdtemp(directory) || chdir(directory) < 0;
}

static int leave(void **state)
{
	char command[sizeof(directory) + 8];
	(void)state;

	snprintf(command, sizeof(command), "rm -r %s", directory);
	return chdir("/") < 0 || system(command) != 0;
}

static uint64_t size_of(const char *path)
{
	struct stat status;

	return stat(path, &status) < 0 ? UINT64_MAX : (uint64_t)status.st_size;
}

static struct prealloc_queue *queue_of(uint32_t at_once)
{
	struct prealloc_queue_options options = { .size = sizeof(options), .at_once = at_once };
	struct prealloc_queue *queue = NULL;

	assert_int_equal(prealloc_queue_new(&options, &queue), 0);
	return queue;
}

static struct prealloc_file file_of(const char *path, uint64_t length)
{
	return (struct prealloc_file) { .size = sizeof(struct prealloc_file),
					.path = path,
					.length = length };
}

static int wait_one(struct prealloc_queue *queue, struct prealloc_outcome *ret)
{
	*ret = (struct prealloc_outcome) { .size = sizeof(*ret) };
	return prealloc_queue_wait(queue, ret, NULL);
}

/* All outcomes that are still to come have to be this one.  How many there were. */
static unsigned wait_all(struct prealloc_queue *queue, int error)
{
	struct prealloc_outcome outcome;
	unsigned count = 0;

	for (; wait_one(queue, &outcome) == 0; count++)
		assert_int_equal(outcome.error, error);
	return count;
}

static int is_readable(struct prealloc_queue *queue, int timeout_ms)
{
	struct pollfd watched = { .fd = prealloc_queue_fd(queue), .events = POLLIN };

	return poll(&watched, 1, timeout_ms);
}

/* A callback that holds jobs where they are until the test lets them go. */
struct gate {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned inside;
	int open;
};

#define GATE                                                              \
	{                                                                 \
		PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0 \
	}

static int hold(uint64_t done_bytes, uint64_t total_bytes, void *context)
{
	struct gate *gate = context;

	if (done_bytes == 0 || done_bytes == total_bytes)
		return 0;
	pthread_mutex_lock(&gate->lock);
	gate->inside++;
	pthread_cond_broadcast(&gate->changed);
	while (!gate->open)
		pthread_cond_wait(&gate->changed, &gate->lock);
	gate->inside--;
	pthread_mutex_unlock(&gate->lock);
	return 0;
}

static void wait_until_inside(struct gate *gate, unsigned count)
{
	pthread_mutex_lock(&gate->lock);
	while (gate->inside < count)
		pthread_cond_wait(&gate->changed, &gate->lock);
	pthread_mutex_unlock(&gate->lock);
}

static void open_gate(struct gate *gate)
{
	pthread_mutex_lock(&gate->lock);
	gate->open = 1;
	pthread_cond_broadcast(&gate->changed);
	pthread_mutex_unlock(&gate->lock);
}

static struct prealloc_options holding(struct gate *gate)
{
	return (struct prealloc_options) { .size = sizeof(struct prealloc_options),
					   .progress = hold,
					   .context = gate };
}

/* Jobs of 2 MiB that stop at 1 MiB, in files "0", "1", ...; the last id. */
static uint64_t add_held(struct prealloc_queue *queue, struct gate *gate, unsigned count)
{
	struct prealloc_options options = holding(gate);
	uint64_t id = 0;

	for (unsigned i = 0; i < count; i++) {
		char path[12];
		struct prealloc_file file = file_of(path, 2 * mib);

		snprintf(path, sizeof(path), "%u", i);
		file.options = &options;
		assert_int_equal(prealloc_queue_add(queue, &file, &id), 0);
	}
	return id;
}

/* ---- tests ---- */

static void jobs_end_in_order_and_with_their_tags(void **state)
{
	static const char *const names[] = { "a", "b", "c" };
	struct prealloc_queue *queue = queue_of(0);
	struct prealloc_result result = { .size = sizeof(result) };
	struct prealloc_outcome outcome = { .size = sizeof(outcome) };
	(void)state;

	assert_int_equal(prealloc_queue_next(queue, &outcome, NULL), -ENOENT);
	for (uint64_t i = 0, id; i < 3; i++) {
		struct prealloc_file file = file_of(names[i], (i + 1) * mib);

		file.tag = (void *)names[i];
		assert_int_equal(prealloc_queue_add(queue, &file, &id), 0);
		assert_int_equal(id, i + 1);
	}
	for (uint64_t i = 0; i < 3; i++) {
		assert_int_equal(is_readable(queue, 60000), 1);
		assert_int_equal(prealloc_queue_next(queue, &outcome, &result), 0);
		assert_int_equal(outcome.error, 0);
		assert_int_equal(outcome.id, i + 1);
		assert_ptr_equal(outcome.tag, names[i]);
		assert_int_equal(result.reserved_bytes, (i + 1) * mib);
		assert_int_equal(size_of(names[i]), (i + 1) * mib);
	}
	assert_int_equal(is_readable(queue, 0), 0);
	assert_int_equal(prealloc_queue_next(queue, &outcome, NULL), -ENOENT);
	assert_int_equal(prealloc_queue_wait(queue, &outcome, NULL), -ENOENT);
	assert_null(prealloc_queue_free(queue));
	assert_null(prealloc_queue_free(NULL));
}

/* What the status was whenever a callback was called. */
struct watch {
	struct prealloc_queue *queue;
	uint64_t most_running, calls;
	int inside, not_alone;
};

static int see_status(uint64_t done_bytes, uint64_t total_bytes, void *context)
{
	struct watch *watch = context;
	struct prealloc_queue_status status = { .size = sizeof(status) };

	(void)done_bytes, (void)total_bytes;
	watch->not_alone |= watch->inside++;
	assert_int_equal(prealloc_queue_status(watch->queue, &status), 0);
	if (watch->most_running < status.running)
		watch->most_running = status.running;
	watch->calls++;
	watch->inside--;
	return 0;
}

static void no_more_run_at_once_than_were_asked_for(void **state)
{
	struct watch watch = { .queue = queue_of(3) };
	struct prealloc_options options = { .size = sizeof(options),
					    .progress = see_status,
					    .context = &watch };
	(void)state;

	for (unsigned i = 0; i < 100; i++) {
		char path[12];
		struct prealloc_file file = file_of(path, mib);

		snprintf(path, sizeof(path), "%u", i);
		file.options = &options;
		assert_int_equal(prealloc_queue_add(watch.queue, &file, NULL), 0);
	}
	assert_int_equal(wait_all(watch.queue, 0), 100);
	prealloc_queue_free(watch.queue);
	assert_true(watch.calls >= 200);
	assert_true(watch.most_running >= 1 && watch.most_running <= 3);
	assert_false(watch.not_alone);
}

/* One job is held in its callback, one waits for that, the third for its turn. */
static void the_status_counts_jobs_and_bytes(void **state)
{
	struct prealloc_queue *queue = queue_of(2);
	struct prealloc_queue_status status = { .size = sizeof(status) };
	struct prealloc_outcome outcome = { .size = sizeof(outcome) };
	struct gate gate = GATE;
	(void)state;

	add_held(queue, &gate, 3);
	wait_until_inside(&gate, 1);
	while (status.running < 2) {
		assert_int_equal(prealloc_queue_status(queue, &status), 0);
		usleep(1000);
	}
	assert_int_equal(status.waiting, 1);
	assert_int_equal(status.ended, 0);
	assert_int_equal(status.total_bytes, 6 * mib);
	assert_true(status.done_bytes >= mib && status.done_bytes <= 2 * mib);
	assert_int_equal(prealloc_queue_next(queue, &outcome, NULL), -EINPROGRESS);
	open_gate(&gate);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(wait_one(queue, &outcome), 0);
	assert_int_equal(prealloc_queue_status(queue, &status), 0);
	assert_int_equal(status.done_bytes, 6 * mib);
	prealloc_queue_free(queue);
}

static int write_to_pipe(uint64_t done_bytes, uint64_t total_bytes, void *context)
{
	if (done_bytes == total_bytes)
		assert_int_equal(write(*(const int *)context, "x", 1), 1);
	return 0;
}

/* Though the job's own thread has left them behind. */
static void callbacks_have_the_descriptors_of_the_process(void **state)
{
	int ends[2];
	struct prealloc_options options = { .size = sizeof(options),
					    .progress = write_to_pipe,
					    .context = &ends[1] };
	struct prealloc_file file = file_of("file", mib);
	struct prealloc_queue *queue = queue_of(1);
	char byte;
	(void)state;

	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	file.options = &options;
	assert_int_equal(prealloc_queue_add(queue, &file, NULL), 0);
	assert_int_equal(wait_all(queue, 0), 1);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	/* And its threads hold none of them open. */
	close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 0);
	close(ends[0]);
	prealloc_queue_free(queue);
}

/* The process has no descriptor left, and the queue's threads do not need one of it. */
static void a_thousand_jobs_need_no_descriptors(void **state)
{
	struct prealloc_queue *queue = queue_of(4);
	struct rlimit before, few;
	int full[64], count = 0;
	(void)state;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = (struct rlimit) { 64, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	while (count < 64 && (full[count] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
		count++;
	assert_int_equal(errno, EMFILE);
	for (unsigned i = 0; i < 1000; i++) {
		char path[12];
		struct prealloc_file file = file_of(path, 4096);

		snprintf(path, sizeof(path), "%u", i);
		assert_int_equal(prealloc_queue_add(queue, &file, NULL), 0);
	}
	assert_int_equal(wait_all(queue, 0), 1000);
	while (count > 0)
		close(full[--count]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(size_of("999"), 4096);
	prealloc_queue_free(queue);
}

static void one_that_waits_is_cancelled_at_once(void **state)
{
	struct prealloc_queue *queue = queue_of(1);
	struct prealloc_outcome outcome;
	struct gate gate = GATE;
	uint64_t last = add_held(queue, &gate, 3);
	(void)state;

	wait_until_inside(&gate, 1);
	assert_int_equal(prealloc_queue_cancel(queue, last - 1), 0);
	assert_int_equal(wait_one(queue, &outcome), 0);
	assert_int_equal(outcome.id, last - 1);
	assert_int_equal(outcome.error, -ECANCELED);
	assert_int_equal(prealloc_queue_cancel(queue, last - 1), -ENOENT);
	assert_int_equal(prealloc_queue_cancel(queue, last + 1), -ENOENT);
	open_gate(&gate);
	assert_int_equal(wait_all(queue, 0), 2);
	assert_int_equal(size_of("1"), UINT64_MAX);
	assert_int_equal(size_of("2"), 2 * mib);
	prealloc_queue_free(queue);
}

static void one_that_runs_is_cancelled_and_leaves_nothing(void **state)
{
	struct prealloc_queue *queue = queue_of(1);
	struct prealloc_queue_status status = { .size = sizeof(status) };
	struct prealloc_outcome outcome;
	struct gate gate = GATE;
	uint64_t last = add_held(queue, &gate, 2);
	(void)state;

	wait_until_inside(&gate, 1);
	assert_int_equal(prealloc_queue_cancel(queue, last - 1), 0);
	open_gate(&gate);
	assert_int_equal(wait_one(queue, &outcome), 0);
	assert_int_equal(outcome.error, -ECANCELED);
	assert_int_equal(wait_all(queue, 0), 1);
	assert_int_equal(size_of("0"), UINT64_MAX);
	assert_int_equal(prealloc_queue_status(queue, &status), 0);
	assert_int_equal(status.total_bytes, 2 * mib);
	assert_int_equal(status.done_bytes, 2 * mib);
	prealloc_queue_free(queue);
}

static void all_are_cancelled(void **state)
{
	struct prealloc_queue *queue = queue_of(2);
	struct gate gate = GATE;
	struct prealloc_file file = file_of("after", mib);
	(void)state;

	add_held(queue, &gate, 10);
	wait_until_inside(&gate, 1);
	assert_int_equal(prealloc_queue_cancel(queue, 0), 0);
	open_gate(&gate);
	assert_int_equal(wait_all(queue, -ECANCELED), 10);
	for (int i = 0; i < 10; i++)
		assert_int_equal(size_of((char[]) { (char)('0' + i), 0 }), UINT64_MAX);
	assert_int_equal(prealloc_queue_cancel(queue, 0), 0);
	assert_int_equal(prealloc_queue_add(queue, &file, NULL), 0);
	assert_int_equal(wait_all(queue, 0), 1);
	prealloc_queue_free(queue);
}

static void a_freed_queue_leaves_no_half_made_file(void **state)
{
	struct prealloc_queue *queue = queue_of(2);
	struct gate gate = GATE;
	(void)state;

	gate.open = 1;
	add_held(queue, &gate, 10);
	prealloc_queue_free(queue);
	for (int i = 0; i < 10; i++) {
		uint64_t size = size_of((char[]) { (char)('0' + i), 0 });

		assert_true(size == UINT64_MAX || size == 2 * mib);
	}
}

static void a_file_that_was_there_stays(void **state)
{
	CLEANUP(fd_closep) int fd = open("old", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct prealloc_queue *queue = queue_of(1);
	struct prealloc_file file = file_of("old", mib), empty = file_of("empty", UINT64_MAX);
	(void)state;

	assert_int_equal(mknod("empty", S_IFREG | 0600, 0), 0);
	look_write(fd, 0, 5000);
	assert_int_equal(prealloc_queue_add(queue, &file, NULL), 0);
	assert_int_equal(wait_all(queue, 0), 1);
	look_is_written(fd, 0, 5000);
	assert_int_equal(look_size(fd), mib);
	assert_int_equal(prealloc_queue_add(queue, &empty, NULL), 0);
	assert_int_equal(wait_all(queue, -EFBIG), 1);
	assert_int_equal(size_of("empty"), 0);
	prealloc_queue_free(queue);
}

static void what_is_wrong_with_a_file_is_its_outcome(void **state)
{
	static const struct {
		const char *path;
		uint64_t length;
		int error;
	} cases[] = {
		{ "none/file", 1, -ENOENT }, { "", 1, -ENOENT },
		{ ".", 1, -EISDIR },	     { "new", 0, -EINVAL },
		{ "/dev/null", 1, -ENODEV }, { "dangling", 1, -ENOENT },
	};
	struct prealloc_queue *queue = queue_of(1);
	(void)state;

	assert_int_equal(symlink("none/file", "dangling"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct prealloc_file file = file_of(cases[i].path, cases[i].length);
		struct prealloc_outcome outcome;

		assert_int_equal(prealloc_queue_add(queue, &file, NULL), 0);
		assert_int_equal(wait_one(queue, &outcome), 0);
		assert_int_equal(outcome.error, cases[i].error);
	}
	assert_int_equal(size_of("new"), UINT64_MAX);
	prealloc_queue_free(queue);
}

static void wrong_arguments_are_refused(void **state)
{
	struct prealloc_queue_options none = { 0 },
				      many = { .size = sizeof(many), .at_once = 1025 },
				      higher = { .size = sizeof(higher), .io_priority = 3 };
	struct prealloc_queue *queue = NULL;
	struct prealloc_options unknown = { .size = sizeof(unknown), .flags = 1u << 31 };
	struct prealloc_file file = file_of("file", 1);
	struct prealloc_outcome sizeless = { 0 }, outcome = { .size = sizeof(outcome) };
	struct prealloc_result no_result = { 0 };
	struct prealloc_queue_status no_status = { 0 };
	(void)state;

	assert_int_equal(prealloc_queue_new(&none, &queue), -EINVAL);
	assert_int_equal(prealloc_queue_new(&many, &queue), -EINVAL);
	assert_int_equal(prealloc_queue_new(&higher, &queue), -EINVAL);
	assert_null(queue);
	assert_int_equal(prealloc_queue_new(NULL, &queue), 0);
	file.options = &unknown;
	assert_int_equal(prealloc_queue_add(queue, &file, NULL), -EINVAL);
	file = file_of(NULL, 1);
	assert_int_equal(prealloc_queue_add(queue, &file, NULL), -EINVAL);
	file = file_of("file", 1);
	file.reserved = 1;
	assert_int_equal(prealloc_queue_add(queue, &file, NULL), -EINVAL);
	file.size = sizeof(size_t);
	assert_int_equal(prealloc_queue_add(queue, &file, NULL), -EINVAL);
	assert_int_equal(prealloc_queue_next(queue, &sizeless, NULL), -EINVAL);
	assert_int_equal(prealloc_queue_wait(queue, &outcome, &no_result), -EINVAL);
	assert_int_equal(prealloc_queue_status(queue, &no_status), -EINVAL);
	prealloc_queue_free(queue);
}

static void structs_of_other_versions_are_taken(void **state)
{
	struct prealloc_queue_options few = { .size = offsetof(struct prealloc_queue_options,
							       io_priority) };
	struct prealloc_file file = file_of("file", mib);
	struct {
		struct prealloc_outcome known;
		uint64_t later;
	} longer = { .known.size = sizeof(longer), .later = 7 };
	struct prealloc_queue *queue = NULL;
	(void)state;

	few.at_once = 2;
	few.io_priority = 99; /* must not be looked at */
	assert_int_equal(prealloc_queue_new(&few, &queue), 0);
	file.size = offsetof(struct prealloc_file, options);
	file.options = (const struct prealloc_options *)(uintptr_t)1;
	assert_int_equal(prealloc_queue_add(queue, &file, NULL), 0);
	assert_int_equal(prealloc_queue_wait(queue, &longer.known, NULL), 0);
	assert_int_equal(longer.known.error, 0);
	assert_int_equal(longer.known.size, sizeof(longer));
	assert_int_equal(longer.later, 0);
	prealloc_queue_free(queue);
}

static void names_are_those_of_the_moment(void **state)
{
	struct prealloc_queue *queue = queue_of(1);
	struct gate gate = GATE;
	char path[] = "second";
	struct prealloc_file file = file_of(path, mib);
	struct stat status;
	mode_t mask = umask(027);
	(void)state;

	add_held(queue, &gate, 1);
	file.mode = 0664;
	assert_int_equal(prealloc_queue_add(queue, &file, NULL), 0);
	memset(path, 'x', 6);
	assert_int_equal(chdir("/"), 0);
	open_gate(&gate);
	assert_int_equal(wait_all(queue, 0), 2);
	umask(mask);
	assert_int_equal(chdir(directory), 0);
	assert_int_equal(stat("second", &status), 0);
	assert_int_equal(status.st_mode & 07777, 0640);
	prealloc_queue_free(queue);
}

static void a_descriptor_has_a_path(void **state)
{
	const struct place here = { .directory = (char *)"." };
	CLEANUP(fd_closep) int fd = look_new_file(&here, 0);
	struct prealloc_queue *queue = queue_of(1);
	char path[32];
	struct prealloc_file file = file_of(path, mib);
	(void)state;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(prealloc_queue_add(queue, &file, NULL), 0);
	assert_int_equal(wait_all(queue, 0), 1);
	assert_int_equal(look_size(fd), mib);
	prealloc_queue_free(queue);
}

/* Closing a descriptor of the file in the process's own table would drop the lock. */
static void record_locks_stay(void **state)
{
	CLEANUP(fd_closep) int fd = open("locked", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct prealloc_queue *queue = queue_of(1);
	struct prealloc_file file = file_of("locked", mib);
	int status = 0;
	pid_t pid;
	(void)state;

	assert_int_equal(fcntl(fd, F_SETLK, &lock), 0);
	assert_int_equal(prealloc_queue_add(queue, &file, NULL), 0);
	assert_int_equal(wait_all(queue, 0), 1);
	prealloc_queue_free(queue);
	pid = fork();
	if (pid == 0) {
		lock.l_type = F_WRLCK;
		_exit(fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type == F_WRLCK ? 7 : 8);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 7);
}

/* In the child, with a file of the queue's open in its parent, and the lock perhaps held. */
static int queue_is_not_ours(struct prealloc_queue *queue)
{
	struct prealloc_queue_status status = { .size = sizeof(status) };
	struct prealloc_outcome outcome = { .size = sizeof(outcome) };
	struct prealloc_file file = file_of("child", mib);
	int r = prealloc_queue_add(queue, &file, NULL) == -ECHILD;

	r &= prealloc_queue_wait(queue, &outcome, NULL) == -ECHILD;
	r &= prealloc_queue_next(queue, &outcome, NULL) == -ECHILD;
	r &= prealloc_queue_cancel(queue, 0) == -ECHILD;
	r &= prealloc_queue_status(queue, &status) == -ECHILD;
	return r && prealloc_queue_free(queue) == NULL;
}

static void a_child_has_no_queue(void **state)
{
	struct prealloc_queue *queue = queue_of(2);
	struct gate gate = GATE;
	int status = 0;
	pid_t pid;
	(void)state;

	add_held(queue, &gate, 5);
	wait_until_inside(&gate, 1);
	pid = fork();
	if (pid == 0)
		_exit(queue_is_not_ours(queue) ? 7 : 8);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 7);
	open_gate(&gate);
	assert_int_equal(wait_all(queue, 0), 5);
	prealloc_queue_free(queue);
}

/* How many threads of the process have the priority "idle"? */
static int count_idle(uint64_t done_bytes, uint64_t total_bytes, void *context)
{
	DIR *tasks = opendir("/proc/self/task");

	(void)done_bytes, (void)total_bytes;
	assert_non_null(tasks);
	*(int *)context = 0;
	for (struct dirent *entry; (entry = readdir(tasks));)
		*(int *)context += entry->d_name[0] != '.' &&
				   syscall(SYS_ioprio_get, 1, atoi(entry->d_name)) == 3 << 13;
	closedir(tasks);
	return 0;
}

static void the_queue_lowers_the_priority_of_all_its_jobs(void **state)
{
	struct prealloc_queue_options lower = { .size = sizeof(lower),
						.io_priority = PREALLOC_IO_IDLE };
	int idle = -1;
	struct prealloc_options options = { .size = sizeof(options),
					    .progress = count_idle,
					    .context = &idle,
					    .io_priority = PREALLOC_IO_LOW };
	struct prealloc_file file = file_of("file", mib);
	struct prealloc_queue *queue = NULL;
	(void)state;

	if (syscall(SYS_ioprio_get, 1, 0) < 0)
		skip_because("this system has no I/O priorities");
	file.options = &options;
	assert_int_equal(prealloc_queue_new(&lower, &queue), 0);
	assert_int_equal(prealloc_queue_add(queue, &file, NULL), 0);
	assert_int_equal(wait_all(queue, 0), 1);
	assert_true(idle >= 1);
	count_idle(0, 0, &idle);
	assert_int_equal(idle, 0);
	prealloc_queue_free(queue);
}

/* From the callback of a job, others are added and cancelled. */
struct chain {
	struct prealloc_queue *queue;
	unsigned added;
};

static int add_another(uint64_t done_bytes, uint64_t total_bytes, void *context)
{
	struct chain *chain = context;
	char path[12];
	struct prealloc_file file = file_of(path, mib);
	uint64_t id;

	if (done_bytes < total_bytes || chain->added == 10)
		return 0;
	snprintf(path, sizeof(path), "%u", chain->added++);
	assert_int_equal(prealloc_queue_add(chain->queue, &file, &id), 0);
	assert_int_equal(prealloc_queue_cancel(chain->queue, id), 0);
	return 0;
}

static void callbacks_may_use_the_queue(void **state)
{
	struct chain chain = { queue_of(1), 0 };
	struct prealloc_options options = { .size = sizeof(options),
					    .progress = add_another,
					    .context = &chain };
	struct prealloc_file file = file_of("file", mib);
	struct prealloc_outcome outcome;
	unsigned cancelled = 0;
	(void)state;

	file.options = &options;
	assert_int_equal(prealloc_queue_add(chain.queue, &file, NULL), 0);
	while (wait_one(chain.queue, &outcome) == 0)
		cancelled += outcome.error == -ECANCELED;
	assert_true(chain.added >= 1);
	assert_int_equal(cancelled, chain.added);
	prealloc_queue_free(chain.queue);
}

static void *wait_for_all(void *context)
{
	return (void *)(uintptr_t)wait_all(context, 0);
}

/* Several threads wait: each outcome goes to one of them, and all of them come back. */
static void several_may_wait(void **state)
{
	struct prealloc_queue *queue = queue_of(2);
	struct gate gate = GATE;
	uintptr_t sum = 0;
	pthread_t threads[4];
	(void)state;

	add_held(queue, &gate, 20);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, wait_for_all, queue), 0);
	open_gate(&gate);
	for (int i = 0; i < 4; i++) {
		void *count;

		assert_int_equal(pthread_join(threads[i], &count), 0);
		sum += (uintptr_t)count;
	}
	assert_int_equal(sum, 20);
	prealloc_queue_free(queue);
}

#define QUEUE_TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		QUEUE_TEST(jobs_end_in_order_and_with_their_tags),
		QUEUE_TEST(no_more_run_at_once_than_were_asked_for),
		QUEUE_TEST(the_status_counts_jobs_and_bytes),
		QUEUE_TEST(callbacks_have_the_descriptors_of_the_process),
		QUEUE_TEST(a_thousand_jobs_need_no_descriptors),
		QUEUE_TEST(one_that_waits_is_cancelled_at_once),
		QUEUE_TEST(one_that_runs_is_cancelled_and_leaves_nothing),
		QUEUE_TEST(all_are_cancelled),
		QUEUE_TEST(a_freed_queue_leaves_no_half_made_file),
		QUEUE_TEST(a_file_that_was_there_stays),
		QUEUE_TEST(what_is_wrong_with_a_file_is_its_outcome),
		QUEUE_TEST(wrong_arguments_are_refused),
		QUEUE_TEST(structs_of_other_versions_are_taken),
		QUEUE_TEST(names_are_those_of_the_moment),
		QUEUE_TEST(a_descriptor_has_a_path),
		QUEUE_TEST(record_locks_stay),
		QUEUE_TEST(a_child_has_no_queue),
		QUEUE_TEST(the_queue_lowers_the_priority_of_all_its_jobs),
		QUEUE_TEST(callbacks_may_use_the_queue),
		QUEUE_TEST(several_may_wait),
	};

	return cmocka_run_group_tests_name("prealloc-queue", tests, NULL, NULL);
}
