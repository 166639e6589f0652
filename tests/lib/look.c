/* SPDX-License-Identifier: MIT */
#include "look.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "extent/extent.h"

enum { PIECE = 1 << 16 };

int look_new_file(const struct place *place, int flags)
{
	static unsigned number;
	CLEANUP(freep) char *path = NULL;
	int fd;

	assert_true(asprintf(&path, "%s/file-%u", place->directory, number++) > 0);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	if (flags) {
		int other = open(path, flags | O_CLOEXEC);

		close(fd);
		fd = other;
		assert_true(fd >= 0);
	}
	assert_int_equal(unlink(path), 0);
	return fd;
}

static unsigned char byte_at(uint64_t offset)
{
	uint64_t mixed = (offset + 1) * 0x9e3779b97f4a7c15u;

	return (unsigned char)(mixed >> 56) | 1;
}

void look_write(int fd, uint64_t offset, uint64_t bytes)
{
	static __thread unsigned char data[PIECE];

	for (uint64_t done = 0; done < bytes;) {
		size_t piece = bytes - done < PIECE ? (size_t)(bytes - done) : PIECE;

		for (size_t i = 0; i < piece; i++)
			data[i] = byte_at(offset + done + i);
		assert_int_equal(pwrite(fd, data, piece, (off_t)(offset + done)), piece);
		done += piece;
	}
}

static void compare(int fd, uint64_t offset, uint64_t bytes, int zero)
{
	static unsigned char data[PIECE];

	for (uint64_t done = 0; done < bytes;) {
		size_t piece = bytes - done < PIECE ? (size_t)(bytes - done) : PIECE;

		assert_int_equal(pread(fd, data, piece, (off_t)(offset + done)), piece);
		for (size_t i = 0; i < piece; i++)
			if (data[i] != (zero ? 0 : byte_at(offset + done + i)))
				fail_msg("byte %llu is %u", (unsigned long long)(offset + done + i),
					 data[i]);
		done += piece;
	}
}

void look_is_written(int fd, uint64_t offset, uint64_t bytes)
{
	compare(fd, offset, bytes, 0);
}

void look_is_zero(int fd, uint64_t offset, uint64_t bytes)
{
	compare(fd, offset, bytes, 1);
}

uint64_t look_size(int fd)
{
	struct stat status;

	assert_int_equal(fstat(fd, &status), 0);
	return (uint64_t)status.st_size;
}

uint64_t look_block_bytes(int fd)
{
	struct stat status;

	assert_int_equal(fstat(fd, &status), 0);
	return (uint64_t)status.st_blocks * 512;
}

struct cover {
	uint64_t from, to; /* of interest */
	uint64_t covered;
	uint64_t digest;
	uint64_t last_end;
};

static int cover_one(const struct extent *extent, void *context)
{
	struct cover *cover = context;
	uint64_t start = extent->logical, end = extent->logical + extent->bytes;

	start = start > cover->from ? start : cover->from;
	end = end < cover->to ? end : cover->to;
	if (start >= end)
		return 0;
	cover->covered += end - start;
	/* Neighbours count as one, however the file system splits them. */
	if (start != cover->last_end)
		cover->digest = (cover->digest ^ cover->last_end ^ (start << 1)) * 0x100000001b3u;
	cover->last_end = end;
	return 0;
}

static int cover(int fd, uint64_t from, uint64_t to, struct cover *ret)
{
	const struct extent_walk_options options = { .sync = 1 };

	*ret = (struct cover) { .from = from, .to = to, .last_end = UINT64_MAX };
	return extent_walk(fd, &options, cover_one, ret, NULL);
}

int look_mapped(int fd, uint64_t limit, uint64_t *ret_bytes)
{
	struct cover seen;
	int r = cover(fd, 0, limit, &seen);

	if (r == 0)
		*ret_bytes = seen.covered;
	return r;
}

uint64_t look_map(int fd, uint64_t limit)
{
	struct cover seen;

	if (cover(fd, 0, limit, &seen) < 0)
		return look_block_bytes(fd);
	return (seen.digest ^ seen.last_end) * 31 + seen.covered;
}

void look_is_reserved(const struct place *place, int fd, uint64_t offset, uint64_t bytes)
{
	struct cover seen;

	if (place->kind->traits & PLACE_EXTENTS) {
		assert_int_equal(cover(fd, offset, offset + bytes, &seen), 0);
		assert_int_equal(seen.covered, bytes);
	} else {
		assert_int_equal(fsync(fd), 0);
		assert_true(look_block_bytes(fd) >= bytes);
	}
}
