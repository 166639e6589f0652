/* SPDX-License-Identifier: MIT */
/* Block devices and the devices below each, from sysfs. */
#ifndef BLOCKDEV_DEVICES_H
#define BLOCKDEV_DEVICES_H

#include <stddef.h>
#include <sys/types.h>

struct device {
	dev_t number;
	char *name;	    /* the kernel's name: "sda1", "dm-0", "loop3" */
	char *mapped_name;  /* for the device mapper: /dev/mapper/NAME; may be NULL */
	char *backing_file; /* for a loop device: the path of its file, as seen from here; may be
			       NULL */
	char **below;	    /* names of the devices below it */
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
 * Reads the devices below `sysfs` ("/sys").  Missing files are left out: a machine without sysfs
 * has no devices.  0 or -ENOMEM.
 */
int devices_read(const char *sysfs, struct devices *ret);

/* Adds a device without further relations; NULL names are left out.  0 or -ENOMEM. */
int devices_add(struct devices *devices, dev_t number, const char *name, const char *mapped_name,
		const char *backing_file);

/*
 * Adds the known device `below` to those below `name`.  0, -ENOENT (there is no such device) or
 * -ENOMEM.
 */
int devices_add_below(struct devices *devices, const char *name, const char *below);

/* Adds a device to a pool; `pool` is pool_count for a new one.  0 or -ENOMEM. */
int devices_add_member(struct devices *devices, size_t pool, const char *name);

/* NULL: there is none. */
const struct device *devices_by_number(const struct devices *devices, dev_t number);
const struct device *devices_by_name(const struct devices *devices, const char *name);

/* By a path of a mount table: /dev/NAME or /dev/mapper/NAME; NULL: unknown. */
const struct device *devices_by_path(const struct devices *devices, const char *path);

/* The pool that a device belongs to; NULL: none. */
const struct device_pool *devices_pool_of(const struct devices *devices, const char *name);

void devices_clear(struct devices *devices);

#endif
