/* SPDX-License-Identifier: MIT */
/* Whether files fit, asked before, beside what then happens; on every file system. */
#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "look.h"
#include "place.h"
#include "prealloc.h"

enum { UNIT = 1 << 16 };

static const uint64_t mib = 1 << 20;

struct names {
	char path[3][64];
};

/* Three files that are not there yet: one without pointer blocks, one with, and the rest. */
static void name_files(const struct place *place, struct names *names,
		       struct prealloc_file files[static 3])
{
	for (int i = 0; i < 3; i++) {
		snprintf(names->path[i], sizeof(names->path[i]), "%s/fits-%d", place->directory, i);
		files[i] = (struct prealloc_file) { .size = sizeof(files[i]),
						    .path = names->path[i],
						    .length = i ? 40 * mib : 4096 };
	}
}

static int ask(const struct prealloc_file *files, size_t count, struct prealloc_volume *ret)
{
	size_t volumes = 1;
	int r;

	*ret = (struct prealloc_volume) { .size = sizeof(*ret) };
	r = prealloc_fits(files, count, ret, &volumes);
	assert_int_equal(volumes, 1);
	assert_int_equal(ret->files, count);
	return r;
}

static int allocate_all(const struct prealloc_file files[static 3])
{
	int r = 0;

	for (int i = 0; i < 3; i++) {
		CLEANUP(fd_closep) int fd = open(files[i].path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

		assert_true(fd >= 0);
		r = r < 0 ? r : prealloc(fd, files[i].offset, files[i].length, NULL, NULL);
	}
	for (int i = 0; i < 3; i++)
		assert_int_equal(unlink(files[i].path), 0);
	return r;
}

/* The length of the last one with which they still fit. */
static uint64_t longest(struct prealloc_file files[static 3])
{
	uint64_t low = 0, high = 1024 * mib;
	struct prealloc_volume volume;

	while (high - low > UNIT) {
		files[2].length = low + (high - low) / 2 / UNIT * UNIT;
		if (ask(files, 3, &volume) == 0)
			low = files[2].length;
		else
			high = files[2].length;
	}
	return low;
}

/* Extents may need blocks of their own, and directories too: some are left for these. */
static void the_answer_is_what_happens(void **state)
{
	struct place *place = *state;
	struct prealloc_file files[3];
	struct names names;
	uint64_t most;

	name_files(place, &names, files);
	most = longest(files);
	assert_true(most > 100 * mib);
	files[2].length = most - UNIT;
	assert_int_equal(allocate_all(files), 0);
	files[2].length = most + UNIT;
	assert_int_equal(allocate_all(files), -ENOSPC);
}

static void in_a_child(void **state, void (*run)(void **state))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		if (setgid(65534) < 0 || setuid(65534) < 0)
			_exit(9);
		run(state);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* From whom the file system keeps a part. */
static void and_for_an_ordinary_user(void **state)
{
	struct place *place = *state;

	assert_int_equal(chmod(place->directory, 01777), 0);
	in_a_child(state, the_answer_is_what_happens);
}

/* The numbers of one that lacks space, on those too whose count is an estimate. */
static void what_is_lacking_is_reported(void **state)
{
	struct place *place = *state;
	struct prealloc_file files[3];
	struct prealloc_volume volume;
	struct names names;
	struct stat status;

	name_files(place, &names, files);
	assert_int_equal(stat(place->directory, &status), 0);
	assert_int_equal(ask(files, 3, &volume), 0);
	assert_int_equal(volume.device, status.st_dev);
	assert_int_equal(volume.needed_files, 3);
	assert_true(volume.needed_bytes >= 80 * mib + 4096 && volume.needed_bytes <= 81 * mib);
	assert_int_equal(volume.is_estimate, !(place->kind->traits & PLACE_COUNTS));
	files[0].length = files[1].length = 200 * mib;
	assert_int_equal(ask(files, 3, &volume), -ENOSPC);
	assert_true(volume.needed_bytes >= 440 * mib && volume.needed_bytes <= 442 * mib);
	assert_true(volume.available_bytes <= 320 * mib);
	assert_int_equal(access(files[0].path, F_OK), -1);
}

/* Only a hole counts, of a file that has blocks before and behind it, and pointers to it. */
static void what_is_there_is_not_needed(void **state)
{
	struct place *place = *state;
	struct prealloc_file files[3];
	struct prealloc_volume volume;
	struct names names;
	uint64_t mapped = 2 * mib; /* XFS makes it more by what it speculates on */

	name_files(place, &names, files);
	CLEANUP(fd_closep) int fd = open(files[0].path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	look_write(fd, 0, mib);
	look_write(fd, 4 * mib, mib);
	assert_int_equal(fsync(fd), 0);
	look_mapped(fd, 5 * mib, &mapped);
	files[0].length = 5 * mib;
	assert_int_equal(ask(files, 1, &volume), 0);
	assert_int_equal(volume.needed_files, 0);
	assert_true(volume.needed_bytes >= 5 * mib - mapped &&
		    volume.needed_bytes <= 5 * mib - mapped + 16 * 1024);
	files[0].length = mib;
	assert_int_equal(ask(files, 1, &volume), 0);
	assert_int_equal(volume.needed_bytes, 0);
	assert_int_equal(unlink(files[0].path), 0);
}

/* The directories are not there yet either. */
static void inodes_are_counted(void **state)
{
	struct place *place = *state;
	struct prealloc_volume volume;
	struct names names;
	struct prealloc_file one[3], *files;
	size_t count;

	name_files(place, &names, one);
	strcat(names.path[0], "/deep/er");
	one[0].length = 0;
	assert_int_equal(ask(one, 1, &volume), 0);
	count = volume.available_files + 1;
	if (count > 1000000) /* tmpfs: half of the pages that the memory has */
		return;
	files = calloc(count, sizeof(*files));
	assert_non_null(files);
	for (size_t i = 0; i < count; i++)
		files[i] = one[0];
	assert_int_equal(ask(files, count - 1, &volume), 0);
	assert_int_equal(ask(files, count, &volume), -ENOSPC);
	assert_int_equal(volume.needed_files, count);
	free(files);
}

/* The one that lacks comes first, though it was asked about last. */
static void file_systems_are_told_apart(void **state)
{
	struct place *place = *state;
	struct prealloc_file files[3];
	struct prealloc_volume volumes[2] = { { .size = sizeof(volumes[0]) } };
	struct names names;
	size_t count = 2;

	name_files(place, &names, files);
	files[0].path = "/dev/shm/fits-elsewhere";
	files[2].length = 400 * mib;
	assert_int_equal(prealloc_fits(files, 3, volumes, &count), -ENOSPC);
	assert_int_equal(count, 2);
	assert_int_equal(volumes[0].first_file, 1);
	assert_int_equal(volumes[0].files, 2);
	assert_int_equal(volumes[1].first_file, 0);
	assert_int_equal(volumes[1].size, sizeof(volumes[1]));
	count = 1;
	assert_int_equal(prealloc_fits(files, 2, volumes, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(prealloc_fits(files, 3, NULL, NULL), -ENOSPC);
	assert_int_equal(prealloc_fits(NULL, 0, NULL, NULL), 0);
}

/* They have a device each, and their space in common. */
static void subvolumes_are_one(void **state)
{
	struct place *place = *state;
	struct btrfs_ioctl_vol_args subvolume = { .name = "sub" };
	CLEANUP(fd_closep) int fd = open(place->directory, O_RDONLY | O_CLOEXEC);
	struct prealloc_file files[3];
	struct prealloc_volume volume;
	struct names names;

	if (strcmp(place->kind->type, "btrfs"))
		return;
	name_files(place, &names, files);
	assert_int_equal(ioctl(fd, BTRFS_IOC_SUBVOL_CREATE, &subvolume), 0);
	snprintf(names.path[1], sizeof(names.path[1]), "%s/sub/file", place->directory);
	assert_int_equal(ask(files, 2, &volume), 0);
	files[0].length = files[1].length = 170 * mib;
	assert_int_equal(ask(files, 2, &volume), -ENOSPC);
}

static void wrong_questions_are_refused(void **state)
{
	struct place *place = *state;
	struct prealloc_file files[3];
	struct prealloc_volume none = { 0 };
	struct names names;
	size_t count = 1;

	name_files(place, &names, files);
	assert_int_equal(prealloc_fits(files, 3, &none, &count), -EINVAL);
	files[1].size--;
	assert_int_equal(prealloc_fits(files, 3, NULL, NULL), -EINVAL);
	name_files(place, &names, files);
	files[2].path = NULL;
	assert_int_equal(prealloc_fits(files, 3, NULL, NULL), -EINVAL);
	name_files(place, &names, files);
	files[2].offset = INT64_MAX;
	assert_int_equal(prealloc_fits(files, 3, NULL, NULL), -EFBIG);
}

/* Opening and closing them in the process's table would drop the lock. */
static void record_locks_stay(void **state)
{
	struct place *place = *state;
	struct prealloc_file files[3];
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct names names;
	int status = 0;
	pid_t pid;

	name_files(place, &names, files);
	CLEANUP(fd_closep) int fd = open(files[0].path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(fcntl(fd, F_SETLK, &lock), 0);
	assert_int_equal(prealloc_fits(files, 3, NULL, NULL), 0);
	pid = fork();
	if (pid == 0) {
		lock.l_type = F_WRLCK;
		_exit(fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type == F_WRLCK ? 7 : 8);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 7);
	assert_int_equal(unlink(files[0].path), 0);
}

int main(void)
{
	static const struct place_test tests[] = {
		{ "the answer is what happens", the_answer_is_what_happens, PLACE_COUNTS },
		{ "and for an ordinary user", and_for_an_ordinary_user, PLACE_COUNTS },
		{ "what is lacking is reported", what_is_lacking_is_reported, PLACE_PUNCHES },
		{ "what is there is not needed", what_is_there_is_not_needed, PLACE_PUNCHES },
		{ "inodes are counted", inodes_are_counted, PLACE_COUNTS },
		{ "file systems are told apart", file_systems_are_told_apart, PLACE_PUNCHES },
		{ "subvolumes are one", subvolumes_are_one, PLACE_HUGE },
		{ "wrong questions are refused", wrong_questions_are_refused, 0 },
		{ "record locks stay", record_locks_stay, PLACE_PUNCHES },
	};

	return places_run(tests, ARRAY_SIZE(tests));
}
