/* SPDX-License-Identifier: MIT */
/*
 * The baseline: a file of the requested size without disk space.  Their cost is that of not
 * reserving any.
 */
#include <errno.h>
#include <unistd.h>

#include "method/methods.h"

static int allocate_by_ftruncate(int fd, const struct method_request *req,
				 struct method_outcome *ret)
{
	int r;

	do {
		r = ftruncate(fd, (off_t)req->bytes);
	} while (r < 0 && errno == EINTR);
	if (r < 0)
		return outcome_refuse(ret, "ftruncate", errno);
	ret->calls = 1;
	ret->path = METHOD_PATH_SPARSE;
	return 0;
}

const struct method method_ftruncate = {
	.name = "ftruncate",
	.summary = "ftruncate() to the size: sparse, reserves nothing",
	.allocate = allocate_by_ftruncate,
	.keeps_data = 1,
	.sparse = 1,
};

static int allocate_by_last_byte(int fd, const struct method_request *req,
				 struct method_outcome *ret)
{
	ssize_t written;

	if (lseek(fd, (off_t)req->bytes - 1, SEEK_SET) < 0)
		return outcome_refuse(ret, "lseek", errno);
	do {
		written = write(fd, "", 1);
	} while (written < 0 && errno == EINTR);
	if (written != 1)
		return outcome_refuse(ret, "write", written < 0 ? errno : EIO);
	ret->calls = 1;
	ret->written_bytes = 1;
	ret->path = METHOD_PATH_SPARSE;
	return 0;
}

const struct method method_lseek_write = {
	.name = "lseek-write",
	.summary = "lseek() to the end and write one byte: sparse, reserves one block",
	.allocate = allocate_by_last_byte,
	.sparse = 1,
};
