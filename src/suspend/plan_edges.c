/* SPDX-License-Identifier: MIT */
/*
 * A file system's data can lie in another one at any depth: on a loop device over
 * a file, itself under the device mapper or md, or on one of several devices, or
 * with its log elsewhere.  So each walk goes down all devices that it meets, each once,
 * and every file system met on the way is an edge.
 */
#include "suspend/plan_making.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "suspend/targets.h"

/* Down from one item. */
struct walk {
	struct making *making;
	size_t upper;
	size_t *seen;		     /* of each device: 1 + the item whose walk saw it last */
	const struct device **queue; /* devices that the walk has still to look at */
	size_t queued;
};

static void walk_clear(struct walk *walk)
{
	free(walk->seen);
	free(walk->queue);
}

static int add_edge(struct making *making, size_t upper, size_t lower)
{
	struct plan_item *item = &making->items[upper];

	for (size_t i = 0; i < item->on_count; i++)
		if (item->on[i] == lower)
			return 0;
	if (ARRAY_ROOM(item->on, item->on_count) < 0)
		return -ENOMEM;
	item->on[item->on_count++] = lower;
	return 0;
}

/* The file system that has a path; no edge where none has. */
static int add_edge_to_path(struct making *making, size_t upper, const char *path)
{
	const struct mount *mount = *path == '/' ? mounts_find(making->mounts, path) : NULL;

	return mount ? add_edge(making, upper, plan_item_of_mount(making, mount)) : 0;
}

static void enqueue(struct walk *walk, const struct device *device)
{
	size_t number;

	if (!device)
		return;
	number = (size_t)(device - walk->making->devices->all);
	if (walk->seen[number] == walk->upper + 1)
		return;
	walk->seen[number] = walk->upper + 1;
	walk->queue[walk->queued++] = device;
}

static void enqueue_path(struct walk *walk, const char *path)
{
	const struct device *device = devices_by_path(walk->making->devices, path);
	const struct device_pool *pool =
		device ? devices_pool_of(walk->making->devices, device->name) : NULL;

	enqueue(walk, device);
	for (size_t i = 0; pool && i < pool->count; i++)
		enqueue(walk, devices_by_name(walk->making->devices, pool->names[i]));
}

/* bcachefs lists its devices with colons between. */
static int enqueue_source(struct walk *walk, const char *source)
{
	CLEANUP(freep) char *copy = strdup(source);
	char *rest = copy, *path;

	if (!copy)
		return -ENOMEM;
	while ((path = strsep(&rest, ":")))
		enqueue_path(walk, path);
	return 0;
}

/* XFS and ext4 can have their log on a device of its own. */
static void enqueue_log_devices(struct walk *walk, const struct mount *mount)
{
	static const char *const options[] = { "logdev", "rtdev", "journal_path" };

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		CLEANUP(freep) char *path = mount_option(mount, options[i]);

		if (path)
			enqueue_path(walk, path);
	}
}

/* Whose own device it is; SIZE_MAX: nobody's. */
static size_t item_on_device(const struct making *making, const struct device *device)
{
	for (size_t i = 0; i < making->count; i++)
		if (plan_has_device(making->items[i].mount) &&
		    making->items[i].device == device->number)
			return i;
	return SIZE_MAX;
}

static int look_at_device(struct walk *walk, const struct device *device)
{
	struct making *making = walk->making;
	size_t upper = walk->upper, lower = item_on_device(making, device);

	if (lower != SIZE_MAX && lower != upper && add_edge(making, upper, lower) < 0)
		return -ENOMEM;
	if (device->backing_file && add_edge_to_path(making, upper, device->backing_file) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < device->below_count; i++)
		enqueue(walk, devices_by_name(making->devices, device->below[i]));
	return 0;
}

static int follow_devices(struct walk *walk, size_t upper)
{
	struct making *making = walk->making;
	const struct mount *mount = making->items[upper].mount;

	walk->upper = upper;
	walk->queued = 0;
	if (plan_has_device(mount))
		enqueue(walk, devices_by_number(making->devices, mount->device));
	else if (target_has_hidden_device(mount->type) && enqueue_source(walk, mount->source) < 0)
		return -ENOMEM;
	enqueue_log_devices(walk, mount);
	for (size_t i = 0; i < walk->queued; i++)
		if (look_at_device(walk, walk->queue[i]) < 0)
			return -ENOMEM;
	return 0;
}

/* The lower layers of overlay are only read. */
static int follow_layers(struct making *making, size_t upper)
{
	struct plan_item *item = &making->items[upper];
	const struct mount *mount = item->mount;
	CLEANUP(freep)
	char *layer = strcmp(mount->type, "overlay") == 0 ? mount_option(mount, "upperdir")
							  : strdup(mount->source);
	const struct mount *holder =
		layer && *layer == '/' ? mounts_find(making->mounts, layer) : NULL;

	if (!holder)
		return plan_set_kind(item, PLAN_LEAVE, "nothing is written to it");
	if (add_edge(making, upper, plan_item_of_mount(making, holder)) < 0)
		return -ENOMEM;
	return plan_set_kind(item, PLAN_LEAVE, "its writes go to %s on %s, and stop with that one",
			     holder->type, holder->point);
}

int plan_find_edges(struct making *making)
{
	size_t room = making->devices->count + 1;
	CLEANUP(walk_clear)
	struct walk walk = {
		.making = making,
		.seen = calloc(room, sizeof(*walk.seen)),
		.queue = calloc(room, sizeof(struct device *)),
	};
	int r = 0;

	if (!walk.seen || !walk.queue)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < making->count; i++) {
		if (!making->items[i].on_disk)
			continue;
		if (target_type(making->items[i].mount->type, false) == TARGET_STACKED)
			r = follow_layers(making, i);
		else
			r = follow_devices(&walk, i);
	}
	return r;
}
