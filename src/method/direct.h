/* SPDX-License-Identifier: MIT */
/* Inside src/method/ only: a descriptor switched to O_DIRECT for a while. */
#ifndef METHOD_DIRECT_H
#define METHOD_DIRECT_H

#include <stddef.h>
#include <stdint.h>

#include "method/method.h"

enum { DIRECT_SECTOR_BYTES = 512 };

struct direct {
	int fd;
	int flags;	      /* as they were */
	size_t alignment;     /* of offsets and lengths; divides the chunk */
	uint64_t whole_bytes; /* what to write: the file's size rounded up to it */
};

#define DIRECT_NONE ((struct direct) { .fd = -1 })

/*
 * Sets O_DIRECT on `fd`.  -EINVAL, -EOPNOTSUPP: this file system, or this
 * device with this chunk, does no direct I/O.
 */
int direct_begin(int fd, const struct method_request *req, struct direct *ret_direct,
		 struct method_outcome *ret);

/* Cuts off what was written beyond the wanted size.  0 or -errno. */
int direct_trim(const struct direct *direct, const struct method_request *req,
		struct method_outcome *ret);

/* For CLEANUP(direct_endp): the flags as they were. */
void direct_endp(struct direct *direct);

#endif
