/* SPDX-License-Identifier: MIT */
/*
 * A file system whose data lies in another one (an image on a loop device) has
 * to be frozen first and thawed last: frozen in the other order, the ioctl waits
 * for a write to the lower one and hangs (seen on Linux 6.1).  So the order is
 * that of a graph, which is walked lower ones first, in the order of mounting,
 * and turned around.  Where the graph has a circle, which no kernel should
 * build, its members are only written out.
 *
 * The kernel's own freezing (Linux 6.16) goes by the order of mounting alone.
 */
#include "plan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "array.h"
#include "cleanup.h"
#include "types.h"

struct making {
	const struct mounts *mounts;
	const struct devices *devices;
	const struct plan_wish *wish;
	struct plan_item *items; /* in the order of mounting, until they are ordered */
	size_t count;
	size_t *item_of; /* of each mount */
	unsigned *seen;	 /* of each device: the walk that saw it last */
	unsigned walk;
	const struct device **queue; /* devices that a walk has still to look at */
	size_t queued;
};

static int set_kind(struct plan_item *item, enum plan_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int set_kind(struct plan_item *item, enum plan_kind kind, const char *format, ...)
{
	va_list arguments;
	char *reason;
	int r;

	va_start(arguments, format);
	r = vasprintf(&reason, format, arguments);
	va_end(arguments);
	if (r < 0)
		return -ENOMEM;
	free(item->reason);
	item->reason = reason;
	item->kind = kind;
	return 0;
}

/* ---- one item for each superblock ---- */

struct place {
	dev_t device;
	size_t mount;
};

static int compare_places(const void *one, const void *other)
{
	const struct place *a = one, *b = other;

	if (a->device != b->device)
		return a->device < b->device ? -1 : 1;
	return a->mount < b->mount ? -1 : a->mount > b->mount;
}

/* Fills item_of with the first mount of the same superblock. */
static int find_firsts(struct making *making)
{
	size_t count = making->mounts->count, first = 0;
	CLEANUP(freep) struct place *places = calloc(count + 1, sizeof(*places));

	if (!places)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		places[i] = (struct place) { making->mounts->all[i].device, i };
	qsort(places, count, sizeof(*places), compare_places);
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || places[i].device != places[i - 1].device)
			first = places[i].mount;
		making->item_of[places[i].mount] = first;
	}
	return 0;
}

static int collect_items(struct making *making)
{
	size_t count = making->mounts->count;
	int r;

	making->item_of = calloc(count + 1, sizeof(*making->item_of));
	making->items = calloc(count + 1, sizeof(*making->items));
	if (!making->item_of || !making->items)
		return -ENOMEM;
	r = find_firsts(making);
	if (r < 0)
		return r;
	/* A first mount comes before the others, so its number is known when they ask. */
	for (size_t i = 0; i < count; i++) {
		size_t first = making->item_of[i];
		struct plan_item *item;

		making->item_of[i] = first == i ? making->count++ : making->item_of[first];
		item = &making->items[making->item_of[i]];
		if (first == i)
			*item = (struct plan_item) {
				.device = making->mounts->all[i].device,
				.mount = &making->mounts->all[i],
			};
		item->mounts++;
	}
	return 0;
}

static size_t item_of_mount(const struct making *making, const struct mount *mount)
{
	return making->item_of[mount - making->mounts->all];
}

/* ---- by which mount it is reached ---- */

static bool is_reachable(const struct making *making, const struct mount *mount)
{
	return mount->through || mounts_is_reachable(making->mounts, mount);
}

/* Chooses for all items that are to be opened. */
static int choose_mounts(struct making *making)
{
	CLEANUP(freep) bool *chosen = calloc(making->count + 1, sizeof(*chosen));

	if (!chosen)
		return -ENOMEM;
	for (size_t i = 0; i < making->mounts->count; i++) {
		size_t number = making->item_of[i];
		struct plan_item *item = &making->items[number];

		if (item->kind == PLAN_LEAVE || chosen[number] ||
		    !is_reachable(making, &making->mounts->all[i]))
			continue;
		item->mount = &making->mounts->all[i];
		chosen[number] = true;
	}
	for (size_t i = 0; i < making->count; i++)
		if (making->items[i].kind != PLAN_LEAVE && !chosen[i] &&
		    set_kind(&making->items[i], PLAN_LEAVE,
			     "cannot be reached: another file system is mounted over it, or the "
			     "way leads through one that may hang") < 0)
			return -ENOMEM;
	return 0;
}

/* ---- what kind it is ---- */

static bool has_device(const struct mount *mount)
{
	return major(mount->device) != 0;
}

static int classify(struct plan_item *item)
{
	const struct mount *mount = item->mount;
	enum type_nature nature = type_nature(mount->type, has_device(mount));

	item->on_disk = nature != TYPE_VIRTUAL;
	switch (nature) {
	case TYPE_VIRTUAL:
		return set_kind(item, PLAN_LEAVE, "nothing of it is on a disk");
	case TYPE_UNTOUCHED:
		return set_kind(
			item, PLAN_LEAVE,
			"not opened: a daemon or server that does not answer would hang it");
	case TYPE_SHARED:
		return set_kind(item, PLAN_LEAVE,
				"shared with other machines, which it would stop");
	case TYPE_STACKED:
		return set_kind(item, PLAN_LEAVE, "the kernel cannot freeze it");
	default:
		break;
	}
	if (mounts_has_option(mount, "ro"))
		return set_kind(item, PLAN_LEAVE, "read-only: nothing can change");
	if (nature == TYPE_SYNC)
		return set_kind(item, PLAN_SYNC, "the kernel cannot freeze %s", mount->type);
	return set_kind(item, PLAN_FREEZE, "%s", "");
}

static int classify_all(struct making *making)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < making->count; i++)
		r = classify(&making->items[i]);
	return r;
}

/* ---- what lies in what ---- */

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

	return mount ? add_edge(making, upper, item_of_mount(making, mount)) : 0;
}

static void enqueue(struct making *making, const struct device *device)
{
	size_t number;

	if (!device)
		return;
	number = (size_t)(device - making->devices->all);
	if (making->seen[number] == making->walk)
		return;
	making->seen[number] = making->walk;
	making->queue[making->queued++] = device;
}

static void enqueue_path(struct making *making, const char *path)
{
	const struct device *device = devices_by_path(making->devices, path);
	const struct device_pool *pool =
		device ? devices_pool_of(making->devices, device->name) : NULL;

	enqueue(making, device);
	for (size_t i = 0; pool && i < pool->count; i++)
		enqueue(making, devices_by_name(making->devices, pool->names[i]));
}

/* bcachefs lists its devices with colons between. */
static int enqueue_source(struct making *making, const char *source)
{
	CLEANUP(freep) char *copy = strdup(source);
	char *rest = copy, *path;

	if (!copy)
		return -ENOMEM;
	while ((path = strsep(&rest, ":")))
		enqueue_path(making, path);
	return 0;
}

/* XFS and ext4 can have their log on a device of its own. */
static void enqueue_log_devices(struct making *making, const struct mount *mount)
{
	static const char *const options[] = { "logdev", "rtdev", "journal_path" };

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		CLEANUP(freep) char *path = mounts_option(mount, options[i]);

		if (path)
			enqueue_path(making, path);
	}
}

/* Whose own device it is; SIZE_MAX: nobody's. */
static size_t item_on_device(const struct making *making, const struct device *device)
{
	for (size_t i = 0; i < making->count; i++)
		if (has_device(making->items[i].mount) && making->items[i].device == device->number)
			return i;
	return SIZE_MAX;
}

static int look_at_device(struct making *making, size_t upper, const struct device *device)
{
	size_t lower = item_on_device(making, device);

	if (lower != SIZE_MAX && lower != upper && add_edge(making, upper, lower) < 0)
		return -ENOMEM;
	if (device->backing_file && add_edge_to_path(making, upper, device->backing_file) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < device->below_count; i++)
		enqueue(making, devices_by_name(making->devices, device->below[i]));
	return 0;
}

static int follow_devices(struct making *making, size_t upper)
{
	const struct mount *mount = making->items[upper].mount;

	making->walk++;
	making->queued = 0;
	if (has_device(mount))
		enqueue(making, devices_by_number(making->devices, mount->device));
	else if (type_has_hidden_device(mount->type) && enqueue_source(making, mount->source) < 0)
		return -ENOMEM;
	enqueue_log_devices(making, mount);
	for (size_t i = 0; i < making->queued; i++)
		if (look_at_device(making, upper, making->queue[i]) < 0)
			return -ENOMEM;
	return 0;
}

/* The lower layers of overlay are only read. */
static int follow_layers(struct making *making, size_t upper)
{
	struct plan_item *item = &making->items[upper];
	const struct mount *mount = item->mount;
	CLEANUP(freep)
	char *layer = strcmp(mount->type, "overlay") == 0 ? mounts_option(mount, "upperdir")
							  : strdup(mount->source);
	const struct mount *holder =
		layer && *layer == '/' ? mounts_find(making->mounts, layer) : NULL;

	if (!holder)
		return set_kind(item, PLAN_LEAVE, "nothing is written to it");
	if (add_edge(making, upper, item_of_mount(making, holder)) < 0)
		return -ENOMEM;
	return set_kind(item, PLAN_LEAVE, "its writes go to %s on %s, and stop with that one",
			holder->type, holder->point);
}

static int find_edges(struct making *making)
{
	int r = 0;

	making->seen = calloc(making->devices->count + 1, sizeof(*making->seen));
	making->queue = calloc(making->devices->count + 1, sizeof(struct device *));
	if (!making->seen || !making->queue)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < making->count; i++) {
		if (!making->items[i].on_disk)
			continue;
		if (type_nature(making->items[i].mount->type, false) == TYPE_STACKED)
			r = follow_layers(making, i);
		else
			r = follow_devices(making, i);
	}
	return r;
}

/* ---- what the user wants ---- */

/* Those of other namespaces have names as well: /proc/PID/root/POINT. */
static const struct mount *find_named(const struct making *making, const char *name)
{
	const struct mount *mount = mounts_find(making->mounts, name);

	for (size_t i = 0; i < making->mounts->count; i++) {
		const struct mount *other = &making->mounts->all[i];

		if (other->through && strncmp(name, other->through, strlen(other->through)) == 0 &&
		    strcmp(name + strlen(other->through), other->point) == 0)
			return other;
	}
	return mount && strcmp(mount->point, name) == 0 ? mount : NULL;
}

static int mark_named(struct making *making, const char *const *names, bool *marked,
		      struct problem *problem)
{
	for (const char *const *name = names; *name; name++) {
		const struct mount *mount = find_named(making, *name);

		if (!mount)
			return problem_set(problem, PROBLEM_USAGE, EINVAL,
					   "nothing is mounted on %s; `findmnt` shows what is",
					   *name);
		marked[item_of_mount(making, mount)] = true;
	}
	return 0;
}

/* Leaves those whose mark is `leave`. */
static int leave_marked(struct making *making, const bool *marked, bool leave, const char *reason)
{
	for (size_t i = 0; i < making->count; i++)
		if (marked[i] == leave && making->items[i].kind != PLAN_LEAVE &&
		    set_kind(&making->items[i], PLAN_LEAVE, "%s", reason) < 0)
			return -ENOMEM;
	return 0;
}

static int apply_names(struct making *making, const char *const *names, bool leave,
		       const char *reason, struct problem *problem)
{
	CLEANUP(freep) bool *marked = calloc(making->count + 1, sizeof(*marked));
	int r = marked ? 0 : -ENOMEM;

	if (r == 0)
		r = mark_named(making, names, marked, problem);
	return r < 0 ? r : leave_marked(making, marked, leave, reason);
}

static int spare_system(struct making *making)
{
	static const char *const paths[] = { "/", "/var", "/var/log" };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		const struct mount *mount = mounts_find(making->mounts, paths[i]);
		struct plan_item *item;

		if (!mount)
			continue;
		item = &making->items[item_of_mount(making, mount)];
		if (item->kind == PLAN_FREEZE &&
		    set_kind(item, PLAN_SYNC, "%s", making->wish->spare_system) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int apply_wish(struct making *making, struct problem *problem)
{
	int r = 0;

	if (making->wish->only)
		r = apply_names(making, making->wish->only, false, "not named with --only",
				problem);
	if (r == 0 && making->wish->except)
		r = apply_names(making, making->wish->except, true, "named with --except", problem);
	if (r == 0 && making->wish->spare_system)
		r = spare_system(making);
	return r;
}

/* ---- order ---- */

enum colour { WHITE, GREY, BLACK };

struct ordering {
	enum colour *colours;
	size_t *order; /* lower ones first */
	size_t ordered;
	size_t *path; /* the items that the walk is in */
	size_t *next; /* for each, the edge to look at next */
	size_t depth;
	bool *circular;
};

static void enter(struct ordering *ordering, size_t number)
{
	ordering->colours[number] = GREY;
	ordering->next[ordering->depth] = 0;
	ordering->path[ordering->depth++] = number;
}

static void leave(struct ordering *ordering)
{
	size_t number = ordering->path[--ordering->depth];

	ordering->colours[number] = BLACK;
	ordering->order[ordering->ordered++] = number;
}

/* Everything on the path from `number` on lies on itself. */
static void mark_circle(struct ordering *ordering, size_t number)
{
	for (size_t i = ordering->depth; i > 0; i--) {
		ordering->circular[ordering->path[i - 1]] = true;
		if (ordering->path[i - 1] == number)
			return;
	}
}

static void walk_from(const struct making *making, struct ordering *ordering, size_t start)
{
	if (ordering->colours[start] != WHITE)
		return;
	enter(ordering, start);
	while (ordering->depth > 0) {
		size_t top = ordering->depth - 1;
		const struct plan_item *item = &making->items[ordering->path[top]];

		if (ordering->next[top] == item->on_count) {
			leave(ordering);
		} else {
			size_t lower = item->on[ordering->next[top]++];

			if (ordering->colours[lower] == WHITE)
				enter(ordering, lower);
			else if (ordering->colours[lower] == GREY)
				mark_circle(ordering, lower);
		}
	}
}

/* Turns the order around into `ret` and renumbers the edges. */
static int put_in_order(const struct making *making, const struct ordering *ordering,
			struct plan *ret)
{
	size_t count = making->count;
	CLEANUP(freep) size_t *place = calloc(count + 1, sizeof(*place));

	ret->items = calloc(count + 1, sizeof(*ret->items));
	if (!place || !ret->items)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		place[ordering->order[i]] = count - 1 - i;
	for (size_t i = 0; i < count; i++) {
		struct plan_item *item = &ret->items[place[i]];

		*item = making->items[i];
		making->items[i] = (struct plan_item) { 0 };
		for (size_t j = 0; j < item->on_count; j++)
			item->on[j] = place[item->on[j]];
	}
	ret->count = count;
	return 0;
}

static bool kernel_agrees(const struct making *making)
{
	for (size_t i = 0; i < making->count; i++)
		for (size_t j = 0; j < making->items[i].on_count; j++)
			if (making->items[i].kind == PLAN_FREEZE && making->items[i].on[j] > i)
				return false;
	return true;
}

static int order(struct making *making, struct plan *ret)
{
	size_t room = making->count + 1;
	CLEANUP(freep) enum colour *colours = calloc(room, sizeof(*colours));
	CLEANUP(freep) size_t *sequence = calloc(room, sizeof(*sequence));
	CLEANUP(freep) size_t *path = calloc(room, sizeof(*path));
	CLEANUP(freep) size_t *next = calloc(room, sizeof(*next));
	CLEANUP(freep) bool *circular = calloc(room, sizeof(*circular));
	struct ordering ordering = { colours, sequence, 0, path, next, 0, circular };

	if (!colours || !sequence || !path || !next || !circular)
		return -ENOMEM;
	for (size_t i = 0; i < making->count; i++)
		walk_from(making, &ordering, i);
	for (size_t i = 0; i < making->count; i++)
		if (circular[i] && making->items[i].kind == PLAN_FREEZE &&
		    set_kind(&making->items[i], PLAN_LEAVE, "its devices lie on itself") < 0)
			return -ENOMEM;
	ret->kernel_agrees = kernel_agrees(making);
	return put_in_order(making, &ordering, ret);
}

/* ---- together ---- */

/* Says for each that is frozen before another one, why. */
static int explain(struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		struct plan_item *item = &plan->items[i];
		CLEANUP(freep) char *whole = NULL;
		const struct plan_item *lower;

		if (item->on_count == 0 || item->kind == PLAN_LEAVE)
			continue;
		lower = &plan->items[item->on[0]];
		if (asprintf(&whole, "%s%sits data lies in %s on %s", item->reason,
			     *item->reason ? "; " : "", lower->mount->type,
			     lower->mount->point) < 0)
			return -ENOMEM;
		free(item->reason);
		item->reason = TAKE_PTR(whole);
	}
	return 0;
}

static void items_clear(struct plan_item *items, size_t count)
{
	for (size_t i = 0; items && i < count; i++) {
		free(items[i].reason);
		free(items[i].on);
	}
	free(items);
}

static void making_clear(struct making *making)
{
	items_clear(making->items, making->count);
	free(making->item_of);
	free(making->seen);
	free(making->queue);
}

int plan_make(const struct mounts *mounts, const struct devices *devices,
	      const struct plan_wish *wish, struct plan *ret, struct problem *problem)
{
	CLEANUP(making_clear)
	struct making making = { .mounts = mounts, .devices = devices, .wish = wish };
	struct plan plan = { 0 };
	int r = collect_items(&making);

	if (r == 0)
		r = classify_all(&making);
	if (r == 0)
		r = find_edges(&making);
	if (r == 0)
		r = apply_wish(&making, problem);
	if (r == 0)
		r = choose_mounts(&making);
	if (r == 0)
		r = order(&making, &plan);
	if (r == 0)
		r = explain(&plan);
	if (r < 0) {
		plan_clear(&plan);
		return r;
	}
	*ret = plan;
	return 0;
}

void plan_clear(struct plan *plan)
{
	items_clear(plan->items, plan->count);
	*plan = (struct plan) { 0 };
}
