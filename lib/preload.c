/* SPDX-License-Identifier: MIT */
/*
 * For LD_PRELOAD: posix_fallocate() of a program that was never told.  Compiled
 * without _FILE_OFFSET_BITS, so that both names have the types that 32-bit
 * programs call them with.
 */
#include <errno.h>
#include <fcntl.h>

#include "prealloc.h"

static int allocate(int fd, int64_t offset, int64_t length)
{
	if (offset < 0 || length <= 0)
		return EINVAL;
	return -prealloc(fd, (uint64_t)offset, (uint64_t)length, NULL, NULL);
}

__attribute__((visibility("default"))) int posix_fallocate(int fd, off_t offset, off_t length)
{
	return allocate(fd, offset, length);
}

__attribute__((visibility("default"))) int posix_fallocate64(int fd, off64_t offset, off64_t length)
{
	return allocate(fd, offset, length);
}
