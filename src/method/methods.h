/* SPDX-License-Identifier: MIT */
/*
 * The list of all methods, and their common helpers; private to src/method/.  A new method is a
 * file that defines `const struct method method_NAME`, its line in meson.build, and a row here.
 */
#ifndef METHOD_METHODS_H
#define METHOD_METHODS_H

#include "method/method.h"

/* In the order of `alloc-perf list`. */
#define METHODS(X)                \
	X(posix_fallocate)        \
	X(posix_emulated)         \
	X(prealloc)               \
	X(mmap)                   \
	X(chunk)                  \
	X(writev)                 \
	X(direct)                 \
	X(uring)                  \
	X(fallocate)              \
	X(fallocate_keep_size)    \
	X(fallocate_zero_range)   \
	X(fallocate_write_zeroes) \
	X(fallocate_step)         \
	X(fallocate_ahead)        \
	X(extsize)                \
	X(ftruncate)              \
	X(lseek_write)            \
	X(none)

#define METHOD_DECLARE(name) extern const struct method method_##name;
METHODS(METHOD_DECLARE)
#undef METHOD_DECLARE

/* Records the call that failed; `error` is a positive errno.  Returns -error. */
static inline int outcome_refuse(struct method_outcome *outcome, const char *call, int error)
{
	outcome->path = METHOD_PATH_NONE;
	outcome->refused_by = call;
	return -error;
}

/* Records a failed call before the one that worked. */
static inline void outcome_fall_back(struct method_outcome *outcome, const char *call, int error)
{
	if (outcome->fallbacks < METHOD_FALLBACKS_MAX)
		outcome->fallback[outcome->fallbacks++] =
			(struct method_fallback) { .call = call, .error = error };
}

#endif
