/* SPDX-License-Identifier: MIT */
/*
 * Each step looks at all items before the next one begins: what the user leaves out is
 * not opened, so the mounts are chosen after that; and the order goes by all edges,
 * also those through what is left out.
 */
#include "suspend/plan_making.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/text.h"

int plan_set_kind(struct plan_item *item, enum plan_kind kind, const char *format, ...)
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

int plan_miss(struct plan_item *item, enum plan_kind kind, const char *reason)
{
	item->missed = true;
	item->written = true;
	return plan_set_kind(item, kind, "%s", reason);
}

/* Says for each that is frozen before another one, why. */
static int explain(struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		struct plan_item *item = &plan->items[i];
		const struct plan_item *lower;

		if (item->on_count == 0 || item->kind == PLAN_LEAVE)
			continue;
		lower = &plan->items[item->on[0]];
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
		free(items[i].on);
	}
	free(items);
}

static void making_clear(struct making *making)
{
	items_clear(making->items, making->count);
	free(making->item_of);
}

int plan_make(const struct mounts *mounts, const struct devices *devices,
	      const struct plan_wish *wish, struct plan *ret, struct problem *problem)
{
	CLEANUP(making_clear)
	struct making making = { .mounts = mounts, .devices = devices, .wish = wish };
	struct plan plan = { 0 };
	int r = plan_collect(&making);

	if (r == 0)
		r = plan_classify(&making);
	if (r == 0)
		r = plan_find_edges(&making);
	if (r == 0)
		r = plan_apply_wish(&making, problem);
	if (r == 0)
		r = plan_settle_devices(&making);
	if (r == 0 && !wish->by_kernel)
		r = plan_choose_mounts(&making);
	if (r == 0)
		r = plan_order(&making, &plan);
	if (r == 0 && !wish->by_kernel)
		r = plan_spare_lower(&making, &plan);
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
