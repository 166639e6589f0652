/* SPDX-License-Identifier: MIT */
#include "promise/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/size.h"
#include "base/text.h"

enum {
	DATA_BYTES_MAX = 64 << 20,
	/* Of indirect blocks, and of trees that a file system rewrites. */
	METADATA_BYTES = 256 << 10,
	FREE_TRIES = 50,
	FREE_PAUSE_MS = 20,
};

static int read_free(const struct promise_run *run, int fd, uint64_t *ret)
{
	struct statvfs volume;

	*ret = 0;
	if (!run->device)
		return 0;
	if (syncfs(fd) < 0 || fstatvfs(fd, &volume) < 0)
		return -errno;
	*ret = (uint64_t)volume.f_bfree * volume.f_frsize;
	return 0;
}

static int read_data(int fd, struct state *ret)
{
	if (ret->length > DATA_BYTES_MAX)
		return -EFBIG;
	ret->data = malloc(ret->length + 1);
	return ret->data ? io_read_at(fd, 0, ret->data, ret->length) : -ENOMEM;
}

int state_read(struct promise_run *run, int fd, struct state *ret)
{
	struct stat status;
	int r = fsync(fd) < 0 || fstat(fd, &status) < 0 ? -errno : 0;

	if (r == 0) {
		ret->length = (uint64_t)status.st_size;
		ret->allocated_bytes = (uint64_t)status.st_blocks * 512;
		r = read_data(fd, ret);
	}
	if (r == 0)
		r = read_free(run, fd, &ret->free_bytes);
	return r < 0 ? promise_fault(run, -r, "reading the state of the file") : 0;
}

void state_clear(struct state *state)
{
	free(TAKE_PTR(state->data));
}

/* ---- what differs ---- */

static int compare_length(const struct state *before, uint64_t length, struct state_difference *ret)
{
	if (length == before->length)
		return 0;
	ret->is_loss = length < before->length;
	return text_append(&ret->text, "length %llu -> %llu", (unsigned long long)before->length,
			   (unsigned long long)length);
}

/* Of the old length, which is in memory. */
static int compare_data(int fd, const struct state *before, struct state_difference *ret)
{
	CLEANUP(freep) char *data = malloc(before->length + 1);
	uint64_t at = 0;
	int r;

	if (!data)
		return -ENOMEM;
	r = io_read_at(fd, 0, data, before->length);
	while (r == 0 && at < before->length && data[at] == before->data[at])
		at++;
	if (r < 0 || at == before->length)
		return r;
	ret->is_loss = true;
	return text_append(&ret->text, "%sthe data differ from byte %llu on", ret->text ? ", " : "",
			   (unsigned long long)at);
}

/* Bytes that are more than metadata. */
static int add_bytes(struct state_difference *ret, uint64_t bytes, const char *what)
{
	char size[SIZE_TEXT_MAX];

	return text_append(&ret->text, "%s%s %s", ret->text ? ", " : "",
			   size_human((double)bytes, size), what);
}

static int compare_allocated(const struct state *before, uint64_t allocated,
			     struct state_difference *ret)
{
	uint64_t old = before->allocated_bytes;

	if (allocated > old + METADATA_BYTES && !ret->text)
		ret->only_left_bytes = allocated - old;
	if (allocated > old + METADATA_BYTES)
		return add_bytes(ret, allocated - old, "stay allocated");
	if (allocated + METADATA_BYTES < old)
		return add_bytes(ret, old - allocated, "are no longer allocated");
	return 0;
}

/* xfs (since Linux 5.14) and btrfs free in the background. */
static int compare_free(const struct promise_run *run, int fd, const struct state *before,
			struct state_difference *ret)
{
	const struct timespec pause = { .tv_nsec = FREE_PAUSE_MS * 1000000L };
	uint64_t bytes = 0;
	int r = 0;

	if (before->free_bytes == 0)
		return 0;
	for (int i = 0; r == 0 && i < FREE_TRIES; i++) {
		r = read_free(run, fd, &bytes);
		if (r < 0 || bytes + METADATA_BYTES >= before->free_bytes)
			return r;
		nanosleep(&pause, NULL);
	}
	return add_bytes(ret, before->free_bytes - bytes, "less are free");
}

static int compare(const struct promise_run *run, int fd, const struct state *before,
		   struct state_difference *ret)
{
	struct stat status;
	uint64_t allocated;
	int r = fsync(fd) < 0 || fstat(fd, &status) < 0 ? -errno : 0;

	if (r < 0)
		return r;
	allocated = (uint64_t)status.st_blocks * 512;
	r = compare_length(before, (uint64_t)status.st_size, ret);
	if (r == 0 && (uint64_t)status.st_size >= before->length)
		r = compare_data(fd, before, ret);
	if (r == 0)
		r = compare_allocated(before, allocated, ret);
	/* What the file itself has is not free in any case. */
	if (r == 0 && allocated <= before->allocated_bytes + METADATA_BYTES)
		r = compare_free(run, fd, before, ret);
	return r;
}

int state_compare(struct promise_run *run, int fd, const struct state *before,
		  struct state_difference *ret)
{
	int r = compare(run, fd, before, ret);

	return r < 0 ? promise_fault(run, -r, "comparing the file with what it was") : 0;
}

void state_difference_clear(struct state_difference *difference)
{
	free(TAKE_PTR(difference->text));
}
