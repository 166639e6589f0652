/* SPDX-License-Identifier: MIT */
/*
 * Methods for files that grow: space is allocated in steps just before it is written, or not at
 * all.  Without writes all steps are made at once, which shows their own cost.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "method/methods.h"

static int allocate_nothing(int fd, const struct method_request *req, struct method_outcome *ret)
{
	(void)fd;
	(void)req;
	ret->path = METHOD_PATH_SPARSE;
	return 0;
}

const struct method method_none = {
	.name = "none",
	.summary = "an empty file, which grows as it is written: the baseline of workloads",
	.allocate = allocate_nothing,
	.length = method_no_length,
	.sparse = 1,
};

static int allocate_steps(int fd, int mode, const struct method_request *req,
			  struct method_outcome *ret)
{
	for (uint64_t at = 0; at < req->bytes; at += req->chunk_bytes) {
		uint64_t left = req->bytes - at;
		int r = method_fallocate_range(fd, mode, at,
					       left < req->chunk_bytes ? left : req->chunk_bytes);

		if (r < 0)
			return outcome_refuse(ret, "fallocate", -r);
		ret->calls++;
	}
	ret->path = METHOD_PATH_NATIVE;
	return 0;
}

static int allocate_by_step(int fd, const struct method_request *req, struct method_outcome *ret)
{
	return allocate_steps(fd, 0, req, ret);
}

static int grow_by_step(int fd, uint64_t from, uint64_t bytes)
{
	return method_fallocate_range(fd, 0, from, bytes);
}

const struct method method_fallocate_step = {
	.name = "fallocate-step",
	.summary = "fallocate() N bytes at a time, just before the file grows into them",
	.parameters = METHOD_STEP,
	.allocate = allocate_by_step,
	.keeps_data = 1,
	.grow = grow_by_step,
};

static int allocate_ahead(int fd, const struct method_request *req, struct method_outcome *ret)
{
	return allocate_steps(fd, FALLOC_FL_KEEP_SIZE, req, ret);
}

static int grow_ahead(int fd, uint64_t from, uint64_t bytes)
{
	return method_fallocate_range(fd, FALLOC_FL_KEEP_SIZE, from, bytes);
}

static int cut_at_end(int fd)
{
	struct stat status;

	if (fstat(fd, &status) < 0 || ftruncate(fd, status.st_size) < 0)
		return -errno;
	return 0;
}

const struct method method_fallocate_ahead = {
	.name = "fallocate-ahead",
	.summary = "fallocate-step beyond the end of the file; the rest is cut off",
	.parameters = METHOD_STEP,
	.allocate = allocate_ahead,
	.keeps_data = 1,
	.grow = grow_ahead,
	.finish = cut_at_end,
	.length = method_no_length,
};

/* ext4 and others accept a hint and ignore it, so it is read back. */
static int set_hint(int fd, const struct method_request *req, struct method_outcome *ret)
{
	struct fsxattr attributes;

	if (ioctl(fd, FS_IOC_FSGETXATTR, &attributes) < 0)
		return outcome_refuse(ret, "FS_IOC_FSGETXATTR",
				      errno == ENOTTY ? EOPNOTSUPP : errno);
	attributes.fsx_xflags |= FS_XFLAG_EXTSIZE;
	attributes.fsx_extsize = (__u32)req->chunk_bytes;
	if (ioctl(fd, FS_IOC_FSSETXATTR, &attributes) < 0)
		return outcome_refuse(ret, "FS_IOC_FSSETXATTR",
				      errno == ENOTTY ? EOPNOTSUPP : errno);
	if (ioctl(fd, FS_IOC_FSGETXATTR, &attributes) < 0 ||
	    !(attributes.fsx_xflags & FS_XFLAG_EXTSIZE) ||
	    attributes.fsx_extsize != req->chunk_bytes)
		return outcome_refuse(ret, "FS_IOC_FSSETXATTR", EOPNOTSUPP);
	ret->calls = 1;
	ret->path = METHOD_PATH_SPARSE;
	return 0;
}

const struct method method_extsize = {
	.name = "extsize",
	.summary = "extent size hint of N bytes: xfs allocates that much when the file grows",
	.parameters = METHOD_STEP,
	.allocate = set_hint,
	.length = method_no_length,
	.sparse = 1,
};
