/* SPDX-License-Identifier: MIT */
/*
 * Freezing counts by superblock: a second FIFREEZE of one that is mounted twice is
 * EBUSY, as if somebody else had frozen it.  So mounts are brought together by
 * their device number first, and only then is one of them chosen to open: any that
 * nothing is mounted over will do.
 */
#include "suspend/plan_making.h"
#include "suspend/targets.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"

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

int plan_collect(struct making *making)
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

size_t plan_item_of_mount(const struct making *making, const struct mount *mount)
{
	return making->item_of[mount - making->mounts->all];
}

/* ---- by which mount it is reached ---- */

static bool is_reachable(const struct making *making, const struct mount *mount)
{
	return mount->through || target_is_accessible(making->mounts, mount);
}

/* Chooses for all items that are to be opened. */
int plan_choose_mounts(struct making *making)
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
		    plan_miss(&making->items[i], PLAN_LEAVE,
			      "cannot be accessed: another file system is mounted over it, or its "
			      "path leads through one that can hang") < 0)
			return -ENOMEM;
	return 0;
}
