/* SPDX-License-Identifier: MIT */
/* The storage below a directory: its file system and block device. */
#ifndef BLOCKDEV_STORAGE_H
#define BLOCKDEV_STORAGE_H

#include <sys/types.h>

struct storage {
	char *source;	/* "/dev/sda2", "tmpfs" */
	char *type;	/* "ext4"; NULL: it is a device that is not mounted */
	char *options;	/* mount options as reported by the kernel */
	char *counters; /* the device's stat file in sysfs; NULL: there is none */
	dev_t number;	/* the block device; 0: none */
};

/*
 * Finds the storage of a directory, a file or a device.  The caller clears *ret.  0, -ENOENT (no
 * mount contains it), or -errno.
 */
int storage_find(const char *path, struct storage *ret);

void storage_clear(struct storage *storage);

#endif
