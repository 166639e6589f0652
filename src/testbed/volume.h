/* SPDX-License-Identifier: MIT */
/* Image files for file systems. */
#ifndef TESTBED_VOLUME_H
#define TESTBED_VOLUME_H

#include "testbed/testbed.h"

/*
 * Creates a sparse, unnamed image in `directory`; volume_keep() can name it if it is `to_keep`.
 * 0, or -errno with *problem set.
 */
int volume_create(const char *directory, uint64_t bytes, int to_keep, struct volume *ret,
		  struct problem *problem);

/*
 * Runs mkfs on the image, and flushes nothing.  0, -ECANCELED, or -errno with *problem set to the
 * message of mkfs; -EINVAL: mkfs failed with added options.
 */
int volume_format(const struct volume *volume, const struct filesystem *filesystem, int cancel_fd,
		  struct problem *problem);

/* Flushes the page cache of the image to the disk.  0, or -errno with *problem set. */
int volume_flush(const struct volume *volume, struct problem *problem);

/* Gives the image a name.  0, or -errno with *problem set. */
int volume_keep(const struct volume *volume, const char *path, struct problem *problem);

void volume_clear(struct volume *volume); /* also for CLEANUP() */

#endif
