/* SPDX-License-Identifier: MIT */
/* What a directory lies on. */
#ifndef TESTBED_PLACE_H
#define TESTBED_PLACE_H

#include <sys/types.h>

struct place {
	char *source;	/* "/dev/sda2", "tmpfs" */
	char *type;	/* "ext4"; NULL: nothing is mounted, it is a device itself */
	char *options;	/* as the kernel reports them */
	char *counters; /* sysfs stat file of the device; NULL: it has none */
	dev_t number;	/* of the device; 0: none */
};

/* Of a directory, or of a device by its path.  0, -ENOENT (no mount covers it), -ENOMEM. */
int place_find(const char *path, struct place *ret);

void place_clear(struct place *place); /* for CLEANUP(), too */

#endif
