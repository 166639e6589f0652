/* SPDX-License-Identifier: MIT */
/* A descriptor that is temporarily switched to O_DIRECT; private to src/method/. */
#ifndef METHOD_DIRECT_H
#define METHOD_DIRECT_H

#include <stddef.h>
#include <stdint.h>

#include "method/method.h"

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
