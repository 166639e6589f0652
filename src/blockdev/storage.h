/* SPDX-License-Identifier: MIT */
/* What a directory lies on. */
#ifndef BLOCKDEV_STORAGE_H
#define BLOCKDEV_STORAGE_H

#include <sys/types.h>

struct storage {
	char *source;	/* "/dev/sda2", "tmpfs" */
	char *type;	/* "ext4"; NULL: nothing is mounted, it is a device itself */
	char *options;	/* as the kernel reports them */
	char *counters; /* the device's stat file in sysfs; NULL: it has none */
	dev_t number;	/* of the block device; 0: none */
};

/* Of a directory or file, or of a device by its path.  0, -ENOENT (no mount covers it), -errno. */
int storage_find(const char *path, struct storage *ret);

void storage_clear(struct storage *storage);

#endif
