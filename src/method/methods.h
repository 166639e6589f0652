/* SPDX-License-Identifier: MIT */
/*
 * The list of all methods, and their common helpers; private to src/method/.  A new method is a
 * file that defines `const struct method method_NAME`, its line in meson.build, and a row here.
 */
#ifndef METHOD_METHODS_H
#define METHOD_METHODS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

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

/* For methods whose files stay empty: 0. */
uint64_t method_no_length(const struct method_request *req);

/* fallocate(), repeated while a signal interrupts it.  0 or -errno. */
int method_fallocate_range(int fd, int mode, uint64_t from, uint64_t bytes);

/* ---- files of zeroes: zeroes.c ---- */

/* Sufficient for O_DIRECT on all devices that Linux supports. */
enum { ZEROES_ALIGNMENT = 4096 };

struct zeroes_writer {
	const char *call; /* the system call, for refused_by */
	/* Writes `bytes` zeroes at offset `at`; returns what write() returns. */
	ssize_t (*put)(const struct zeroes_writer *writer, int fd, size_t bytes, off_t at);
	const void *source; /* of the zeroes, for put() */
	size_t chunk_bytes;
	size_t unit_bytes; /* a short write is rounded down to a multiple of this */
};

/* The bytes of the next chunk if `left` remain. */
static inline size_t zeroes_chunk(uint64_t left, size_t chunk_bytes)
{
	return left < chunk_bytes ? (size_t)left : chunk_bytes;
}

/* How many bytes a write of `put` out of `bytes` counts for. */
static inline size_t zeroes_progress(size_t put, size_t bytes, size_t unit_bytes)
{
	return put == bytes ? put : put - put % unit_bytes;
}

/* Zeroed memory, aligned for direct I/O.  The caller frees it; NULL: out of memory. */
void *zeroes_make(size_t bytes);

/* Writes `bytes` from the start of the file and counts calls and bytes in `ret`.  0 or -errno. */
int zeroes_write(const struct zeroes_writer *writer, int fd, uint64_t bytes,
		 struct method_outcome *ret);

/* ---- direct I/O: direct.c ---- */

enum { DIRECT_SECTOR_BYTES = 512 };

struct direct {
	int fd;
	int flags;	      /* the original ones */
	size_t alignment;     /* of offsets and lengths; divides the chunk */
	uint64_t whole_bytes; /* the file's size, rounded up to the alignment */
};

#define DIRECT_NONE ((struct direct) { .fd = -1 })

/*
 * Sets O_DIRECT on `fd`.  0 or -errno; -EINVAL and -EOPNOTSUPP if the file system does not support
 * direct I/O, or the device not with this chunk size.
 */
int direct_begin(int fd, const struct method_request *req, struct direct *ret_direct,
		 struct method_outcome *ret);

/* Truncates the file to the requested size.  0 or -errno. */
int direct_trim(const struct direct *direct, const struct method_request *req,
		struct method_outcome *ret);

/* Restores the original flags; for CLEANUP(). */
void direct_endp(struct direct *direct);

#endif
