/* SPDX-License-Identifier: MIT */
/* The contents of a device or an image: a file system, or why it cannot be read. */
#ifndef FRAG_IMAGE_H
#define FRAG_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

struct frag_result;
struct problem;

/* Sets *problem to what `path` contains and what to do about it.  Returns -errno. */
int image_refuse(const char *path, struct problem *problem);

/* Adds a note if `path`, which was read, also belongs to a RAID.  0 or -ENOMEM. */
int image_note_member(const char *path, struct frag_result *result);

/* Whether a block device is mounted, or in use as a part of another. */
bool image_is_mounted(const char *path);

/* A device or an image, or a partition of it. */
struct image {
	char *type;	      /* of the file system, as libblkid has it; NULL: none is known */
	uint64_t start_bytes; /* of the partition that it is in */
	uint64_t bytes;	      /* 0: not in a partition, but all of the image */
	bool has_dirty_log;   /* of ext3 and ext4, which are read without the kernel's help */
};

/* `partition` 0: all of it.  Of a mount point *ret stays as it is.  0, or -errno with a sentence.
 */
int image_read(const char *path, unsigned partition, struct image *ret, struct problem *problem);

void image_clear(struct image *image);

#endif
