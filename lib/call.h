/* SPDX-License-Identifier: MIT */
/* Shared by prealloc(), jobs and queues. */
#ifndef PREALLOC_CALL_H
#define PREALLOC_CALL_H

#include "prealloc.h"
#include "rate.h"

/* Copies options of any version of the header.  NULL stands for the defaults.  0 or -EINVAL. */
int call_take_options(const struct prealloc_options *given, struct prealloc_options *ret);

/*
 * Copies a struct of `bytes` to the caller's, which starts with its own size and may be of another
 * version of the header.  `to` may be NULL.
 */
void call_copy_out(const void *from, size_t bytes, void *to);

/* prealloc() under a rate limit that it shares with other calls.  `shared` may be NULL. */
int call_prealloc(int fd, uint64_t offset, uint64_t length, const struct prealloc_options *options,
		  struct prealloc_result *result, struct rate *shared);

#endif
