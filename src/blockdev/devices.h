/* SPDX-License-Identifier: MIT */
/* Block devices and what each lies on, as sysfs describes them. */
#ifndef BLOCKDEV_DEVICES_H
#define BLOCKDEV_DEVICES_H

#include <stddef.h>
#include <sys/types.h>

struct device {
	dev_t number;
	char *name;	    /* the kernel's: "sda1", "dm-0", "loop3" */
	char *mapped_name;  /* of the device mapper: /dev/mapper/NAME; may be NULL */
	char *backing_file; /* of a loop device, as its path was seen from here; may be NULL */
	char **below;	    /* names of devices that it lies on */
	size_t below_count;
};

/* Devices that one file system spans (btrfs). */
struct device_pool {
	char **names;
	size_t count;
};

struct devices {
	struct device *all;
	size_t count;
	struct device_pool *pools;
	size_t pool_count;
};

/*
 * Reads below `sysfs` ("/sys").  What is missing there is missing in the result: a machine
 * without sysfs has no devices.  0 or -ENOMEM.
 */
int devices_read(const char *sysfs, struct devices *ret);

/* Adds a device of which nothing else is known yet; 0 or -ENOMEM.  NULL names are left out. */
int devices_add(struct devices *devices, dev_t number, const char *name, const char *mapped_name,
		const char *backing_file);

/* `name` lies on `below`, a device that is there.  0, -ENOENT (no such device) or -ENOMEM. */
int devices_add_below(struct devices *devices, const char *name, const char *below);

/* One more device in a pool; `pool` is pool_count for a new one.  0 or -ENOMEM. */
int devices_add_member(struct devices *devices, size_t pool, const char *name);

/* NULL: there is none. */
const struct device *devices_by_number(const struct devices *devices, dev_t number);
const struct device *devices_by_name(const struct devices *devices, const char *name);

/* By a path as mount tables show it: /dev/NAME or /dev/mapper/NAME; NULL: not known. */
const struct device *devices_by_path(const struct devices *devices, const char *path);

/* The pool that a device belongs to; NULL: none. */
const struct device_pool *devices_pool_of(const struct devices *devices, const char *name);

void devices_clear(struct devices *devices);

#endif
