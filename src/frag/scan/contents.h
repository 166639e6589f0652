/* SPDX-License-Identifier: MIT */
/* What a device or an image holds that is no file system, or none that is read here. */
#ifndef FRAG_CONTENTS_H
#define FRAG_CONTENTS_H

#include <stdbool.h>
#include <stdint.h>

struct frag_result;
struct problem;

/* Says in `problem` what `path` holds and what to do about it.  Returns -errno. */
int contents_refuse(const char *path, struct problem *problem);

/* Adds a note if `path`, which was read, also belongs to a RAID.  0 or -ENOMEM. */
int contents_note_member(const char *path, struct frag_result *result);

/* Whether a block device is mounted, or in use as a part of another. */
bool contents_are_mounted(const char *path);

struct contents {
	char *type;	      /* of the file system, as libblkid has it; NULL: none is known */
	uint64_t start_bytes; /* of the partition that it is in */
	uint64_t bytes;	      /* 0: not in a partition, but all of the image */
	bool has_dirty_log;   /* of ext3 and ext4, which are read without the kernel's help */
};

/*
 * What a device or an image holds, or a partition of it (0: all of it).  What is neither,
 * as a mount point, has no contents.  0, or -errno with a sentence.
 */
int contents_find(const char *path, unsigned partition, struct contents *ret,
		  struct problem *problem);

void contents_clear(struct contents *contents); /* for CLEANUP(), too */

#endif
