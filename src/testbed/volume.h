/* SPDX-License-Identifier: MIT */
/* Image files to make file systems on. */
#ifndef TESTBED_VOLUME_H
#define TESTBED_VOLUME_H

#include "testbed/testbed.h"

/*
 * A sparse image without a name in `directory`, which volume_keep() can give one if it is
 * `to_keep`.  0 or -errno with a sentence.
 */
int volume_create(const char *directory, uint64_t bytes, int to_keep, struct volume *ret,
		  struct problem *problem);

/*
 * Runs mkfs on it.  0, -ECANCELED, or -errno with a sentence that says
 * what mkfs said: -EINVAL if options were added to it.
 */
int volume_format(const struct volume *volume, const struct filesystem *filesystem, int cancel_fd,
		  struct problem *problem);

/* Writes to the disk what is in the page cache for it.  0 or -errno with a sentence. */
int volume_flush(const struct volume *volume, struct problem *problem);

/* Gives it a name at last.  0 or -errno with a sentence. */
int volume_keep(const struct volume *volume, const char *path, struct problem *problem);

void volume_clear(struct volume *volume); /* for CLEANUP(), too */

#endif
