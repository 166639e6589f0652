/* SPDX-License-Identifier: MIT */
/* A plan in the making; for the files that make it, each of which does one step, and for no others.
 */
#ifndef SUSPEND_PLAN_MAKING_H
#define SUSPEND_PLAN_MAKING_H

#include "suspend/plan.h"

struct making {
	const struct mounts *mounts;
	const struct devices *devices;
	const struct plan_wish *wish;
	struct plan_item *items; /* in the order of mounting, until they are ordered */
	size_t count;
	size_t *item_of; /* of each mount */
};

/* ---- the steps, in this order; 0 or -ENOMEM ---- */

/* One item for each superblock. */
int plan_collect(struct making *making);

/* What kind each is, by its type and options. */
int plan_classify(struct making *making);

/* Which lies in which. */
int plan_find_edges(struct making *making);

/* What the user leaves out; also -EINVAL with a sentence. */
int plan_apply_wish(struct making *making, struct problem *problem);

/* What is not mounted is only written out for what is frozen below it. */
int plan_settle_devices(struct making *making);

/* By which mount each is opened that is to be opened. */
int plan_choose_mounts(struct making *making);

/* Moves the items into `ret`, in the order of freezing. */
int plan_order(struct making *making, struct plan *ret);

/* Nothing is frozen that would block the writing out of what is not. */
int plan_spare_lower(const struct making *making, struct plan *plan);

/* ---- for all steps ---- */

/* With the reason in words, "" for none.  0 or -ENOMEM. */
int plan_set_kind(struct plan_item *item, enum plan_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* What was to be frozen and cannot be.  Likewise. */
int plan_miss(struct plan_item *item, enum plan_kind kind, const char *reason);

size_t plan_item_of_mount(const struct making *making, const struct mount *mount);

bool plan_has_device(const struct mount *mount);

/* A device that nothing is mounted from. */
bool plan_is_unmounted(const struct plan_item *item);

#endif
