/* SPDX-License-Identifier: MIT */
/*
 * Cleanup types: a resource is released when the variable that holds it goes
 * out of scope, so that no function needs a `goto out`.  TAKE_FD and TAKE_PTR
 * pass ownership on.
 *
 *	CLEANUP(fd_closep) int fd = open(...);
 *	...
 *	*ret = TAKE_FD(fd);
 */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(function) __attribute__((cleanup(function)))

#define TAKE_FD(fd)                \
	({                         \
		int *fd_ = &(fd);  \
		int taken_ = *fd_; \
		*fd_ = -1;         \
		taken_;            \
	})

#define TAKE_PTR(pointer)                          \
	({                                         \
		__auto_type pointer_ = &(pointer); \
		__auto_type taken_ = *pointer_;    \
		*pointer_ = NULL;                  \
		taken_;                            \
	})

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* Closes fd unless it is negative; errno survives.  Returns -1: `fd = fd_close(fd)`. */
static inline int fd_close(int fd)
{
	if (fd >= 0) {
		int saved = errno;

		close(fd);
		errno = saved;
	}
	return -1;
}

static inline void fd_closep(int *fd)
{
	*fd = fd_close(*fd);
}

/* For CLEANUP(freep), with any pointer that free() takes. */
static inline void freep(void *pointer)
{
	free(*(void **)pointer);
}

static inline void file_closep(FILE **file)
{
	if (*file)
		fclose(*file);
	*file = NULL;
}

#endif
