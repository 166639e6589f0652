/* SPDX-License-Identifier: MIT */
/* The promises of prealloc.h, one by one, on every file system. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xfs/xfs.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "lack.h"
#include "look.h"
#include "place.h"
#include "prealloc.h"

static const uint64_t mib = 1 << 20;

enum { SAME_READINGS = 10, READING_PAUSE_NS = 10000000 };

/*
 * XFS (since 5.14) and btrfs free what was deleted in the background: read until it stays.  XFS can
 * be asked to do it now, which a busy machine may not do for a while.
 */
static uint64_t free_bytes(int fd, int reserve_too)
{
	const struct timespec pause = { .tv_nsec = READING_PAUSE_NS };
	struct xfs_fs_eofblocks all = { .eof_version = XFS_EOFBLOCKS_VERSION };
	struct statvfs volume;
	uint64_t blocks = 0;

	ioctl(fd, XFS_IOC_FREE_EOFBLOCKS, &all); /* others refuse */
	for (int same = 0; same < SAME_READINGS; nanosleep(&pause, NULL)) {
		assert_int_equal(fstatvfs(fd, &volume), 0);
		same = volume.f_bfree == blocks ? same + 1 : 0;
		blocks = volume.f_bfree;
	}
	return (reserve_too ? volume.f_bfree : volume.f_bavail) * volume.f_frsize;
}

static int is_native(const struct place *place)
{
	return (place->kind->traits & PLACE_NATIVE) != 0;
}

static int is_ext(const struct place *place)
{
	return !strncmp(place->kind->type, "ext", 3);
}

static uint64_t grown(int fd, uint64_t block_bytes)
{
	uint64_t now = look_block_bytes(fd);

	return now > block_bytes ? now - block_bytes : 0;
}

static int reserve(int fd, uint64_t offset, uint64_t bytes, uint32_t flags,
		   struct prealloc_result *ret)
{
	struct prealloc_options options = { .size = sizeof(options), .flags = flags };

	*ret = (struct prealloc_result) { .size = sizeof(*ret) };
	return prealloc(fd, offset, bytes, &options, ret);
}

static void new_file_is_filled(void **state)
{
	const struct place *place = *state;
	CLEANUP(fd_closep) int fd = look_new_file(place, 0);
	const uint64_t bytes = 40 * mib + 123;
	struct prealloc_result result;

	errno = 77;
	assert_int_equal(lseek(fd, 5, SEEK_SET), 5);
	assert_int_equal(reserve(fd, 0, bytes, 0, &result), 0);
	assert_int_equal(errno, 77);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 5);
	assert_int_equal(result.path, is_native(place) ? PREALLOC_NATIVE : PREALLOC_WRITTEN);
	assert_int_equal(result.native_error, is_native(place) ? 0 : EOPNOTSUPP);
	assert_int_equal(result.reserved_bytes, bytes);
	assert_int_equal(result.new_bytes, bytes);
	assert_int_equal(result.written_bytes, is_native(place) ? 0 : bytes);
	assert_int_equal(result.left_bytes, 0);
	assert_true(result.calls > 0);
	if (place->kind->traits & PLACE_IN_PLACE)
		assert_int_equal(result.risks, 0);
	else
		assert_int_not_equal(result.risks, 0);
	assert_int_equal(look_size(fd), bytes);
	look_is_reserved(place, fd, 0, bytes);
	look_is_zero(fd, 0, bytes);
}

static void verify_and_durable_are_granted(void **state)
{
	const struct place *place = *state;
	CLEANUP(freep) char *path = NULL;
	struct prealloc_result result;
	int fd;

	assert_true(asprintf(&path, "%s/named", place->directory) > 0);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(reserve(fd, 100, mib, PREALLOC_VERIFY | PREALLOC_DURABLE, &result), 0);
	assert_true(result.did & PREALLOC_DID_VERIFY);
	assert_true(result.did & PREALLOC_DID_SYNC_DIRECTORY);
	assert_int_equal(unlink(path), 0);
	close(fd);
}

static void unverifiable_is_not_claimed(void **state)
{
	const struct place *place = *state;
	CLEANUP(fd_closep) int fd = look_new_file(place, 0);
	struct prealloc_result result;
	int shows = (place->kind->traits & PLACE_SHOWS) != 0;

	look_write(fd, 0, 1000);
	assert_int_equal(reserve(fd, 0, mib, PREALLOC_VERIFY, &result), shows ? 0 : -EOPNOTSUPP);
	assert_int_equal(!!(result.did & PREALLOC_DID_VERIFY), shows);
	assert_int_equal(result.calls > 0, shows);
	assert_int_equal(look_size(fd), shows ? mib : 1000);
	look_is_written(fd, 0, 1000);
}

/* Data here and there, the rest holes, the end in the middle of a page. */
static uint64_t make_sparse(int fd)
{
	look_write(fd, 0, 10);
	look_write(fd, 3 * mib + 17, 5000);
	look_write(fd, 9 * mib, mib);
	look_write(fd, 20 * mib, 3001);
	return 20 * mib + 3001;
}

static void check_sparse(int fd)
{
	look_is_written(fd, 0, 10);
	look_is_zero(fd, 10, 3 * mib + 7);
	look_is_written(fd, 3 * mib + 17, 5000);
	look_is_zero(fd, 3 * mib + 5017, 6 * mib - 5017);
	look_is_written(fd, 9 * mib, mib);
	look_is_zero(fd, 10 * mib, 10 * mib);
	look_is_written(fd, 20 * mib, 3001);
}

static void data_stays_and_holes_are_filled(void **state)
{
	const struct place *place = *state;
	CLEANUP(fd_closep) int fd = look_new_file(place, 0);
	uint64_t size = make_sparse(fd), bytes = size + 2 * mib - 5;
	struct prealloc_result result;

	assert_int_equal(reserve(fd, 7, bytes, 0, &result), 0);
	assert_int_equal(look_size(fd), 7 + bytes);
	check_sparse(fd);
	look_is_zero(fd, size, 7 + bytes - size);
	look_is_reserved(place, fd, 7, bytes);
}

static void the_gap_before_the_range_stays(void **state)
{
	const struct place *place = *state;
	CLEANUP(fd_closep) int fd = look_new_file(place, 0);
	struct prealloc_result result;
	uint64_t mapped;

	look_write(fd, 0, 1000);
	assert_int_equal(reserve(fd, 64 * mib + 3, 2 * mib, 0, &result), 0);
	assert_int_equal(look_size(fd), 66 * mib + 3);
	look_is_written(fd, 0, 1000);
	look_is_zero(fd, 1000, 66 * mib + 3 - 1000);
	if (look_mapped(fd, 64 * mib - mib, &mapped) == 0)
		assert_true(mapped < mib);
	else
		assert_true(look_block_bytes(fd) < 4 * mib);
}

static void unwritten_blocks_stay_unwritten(void **state)
{
	const struct place *place = *state;
	CLEANUP(fd_closep) int fd = look_new_file(place, 0);
	struct prealloc_result result;

	assert_int_equal(fallocate(fd, 0, 0, (off_t)mib), 0);
	look_write(fd, 4096, 4096);
	assert_int_equal(reserve(fd, 0, 2 * mib, 0, &result), 0);
	assert_int_equal(result.new_bytes, mib);
	look_is_zero(fd, 0, 4096);
	look_is_written(fd, 4096, 4096);
}

struct cancel {
	int calls, at;
	uint64_t after; /* bytes that were still done after the answer */
	uint64_t answered_at;
};

static int cancel_at(uint64_t done_bytes, uint64_t total_bytes, void *context)
{
	struct cancel *cancel = context;

	assert_true(done_bytes <= total_bytes);
	if (cancel->calls++ < cancel->at)
		return 0;
	cancel->answered_at = done_bytes;
	return 1;
}

/* Cancelled at its first word, its second, later and later, until it comes through. */
static void cancel_everywhere(const struct place *place, int fd, uint64_t size)
{
	uint64_t map, blocks;
	int at, r = -ECANCELED;

	assert_int_equal(fsync(fd), 0);
	map = look_map(fd, size);
	blocks = look_block_bytes(fd);
	for (at = 0; r == -ECANCELED; at += 1 + at / 3) {
		struct cancel cancel = { .at = at };
		struct prealloc_options options = { .size = sizeof(options),
						    .progress = cancel_at,
						    .context = &cancel };
		struct prealloc_result result = { .size = sizeof(result) };
		uint64_t before = look_block_bytes(fd);

		r = prealloc(fd, 100, 60 * mib, &options, &result);
		if (r == 0)
			break;
		assert_int_equal(r, -ECANCELED);
		assert_int_equal(cancel.calls, at + 1); /* not one step more */
		assert_int_equal(look_size(fd), size);
		if (size > 0)
			check_sparse(fd);
		if (place->kind->traits & PLACE_PUNCHES) {
			/* Blocks that tell where the others are may be left. */
			assert_int_equal(result.left_bytes, is_ext(place) ? grown(fd, before) : 0);
			assert_int_equal(look_map(fd, size), map);
			assert_true(look_block_bytes(fd) <= blocks + 64 * 1024);
		}
	}
	assert_int_equal(r, 0);
	assert_true(at >= 3);
	assert_int_equal(look_size(fd), 60 * mib + 100);
}

static void cancel_leaves_the_file_as_it_was(void **state)
{
	CLEANUP(fd_closep) int fd = look_new_file(*state, 0);

	cancel_everywhere(*state, fd, make_sparse(fd));
}

static void cancel_leaves_an_empty_file_empty(void **state)
{
	CLEANUP(fd_closep) int fd = look_new_file(*state, 0);

	cancel_everywhere(*state, fd, 0);
}

/* Space past the end that was there before the call is there after its rollback. */
static void spare_blocks_survive_a_cancel(void **state)
{
	const struct place *place = *state;
	CLEANUP(fd_closep) int fd = look_new_file(place, 0);
	struct cancel cancel = { .at = 2 };
	struct prealloc_options options = { .size = sizeof(options),
					    .progress = cancel_at,
					    .context = &cancel };
	uint64_t map;

	look_write(fd, 0, 4096);
	assert_int_equal(fallocate(fd, FALLOC_FL_KEEP_SIZE, 4 * (off_t)mib, 2 * (off_t)mib), 0);
	assert_int_equal(fsync(fd), 0);
	map = look_map(fd, UINT64_MAX);
	assert_int_equal(prealloc(fd, 0, 32 * mib, &options, NULL), -ECANCELED);
	assert_int_equal(look_size(fd), 4096);
	assert_int_equal(look_map(fd, UINT64_MAX), map);
}

static void too_much_is_refused_beforehand(void **state)
{
	const struct place *place = *state;
	CLEANUP(fd_closep) int fd = look_new_file(place, 0);
	uint64_t size = make_sparse(fd), map;
	struct prealloc_result result;

	assert_int_equal(fsync(fd), 0);
	map = look_map(fd, size);
	assert_int_equal(reserve(fd, 0, free_bytes(fd, 1) + 32 * mib, 0, &result), -ENOSPC);
	if (place->kind->traits & PLACE_COUNTS)
		assert_int_equal(result.calls, 0);
	assert_int_equal(result.reserved_bytes, 0);
	assert_int_equal(look_size(fd), size);
	check_sparse(fd);
	if (place->kind->traits & PLACE_PUNCHES)
		assert_int_equal(look_map(fd, size), map);
}

/* Not one block is left for anybody else, and every byte of the range can be written. */
static void a_full_volume_takes_the_writes(void **state)
{
	const struct place *place = *state;
	CLEANUP(fd_closep) int fd = look_new_file(place, 0);
	CLEANUP(fd_closep) int rest_fd = look_new_file(place, 0);
	static char data[1 << 16];
	struct prealloc_result result;

	assert_int_equal(reserve(fd, 0, 64 * mib, 0, &result), 0);
	memset(data, 'x', sizeof(data));
	for (size_t piece = sizeof(data); piece >= 512; piece /= 2)
		while (write(rest_fd, data, piece) > 0)
			;
	fsync(rest_fd);
	look_write(fd, 0, 64 * mib);
	assert_int_equal(fsync(fd), 0);
	look_is_written(fd, 0, 64 * mib);
}

/* The space runs out in the middle; what statvfs() says is made too good by others. */
static void space_that_runs_out_leaves_the_file_as_it_was(void **state)
{
	const struct place *place = *state;
	CLEANUP(fd_closep) int fd = look_new_file(place, 0);
	CLEANUP(fd_closep) int rest_fd = look_new_file(place, 0);
	struct prealloc_result result;
	uint64_t bytes, blocks, size = 5000;

	look_write(fd, 0, size);
	assert_int_equal(fsync(fd), 0);
	blocks = look_block_bytes(fd);
	assert_int_equal(reserve(rest_fd, 0, 200 * mib, 0, &result), 0);
	bytes = free_bytes(fd, 1);
	/* All that is free and yet too much: the pointers to the blocks need room as well. */
	for (uint64_t less = 0; less < 8; less++) {
		int r = reserve(fd, 0, bytes - less * 65536, 0, &result);

		assert_true(r == 0 || r == -ENOSPC);
		if (r == 0)
			break;
		assert_int_equal(look_size(fd), size);
		look_is_written(fd, 0, size);
		assert_int_equal(result.left_bytes, 0);
		if (is_ext(place))
			assert_int_equal(look_block_bytes(fd), blocks);
		else
			assert_true(look_block_bytes(fd) <= 64 * 1024);
	}
}

/* XFS asks for the space of the whole range, of which only a part is missing. */
static void only_the_holes_need_room(void **state)
{
	const struct place *place = *state;
	CLEANUP(fd_closep) int fd = look_new_file(place, 0);
	CLEANUP(fd_closep) int rest_fd = look_new_file(place, 0);
	const uint64_t bytes = 150 * mib, lacking = 4 * mib;
	struct prealloc_result result;
	uint64_t rest;

	assert_int_equal(reserve(fd, 0, bytes, 0, &result), 0);
	look_write(fd, 60 * mib, mib);
	rest = free_bytes(fd, 0) - 40 * mib;
	assert_int_equal(reserve(rest_fd, 0, rest, 0, &result), 0);
	assert_true(free_bytes(fd, 1) < bytes);
	assert_int_equal(reserve(fd, 0, bytes, 0, &result), 0);
	assert_int_equal(result.new_bytes, 0);
	for (uint64_t at = 10; at < 60; at += 20)
		assert_int_equal(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
					   (off_t)(at * mib), (off_t)lacking),
				 0);
	assert_int_equal(reserve(fd, mib, bytes, 0, &result), 0);
	assert_int_equal(result.new_bytes, 3 * lacking + mib);
	assert_int_equal(look_size(fd), bytes + mib);
	look_is_reserved(place, fd, 0, bytes + mib);
	look_is_zero(fd, 0, 60 * mib);
	look_is_written(fd, 60 * mib, mib);
	/* And what really does not fit is an error. */
	assert_int_equal(reserve(fd, 0, bytes + 200 * mib, 0, &result), -ENOSPC);
	assert_int_equal(result.left_bytes, 0);
	assert_int_equal(look_size(fd), bytes + mib);
}

/* What cannot be shortened keeps its length until all is there; its blocks are counted. */
static void append_only_files_keep_their_length(void **state)
{
	const struct place *place = *state;
	CLEANUP(fd_closep) int fd = look_new_file(place, O_RDWR | O_APPEND);
	struct cancel cancel = { .at = 2 };
	struct prealloc_options options = { .size = sizeof(options),
					    .progress = cancel_at,
					    .context = &cancel };
	struct prealloc_result result = { .size = sizeof(result) };
	int flags, append;

	assert_int_equal(write(fd, "abc", 3), 3);
	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		return;
	append = flags | FS_APPEND_FL;
	assert_int_equal(fsync(fd), 0);
	assert_int_equal(ioctl(fd, FS_IOC_SETFLAGS, &append), 0);
	assert_int_equal(prealloc(fd, 0, 32 * mib, &options, &result), -ECANCELED);
	assert_int_equal(look_size(fd), 3);
	assert_true(result.left_bytes >= cancel.answered_at - 65536 &&
		    result.left_bytes <= cancel.answered_at + 65536);
	assert_int_equal(reserve(fd, 0, 4 * mib, 0, &result), 0);
	assert_int_equal(look_size(fd), 4 * mib);
	assert_int_equal(ioctl(fd, FS_IOC_SETFLAGS, &flags), 0);
}

/* Zeroes would land at the end of it, for good. */
static void holes_of_append_only_files_stay(void **state)
{
	const struct place *place = *state;
	CLEANUP(fd_closep) int fd = look_new_file(place, O_RDWR | O_APPEND);
	struct prealloc_result result;
	int flags, append;

	assert_int_equal(ftruncate(fd, 4 * (off_t)mib), 0);
	if (is_native(place) || ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		return;
	append = flags | FS_APPEND_FL;
	assert_int_equal(ioctl(fd, FS_IOC_SETFLAGS, &append), 0);
	assert_int_equal(reserve(fd, 0, 4 * mib, 0, &result), -EPERM);
	assert_int_equal(look_size(fd), 4 * mib);
	assert_int_equal(look_block_bytes(fd), 0);
	assert_int_equal(result.left_bytes, 0);
	assert_int_equal(ioctl(fd, FS_IOC_SETFLAGS, &flags), 0);
}

static void any_descriptor_will_do(void **state)
{
	static const int flags[] = { O_WRONLY, O_RDWR | O_APPEND, O_RDWR | O_DIRECT,
				     O_RDWR | O_SYNC, O_WRONLY | O_APPEND | O_DSYNC };
	const struct place *place = *state;

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		CLEANUP(fd_closep) int fd = look_new_file(place, flags[i]);
		const int before = fcntl(fd, F_GETFL);
		struct prealloc_result result;

		assert_int_equal(ftruncate(fd, 4 * mib + 5), 0);
		assert_int_equal(reserve(fd, 1000, 8 * mib + 1, 0, &result), 0);
		assert_int_equal(fcntl(fd, F_GETFL), before);
		assert_int_equal(look_size(fd), 8 * mib + 1001);
		look_is_reserved(place, fd, 1000, 8 * mib + 1);
	}
}

static void size_is_kept(void **state)
{
	const struct place *place = *state;
	CLEANUP(fd_closep) int fd = look_new_file(place, 0);
	struct prealloc_result result;
	int r;

	look_write(fd, 0, 100);
	r = reserve(fd, 0, 8 * mib, PREALLOC_KEEP_SIZE, &result);
	assert_int_equal(r, is_native(place) ? 0 : -EOPNOTSUPP);
	assert_int_equal(look_size(fd), 100);
	look_is_written(fd, 0, 100);
	if (is_native(place))
		assert_true(look_block_bytes(fd) >= 8 * mib);
	else
		assert_true(look_block_bytes(fd) <= 4096);
	/* Inside the file it makes no difference. */
	assert_int_equal(ftruncate(fd, 4 * (off_t)mib), 0);
	assert_int_equal(reserve(fd, 0, 4 * mib, PREALLOC_KEEP_SIZE, &result), 0);
	assert_int_equal(look_size(fd), 4 * mib);
	look_is_reserved(place, fd, 0, 4 * mib);
}

static void native_can_be_required(void **state)
{
	const struct place *place = *state;
	CLEANUP(fd_closep) int fd = look_new_file(place, 0);
	struct prealloc_result result;

	assert_int_equal(reserve(fd, 0, mib, PREALLOC_REQUIRE_NATIVE, &result),
			 is_native(place) ? 0 : -EOPNOTSUPP);
	assert_int_equal(look_size(fd), is_native(place) ? mib : 0);
}

/* In a child: a limit stays, and SIGXFSZ would end it. */
static void the_file_limit_is_no_signal(void **state)
{
	const struct place *place = *state;
	CLEANUP(fd_closep) int fd = look_new_file(place, 0);
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct rlimit limit = { 4 << 20, 4 << 20 };
		struct prealloc_result result;

		setrlimit(RLIMIT_FSIZE, &limit);
		_exit(prealloc(fd, 0, 8 * mib, NULL, NULL) == -EFBIG &&
				      reserve(fd, 0, 8 * mib, PREALLOC_KEEP_SIZE, &result) ==
					      -EFBIG &&
				      prealloc(fd, 0, 4 * mib, NULL, NULL) == 0
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(look_size(fd), 4 * mib);
}

static void record_locks_are_kept(void **state)
{
	const struct place *place = *state;
	CLEANUP(fd_closep) int fd = look_new_file(place, 0);
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct prealloc_result result;
	int status;
	pid_t pid;

	assert_int_equal(ftruncate(fd, (off_t)mib), 0);
	assert_int_equal(fcntl(fd, F_SETLK, &lock), 0);
	assert_int_equal(reserve(fd, 0, 4 * mib, 0, &result), 0);
	pid = fork();
	if (pid == 0) {
		fcntl(fd, F_GETLK, &lock);
		_exit(lock.l_type == F_WRLCK ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Byte by byte, and in other lengths that have a way of their own, over data and holes too. */
static void short_ranges_add_up(void **state)
{
	static const uint64_t lengths[] = { 1, 100, 4096, 10000, 65536, 1 << 20, 5 << 20 };
	const struct place *place = *state;

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		CLEANUP(fd_closep) int fd = look_new_file(place, i % 2 ? O_RDWR | O_APPEND : 0);
		const uint64_t length = lengths[i];

		for (uint64_t at = 0; at < 7 * length; at += length)
			assert_int_equal(prealloc(fd, at, length, NULL, NULL), 0);
		assert_int_equal(look_size(fd), 7 * length);
		look_is_zero(fd, 0, 7 * length);
		/* A gap, a piece that overlaps it, and one within. */
		assert_int_equal(ftruncate(fd, (off_t)(9 * length)), 0);
		assert_int_equal(prealloc(fd, 8 * length, 2 * length, NULL, NULL), 0);
		assert_int_equal(prealloc(fd, 7 * length, length, NULL, NULL), 0);
		assert_int_equal(prealloc(fd, 3 * length, length, NULL, NULL), 0);
		assert_int_equal(look_size(fd), 10 * length);
		look_is_zero(fd, 0, 10 * length);
		look_is_reserved(place, fd, 0, 10 * length);
	}
}

/* Where all that is left is too little, nothing of it is kept. */
static void a_short_range_without_room_leaves_nothing(void **state)
{
	const struct place *place = *state;
	CLEANUP(fd_closep) int fd = look_new_file(place, 0);
	CLEANUP(fd_closep) int rest_fd = look_new_file(place, 0);
	uint64_t blocks;

	look_write(fd, 0, 5000);
	assert_int_equal(fsync(fd), 0);
	blocks = look_block_bytes(fd);
	for (uint64_t length = 64 * mib; length >= mib; length /= 2)
		for (uint64_t at = look_size(rest_fd);
		     prealloc(rest_fd, at, length, NULL, NULL) == 0; at += length)
			;
	assert_int_equal(prealloc(fd, 5000, 8 * mib, NULL, NULL), -ENOSPC);
	assert_int_equal(look_size(fd), 5000);
	look_is_written(fd, 0, 5000);
	assert_int_equal(fsync(fd), 0);
	assert_true(look_block_bytes(fd) <= blocks + 64 * 1024); /* a block of the extents' tree */
}

/* A new file, one of holes, and a part that is large enough for O_DIRECT. */
static int allocate_all(int fd)
{
	int r = prealloc(fd, 0, 5 * mib + 7, NULL, NULL);

	if (r == 0 && ftruncate(fd, 9 * (off_t)mib) < 0)
		return -errno;
	if (r == 0)
		r = prealloc(fd, 1000, 10 * mib, NULL, NULL);
	return r == 0 ? prealloc(fd, 11 * mib, 80 * mib, NULL, NULL) : r;
}

/* Without another descriptor nobody knows what is in a write-only file. */
static int is_known(const struct place *place, int flags)
{
	return flags != O_WRONLY || (place->kind->traits & (PLACE_NATIVE | PLACE_EXTENTS));
}

/* In a child: a lease that is broken is SIGIO, which would end it. */
static void a_lease_is_kept(void **state)
{
	static const int flags[] = { O_RDWR, O_RDWR | O_APPEND, O_WRONLY };

	for (size_t i = 0; i < ARRAY_SIZE(flags) && is_known(*state, flags[i]); i++) {
		CLEANUP(fd_closep) int fd = look_new_file(*state, flags[i]);
		int status;
		pid_t pid;

		if (fcntl(fd, F_SETLEASE, F_WRLCK) < 0)
			skip_because("no leases here: %s", strerror(errno));
		assert_int_equal(fcntl(fd, F_SETLEASE, F_UNLCK), 0);
		pid = fork();
		if (pid == 0) {
			/* The signal goes to whoever set it, which is to be the child. */
			int r = fcntl(fd, F_SETLEASE, F_WRLCK);

			if (r == 0)
				r = allocate_all(fd);
			_exit(r == 0 && fcntl(fd, F_GETLEASE) == F_WRLCK ? 0 : 1);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		assert_int_equal(look_size(fd), 91 * mib);
		fcntl(fd, F_SETLEASE, F_UNLCK);
	}
}

/* How often each was seen since. */
static unsigned count_events(int inotify_fd, uint32_t mask)
{
	char buffer[4096] __attribute__((aligned(8)));
	unsigned count = 0;
	ssize_t got;

	while ((got = read(inotify_fd, buffer, sizeof(buffer))) > 0)
		for (char *at = buffer; at < buffer + got;) {
			const struct inotify_event *event = (const void *)at;

			count += (event->mask & mask) != 0;
			at += sizeof(*event) + event->len;
		}
	return count;
}

/* Whoever waits for a file to be complete is not told so while it is zeroes. */
static void watchers_are_told_nothing(void **state)
{
	static const int flags[] = { O_RDWR, O_RDWR | O_APPEND, O_WRONLY };
	const struct place *place = *state;

	for (size_t i = 0; i < ARRAY_SIZE(flags) && is_known(place, flags[i]); i++) {
		CLEANUP(fd_closep) int fd = look_new_file(place, flags[i]);
		CLEANUP(fd_closep) int inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
		char path[40];

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		assert_true(inotify_add_watch(inotify_fd, path, IN_OPEN | IN_CLOSE_WRITE) >= 0);
		assert_int_equal(prealloc(fd, 0, 5 * mib + 7, NULL, NULL), 0);
		assert_int_equal(prealloc(fd, 0, 64 * mib, NULL, NULL), 0);
		if (flags[i] != O_WRONLY) {
			assert_int_equal(ftruncate(fd, 65 * (off_t)mib), 0);
			assert_int_equal(prealloc(fd, 0, 65 * mib, NULL, NULL), 0);
		}
		/* The first byte past a gap. */
		assert_int_equal(prealloc(fd, 70 * mib, mib, NULL, NULL), 0);
		assert_int_equal(count_events(inotify_fd, IN_CLOSE_WRITE), 0);
	}
}

static int run_without_proc(int fd, uint64_t bytes)
{
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    umount2("/proc", MNT_DETACH) < 0 || access("/proc/self", F_OK) == 0)
		return -ENOTRECOVERABLE;
	return prealloc(fd, 0, bytes, NULL, NULL);
}

/* A chroot without /proc cannot open the file again; a descriptor that only writes cannot map it.
 */
static void holes_are_filled_without_proc(void **state)
{
	const struct place *place = *state;
	CLEANUP(fd_closep) int fd = look_new_file(place, O_WRONLY);
	int status;
	pid_t pid;

	assert_int_equal(ftruncate(fd, 8 * (off_t)mib), 0);
	pid = fork();
	if (pid == 0)
		_exit(-run_without_proc(fd, 16 * mib));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!(place->kind->traits & PLACE_EXTENTS) && !is_native(place)) {
		/* What lies there has to be read first. */
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == EACCES);
		assert_int_equal(look_size(fd), 8 * mib);
		return;
	}
	assert_int_equal(status, 0);
	assert_int_equal(look_size(fd), 16 * mib);
	assert_true(look_block_bytes(fd) >= 16 * mib);
}

/* The price of O_DIRECT, and of a hole in a file that is write-only: one, at the end. */
static void watchers_are_told_once_at_most(void **state)
{
	const struct place *place = *state;
	CLEANUP(fd_closep) int fd = look_new_file(place, O_WRONLY);
	CLEANUP(fd_closep) int inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_true(inotify_add_watch(inotify_fd, path, IN_CLOSE_WRITE) >= 0);
	assert_int_equal(ftruncate(fd, 2 * (off_t)mib), 0);
	assert_int_equal(prealloc(fd, 0, 80 * mib, NULL, NULL), 0);
	assert_true(count_events(inotify_fd, IN_CLOSE_WRITE) <= !is_native(place));
}

/* Where each open and release is a message to a program, which may send the file away then. */
static void a_new_file_is_not_opened_again(void **state)
{
	CLEANUP(fd_closep) int fd = look_new_file(*state, 0);
	CLEANUP(fd_closep) int inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_true(inotify_add_watch(inotify_fd, path, IN_OPEN) >= 0);
	assert_int_equal(prealloc(fd, 0, 64 * mib, NULL, NULL), 0);
	assert_int_equal(count_events(inotify_fd, IN_OPEN), 0);
}

static void beyond_16_tib(void **state)
{
	const struct place *place = *state;
	CLEANUP(fd_closep) int fd = look_new_file(place, 0);
	const uint64_t offset = (17ull << 40) + 12345;
	struct prealloc_result result;

	assert_int_equal(reserve(fd, offset, 3 * mib, PREALLOC_VERIFY, &result), 0);
	assert_int_equal(look_size(fd), offset + 3 * mib);
	look_is_reserved(place, fd, offset, 3 * mib);
	assert_int_equal(reserve(fd, INT64_MAX - mib, mib + 1, 0, &result), -EFBIG);
}

static void hints_are_given_where_they_exist(void **state)
{
	const struct place *place = *state;
	CLEANUP(fd_closep) int fd = look_new_file(place, 0);
	const char *name = place->kind->name;
	struct prealloc_result result;
	int takes = !strcmp(name, "btrfs") || !strcmp(name, "xfs");

	assert_int_equal(reserve(fd, 0, 4 * mib, PREALLOC_HINT, &result), 0);
	assert_int_equal(!!(result.did & PREALLOC_DID_HINT), takes);
	if (takes) /* and it helps: what was copy-on-write is not any more */
		assert_int_equal(result.risks, 0);
}

struct half {
	int fd, r;
	uint64_t offset;
};

static void *reserve_half(void *context)
{
	struct half *half = context;

	half->r = prealloc(half->fd, half->offset, 24 * mib, NULL, NULL);
	return NULL;
}

static void two_threads_on_one_file(void **state)
{
	const struct place *place = *state;
	CLEANUP(fd_closep) int fd = look_new_file(place, 0);
	struct half halves[2] = { { fd, -1, 0 }, { fd, -1, 16 * mib } };
	pthread_t threads[2];
	uint64_t size;

	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, reserve_half, &halves[i]), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(halves[0].r, 0);
	assert_int_equal(halves[1].r, 0);
	size = look_size(fd);
	assert_true(size >= 40 * mib && size <= 72 * mib);
	look_is_reserved(place, fd, 0, 40 * mib);
	look_is_zero(fd, 0, size);
}

/* Block counts say that it has no holes, and SEEK_HOLE finds none. */
static void a_sparse_file_gets_its_space_on_the_server(void **state)
{
	const struct place *place = *state;
	CLEANUP(fd_closep) int fd = look_new_file(place, 0);
	const uint64_t free = free_bytes(fd, 1), bytes = 20 * mib;
	struct prealloc_result result;

	look_write(fd, 5 * mib + 77, 5000);
	assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
	assert_int_equal(reserve(fd, 0, bytes, 0, &result), 0);
	assert_true(free_bytes(fd, 1) + bytes <= free);
	assert_int_equal(result.reserved_bytes, bytes);
	assert_true(result.new_bytes >= bytes - 3 * 4096 && result.new_bytes < bytes);
	assert_int_equal(result.risks, PREALLOC_RISK_UNKNOWN);
	look_is_zero(fd, 0, 5 * mib + 77);
	look_is_written(fd, 5 * mib + 77, 5000);
	look_is_zero(fd, 5 * mib + 5077, 15 * mib - 5077);
}

/* Neither what is data, nor what the call itself has appended. */
static void a_whole_file_is_not_written_again(void **state)
{
	const struct place *place = *state;
	CLEANUP(fd_closep) int fd = look_new_file(place, 0);
	struct prealloc_result result;

	look_write(fd, 0, 4 * mib);
	assert_int_equal(reserve(fd, 0, 4 * mib, 0, &result), 0);
	assert_int_equal(result.calls, 0);
	assert_int_equal(result.new_bytes, 0);
	assert_int_equal(reserve(fd, 0, 6 * mib, 0, &result), 0);
	assert_int_equal(result.written_bytes, 2 * mib);
	assert_int_equal(result.new_bytes, 2 * mib);
	look_is_written(fd, 0, 4 * mib);
}

static void a_cancel_says_what_it_may_have_left(void **state)
{
	const struct place *place = *state;
	CLEANUP(fd_closep) int fd = look_new_file(place, 0);
	struct cancel cancel = { .at = 2 };
	struct prealloc_options options = { .size = sizeof(options),
					    .progress = cancel_at,
					    .context = &cancel };
	struct prealloc_result result = { .size = sizeof(result) };

	assert_int_equal(ftruncate(fd, 32 * (off_t)mib), 0);
	assert_int_equal(prealloc(fd, 0, 32 * mib, &options, &result), -ECANCELED);
	assert_int_equal(look_size(fd), 32 * mib);
	assert_int_equal(result.left_bytes, cancel.answered_at);
}

/* The server takes all writes, and says only when it is asked that it had no room for them. */
static void late_errors_are_errors(void **state)
{
	static const int flags[] = { O_RDWR, O_RDWR | O_DIRECT };
	const struct place *place = *state;
	CLEANUP(freep) char *path = NULL;

	assert_true(asprintf(&path, "%s/late", place->directory) > 0);
	for (size_t i = 0; i < 2 * ARRAY_SIZE(flags); i++) {
		CLEANUP(fd_closep)
		int fd = open(path, flags[i / 2] | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		uint64_t holes = i % 2 ? 300 * mib : 0;
		struct prealloc_result result;

		assert_true(fd >= 0);
		assert_int_equal(ftruncate(fd, (off_t)holes), 0);
		assert_int_equal(reserve(fd, 0, free_bytes(fd, 1) + 8 * mib, 0, &result), -ENOSPC);
		assert_int_equal(result.reserved_bytes, 0);
		assert_int_equal(look_size(fd), holes);
	}
	assert_int_equal(unlink(path), 0);
}

int main(void)
{
	const struct place_test tests[] = {
		{ "a new file is filled", new_file_is_filled, 0 },
		{ "verify and durable are granted", verify_and_durable_are_granted, PLACE_SHOWS },
		{ "what cannot be verified is not claimed", unverifiable_is_not_claimed, 0 },
		{ "a sparse file gets its space on the server",
		  a_sparse_file_gets_its_space_on_the_server, PLACE_SIZED },
		{ "a whole file is not written again", a_whole_file_is_not_written_again,
		  PLACE_SIZED },
		{ "a cancel says what it may have left", a_cancel_says_what_it_may_have_left,
		  PLACE_SIZED },
		{ "space that runs out at fsync() is an error", late_errors_are_errors,
		  PLACE_SIZED },
		{ "data stays and holes are filled", data_stays_and_holes_are_filled, 0 },
		{ "the gap before the range stays", the_gap_before_the_range_stays, 0 },
		{ "unwritten blocks stay unwritten", unwritten_blocks_stay_unwritten,
		  PLACE_NATIVE | PLACE_EXTENTS },
		{ "a cancel leaves the file as it was", cancel_leaves_the_file_as_it_was, 0 },
		{ "a cancel leaves an empty file empty", cancel_leaves_an_empty_file_empty, 0 },
		{ "spare blocks survive a cancel", spare_blocks_survive_a_cancel,
		  PLACE_NATIVE | PLACE_EXTENTS },
		{ "too much is refused beforehand", too_much_is_refused_beforehand, 0 },
		{ "a full volume takes the writes", a_full_volume_takes_the_writes, 0 },
		{ "space that runs out leaves the file as it was",
		  space_that_runs_out_leaves_the_file_as_it_was, 0 },
		{ "only the holes need room", only_the_holes_need_room,
		  PLACE_PUNCHES | PLACE_IN_PLACE },
		{ "append-only files keep their length", append_only_files_keep_their_length,
		  PLACE_NATIVE | PLACE_EXTENTS },
		{ "holes of append-only files stay", holes_of_append_only_files_stay,
		  PLACE_EXTENTS },
		{ "any descriptor will do", any_descriptor_will_do, 0 },
		{ "the size is kept", size_is_kept, 0 },
		{ "native can be required", native_can_be_required, 0 },
		{ "the file limit is no signal", the_file_limit_is_no_signal, 0 },
		{ "record locks are kept", record_locks_are_kept, 0 },
		{ "short ranges add up", short_ranges_add_up, 0 },
		{ "a short range without room leaves nothing",
		  a_short_range_without_room_leaves_nothing, PLACE_COUNTS },
		{ "a lease is kept", a_lease_is_kept, 0 },
		{ "watchers are told nothing", watchers_are_told_nothing, 0 },
		{ "holes are filled without /proc", holes_are_filled_without_proc, 0 },
		{ "watchers are told once at most", watchers_are_told_once_at_most, 0 },
		{ "a new file is not opened again", a_new_file_is_not_opened_again, 0 },
		{ "beyond 16 TiB", beyond_16_tib, PLACE_HUGE },
		{ "hints are given where they exist", hints_are_given_where_they_exist, 0 },
		{ "two threads on one file", two_threads_on_one_file, 0 },
	};

	return places_run(tests, ARRAY_SIZE(tests));
}
