/* SPDX-License-Identifier: MIT */
/* What a directory lies on. */
#ifndef TESTBED_PLACE_H
#define TESTBED_PLACE_H

#include <stdint.h>

struct place {
	char *source;	    /* "/dev/sda2", "tmpfs" */
	char *type;	    /* "ext4" */
	char *options;	    /* as the kernel reports them */
	char *counters;	    /* sysfs stat file of the device; NULL: it has none */
	char *scheduler;    /* "mq-deadline"; NULL: not known */
	int64_t rotational; /* 1, 0, or FIELD_UNKNOWN */
};

/* 0, -ENOENT (no mount covers it), -ENOMEM. */
int place_find(const char *directory, struct place *ret);

void place_clear(struct place *place); /* for CLEANUP(), too */

#endif
