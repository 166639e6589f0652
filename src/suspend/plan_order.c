/* SPDX-License-Identifier: MIT */
/*
 * A file system whose data lies in another one (an image on a loop device) has
 * to be frozen first and thawed last: frozen in the other order, the ioctl waits
 * for a write to the lower one and hangs (seen on Linux 6.1).  So the order is
 * that of a graph, which is walked lower ones first, in the order of mounting,
 * and turned around.  Where the graph has a circle, which no kernel should
 * build, its members are left alone.
 *
 * Before it suspends, the kernel writes out everything.  Where that waits for a
 * frozen file system, the machine stays awake until the time is up.  So what
 * lies below a file system that is not frozen is not frozen either, unless the user
 * has named it.
 *
 * The kernel's own freezing (Linux 6.16) goes by the order of mounting alone.
 */
#include "suspend/plan_making.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"

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

int plan_order(struct making *making, struct plan *ret)
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
		    plan_miss(&making->items[i], PLAN_LEAVE, "its devices are stored on itself") <
			    0)
			return -ENOMEM;
	ret->kernel_agrees = kernel_agrees(making);
	return put_in_order(making, &ordering, ret);
}

int plan_spare_lower(const struct making *making, struct plan *plan)
{
	static const char reason[] =
		"it stores a file system that is not frozen and that could not be written out";

	for (size_t i = 0; !making->wish->only && i < plan->count; i++)
		for (size_t j = 0; plan->items[i].written && j < plan->items[i].on_count; j++) {
			struct plan_item *lower = &plan->items[plan->items[i].on[j]];

			lower->written = true;
			if (lower->kind == PLAN_FREEZE && plan_miss(lower, PLAN_SYNC, reason) < 0)
				return -ENOMEM;
		}
	return 0;
}
