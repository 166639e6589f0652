/* SPDX-License-Identifier: MIT */
/*
 * What is left out by the user stays in the plan with its reason, so that `plan`
 * can show it, and keeps its edges, so that the order of the others is the same.
 */
#include "suspend/plan_making.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"

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
					   "nothing is mounted on %s; `findmnt` lists mount points",
					   *name);
		marked[plan_item_of_mount(making, mount)] = true;
	}
	return 0;
}

/* Leaves those whose mark is `leave`.  What is not mounted goes with what it lies in. */
static int leave_marked(struct making *making, const bool *marked, bool leave, const char *reason)
{
	for (size_t i = 0; i < making->count; i++) {
		struct plan_item *item = &making->items[i];

		if (marked[i] != leave || item->kind == PLAN_LEAVE ||
		    (!leave && plan_is_unmounted(item)))
			continue;
		item->written = true;
		if (plan_set_kind(item, PLAN_LEAVE, "%s", reason) < 0)
			return -ENOMEM;
	}
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
		item = &making->items[plan_item_of_mount(making, mount)];
		if (item->kind == PLAN_FREEZE &&
		    plan_miss(item, PLAN_SYNC, making->wish->spare_system) < 0)
			return -ENOMEM;
	}
	return 0;
}

static bool lies_in_frozen(const struct making *making, const struct plan_item *item)
{
	for (size_t i = 0; i < item->on_count; i++)
		if (making->items[item->on[i]].kind == PLAN_FREEZE)
			return true;
	return false;
}

int plan_settle_devices(struct making *making)
{
	for (size_t i = 0; i < making->count; i++) {
		struct plan_item *item = &making->items[i];

		if (item->kind != PLAN_SYNC || !plan_is_unmounted(item) ||
		    lies_in_frozen(making, item))
			continue;
		item->on_disk = false;
		if (plan_set_kind(item, PLAN_LEAVE, "not mounted") < 0)
			return -ENOMEM;
	}
	return 0;
}

int plan_apply_wish(struct making *making, struct problem *problem)
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
