/* SPDX-License-Identifier: MIT */
/*
 * Only sysfs is read. libblkid opens devices and udev asks a daemon; both may hang on a machine
 * that is about to suspend.  Devices refer to each other by name, which is unique in sysfs,
 * whereas a number may be reused between two reads.
 */
#include "blockdev/devices.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "blockdev/sysfs.h"

static int copy_if_there(const char *text, char **ret)
{
	*ret = text ? strdup(text) : NULL;
	return text && !*ret ? -ENOMEM : 0;
}

static void device_clear(struct device *device)
{
	for (size_t i = 0; i < device->below_count; i++)
		free(device->below[i]);
	free(device->below);
	free(device->name);
	free(device->mapped_name);
	free(device->backing_file);
}

int devices_add(struct devices *devices, dev_t number, const char *name, const char *mapped_name,
		const char *backing_file)
{
	struct device device = { .number = number };

	if (copy_if_there(name, &device.name) == 0 &&
	    copy_if_there(mapped_name, &device.mapped_name) == 0 &&
	    copy_if_there(backing_file, &device.backing_file) == 0 &&
	    ARRAY_ADD(devices->all, devices->count, device) == 0)
		return 0;
	device_clear(&device);
	return -ENOMEM;
}

static int add_name(char ***names, size_t *count, const char *name)
{
	char *copy = strdup(name);

	if (copy && ARRAY_ADD(*names, *count, copy) == 0)
		return 0;
	free(copy);
	return -ENOMEM;
}

int devices_add_below(struct devices *devices, const char *name, const char *below)
{
	struct device *device = (struct device *)devices_by_name(devices, name);

	return device ? add_name(&device->below, &device->below_count, below) : -ENOENT;
}

int devices_add_member(struct devices *devices, size_t pool, const char *name)
{
	if (pool == devices->pool_count &&
	    ARRAY_ADD(devices->pools, devices->pool_count, (struct device_pool) { 0 }) < 0)
		return -ENOMEM;
	return add_name(&devices->pools[pool].names, &devices->pools[pool].count, name);
}

const struct device *devices_by_number(const struct devices *devices, dev_t number)
{
	for (size_t i = 0; i < devices->count; i++)
		if (devices->all[i].number == number)
			return &devices->all[i];
	return NULL;
}

const struct device *devices_by_name(const struct devices *devices, const char *name)
{
	for (size_t i = 0; i < devices->count; i++)
		if (devices->all[i].name && strcmp(devices->all[i].name, name) == 0)
			return &devices->all[i];
	return NULL;
}

static const struct device *by_mapped_name(const struct devices *devices, const char *name)
{
	for (size_t i = 0; i < devices->count; i++)
		if (devices->all[i].mapped_name && strcmp(devices->all[i].mapped_name, name) == 0)
			return &devices->all[i];
	return NULL;
}

const struct device *devices_by_path(const struct devices *devices, const char *path)
{
	static const char folder[] = "/dev/", mapper[] = "/dev/mapper/";

	CLEANUP(freep) char *name = NULL;

	if (strncmp(path, mapper, strlen(mapper)) == 0)
		return by_mapped_name(devices, path + strlen(mapper));
	if (strncmp(path, folder, strlen(folder)) != 0)
		return NULL;
	name = strdup(path + strlen(folder));
	if (!name)
		return NULL;
	/* sysfs names /dev/cciss/c0d0 "cciss!c0d0". */
	for (char *at = name; (at = strchr(at, '/'));)
		*at = '!';
	return devices_by_name(devices, name);
}

const struct device_pool *devices_pool_of(const struct devices *devices, const char *name)
{
	for (size_t i = 0; i < devices->pool_count; i++)
		for (size_t j = 0; j < devices->pools[i].count; j++)
			if (strcmp(devices->pools[i].names[j], name) == 0)
				return &devices->pools[i];
	return NULL;
}

void devices_clear(struct devices *devices)
{
	for (size_t i = 0; i < devices->count; i++)
		device_clear(&devices->all[i]);
	for (size_t i = 0; i < devices->pool_count; i++) {
		for (size_t j = 0; j < devices->pools[i].count; j++)
			free(devices->pools[i].names[j]);
		free(devices->pools[i].names);
	}
	free(devices->all);
	free(devices->pools);
	*devices = (struct devices) { 0 };
}

/* ---- sysfs ---- */

static char *attribute(const char *folder, const char *name)
{
	CLEANUP(freep) char *path = text_path(folder, name);

	return path ? sysfs_text(path) : NULL;
}

struct reading {
	struct devices *devices;
	const char *folder; /* of all devices or file systems */
	const char *of;	    /* the device whose slaves are read */
	size_t pool;
};

static int add_slave(const char *name, void *context)
{
	struct reading *reading = context;

	return devices_add_below(reading->devices, reading->of, name);
}

/* The directory of a partition is in that of its disk. */
static int add_whole(struct reading *reading, const char *name, const char *folder)
{
	CLEANUP(freep) char *partition = attribute(folder, "partition");
	CLEANUP(freep) char *real = partition ? realpath(folder, NULL) : NULL;
	char *slash = real ? strrchr(real, '/') : NULL;

	if (!slash)
		return 0;
	*slash = '\0';
	slash = strrchr(real, '/');
	return slash ? devices_add_below(reading->devices, name, slash + 1) : 0;
}

static int read_device(const char *name, void *context)
{
	struct reading *reading = context;
	CLEANUP(freep) char *folder = text_path(reading->folder, name);
	CLEANUP(freep) char *slaves = folder ? text_path(folder, "slaves") : NULL;
	CLEANUP(freep) char *text = slaves ? attribute(folder, "dev") : NULL;
	CLEANUP(freep) char *mapped_name = NULL;
	CLEANUP(freep) char *backing_file = NULL;
	dev_t number = sysfs_number(text);

	if (!slaves)
		return -ENOMEM;
	if (!number)
		return 0;
	mapped_name = attribute(folder, "dm/name");
	backing_file = attribute(folder, "loop/backing_file");
	if (devices_add(reading->devices, number, name, mapped_name, backing_file) < 0)
		return -ENOMEM;
	reading->of = name;
	if (sysfs_each(slaves, add_slave, reading) < 0)
		return -ENOMEM;
	return add_whole(reading, name, folder);
}

static int add_member(const char *name, void *context)
{
	struct reading *reading = context;

	return devices_add_member(reading->devices, reading->pool, name);
}

static int read_btrfs(const char *name, void *context)
{
	struct reading *reading = context;
	CLEANUP(freep) char *members = text_format("%s/%s/devices", reading->folder, name);

	if (!members)
		return -ENOMEM;
	reading->pool = reading->devices->pool_count;
	return sysfs_each(members, add_member, reading);
}

int devices_read(const char *sysfs, struct devices *ret)
{
	CLEANUP(freep) char *block = text_path(sysfs, "class/block");
	CLEANUP(freep) char *btrfs = text_path(sysfs, "fs/btrfs");
	struct devices devices = { 0 };
	struct reading reading = { .devices = &devices };
	int r;

	if (!block || !btrfs)
		return -ENOMEM;
	reading.folder = block;
	r = sysfs_each(block, read_device, &reading);
	reading.folder = btrfs;
	if (r == 0)
		r = sysfs_each(btrfs, read_btrfs, &reading);
	if (r < 0) {
		devices_clear(&devices);
		return r;
	}
	*ret = devices;
	return 0;
}
