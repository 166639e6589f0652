/* SPDX-License-Identifier: MIT */
/*
 * A plan is made in steps, each of which goes over all items before the next one starts.  The
 * mount to open is chosen after the user's selection, because what is not selected is not opened.
 * Items that are not selected stay in the plan with their reason and their dependencies, so that
 * the order of the others does not change.
 *
 * Superblocks are counted, not mounts: a second FIFREEZE of a file system that is mounted twice
 * fails with EBUSY, as if another program had frozen it.
 *
 * The type and the mount options decide what is done with a file system, since opening it to find
 * out can hang.  Only the kernel knows whether a file system can be frozen, when it is asked.
 *
 * A file system that is stored in another one (an image on a loop device) is frozen first and
 * thawed last.  In the other order the ioctl waits for a write to the lower file system and hangs
 * (Linux 6.1).  So the order is a topological sort: lower file systems first, in the order of
 * mounting, and then reversed.  The members of a cycle, which no kernel should build, are left.
 *
 * Before it suspends, the kernel writes out everything.  If that waits for a frozen file system,
 * the machine stays awake until the time limit.  So a file system that stores another one that is
 * not frozen is not frozen either, unless the user named it.
 *
 * The kernel's own freezing (Linux 6.16) uses the reverse order of mounting alone.
 */
#include "suspend/plan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "suspend/targets.h"

/* A plan in progress. */
struct draft {
	const struct mounts *mounts;
	const struct devices *devices;
	const struct plan_selection *selection;
	struct plan_item *items; /* in the order of mounting, until they are ordered */
	size_t count;
	size_t *item_of; /* per mount: the index of its item */
};

static int __attribute__((format(printf, 3, 4)))
set_kind(struct plan_item *item, enum plan_kind kind, const char *format, ...)
{
	va_list arguments;
	char *reason;

	va_start(arguments, format);
	reason = text_vformat(format, arguments);
	va_end(arguments);
	if (!reason)
		return -ENOMEM;
	free(item->reason);
	item->reason = reason;
	item->kind = kind;
	return 0;
}

static int downgrade(struct plan_item *item, enum plan_kind kind, const char *reason)
{
	item->downgraded = true;
	item->stays_writable = true;
	return set_kind(item, kind, "%s", reason);
}

static bool has_device(const struct mount *mount)
{
	return major(mount->device) != 0;
}

static bool is_unmounted(const struct plan_item *item)
{
	return target_type(item->mount->type, true) == TARGET_DEVICE;
}

static size_t item_of_mount(const struct draft *draft, const struct mount *mount)
{
	return draft->item_of[mount - draft->mounts->all];
}

/* ---- one item per superblock ---- */

struct numbered_mount {
	dev_t device;
	size_t mount;
};

static int compare_numbered(const void *one, const void *other)
{
	const struct numbered_mount *a = one, *b = other;

	if (a->device != b->device)
		return a->device < b->device ? -1 : 1;
	return a->mount < b->mount ? -1 : a->mount > b->mount;
}

/* Sets item_of to the first mount of the same superblock. */
static int find_first_mounts(struct draft *draft)
{
	size_t count = draft->mounts->count, first = 0;
	CLEANUP(freep) struct numbered_mount *sorted = calloc(count + 1, sizeof(*sorted));

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		sorted[i] = (struct numbered_mount) { draft->mounts->all[i].device, i };
	qsort(sorted, count, sizeof(*sorted), compare_numbered);
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || sorted[i].device != sorted[i - 1].device)
			first = sorted[i].mount;
		draft->item_of[sorted[i].mount] = first;
	}
	return 0;
}

static int collect_items(struct draft *draft)
{
	size_t count = draft->mounts->count;
	int r;

	draft->item_of = calloc(count + 1, sizeof(*draft->item_of));
	draft->items = calloc(count + 1, sizeof(*draft->items));
	if (!draft->item_of || !draft->items)
		return -ENOMEM;
	r = find_first_mounts(draft);
	if (r < 0)
		return r;
	/* The first mount of a superblock has its item before the others need it. */
	for (size_t i = 0; i < count; i++) {
		size_t first = draft->item_of[i];
		struct plan_item *item;

		draft->item_of[i] = first == i ? draft->count++ : draft->item_of[first];
		item = &draft->items[draft->item_of[i]];
		if (first == i)
			*item = (struct plan_item) {
				.device = draft->mounts->all[i].device,
				.mount = &draft->mounts->all[i],
			};
		item->mounts++;
	}
	return 0;
}

/* ---- what is done with each, by type and options ---- */

static int classify(struct plan_item *item)
{
	const struct mount *mount = item->mount;
	enum target_type type = target_type(mount->type, has_device(mount));

	item->on_disk = type != TARGET_VIRTUAL;
	item->stays_writable = (type == TARGET_MAY_HANG || type == TARGET_SHARED) &&
			       !mount_has_option(mount, "ro");
	switch (type) {
	case TARGET_VIRTUAL:
		return set_kind(item, PLAN_LEAVE, "it has no disk");
	case TARGET_MAY_HANG:
		return set_kind(
			item, PLAN_LEAVE,
			"not opened: that can hang if its daemon or server does not answer");
	case TARGET_SHARED:
		return set_kind(item, PLAN_LEAVE,
				"shared with other machines, which would stop too");
	case TARGET_STACKED:
		return set_kind(item, PLAN_LEAVE, "the kernel cannot freeze it");
	case TARGET_DEVICE:
		return set_kind(
			item, PLAN_SYNC,
			"not mounted, but a process that has it open can have written to it");
	default:
		break;
	}
	if (mount_has_option(mount, "ro"))
		return set_kind(item, PLAN_LEAVE, "read-only: nothing can change");
	if (type == TARGET_SYNC_ONLY)
		return set_kind(item, PLAN_SYNC, "the kernel cannot freeze %s", mount->type);
	return set_kind(item, PLAN_FREEZE, "%s", "");
}

static int classify_items(struct draft *draft)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < draft->count; i++)
		r = classify(&draft->items[i]);
	return r;
}

/* ---- dependencies: which is stored on which ---- */

/*
 * A file system can be stored in another one at any depth: on a loop device over a file, below
 * the device mapper or md, on one of several devices, or with its log on another device.  So the
 * walk goes down all devices, visiting each once, and every file system found is a dependency.
 */

/* The walk down from one item. */
struct walk {
	struct draft *draft;
	size_t upper;
	size_t *visited_by;	     /* per device: 1 + the last item whose walk visited it */
	const struct device **queue; /* devices to visit */
	size_t queued;
};

static void walk_clear(struct walk *walk)
{
	free(walk->visited_by);
	free(walk->queue);
}

static int add_dependency(struct draft *draft, size_t upper, size_t lower)
{
	struct plan_item *item = &draft->items[upper];

	for (size_t i = 0; i < item->dependency_count; i++)
		if (item->depends_on[i] == lower)
			return 0;
	if (ARRAY_ROOM(item->depends_on, item->dependency_count) < 0)
		return -ENOMEM;
	item->depends_on[item->dependency_count++] = lower;
	return 0;
}

/* On the file system that contains `path`, if there is one. */
static int add_dependency_to_path(struct draft *draft, size_t upper, const char *path)
{
	const struct mount *mount = *path == '/' ? mounts_find(draft->mounts, path) : NULL;

	return mount ? add_dependency(draft, upper, item_of_mount(draft, mount)) : 0;
}

static void enqueue(struct walk *walk, const struct device *device)
{
	size_t number;

	if (!device)
		return;
	number = (size_t)(device - walk->draft->devices->all);
	if (walk->visited_by[number] == walk->upper + 1)
		return;
	walk->visited_by[number] = walk->upper + 1;
	walk->queue[walk->queued++] = device;
}

static void enqueue_path(struct walk *walk, const char *path)
{
	const struct device *device = devices_by_path(walk->draft->devices, path);
	const struct device_pool *pool =
		device ? devices_pool_of(walk->draft->devices, device->name) : NULL;

	enqueue(walk, device);
	for (size_t i = 0; pool && i < pool->count; i++)
		enqueue(walk, devices_by_name(walk->draft->devices, pool->names[i]));
}

/* bcachefs separates its devices by colons. */
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

/* XFS and ext4 can have their log on another device. */
static void enqueue_log_devices(struct walk *walk, const struct mount *mount)
{
	static const char *const options[] = { "logdev", "rtdev", "journal_path" };

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		CLEANUP(freep) char *path = mount_option(mount, options[i]);

		if (path)
			enqueue_path(walk, path);
	}
}

/* The item that is on this device; SIZE_MAX: none. */
static size_t item_on_device(const struct draft *draft, const struct device *device)
{
	for (size_t i = 0; i < draft->count; i++)
		if (has_device(draft->items[i].mount) && draft->items[i].device == device->number)
			return i;
	return SIZE_MAX;
}

static int visit_device(struct walk *walk, const struct device *device)
{
	struct draft *draft = walk->draft;
	size_t upper = walk->upper, lower = item_on_device(draft, device);

	if (lower != SIZE_MAX && lower != upper && add_dependency(draft, upper, lower) < 0)
		return -ENOMEM;
	if (device->backing_file && add_dependency_to_path(draft, upper, device->backing_file) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < device->below_count; i++)
		enqueue(walk, devices_by_name(draft->devices, device->below[i]));
	return 0;
}

static int follow_devices(struct walk *walk, size_t upper)
{
	struct draft *draft = walk->draft;
	const struct mount *mount = draft->items[upper].mount;

	walk->upper = upper;
	walk->queued = 0;
	if (has_device(mount))
		enqueue(walk, devices_by_number(draft->devices, mount->device));
	else if (target_has_hidden_device(mount->type) && enqueue_source(walk, mount->source) < 0)
		return -ENOMEM;
	enqueue_log_devices(walk, mount);
	for (size_t i = 0; i < walk->queued; i++)
		if (visit_device(walk, walk->queue[i]) < 0)
			return -ENOMEM;
	return 0;
}

/* The lower layers of overlay are only read. */
static int follow_layers(struct draft *draft, size_t upper)
{
	struct plan_item *item = &draft->items[upper];
	const struct mount *mount = item->mount;
	CLEANUP(freep)
	char *layer = strcmp(mount->type, "overlay") == 0 ? mount_option(mount, "upperdir")
							  : strdup(mount->source);
	const struct mount *holder =
		layer && *layer == '/' ? mounts_find(draft->mounts, layer) : NULL;

	if (!holder)
		return set_kind(item, PLAN_LEAVE, "nothing is written to it");
	if (add_dependency(draft, upper, item_of_mount(draft, holder)) < 0)
		return -ENOMEM;
	return set_kind(item, PLAN_LEAVE, "its writes go to %s on %s, and stop with that one",
			holder->type, holder->point);
}

static int find_dependencies(struct draft *draft)
{
	size_t room = draft->devices->count + 1;
	CLEANUP(walk_clear)
	struct walk walk = {
		.draft = draft,
		.visited_by = calloc(room, sizeof(*walk.visited_by)),
		.queue = calloc(room, sizeof(struct device *)),
	};
	int r = 0;

	if (!walk.visited_by || !walk.queue)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < draft->count; i++) {
		if (!draft->items[i].on_disk)
			continue;
		if (target_type(draft->items[i].mount->type, false) == TARGET_STACKED)
			r = follow_layers(draft, i);
		else
			r = follow_devices(&walk, i);
	}
	return r;
}

/* ---- the user's selection ---- */

/* Mounts of other namespaces are named /proc/PID/root/POINT. */
static const struct mount *find_named(const struct draft *draft, const char *name)
{
	const struct mount *mount = mounts_find(draft->mounts, name);

	for (size_t i = 0; i < draft->mounts->count; i++) {
		const struct mount *other = &draft->mounts->all[i];

		if (other->through && strncmp(name, other->through, strlen(other->through)) == 0 &&
		    strcmp(name + strlen(other->through), other->point) == 0)
			return other;
	}
	return mount && strcmp(mount->point, name) == 0 ? mount : NULL;
}

static int mark_named(struct draft *draft, const char *const *names, bool *marked,
		      struct problem *problem)
{
	for (const char *const *name = names; *name; name++) {
		const struct mount *mount = find_named(draft, *name);

		if (!mount)
			return problem_set(problem, PROBLEM_USAGE, EINVAL,
					   "nothing is mounted on %s; `findmnt` lists mount points",
					   *name);
		marked[item_of_mount(draft, mount)] = true;
	}
	return 0;
}

/* Leaves items whose mark is `leave`.  Devices that are not mounted are decided later. */
static int leave_marked(struct draft *draft, const bool *marked, bool leave, const char *reason)
{
	for (size_t i = 0; i < draft->count; i++) {
		struct plan_item *item = &draft->items[i];

		if (marked[i] != leave || item->kind == PLAN_LEAVE ||
		    (!leave && is_unmounted(item)))
			continue;
		item->stays_writable = true;
		if (set_kind(item, PLAN_LEAVE, "%s", reason) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int apply_names(struct draft *draft, const char *const *names, bool leave,
		       const char *reason, struct problem *problem)
{
	CLEANUP(freep) bool *marked = calloc(draft->count + 1, sizeof(*marked));
	int r = marked ? 0 : -ENOMEM;

	if (r == 0)
		r = mark_named(draft, names, marked, problem);
	return r < 0 ? r : leave_marked(draft, marked, leave, reason);
}

static int downgrade_system(struct draft *draft)
{
	static const char *const paths[] = { "/", "/var", "/var/log" };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		const struct mount *mount = mounts_find(draft->mounts, paths[i]);
		struct plan_item *item;

		if (!mount)
			continue;
		item = &draft->items[item_of_mount(draft, mount)];
		if (item->kind == PLAN_FREEZE &&
		    downgrade(item, PLAN_SYNC, draft->selection->downgrade_system) < 0)
			return -ENOMEM;
	}
	return 0;
}

static bool is_stored_on_frozen(const struct draft *draft, const struct plan_item *item)
{
	for (size_t i = 0; i < item->dependency_count; i++)
		if (draft->items[item->depends_on[i]].kind == PLAN_FREEZE)
			return true;
	return false;
}

static int leave_unneeded_devices(struct draft *draft)
{
	for (size_t i = 0; i < draft->count; i++) {
		struct plan_item *item = &draft->items[i];

		if (item->kind != PLAN_SYNC || !is_unmounted(item) ||
		    is_stored_on_frozen(draft, item))
			continue;
		item->on_disk = false;
		if (set_kind(item, PLAN_LEAVE, "not mounted") < 0)
			return -ENOMEM;
	}
	return 0;
}

static int apply_selection(struct draft *draft, struct problem *problem)
{
	int r = 0;

	if (draft->selection->only)
		r = apply_names(draft, draft->selection->only, false, "not named with --only",
				problem);
	if (r == 0 && draft->selection->except)
		r = apply_names(draft, draft->selection->except, true, "named with --except",
				problem);
	if (r == 0 && draft->selection->downgrade_system)
		r = downgrade_system(draft);
	return r;
}

/* ---- the mount by which each is opened ---- */

static bool is_reachable(const struct draft *draft, const struct mount *mount)
{
	return mount->through || target_is_accessible(draft->mounts, mount);
}

/* Chooses for all items that are to be opened. */
static int choose_mounts(struct draft *draft)
{
	CLEANUP(freep) bool *chosen = calloc(draft->count + 1, sizeof(*chosen));

	if (!chosen)
		return -ENOMEM;
	for (size_t i = 0; i < draft->mounts->count; i++) {
		size_t number = draft->item_of[i];
		struct plan_item *item = &draft->items[number];

		if (item->kind == PLAN_LEAVE || chosen[number] ||
		    !is_reachable(draft, &draft->mounts->all[i]))
			continue;
		item->mount = &draft->mounts->all[i];
		chosen[number] = true;
	}
	for (size_t i = 0; i < draft->count; i++)
		if (draft->items[i].kind != PLAN_LEAVE && !chosen[i] &&
		    downgrade(&draft->items[i], PLAN_LEAVE,
			      "cannot be accessed: another file system is mounted over it, or its "
			      "path leads through one that can hang") < 0)
			return -ENOMEM;
	return 0;
}

/* ---- the order ---- */

enum colour { WHITE, GREY, BLACK };

struct ordering {
	enum colour *colours;
	size_t *order; /* lower file systems first */
	size_t ordered;
	size_t *path; /* from the start of the walk to the current item */
	size_t *next; /* per item of the path: its next dependency */
	size_t depth;
	bool *cyclic;
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

/* The items of the path from `number` on are stored on themselves. */
static void mark_cycle(struct ordering *ordering, size_t number)
{
	for (size_t i = ordering->depth; i > 0; i--) {
		ordering->cyclic[ordering->path[i - 1]] = true;
		if (ordering->path[i - 1] == number)
			return;
	}
}

static void walk_from(const struct draft *draft, struct ordering *ordering, size_t start)
{
	if (ordering->colours[start] != WHITE)
		return;
	enter(ordering, start);
	while (ordering->depth > 0) {
		size_t top = ordering->depth - 1;
		const struct plan_item *item = &draft->items[ordering->path[top]];

		if (ordering->next[top] == item->dependency_count) {
			leave(ordering);
		} else {
			size_t lower = item->depends_on[ordering->next[top]++];

			if (ordering->colours[lower] == WHITE)
				enter(ordering, lower);
			else if (ordering->colours[lower] == GREY)
				mark_cycle(ordering, lower);
		}
	}
}

/* Moves the items into `ret` in reverse order, and renumbers the dependencies. */
static int reverse_order(const struct draft *draft, const struct ordering *ordering,
			 struct plan *ret)
{
	size_t count = draft->count;
	CLEANUP(freep) size_t *position = calloc(count + 1, sizeof(*position));

	ret->items = calloc(count + 1, sizeof(*ret->items));
	if (!position || !ret->items)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		position[ordering->order[i]] = count - 1 - i;
	for (size_t i = 0; i < count; i++) {
		struct plan_item *item = &ret->items[position[i]];

		*item = draft->items[i];
		draft->items[i] = (struct plan_item) { 0 };
		for (size_t j = 0; j < item->dependency_count; j++)
			item->depends_on[j] = position[item->depends_on[j]];
	}
	ret->count = count;
	return 0;
}

static bool kernel_agrees(const struct draft *draft)
{
	for (size_t i = 0; i < draft->count; i++)
		for (size_t j = 0; j < draft->items[i].dependency_count; j++)
			if (draft->items[i].kind == PLAN_FREEZE &&
			    draft->items[i].depends_on[j] > i)
				return false;
	return true;
}

static int order_items(struct draft *draft, struct plan *ret)
{
	size_t room = draft->count + 1;
	CLEANUP(freep) enum colour *colours = calloc(room, sizeof(*colours));
	CLEANUP(freep) size_t *sequence = calloc(room, sizeof(*sequence));
	CLEANUP(freep) size_t *path = calloc(room, sizeof(*path));
	CLEANUP(freep) size_t *next = calloc(room, sizeof(*next));
	CLEANUP(freep) bool *cyclic = calloc(room, sizeof(*cyclic));
	struct ordering ordering = { colours, sequence, 0, path, next, 0, cyclic };

	if (!colours || !sequence || !path || !next || !cyclic)
		return -ENOMEM;
	for (size_t i = 0; i < draft->count; i++)
		walk_from(draft, &ordering, i);
	for (size_t i = 0; i < draft->count; i++)
		if (cyclic[i] && draft->items[i].kind == PLAN_FREEZE &&
		    downgrade(&draft->items[i], PLAN_LEAVE, "its devices are stored on itself") < 0)
			return -ENOMEM;
	ret->kernel_agrees = kernel_agrees(draft);
	return reverse_order(draft, &ordering, ret);
}

static int downgrade_lower(const struct draft *draft, struct plan *plan)
{
	static const char reason[] =
		"it stores a file system that is not frozen and that could not be written out";

	for (size_t i = 0; !draft->selection->only && i < plan->count; i++)
		for (size_t j = 0;
		     plan->items[i].stays_writable && j < plan->items[i].dependency_count; j++) {
			struct plan_item *lower = &plan->items[plan->items[i].depends_on[j]];

			lower->stays_writable = true;
			if (lower->kind == PLAN_FREEZE && downgrade(lower, PLAN_SYNC, reason) < 0)
				return -ENOMEM;
		}
	return 0;
}

/* ---- the plan ---- */

/* Adds to the reason of each item what it is stored on. */
static int explain(struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		struct plan_item *item = &plan->items[i];
		const struct plan_item *lower;

		if (item->dependency_count == 0 || item->kind == PLAN_LEAVE)
			continue;
		lower = &plan->items[item->depends_on[0]];
		if (text_append(&item->reason, "%sits data is stored in %s on %s",
				*item->reason ? "; " : "", lower->mount->type,
				lower->mount->point) < 0)
			return -ENOMEM;
	}
	return 0;
}

static void items_clear(struct plan_item *items, size_t count)
{
	for (size_t i = 0; items && i < count; i++) {
		free(items[i].reason);
		free(items[i].depends_on);
	}
	free(items);
}

static void draft_clear(struct draft *draft)
{
	items_clear(draft->items, draft->count);
	free(draft->item_of);
}

int plan_make(const struct mounts *mounts, const struct devices *devices,
	      const struct plan_selection *selection, struct plan *ret, struct problem *problem)
{
	CLEANUP(draft_clear)
	struct draft draft = { .mounts = mounts, .devices = devices, .selection = selection };
	struct plan plan = { 0 };
	int r = collect_items(&draft);

	if (r == 0)
		r = classify_items(&draft);
	if (r == 0)
		r = find_dependencies(&draft);
	if (r == 0)
		r = apply_selection(&draft, problem);
	if (r == 0)
		r = leave_unneeded_devices(&draft);
	if (r == 0 && !selection->by_kernel)
		r = choose_mounts(&draft);
	if (r == 0)
		r = order_items(&draft, &plan);
	if (r == 0 && !selection->by_kernel)
		r = downgrade_lower(&draft, &plan);
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
