/* SPDX-License-Identifier: MIT */
/*
 * One call, in one mode each.  Whether the kernel supports a mode can be found out without a file:
 * it checks the mode before the access mode of the descriptor, so with a read-only descriptor a
 * supported mode is EBADF (seen on 6.18).  Whether the file system supports it is known only after
 * the call.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "method/methods.h"

#ifndef FALLOC_FL_WRITE_ZEROES /* Linux 6.17 */
#define FALLOC_FL_WRITE_ZEROES 0x80
#endif

int method_fallocate_range(int fd, int mode, uint64_t from, uint64_t bytes)
{
	int r;

	do {
		r = fallocate(fd, mode, (off_t)from, (off_t)bytes);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

static int allocate_by(int fd, int mode, const struct method_request *req,
		       struct method_outcome *ret)
{
	int r = method_fallocate_range(fd, mode, 0, req->bytes);

	if (r < 0)
		return outcome_refuse(ret, "fallocate", -r);
	ret->calls = 1;
	ret->path = METHOD_PATH_NATIVE;
	return 0;
}

static int probe_mode(int mode, const char *why, const char **ret_why)
{
	CLEANUP(fd_closep) int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fallocate(fd, mode, 0, 1) == 0 || !method_unsupported(errno))
		return 0;
	*ret_why = why;
	return -errno;
}

static int allocate_plain(int fd, const struct method_request *req, struct method_outcome *ret)
{
	return allocate_by(fd, 0, req, ret);
}

const struct method method_fallocate = {
	.name = "fallocate",
	.summary = "fallocate(), never emulated",
	.allocate = allocate_plain,
	.keeps_data = 1,
};

static int allocate_keep_size(int fd, const struct method_request *req, struct method_outcome *ret)
{
	return allocate_by(fd, FALLOC_FL_KEEP_SIZE, req, ret);
}

uint64_t method_no_length(const struct method_request *req)
{
	(void)req;
	return 0;
}

const struct method method_fallocate_keep_size = {
	.name = "fallocate-keep-size",
	.summary = "fallocate() beyond the end of the file, whose size stays 0",
	.allocate = allocate_keep_size,
	.keeps_data = 1,
	.length = method_no_length,
};

static int allocate_zero_range(int fd, const struct method_request *req, struct method_outcome *ret)
{
	return allocate_by(fd, FALLOC_FL_ZERO_RANGE, req, ret);
}

static int probe_zero_range(const char **ret_why)
{
	return probe_mode(FALLOC_FL_ZERO_RANGE,
			  "this kernel does not support FALLOC_FL_ZERO_RANGE (needs Linux 3.15)",
			  ret_why);
}

const struct method method_fallocate_zero_range = {
	.name = "fallocate-zero-range",
	.summary = "fallocate() that zeroes the range, as unwritten extents if possible",
	.allocate = allocate_zero_range,
	.probe = probe_zero_range,
};

static int allocate_write_zeroes(int fd, const struct method_request *req,
				 struct method_outcome *ret)
{
	return allocate_by(fd, FALLOC_FL_WRITE_ZEROES, req, ret);
}

static int probe_write_zeroes(const char **ret_why)
{
	return probe_mode(FALLOC_FL_WRITE_ZEROES,
			  "this kernel does not support FALLOC_FL_WRITE_ZEROES (needs Linux 6.17)",
			  ret_why);
}

const struct method method_fallocate_write_zeroes = {
	.name = "fallocate-write-zeroes",
	.summary = "fallocate() as written extents, zeroed by the device (Linux 6.17)",
	.allocate = allocate_write_zeroes,
	.probe = probe_write_zeroes,
};
