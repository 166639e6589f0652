/* SPDX-License-Identifier: MIT */
/*
 * Every system call of the library is made to fail in turn: the linker puts the
 * functions below in front of the C library's (--wrap).  Needs no root: fallocate()
 * is refused where the written way is to be taken.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "lack.h"
#include "look.h"
#include "prealloc.h"
#include "tree.h"

static const uint64_t mib = 1 << 20;

/* What the seam does. */
static struct {
	atomic_long seen; /* calls so far */
	long nth;	  /* which fails; 0: none */
	int error;
	int no_fallocate;    /* mode 0 is EOPNOTSUPP */
	int no_direct;	     /* O_DIRECT is EINVAL */
	int no_flags;	     /* pwritev2() is ENOSYS */
	int no_map;	     /* mmap() is ENODEV */
	int no_keep;	     /* pwritev2() succeeds, and nothing is there */
	const char *refused; /* this call, always, with `error`, as by a seccomp filter */
	size_t intrusion;    /* bytes that another appends immediately before each pwritev2() */
	int intrusions;	     /* how often */
	uint64_t ns_a_mib; /* fallocate() does nothing but take that long, by a clock of our own */
	uint64_t direct_ns, cached_ns; /* what pwritev2() takes a MiB, by the same clock */
	uint64_t direct_bytes, cached_bytes;
	uint64_t now_ns, slowest_ns;
	const char *failed;
	const char *pretended; /* the directory in whose tree memory is described */
	int open_flags;	       /* of the descriptor that prealloc() gets */
} seam = { .open_flags = O_RDWR };

static int fails(const char *call)
{
	if (seam.refused && !strcmp(seam.refused, call)) {
		errno = seam.error;
		return 1;
	}
	if (atomic_fetch_add(&seam.seen, 1) + 1 != seam.nth)
		return 0;
	seam.failed = call;
	errno = seam.error;
	return 1;
}

#define REAL(name) __typeof__(name) __real_##name

static void take(uint64_t ns)
{
	seam.now_ns += ns;
	if (ns > seam.slowest_ns)
		seam.slowest_ns = ns;
}

int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
	if (!seam.ns_a_mib && !seam.direct_ns)
		return __real_clock_gettime(clock, now);
	now->tv_sec = (time_t)(seam.now_ns / 1000000000);
	now->tv_nsec = (long)(seam.now_ns % 1000000000);
	return 0;
}

REAL(fallocate64);
int __wrap_fallocate64(int fd, int mode, off_t at, off_t bytes);
int __wrap_fallocate64(int fd, int mode, off_t at, off_t bytes)
{
	if (seam.ns_a_mib && mode == 0) {
		take(seam.ns_a_mib * (uint64_t)bytes / mib);
		return ftruncate(fd, at + bytes);
	}
	if (seam.no_fallocate && !(mode & FALLOC_FL_PUNCH_HOLE)) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return fails("fallocate") ? -1 : __real_fallocate64(fd, mode, at, bytes);
}

static int is_pretended(const char *path)
{
	return seam.pretended &&
	       (!strcmp(path, "/proc/meminfo") || !strcmp(path, "/proc/self/cgroup") ||
		!strncmp(path, "/sys/fs/cgroup", 14));
}

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...)
{
	if (is_pretended(path)) {
		char other[PATH_MAX];

		snprintf(other, sizeof(other), "%s%s", seam.pretended, path);
		return __real_open64(other, flags, 0600);
	}
	return fails("open") ? -1 : __real_open64(path, flags, 0600);
}

/* Takes an int or nothing as its third argument. */
int __real_fcntl64(int fd, int command, ...);
int __wrap_fcntl64(int fd, int command, long argument);
int __wrap_fcntl64(int fd, int command, long argument)
{
	if (seam.no_direct && command == F_SETFL && (argument & O_DIRECT)) {
		errno = EINVAL;
		return -1;
	}
	return fails("fcntl") ? -1 : __real_fcntl64(fd, command, argument);
}

int __real_ioctl(int fd, unsigned long request, void *argument);
int __wrap_ioctl(int fd, unsigned long request, void *argument);
int __wrap_ioctl(int fd, unsigned long request, void *argument)
{
	return fails("ioctl") ? -1 : __real_ioctl(fd, request, argument);
}

void *__real_mmap64(void *where, size_t bytes, int protection, int flags, int fd, off_t at);
void *__wrap_mmap64(void *where, size_t bytes, int protection, int flags, int fd, off_t at);
void *__wrap_mmap64(void *where, size_t bytes, int protection, int flags, int fd, off_t at)
{
	if (seam.no_map && fd >= 0) {
		errno = ENODEV;
		return MAP_FAILED;
	}
	return fails("mmap") ? MAP_FAILED : __real_mmap64(where, bytes, protection, flags, fd, at);
}

#define WRAP(type, name, declaration, call)                          \
	type __real_##name declaration;                              \
	type __wrap_##name declaration;                              \
	type __wrap_##name declaration                               \
	{                                                            \
		return fails(#name) ? (type)-1 : __real_##name call; \
	}

WRAP(int, ftruncate64, (int fd, off_t bytes), (fd, bytes))
/* Bytes that are not zero, at the end of the file. */
static void append_as_another(int fd, size_t bytes)
{
	static unsigned char data[1 << 16];
	char path[40];
	int other_fd;

	snprintf(path, sizeof(path), "/proc/thread-self/fd/%d", fd);
	other_fd = __real_open64(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	memset(data, 'x', sizeof(data));
	for (size_t piece; bytes > 0; bytes -= piece) {
		piece = bytes < sizeof(data) ? bytes : sizeof(data);
		assert_int_equal(write(other_fd, data, piece), piece);
	}
	close(other_fd);
}

static void take_for(int fd, const struct iovec *vector, int count)
{
	int direct = __real_fcntl64(fd, F_GETFL) & O_DIRECT;
	uint64_t bytes = 0;

	for (int i = 0; i < count; i++)
		bytes += vector[i].iov_len;
	take((direct ? seam.direct_ns : seam.cached_ns) * bytes / mib);
	*(direct ? &seam.direct_bytes : &seam.cached_bytes) += bytes;
}

ssize_t __real_pwritev64v2(int fd, const struct iovec *vector, int count, off_t at, int flags);
ssize_t __wrap_pwritev64v2(int fd, const struct iovec *vector, int count, off_t at, int flags);
ssize_t __wrap_pwritev64v2(int fd, const struct iovec *vector, int count, off_t at, int flags)
{
	if (seam.no_flags) {
		errno = ENOSYS;
		return -1;
	}
	if (seam.intrusions > 0) {
		seam.intrusions--;
		append_as_another(fd, seam.intrusion);
	}
	if (seam.direct_ns)
		take_for(fd, vector, count);
	if (seam.no_keep)
		return (ssize_t)vector->iov_len;
	return fails("pwritev64v2") ? -1 : __real_pwritev64v2(fd, vector, count, at, flags);
}

WRAP(ssize_t, writev, (int fd, const struct iovec *vector, int count), (fd, vector, count))
WRAP(ssize_t, pwritev64, (int fd, const struct iovec *vector, int count, off_t at),
     (fd, vector, count, at))
WRAP(ssize_t, pread64, (int fd, void *data, size_t bytes, off_t at), (fd, data, bytes, at))
WRAP(int, madvise, (void *where, size_t bytes, int advice), (where, bytes, advice))
WRAP(int, sync_file_range, (int fd, off64_t at, off64_t bytes, unsigned flags),
     (fd, at, bytes, flags))
WRAP(int, fdatasync, (int fd), (fd))
WRAP(int, fsync, (int fd), (fd))
WRAP(int, fstat64, (int fd, struct stat *status), (fd, status))
WRAP(off_t, lseek64, (int fd, off_t at, int whence), (fd, at, whence))

static const struct place here = { .directory = (char *)"." };

static uint64_t make_file(int fd)
{
	look_write(fd, 100, 5000);
	look_write(fd, 2 * mib + 7, 1000);
	assert_int_equal(fsync(fd), 0);
	return 2 * mib + 1007;
}

static void check_data(int fd)
{
	look_is_zero(fd, 0, 100);
	look_is_written(fd, 100, 5000);
	look_is_zero(fd, 5100, 2 * mib + 7 - 5100);
	look_is_written(fd, 2 * mib + 7, 1000);
}

static int stop_at(uint64_t done_bytes, uint64_t total_bytes, void *context)
{
	const uint64_t *limit = context;

	(void)total_bytes;
	return done_bytes >= *limit;
}

/* May a failure at this call leave something?  Only one that undoes. */
static int undoes(const char *call)
{
	return call && (!strcmp(call, "ftruncate64") || !strcmp(call, "fallocate") ||
			!strcmp(call, "pread64") || !strcmp(call, "ioctl") ||
			!strcmp(call, "fstat64") || !strcmp(call, "lseek64") ||
			!strcmp(call, "fcntl") || !strcmp(call, "open") || !strcmp(call, "mmap"));
}

/* The same file, opened with flags. */
static int open_with(int fd, int flags)
{
	char path[40];
	int other_fd;

	snprintf(path, sizeof(path), "/proc/thread-self/fd/%d", fd);
	other_fd = __real_open64(path, flags | O_CLOEXEC);
	assert_true(other_fd >= 0);
	return other_fd;
}

/* One call with the nth failing; returns whether the nth came to pass. */
static int fail_nth(long nth, int error, uint64_t limit, uint32_t flags)
{
	CLEANUP(fd_closep) int fd = look_new_file(&here, 0);
	CLEANUP(fd_closep) int called_fd = open_with(fd, seam.open_flags);
	struct prealloc_options options = {
		.size = sizeof(options), .flags = flags, .progress = stop_at, .context = &limit
	};
	struct prealloc_result result = { .size = sizeof(result) };
	uint64_t size = make_file(fd), map = look_map(fd, size), blocks = look_block_bytes(fd);
	int r;

	atomic_store(&seam.seen, 0);
	seam.failed = NULL;
	seam.error = error;
	seam.nth = nth;
	r = prealloc(called_fd, 50, 5 * mib + 3, &options, &result);
	seam.nth = 0;
	check_data(fd);
	if (r == 0) {
		assert_int_equal(look_size(fd), 50 + 5 * mib + 3);
		assert_int_equal(result.reserved_bytes, 5 * mib + 3);
	} else if (limit == UINT64_MAX || !undoes(seam.failed)) {
		assert_int_equal(look_size(fd), size);
		assert_int_equal(look_map(fd, size), map);
		/* Only of blocks that tell where the others are. */
		assert_true(result.left_bytes == 0 ||
			    result.left_bytes == look_block_bytes(fd) - blocks);
	}
	if (limit != UINT64_MAX)
		assert_true(r < 0);
	else if (!seam.failed)
		assert_int_equal(r, 0);
	if (error == EINTR && seam.failed && limit == UINT64_MAX &&
	    (!strcmp(seam.failed, "fallocate") || !strcmp(seam.failed, "writev") ||
	     !strcmp(seam.failed, "pwritev64v2")))
		assert_int_equal(r, 0);
	return seam.failed != NULL;
}

static void fail_with(int error, uint64_t limit, uint32_t flags)
{
	long nth;

	for (nth = 1; fail_nth(nth, error, limit, flags); nth++)
		;
	assert_true(nth > 5);
}

static void fail_all(uint64_t limit, uint32_t flags)
{
	static const int errors[] = { EIO, EINTR, ENOSPC };

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		fail_with(errors[i], limit, flags);
}

static int start_over(void **state)
{
	(void)state;
	memset(&seam, 0, sizeof(seam));
	seam.open_flags = O_RDWR;
	return 0;
}

static void native_calls_fail_in_turn(void **state)
{
	CLEANUP(fd_closep) int fd = look_new_file(&here, 0);
	(void)state;

	if (fallocate(fd, 0, 0, 4096) < 0)
		skip_because("no fallocate() in this directory: %s", strerror(errno));
	fail_all(UINT64_MAX, PREALLOC_DURABLE | PREALLOC_VERIFY);
	fail_all(3 * mib, 0);
}

static void written_calls_fail_in_turn(void **state)
{
	(void)state;
	seam.no_fallocate = 1;
	fail_all(UINT64_MAX, PREALLOC_DURABLE);
	fail_all(3 * mib, 0);
}

static void cached_calls_fail_in_turn(void **state)
{
	(void)state;
	seam.no_fallocate = 1;
	seam.no_direct = 1;
	seam.no_map = 1;
	fail_all(UINT64_MAX, 0);
	fail_all(3 * mib, 0);
}

/* Each of these needs other second descriptors, or none. */
static void any_descriptors_calls_fail_in_turn(void **state)
{
	static const int flags[] = { O_RDWR | O_DIRECT, O_WRONLY, O_RDWR | O_APPEND,
				     O_WRONLY | O_DIRECT | O_APPEND };

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		start_over(state);
		seam.no_fallocate = 1;
		seam.open_flags = flags[i];
		fail_with(EIO, UINT64_MAX, 0);
		fail_with(EIO, 3 * mib, 0);
	}
}

/* An old kernel, or an emulator of a processor. */
static void without_flags_of_pwritev2_calls_fail_in_turn(void **state)
{
	static const int flags[] = { O_RDWR, O_RDWR | O_APPEND, O_RDWR | O_DIRECT,
				     O_WRONLY | O_DIRECT | O_APPEND };

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		start_over(state);
		seam.no_fallocate = 1;
		seam.no_flags = 1;
		seam.open_flags = flags[i];
		fail_with(EIO, UINT64_MAX, 0);
		fail_with(EIO, 3 * mib, 0);
	}
}

/* More than the windows of the cached way, so that the first has gone when the last comes. */
static void the_page_cache_is_left_alone(void **state)
{
	const uint64_t bytes = 64 * mib;
	size_t pages = (size_t)bytes / 4096, resident = 0;
	CLEANUP(freep) unsigned char *seen = malloc(pages);
	CLEANUP(fd_closep) int fd = look_new_file(&here, 0);
	void *map;
	(void)state;

	seam.no_fallocate = 1;
	seam.no_direct = 1;
	assert_int_equal(prealloc(fd, 0, bytes, NULL, NULL), 0);
	map = mmap(NULL, (size_t)bytes, PROT_READ, MAP_SHARED, fd, 0);
	assert_true(map != MAP_FAILED && seen);
	assert_int_equal(mincore(map, (size_t)bytes, seen), 0);
	for (size_t i = 0; i < pages; i++)
		resident += seen[i] & 1;
	munmap(map, (size_t)bytes);
	assert_true(resident < 16);
}

static uint64_t foreign_bytes(int fd)
{
	static unsigned char data[1 << 16];
	uint64_t found = 0;
	ssize_t got;

	for (off_t at = 0; (got = pread(fd, data, sizeof(data), at)) > 0; at += got)
		for (ssize_t i = 0; i < got; i++)
			found += data[i] == 'x';
	return found;
}

struct intruder {
	int fd;
	uint64_t at;
	size_t bytes;
};

static int intrude(uint64_t done_bytes, uint64_t total_bytes, void *context)
{
	struct intruder *intruder = context;

	(void)total_bytes;
	if (intruder->bytes > 0 && done_bytes >= intruder->at) {
		append_as_another(intruder->fd, intruder->bytes);
		intruder->bytes = 0;
	}
	return 0;
}

/* What others append between two steps is part of what was asked for. */
static void the_file_gets_no_longer_than_asked(void **state)
{
	static const size_t bytes[] = { 3 << 20, (3 << 20) + 77 };
	(void)state;

	seam.no_fallocate = 1;
	for (int i = 0; i < 4; i++) {
		CLEANUP(fd_closep) int fd = look_new_file(&here, 0);
		struct intruder intruder = { fd, 5 * mib, bytes[i % 2] };
		struct prealloc_options options = { .size = sizeof(options),
						    .progress = intrude,
						    .context = &intruder };

		seam.no_direct = i / 2;
		assert_int_equal(prealloc(fd, 0, 40 * mib + 9, &options, NULL), 0);
		assert_int_equal(look_size(fd), 40 * mib + 9);
		assert_int_equal(foreign_bytes(fd), bytes[i % 2]);
	}
}

/* What they append between the look and the lock is what it gets longer, and once only. */
static void an_intruder_makes_it_longer_by_what_he_appends(void **state)
{
	enum { TIMES = 7, BYTES = 300 };
	(void)state;

	seam.no_fallocate = 1;
	for (seam.no_direct = 0; seam.no_direct < 2; seam.no_direct++) {
		CLEANUP(fd_closep) int fd = look_new_file(&here, 0);

		seam.intrusion = BYTES;
		seam.intrusions = TIMES;
		assert_int_equal(prealloc(fd, 0, 2 * mib, NULL, NULL), 0);
		assert_true(look_size(fd) <= 2 * mib + BYTES);
		assert_int_equal(foreign_bytes(fd), (TIMES - seam.intrusions) * BYTES);
	}
}

struct watch {
	uint64_t before_ns, longest_ns; /* between two calls */
	unsigned settling;		/* calls that are not counted */
	uint64_t slower_from;		/* from so many bytes on, 20 times as slow */
};

static int watch(uint64_t done_bytes, uint64_t total_bytes, void *context)
{
	struct watch *watch = context;
	uint64_t took_ns = seam.now_ns - watch->before_ns;

	(void)total_bytes;
	watch->before_ns = seam.now_ns;
	if (watch->slower_from && done_bytes >= watch->slower_from) {
		watch->slower_from = 0;
		watch->settling = 2;
		seam.ns_a_mib *= 20;
	}
	if (watch->settling > 0)
		watch->settling--;
	else if (took_ns > watch->longest_ns)
		watch->longest_ns = took_ns;
	return 0;
}

/* From a file system that answers at once to one that takes 90 ms a MiB (XFS was seen to take 25).
 */
static void no_step_of_a_slow_fallocate_takes_100_ms(void **state)
{
	static const uint64_t us_a_mib[] = {
		1, 10, 100, 500, 1000, 1700, 2000, 5000, 12000, 25000
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(us_a_mib); i++) {
		CLEANUP(fd_closep) int fd = look_new_file(&here, 0);
		struct watch seen = { 0 };
		struct prealloc_options options = { .size = sizeof(options),
						    .progress = watch,
						    .context = &seen };
		struct prealloc_result result = { .size = sizeof(result) };

		start_over(state);
		seam.ns_a_mib = us_a_mib[i] * 1000;
		assert_int_equal(prealloc(fd, 0, 4096 * mib + 11, &options, &result), 0);
		assert_int_equal(look_size(fd), 4096 * mib + 11);
		assert_true(seam.slowest_ns <= 100000000 && seen.longest_ns <= 100000000);
		/* Nor are they so short that there are thousands where none is slow. */
		assert_true(result.calls <= 20 + seam.now_ns / 20000000);
	}
}

/* It slows down in the middle: one step is as long as was right before, the next is right. */
static void steps_follow_a_fallocate_that_slows_down(void **state)
{
	CLEANUP(fd_closep) int fd = look_new_file(&here, 0);
	struct watch seen = { .slower_from = 2048 * mib };
	struct prealloc_options options = { .size = sizeof(options),
					    .progress = watch,
					    .context = &seen };

	start_over(state);
	seam.ns_a_mib = 1000000;
	assert_int_equal(prealloc(fd, 0, 8192 * mib, &options, NULL), 0);
	assert_int_equal(seen.slower_from, 0);
	assert_true(seam.slowest_ns > 100000000);
	assert_true(seen.longest_ns <= 100000000);
}

/* 160 MiB: a request of O_DIRECT, a trial through the page cache, and the rest by the better. */
static void the_faster_way_writes_the_rest(void **state)
{
	static const uint64_t us_a_mib[][2] = { { 1000, 9000 }, { 9000, 1000 } };
	const uint64_t bytes = 160 * mib + 5;

	for (int i = 0; i < 2; i++)
		for (int watched = 0; watched < 2; watched++) {
			CLEANUP(fd_closep) int fd = look_new_file(&here, 0);
			uint64_t limit = UINT64_MAX, slower;
			struct prealloc_options options = { .size = sizeof(options),
							    .progress = watched ? stop_at : NULL,
							    .context = &limit };

			start_over(state);
			seam.no_fallocate = 1;
			seam.direct_ns = us_a_mib[i][0] * 1000;
			seam.cached_ns = us_a_mib[i][1] * 1000;
			assert_int_equal(prealloc(fd, 0, bytes, &options, NULL), 0);
			assert_int_equal(look_size(fd), bytes);
			if (seam.direct_bytes == 0)
				skip_because("no O_DIRECT in this directory");
			assert_int_equal(seam.direct_bytes + seam.cached_bytes, bytes);
			slower = i ? seam.direct_bytes : seam.cached_bytes;
			assert_true(slower > 0 && slower <= (i ? 72 : 12) * mib);
			look_is_zero(fd, 0, bytes);
		}
}

/* As /proc would: asked for more for ever, if nobody noticed. */
static void what_keeps_nothing_is_an_error(void **state)
{
	CLEANUP(fd_closep) int fd = look_new_file(&here, 0);
	(void)state;

	seam.no_fallocate = 1;
	seam.no_keep = 1;
	assert_int_equal(prealloc(fd, 0, mib, NULL, NULL), -EAGAIN);
	assert_int_equal(look_size(fd), 0);
}

static void no_second_description_is_needed(void **state)
{
	(void)state;
	seam.no_fallocate = 1;
	for (long nth = 1; nth < 40; nth++)
		fail_nth(nth, EACCES, UINT64_MAX, 0);
}

/* A sandbox may refuse any call that the library can do without, by an error of its tuner. */
static void a_sandbox_does_no_harm(void **state)
{
	static const char *const calls[] = { "madvise", "ioctl", "open", "sync_file_range" };
	static const int errors[] = { EPERM, ENOSYS, EACCES };
	(void)state;

	seam.no_fallocate = 1;
	for (size_t i = 0; i < ARRAY_SIZE(calls) * ARRAY_SIZE(errors); i++) {
		CLEANUP(fd_closep) int fd = look_new_file(&here, 0);

		make_file(fd);
		seam.refused = calls[i / ARRAY_SIZE(errors)];
		seam.error = errors[i % ARRAY_SIZE(errors)];
		assert_int_equal(prealloc(fd, 50, 5 * mib + 3, NULL, NULL), 0);
		seam.refused = NULL;
		check_data(fd);
		assert_int_equal(look_size(fd), 50 + 5 * mib + 3);
		assert_true(look_block_bytes(fd) >= 5 * mib);
	}
}

/* Refused for another reason than the file's: what is left is what is there. */
static void a_refused_truncation_is_counted(void **state)
{
	CLEANUP(fd_closep) int fd = look_new_file(&here, 0);
	uint64_t limit = 7 * mib;
	struct prealloc_options options = { .size = sizeof(options),
					    .flags = PREALLOC_KEEP_SIZE,
					    .progress = stop_at,
					    .context = &limit };
	struct prealloc_result result = { .size = sizeof(result) };
	(void)state;

	if (fallocate(fd, 0, 0, 4096) < 0)
		skip_because("no fallocate() in this directory: %s", strerror(errno));
	seam.refused = "ftruncate64";
	seam.error = EPERM;
	assert_int_equal(prealloc(fd, 0, 20 * mib, &options, &result), -ECANCELED);
	seam.refused = NULL;
	assert_int_equal(look_size(fd), 4096);
	assert_true(result.left_bytes + 4096 >= 7 * mib);
	assert_true(result.left_bytes + 4096 <= look_block_bytes(fd));
}

struct machine {
	const char *name;
	const char *files[16];	 /* path and contents in turn */
	unsigned fits, does_not; /* MiB */
};

static const struct machine machines[] = {
	{ "memory",
	  { "/proc/meminfo", "MemTotal: 999999 kB\nMemAvailable:  32768 kB\nSwapFree: 0 kB\n" },
	  32,
	  33 },
	{ "memory and swap space",
	  { "/proc/meminfo", "MemAvailable: 32768 kB\nSwapFree: 8192 kB\n" },
	  40,
	  41 },
	{ "a group whose parent is limited",
	  { "/proc/meminfo", "MemAvailable: 9999999 kB\nSwapFree: 0 kB\n", "/proc/self/cgroup",
	    "0::/outer/inner\n", "/sys/fs/cgroup/outer/memory.max", "33554432\n",
	    "/sys/fs/cgroup/outer/memory.current", "31457280\n", "/sys/fs/cgroup/outer/memory.stat",
	    "anon 20\nfile 9437184\nshmem 20\ninactive_file 4194304\nactive_file 1048576\n",
	    "/sys/fs/cgroup/outer/inner/memory.max", "max\n",
	    "/sys/fs/cgroup/outer/inner/memory.current", "31457280\n" },
	  7,
	  8 },
	{ "a group that may swap",
	  { "/proc/meminfo", "MemAvailable: 9999999 kB\nSwapFree: 5120 kB\n", "/proc/self/cgroup",
	    "0::/\n", "/sys/fs/cgroup/memory.max", "33554432\n", "/sys/fs/cgroup/memory.current",
	    "25165824\n", "/sys/fs/cgroup/memory.swap.max", "2097152\n",
	    "/sys/fs/cgroup/memory.swap.current", "0\n" },
	  10,
	  11 },
	{ "a group of the first version",
	  { "/proc/meminfo", "MemAvailable: 9999999 kB\nSwapFree: 0 kB\n", "/proc/self/cgroup",
	    "5:cpu:/\n4:memory:/one\n0::/\n", "/sys/fs/cgroup/memory/memory.limit_in_bytes",
	    "9223372036854771712\n", "/sys/fs/cgroup/memory/memory.usage_in_bytes", "4096\n",
	    "/sys/fs/cgroup/memory/one/memory.limit_in_bytes", "33554432\n",
	    "/sys/fs/cgroup/memory/one/memory.usage_in_bytes", "31457280\n",
	    "/sys/fs/cgroup/memory/one/memory.stat",
	    "cache 9\ninactive_file 1\ntotal_inactive_file 4194304\ntotal_active_file 0\n" },
	  6,
	  7 },
};

static int start_over_with_tree(void **state)
{
	start_over(state);
	return tree_make(state);
}

/* A file that is only in memory; never is more asked for than a few MiB. */
static void memory_that_is_not_there_is_no_space(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++) {
		const struct machine *machine = &machines[i];
		CLEANUP(fd_closep) int fd = memfd_create(machine->name, MFD_CLOEXEC);
		struct prealloc_result result = { .size = sizeof(result) };
		CLEANUP(freep) char *directory = NULL;
		char *name;

		for (size_t j = 0; machine->files[j]; j += 2) {
			assert_true(asprintf(&name, "%zu%s", i, machine->files[j]) > 0);
			tree_put(name, machine->files[j + 1]);
			free(name);
		}
		assert_true(asprintf(&directory, "%s/%zu", tree, i) > 0);
		seam.pretended = directory;
		assert_int_equal(prealloc(fd, 0, machine->does_not * mib, NULL, &result), -ENOSPC);
		assert_int_equal(result.calls, 0);
		assert_int_equal(look_size(fd), 0);
		assert_int_equal(prealloc(fd, 0, machine->fits * mib, NULL, NULL), 0);
		/* What is there already need not fit again. */
		assert_int_equal(prealloc(fd, 0, (machine->fits + 1) * mib, NULL, NULL), 0);
		seam.pretended = NULL;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(native_calls_fail_in_turn, start_over),
		cmocka_unit_test_setup(written_calls_fail_in_turn, start_over),
		cmocka_unit_test_setup(cached_calls_fail_in_turn, start_over),
		cmocka_unit_test_setup(any_descriptors_calls_fail_in_turn, start_over),
		cmocka_unit_test_setup(without_flags_of_pwritev2_calls_fail_in_turn, start_over),
		cmocka_unit_test_setup(the_page_cache_is_left_alone, start_over),
		cmocka_unit_test_setup(the_file_gets_no_longer_than_asked, start_over),
		cmocka_unit_test_setup(an_intruder_makes_it_longer_by_what_he_appends, start_over),
		cmocka_unit_test_setup(no_step_of_a_slow_fallocate_takes_100_ms, start_over),
		cmocka_unit_test_setup(steps_follow_a_fallocate_that_slows_down, start_over),
		cmocka_unit_test_setup(the_faster_way_writes_the_rest, start_over),
		cmocka_unit_test_setup(what_keeps_nothing_is_an_error, start_over),
		cmocka_unit_test_setup(no_second_description_is_needed, start_over),
		cmocka_unit_test_setup(a_sandbox_does_no_harm, start_over),
		cmocka_unit_test_setup(a_refused_truncation_is_counted, start_over),
		cmocka_unit_test_setup_teardown(memory_that_is_not_there_is_no_space,
						start_over_with_tree, tree_remove),
	};

	return cmocka_run_group_tests_name("prealloc-faults", tests, NULL, NULL);
}
