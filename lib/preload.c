/* SPDX-License-Identifier: MIT */
/*
 * For LD_PRELOAD: posix_fallocate() of unmodified programs, and fallocate() with mode 0, since
 * some programs (aria2) call it and give up if it is not supported.  Compiled without
 * _FILE_OFFSET_BITS, so that the names have the types with which 32-bit programs call them.  (musl
 * has one off_t and no names with 64.)
 *
 * The library in here must call the C library's fallocate(): the linker directs its calls to the
 * __wrap_ functions (--wrap).
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>

#include "prealloc.h"

#define EXPORTED __attribute__((visibility("default")))

#ifdef __GLIBC__
#define WIDE_NAME "fallocate64"
#define wrap_fallocate __wrap_fallocate64
#else
#define WIDE_NAME "fallocate"
#define wrap_fallocate __wrap_fallocate
#endif

typedef int (*fallocate_fn)(int fd, int mode, int64_t offset, int64_t length);

/* Looked up each time: a stored pointer would be state. */
static int fallocate_of_libc(int fd, int mode, int64_t offset, int64_t length)
{
	fallocate_fn next = (fallocate_fn)dlsym(RTLD_NEXT, WIDE_NAME);

	if (!next) {
		errno = ENOSYS;
		return -1;
	}
	return next(fd, mode, offset, length);
}

int wrap_fallocate(int fd, int mode, int64_t offset, int64_t length);
int wrap_fallocate(int fd, int mode, int64_t offset, int64_t length)
{
	return fallocate_of_libc(fd, mode, offset, length);
}

static int allocate(int fd, int64_t offset, int64_t length)
{
	if (offset < 0 || length <= 0)
		return EINVAL;
	return -prealloc(fd, (uint64_t)offset, (uint64_t)length, NULL, NULL);
}

static int allocate_or_pass_on(int fd, int mode, int64_t offset, int64_t length)
{
	int error;

	if (mode != 0)
		return fallocate_of_libc(fd, mode, offset, length);
	error = allocate(fd, offset, length);
	if (error)
		errno = error;
	return error ? -1 : 0;
}

EXPORTED int posix_fallocate(int fd, off_t offset, off_t length)
{
	return allocate(fd, offset, length);
}

EXPORTED int fallocate(int fd, int mode, off_t offset, off_t length)
{
	return allocate_or_pass_on(fd, mode, offset, length);
}

#ifdef __GLIBC__
EXPORTED int posix_fallocate64(int fd, off64_t offset, off64_t length)
{
	return allocate(fd, offset, length);
}

EXPORTED int fallocate64(int fd, int mode, off64_t offset, off64_t length)
{
	return allocate_or_pass_on(fd, mode, offset, length);
}
#endif
