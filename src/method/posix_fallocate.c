/* SPDX-License-Identifier: MIT */
/*
 * If the kernel cannot allocate, the C library may write instead (glibc does, musl does not)
 * without reporting it.  So fallocate() is called afterwards: glibc emulates on EOPNOTSUPP only,
 * and a fallocate() of the first byte, which is allocated already, changes nothing if it succeeds.
 *
 * The writes of the C library are not known, so the outcome has one call and no bytes.
 */
#include <errno.h>
#include <fcntl.h>

#include "method/methods.h"

static enum method_path find_path(int fd, struct method_outcome *ret)
{
	if (fallocate(fd, 0, 0, 1) == 0 || (errno != EOPNOTSUPP && errno != ENOSYS))
		return METHOD_PATH_NATIVE;
	outcome_fall_back(ret, "fallocate", errno);
	return METHOD_PATH_EMULATED;
}

static int allocate(int fd, const struct method_request *req, struct method_outcome *ret)
{
	int error; /* the return value; errno is not set */

	do {
		error = posix_fallocate(fd, 0, (off_t)req->bytes);
	} while (error == EINTR);
	if (error)
		return outcome_refuse(ret, "posix_fallocate", error);
	ret->calls = 1;
	ret->path = find_path(fd, ret);
	return 0;
}

const struct method method_posix_fallocate = {
	.name = "posix-fallocate",
	.summary = "posix_fallocate(): native if supported, else emulated by the C library",
	.allocate = allocate,
	.keeps_data = 1,
};
