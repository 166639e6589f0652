/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/child.h"
#include "base/cleanup.h"
#include "base/histogram.h"
#include "base/io.h"
#include "base/problem.h"
#include "base/random.h"
#include "base/size.h"
#include "base/suggest.h"

static void size_reads_binary_units(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {
		{ "0", 0 },
		{ "1", 1 },
		{ "4096", 4096 },
		{ "64K", 65536 },
		{ "512m", 512 << 20 },
		{ "4G", 4ull << 30 },
		{ "4GiB", 4ull << 30 },
		{ "1T", 1ull << 40 },
		{ "7E", 7ull << 60 },
		{ "9223372036854775807", INT64_MAX },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		uint64_t bytes = 1234567;

		assert_int_equal(size_parse(good[i].text, &bytes), 0);
		assert_int_equal(bytes, good[i].bytes);
	}
}

static void size_refuses_all_else(void **state)
{
	static const char *const wrong[] = { "",  " 4",	  "4Q",	  "-1",	   "4KB", "4k ",
					     "K", "0x10", "1.5G", "4GiBs", "+3" };
	static const char *const too_large[] = { "8E", "9223372036854775808",
						 "99999999999999999999" };
	uint64_t bytes = 77;
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(size_parse(wrong[i], &bytes), -EINVAL);
	for (size_t i = 0; i < ARRAY_SIZE(too_large); i++)
		assert_int_equal(size_parse(too_large[i], &bytes), -ERANGE);
	assert_int_equal(bytes, 77);
}

static void size_names_read_back(void **state)
{
	static const uint64_t sizes[] = { 0,	1,	 1023,	     1024,     4096,
					  4097, 1 << 20, 3ull << 30, INT64_MAX };
	char text[SIZE_TEXT_MAX];
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		uint64_t bytes;

		assert_int_equal(size_parse(size_name(sizes[i], text), &bytes), 0);
		assert_int_equal(bytes, sizes[i]);
	}
	assert_string_equal(size_human(4ull << 30, text), "4 GiB");
	assert_string_equal(size_human(66322432, text), "63.2 MiB");
	assert_string_equal(size_human(512, text), "512 B");
}

static void durations_have_three_digits(void **state)
{
	char text[SIZE_TEXT_MAX];
	(void)state;

	assert_string_equal(duration_human(0, text), "0");
	assert_string_equal(duration_human(12e-6, text), "12 us");
	assert_string_equal(duration_human(3.42e-3, text), "3.42 ms");
	assert_string_equal(duration_human(1.27, text), "1.27 s");
	assert_string_equal(duration_human(83, text), "83 s");
	assert_string_equal(duration_human(725, text), "12 min 5 s");
}

static void sizes_in_names_are_short(void **state)
{
	static const struct {
		const char *name, *title;
	} cases[] = {
		{ "direct-1048576", "direct-1M" },
		{ "uring-1048576-8", "uring-1M-8" },
		{ "uring-16384-1024", "uring-16K-1024" },
		{ "chunk-1073741824", "chunk-1G" },
		{ "chunk-1572864", "chunk-1536K" },
		{ "write-seq-1048576,read-seq-65536+fsync/2", "write-seq-1M,read-seq-64K+fsync/2" },
		/* Names since 2009, and what is no such size. */
		{ "chunk-4096", "chunk-4096" },
		{ "chunk-8192", "chunk-8192" },
		{ "chunk-1", "chunk-1" },
		{ "chunk-100000", "chunk-100000" },
		{ "chunk-65536x", "chunk-65536x" },
		{ "chunk-99999999999999999999999", "chunk-99999999999999999999999" },
		{ "65536", "65536" },
		{ "posix-fallocate", "posix-fallocate" },
		{ "a--16384", "a--16K" },
		{ "a-", "a-" },
		{ "", "" },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char name[64];

		strcpy(name, cases[i].name);
		size_shorten(name);
		assert_string_equal(name, cases[i].title);
	}
}

static void suggestions_are_near(void **state)
{
	static const char *const names[] = {
		"ext2", "ext3-ordered", "ext3-journal",	   "ext4",	"xfs",
		"f2fs", "btrfs",	"posix-fallocate", "fallocate", "markdown"
	};
	static const struct {
		const char *typed, *nearest;
	} cases[] = {
		{ "etx4", "ext4" },
		{ "btfs", "btrfs" },
		{ "posix_fallocate", "posix-fallocate" },
		{ "falocate", "fallocate" },
		{ "zzzzzzzzz", NULL },
		/* Capitals, the first word of a name, its beginning. */
		{ "EXT4", "ext4" },
		{ "XFS", "xfs" },
		{ "ext3", "ext3-ordered" },
		{ "Ext3", "ext3-ordered" },
		{ "ext3-jounral", "ext3-journal" },
		{ "mark", "markdown" },
		{ "ext5", "ext2" },
		/* The first letter is missing, doubled, or swapped. */
		{ "xt4", "ext4" },
		{ "xxfs", "xfs" },
		{ "fxs", "xfs" },
		/* Another file system is no misspelt one of these. */
		{ "zfs", NULL },
		{ "jfs", NULL },
		{ "hfs", NULL },
		{ "bcachefs", NULL },
		{ "ntfs", NULL },
		{ "", NULL },
	};
	(void)state;

	assert_int_equal(suggest_distance("abcd", "abdc"), 1);
	assert_int_equal(suggest_distance("", "abc"), 3);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *nearest = NULL;

		for (size_t j = 0; j < ARRAY_SIZE(names); j++)
			suggest_consider(cases[i].typed, names[j], &nearest);
		if (cases[i].nearest)
			assert_string_equal(nearest, cases[i].nearest);
		else
			assert_null(nearest);
	}
}

static void problem_keeps_the_last_sentence(void **state)
{
	struct problem problem = { 0 };
	(void)state;

	assert_int_equal(problem_set(&problem, PROBLEM_LACK, ENOENT, "no %s", "mkfs"), -ENOENT);
	assert_int_equal(problem_set(&problem, PROBLEM_USAGE, EINVAL, "bad %d", 3), -EINVAL);
	assert_string_equal(problem.message, "bad 3");
	assert_int_equal(problem.kind, PROBLEM_USAGE);
	assert_int_equal(problem_set(NULL, PROBLEM_USAGE, EINVAL, "unheard"), -EINVAL);
	problem_clear(&problem);
	assert_null(problem.message);
}

static void child_runs_a_program(void **state)
{
	CLEANUP(freep) char *output = NULL;
	(void)state;

	assert_int_equal(
		child_run((const char *[]) { "sh", "-c", "echo out; echo err >&2; exit 3", NULL },
			  -1, &output),
		3);
	assert_string_equal(output, "out\nerr\n");
	assert_int_equal(child_run((const char *[]) { "sh", "-c", "kill -9 $$", NULL }, -1, NULL),
			 128 + 9);
	assert_int_equal(child_run((const char *[]) { "no-such-program", NULL }, -1, NULL),
			 -ENOENT);
}

static void child_is_cancelled_and_timed_out(void **state)
{
	CLEANUP(child_killp) struct child child = CHILD_NONE;
	const char *argv[] = { "sleep", "1000", NULL };
	int ends[2];
	(void)state;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(child_spawn(&child, &(struct child_command) { .argv = argv, -1, -1, -1 }),
			 0);
	assert_int_equal(child_wait(&child, ends[0], io_now_ns() + 1000000, NULL), -ETIMEDOUT);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(child_wait(&child, ends[0], 0, NULL), -ECANCELED);
	child_kill(&child);
	assert_int_equal(child.pid, 0);
	close(ends[0]);
	close(ends[1]);
}

static void a_command_has_variables_and_dies_with_its_group(void **state)
{
	const char *const variables[] = { "ONE=1 x", "TWO=2", NULL };
	struct child_command command = {
		.argv = (const char *[]) { "sh", "-c", "echo \"$ONE$TWO\"", NULL },
		.in_fd = -1,
		.variables = variables,
		.flags = CHILD_GROUP,
	};
	CLEANUP(freep) char *output = NULL;
	int ends[2], pipe_fds[2];
	char byte;
	(void)state;

	assert_int_equal(child_run_command(&command, -1, &output), 0);
	assert_string_equal(output, "1 x2\n");

	/* The pipe ends when the last that holds it has died. */
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	command.argv = (const char *[]) { "sh", "-c", "sleep 1000 & sleep 1000", NULL };
	command.keep = (const int[]) { pipe_fds[1], -1 };
	assert_int_equal(child_run_command(&command, ends[0], NULL), -ECANCELED);
	close(pipe_fds[1]);
	assert_int_equal(read(pipe_fds[0], &byte, 1), 0);
	close(pipe_fds[0]);
	close(ends[0]);
	close(ends[1]);
}

/* What it started, even in another session, goes with it; also where there is no namespace. */
static void child_takes_all_along(void **state)
{
	CLEANUP(child_killp) struct child child = CHILD_NONE;
	int ends[2], r;
	char letter;
	(void)state;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	r = child_fork(&child, CHILD_PID_NAMESPACE);
	assert_true(r >= 0);
	if (r == 0) {
		if (fork() == 0) {
			setsid();
			_exit(write(ends[1], "x", 1) == 1 ? pause() : 1);
		}
		pause();
		_exit(0);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &letter, 1), 1);
	child_kill(&child);
	/* Nobody is left who could write. */
	assert_int_equal(poll(&(struct pollfd) { .fd = ends[0], .events = POLLIN }, 1, 60000), 1);
	assert_int_equal(read(ends[0], &letter, 1), 0);
	close(ends[0]);
}

static void read_file_has_a_limit(void **state)
{
	CLEANUP(freep) char *data = NULL;
	size_t bytes;
	(void)state;

	assert_int_equal(io_read_file("/proc/self/status", 1 << 20, &data, &bytes), 0);
	assert_true(bytes > 100 && strlen(data) == bytes);
	assert_int_equal(io_read_file("/proc/self/status", 10, &data, NULL), -EFBIG);
	assert_int_equal(io_read_file("/proc/self/no-such", 10, &data, NULL), -ENOENT);
}

static void bytes_are_copied_at_offsets(void **state)
{
	enum { BYTES = 200000 };
	CLEANUP(fd_closep) int from = memfd_create("from", MFD_CLOEXEC);
	CLEANUP(fd_closep) int to = memfd_create("to", MFD_CLOEXEC);
	static unsigned char data[BYTES], copied[BYTES];
	(void)state;

	for (size_t i = 0; i < BYTES; i++)
		data[i] = (unsigned char)random_mix(i);
	assert_int_equal(io_write_at(from, 1000, data, BYTES), 0);
	assert_int_equal(io_copy_at(from, 1001, to, 77, BYTES - 1), 0);
	assert_int_equal(io_read_at(to, 77, copied, BYTES - 1), 0);
	assert_memory_equal(copied, data + 1, BYTES - 1);
	assert_int_equal(io_copy_at(from, 1001, to, 0, BYTES), -EIO);
	assert_int_equal(io_read_at(-1, 0, copied, 1), -EBADF);
	assert_int_equal(io_write_at(-1, 0, copied, 1), -EBADF);
}

/* The numbers that the authors' program prints for the state 1234567. */
static void random_numbers_are_those_of_splitmix64(void **state)
{
	uint64_t at = 1234567;
	(void)state;

	assert_true(random_next(&at) == 6457827717110365317u);
	assert_true(random_next(&at) == 3203168211198807973u);
	assert_true(random_next(&at) == 9817491932198370423u);
}

static void unnamed_file_has_no_links(void **state)
{
	CLEANUP(fd_closep) int fd = io_open_unnamed("/tmp", "/tmp/alloc-perf-unnamed");
	struct stat status;
	(void)state;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &status), 0);
	assert_int_equal(status.st_nlink, 0);
	assert_int_equal(access("/tmp/alloc-perf-unnamed", F_OK), -1);
	assert_int_equal(io_open_unnamed("/no-such", "/no-such/file"), -1);
	assert_int_equal(errno, ENOENT);
}

static void durations_are_read(void **state)
{
	static const struct {
		const char *text;
		uint64_t seconds;
	} good[] = { { "90", 90 },   { "90s", 90 },	{ "10m", 600 },
		     { "2H", 7200 }, { "1h30m", 5400 }, { "1d1h1m1s", 90061 } };
	static const char *const wrong[] = { "",     "m",  "1x",   "1m2", "1m2h",
					     "1m1m", "-1", "1.5h", " 1" };
	uint64_t seconds = 77;
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(duration_parse(good[i].text, &seconds), 0);
		assert_int_equal(seconds, good[i].seconds);
	}
	seconds = 77;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(duration_parse(wrong[i], &seconds), -EINVAL);
	assert_int_equal(duration_parse("99999999999999999999", &seconds), -ERANGE);
	assert_int_equal(duration_parse("99999d", &seconds), -ERANGE);
	assert_int_equal(seconds, 77);
}

static void intervals_follow_one_another(void **state)
{
	(void)state;

	for (unsigned i = 0; i < HISTOGRAM_INTERVALS; i++) {
		uint64_t lower = histogram_lower(i);
		uint64_t next = i + 1 < HISTOGRAM_INTERVALS ? histogram_lower(i + 1) : 0;

		assert_int_equal(histogram_interval(lower), i);
		assert_int_equal(histogram_interval(next - 1), i);
		if (next)
			assert_true(next > lower && next - lower <= 1 + lower / 64);
	}
}

static void quantiles_are_near_and_ends_exact(void **state)
{
	CLEANUP(freep) struct histogram *all = calloc(1, sizeof(*all));
	(void)state;

	assert_true(isnan(histogram_quantile(all, 0.5)));
	for (uint64_t i = 1; i <= 100000; i++)
		histogram_add(all, i);
	assert_int_equal(all->total, 100000);
	assert_int_equal(all->minimum, 1);
	assert_int_equal(all->maximum, 100000);
	assert_true(fabs(histogram_quantile(all, 0.5) - 50000) <= 50000 / 64.0);
	assert_true(fabs(histogram_quantile(all, 0.999) - 99900) <= 99900 / 64.0);
	assert_true(histogram_quantile(all, 1) <= 100000);
	assert_true(histogram_quantile(all, 0) >= 1);
}

static void counted_values_are_as_good_as_single_ones(void **state)
{
	CLEANUP(freep) struct histogram *one = calloc(1, sizeof(*one));
	CLEANUP(freep) struct histogram *other = calloc(1, sizeof(*other));
	(void)state;

	for (int i = 0; i < 70; i++)
		histogram_add(one, 1000000);
	histogram_add(one, UINT64_MAX);
	histogram_add_counted(other, histogram_lower(histogram_interval(1000000)), 70);
	histogram_add_counted(other, UINT64_MAX, 1);
	histogram_add_counted(other, 5, 0);
	assert_int_equal(other->total, 71);
	assert_memory_equal(one->count, other->count, sizeof(one->count));
	assert_int_equal(other->minimum, histogram_lower(histogram_interval(1000000)));
	assert_int_equal(other->maximum, UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(size_reads_binary_units),
		cmocka_unit_test(size_refuses_all_else),
		cmocka_unit_test(size_names_read_back),
		cmocka_unit_test(durations_are_read),
		cmocka_unit_test(durations_have_three_digits),
		cmocka_unit_test(sizes_in_names_are_short),
		cmocka_unit_test(suggestions_are_near),
		cmocka_unit_test(problem_keeps_the_last_sentence),
		cmocka_unit_test(child_runs_a_program),
		cmocka_unit_test(child_is_cancelled_and_timed_out),
		cmocka_unit_test(a_command_has_variables_and_dies_with_its_group),
		cmocka_unit_test(child_takes_all_along),
		cmocka_unit_test(read_file_has_a_limit),
		cmocka_unit_test(bytes_are_copied_at_offsets),
		cmocka_unit_test(random_numbers_are_those_of_splitmix64),
		cmocka_unit_test(unnamed_file_has_no_links),
		cmocka_unit_test(intervals_follow_one_another),
		cmocka_unit_test(quantiles_are_near_and_ends_exact),
		cmocka_unit_test(counted_values_are_as_good_as_single_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
