/* SPDX-License-Identifier: MIT */
/* Fills a file system to its last block; private to this directory. */
#ifndef PROMISE_FILL_H
#define PROMISE_FILL_H

#include "promise/promise.h"

enum { FILL_FILES_MAX = 16 };

/* Files without a name, which hold the space until they are closed. */
struct fill {
	int fd[FILL_FILES_MAX];
	size_t count;
	uint64_t bytes;
};

/*
 * Whether the file system may be filled: it is a volume of the run's own, or a small one that is
 * empty and belongs to the user.  Otherwise the verdict is n/a.
 */
bool fill_is_allowed(struct promise_run *run);

/*
 * Takes space until nothing can be written any more, and makes that durable.  `fill` is empty
 * before, and is to be cleared in any case.  0 or -errno.
 */
int fill_volume(const char *directory, struct fill *fill);

/* Takes all space but about `left` bytes.  Does nothing where there is no fallocate(). */
int fill_leave(const char *directory, uint64_t left, struct fill *fill);

/* Makes the space free again. */
void fill_clear(struct fill *fill);

#endif
