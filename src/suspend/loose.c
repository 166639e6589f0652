/* SPDX-License-Identifier: MIT */
/*
 * What was written to a device and is only in memory yet is written out when the
 * kernel suspends.  Where the device lies in a file of a frozen file system, that
 * waits until the time is up (Linux 6.1), and no file system's own writing out
 * covers it.  Neither sysfs nor anything else tells whether there is something to
 * write, nor who has it open, so all of them are taken.
 */
#include "suspend/loose.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blockdev/devices.h"
#include "blockdev/mounts.h"
#include "suspend/types.h"

/* Marks of devices, by their place in the table. */
static void mark_down(const struct devices *devices, const struct device *device, bool *marks)
{
	size_t number = device ? (size_t)(device - devices->all) : 0;

	if (!device || marks[number])
		return;
	marks[number] = true;
	for (size_t i = 0; i < device->below_count; i++)
		mark_down(devices, devices_by_name(devices, device->below[i]), marks);
}

/* Those that a file system is on, and what these lie on. */
static void mark_mounted(const struct devices *devices, const struct mount *mount, bool *marks)
{
	const struct device *device = devices_by_number(devices, mount->device);
	const struct device_pool *pool;

	if (!device)
		device = devices_by_path(devices, mount->source);
	pool = device ? devices_pool_of(devices, device->name) : NULL;
	mark_down(devices, device, marks);
	for (size_t i = 0; pool && i < pool->count; i++)
		mark_down(devices, devices_by_name(devices, pool->names[i]), marks);
}

static int lies_in_file(const struct devices *devices, const struct device *device, bool *ret)
{
	CLEANUP(freep) bool *below = calloc(devices->count, sizeof(*below));

	if (!below)
		return -ENOMEM;
	mark_down(devices, device, below);
	*ret = false;
	for (size_t i = 0; i < devices->count; i++)
		*ret |= below[i] && devices->all[i].backing_file &&
			*devices->all[i].backing_file == '/';
	return 0;
}

/* Its own path can be opened whatever is mounted where. */
static int add(struct mounts *mounts, const struct device *device)
{
	char *path = text_path("/dev", device->name);
	struct mount mount = {
		.id = UINT64_MAX,
		.parent_id = UINT64_MAX,
		.device = device->number,
		.root = strdup("/"),
		.point = path,
		.type = strdup(TYPE_NAME_DEVICE),
		.mount_options = strdup("rw"),
		.options = strdup("rw"),
		.through = strdup(""),
	};

	/* sysfs has "cciss!c0d0" for /dev/cciss/c0d0 */
	for (char *at = path; at && (at = strchr(at, '!'));)
		*at = '/';
	if (path)
		mount.source = device->mapped_name ? text_path("/dev/mapper", device->mapped_name)
						   : strdup(path);
	if (mount.root && mount.source && mount.type && mount.mount_options && mount.options &&
	    mount.through)
		return mounts_add(mounts, &mount);
	mount_clear(&mount);
	return -ENOMEM;
}

int loose_add(struct mounts *mounts, const struct devices *devices)
{
	CLEANUP(freep) bool *mounted = calloc(devices->count + 1, sizeof(*mounted));
	int r = mounted ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < mounts->count; i++)
		mark_mounted(devices, &mounts->all[i], mounted);
	for (size_t i = 0; r == 0 && i < devices->count; i++) {
		bool in_file = false;

		if (!mounted[i] && devices->all[i].name)
			r = lies_in_file(devices, &devices->all[i], &in_file);
		if (r == 0 && in_file)
			r = add(mounts, &devices->all[i]);
	}
	return r;
}
