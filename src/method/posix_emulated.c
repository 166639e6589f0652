/* SPDX-License-Identifier: MIT */
/*
 * The emulation in glibc's posix_fallocate(), which glibc uses if the kernel does not support
 * fallocate(); here its cost can be measured on every file system.  Its published behaviour (glibc
 * 2.36): one zero byte is written per block, at the end of the block as counted backwards from the
 * end of the range, so that the last byte sets the size.  The block size is that of statfs(), at
 * most 4096, because NFS reports transfer sizes.  Bytes inside the file are read first, and are not
 * written unless zero.  The read and the write are not atomic, so applications should not rely on
 * it.
 */
#include <errno.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "method/methods.h"

enum { STEP_BYTES_MAX = 4096, STEP_BYTES_UNKNOWN = 512 };

static int find_step(int fd, struct method_outcome *ret, uint64_t *ret_step)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return outcome_refuse(ret, "fstatfs", errno);
	if (fs.f_bsize > 0)
		*ret_step = fs.f_bsize < STEP_BYTES_MAX ? (uint64_t)fs.f_bsize : STEP_BYTES_MAX;
	return 0;
}

/* Whether there is data that must not be overwritten: 1, 0 or -errno. */
static int has_data(int fd, off_t at, struct method_outcome *ret)
{
	char byte;
	ssize_t got;

	do {
		got = pread(fd, &byte, 1, at);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return outcome_refuse(ret, "pread", errno);
	return got == 1 && byte != 0;
}

static int write_byte(int fd, off_t at, struct method_outcome *ret)
{
	ssize_t written;

	do {
		written = pwrite(fd, "", 1, at);
	} while (written < 0 && errno == EINTR);
	if (written != 1)
		return outcome_refuse(ret, "pwrite", written < 0 ? errno : EIO);
	ret->calls++;
	ret->written_bytes++;
	return 0;
}

static int allocate(int fd, const struct method_request *req, struct method_outcome *ret)
{
	struct stat before;
	uint64_t step = STEP_BYTES_UNKNOWN;
	int r = find_step(fd, ret, &step);

	if (r < 0)
		return r;
	if (fstat(fd, &before) < 0)
		return outcome_refuse(ret, "fstat", errno);
	for (uint64_t at = (req->bytes - 1) % step; at < req->bytes; at += step) {
		r = (off_t)at < before.st_size ? has_data(fd, (off_t)at, ret) : 0;
		if (r == 0)
			r = write_byte(fd, (off_t)at, ret);
		if (r < 0)
			return r;
	}
	ret->path = METHOD_PATH_EMULATED;
	return 0;
}

const struct method method_posix_emulated = {
	.name = "posix-emulated",
	.summary = "the emulation in glibc's posix_fallocate(): one byte per block",
	.allocate = allocate,
	.keeps_data = 1,
};
