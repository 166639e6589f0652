/* SPDX-License-Identifier: MIT */
/*
 * What to freeze, in which order, and what not and why.  From a mount table and
 * a description of devices alone: nothing here looks at the machine.
 */
#ifndef SUSPEND_PLAN_H
#define SUSPEND_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "blockdev/devices.h"
#include "blockdev/mounts.h"
#include "base/problem.h"

enum plan_kind {
	PLAN_FREEZE,
	PLAN_SYNC,  /* cannot be frozen: written out, which holds until the next write */
	PLAN_LEAVE, /* not touched, not even opened */
};

/* One superblock: what is frozen once, however often it is mounted. */
struct plan_item {
	enum plan_kind kind;
	dev_t device;
	const struct mount *mount; /* one by which it can be reached, else its first */
	size_t mounts;
	bool on_disk; /* false: proc, tmpfs and such, of which nothing can be lost */
	bool missed;  /* was to be frozen, and is not, for a reason that the user did not give */
	bool written; /* may go on being written to; so what it lies in must not be frozen */
	char *reason; /* in words; may be empty */
	size_t *on;   /* indexes of items in which its data lies: those are frozen after it */
	size_t on_count;
};

struct plan {
	struct plan_item *items; /* in the order of freezing; thawing is exactly the reverse */
	size_t count;
	bool kernel_agrees; /* the kernel's own order, the reverse of mounting, is right as well */
};

struct plan_wish {
	const char *const *only;   /* mount points, ends with NULL; NULL: all */
	const char *const *except; /* likewise; NULL: none */
	/*
	 * Why "/" and "/var" are not to be frozen, in words; NULL: they may be.
	 * A service blocked by them would make the suspend fail.
	 */
	const char *spare_system;
	bool by_kernel; /* who reaches all superblocks, and writes everything out before */
};

/*
 * `mounts` must live as long as the plan.  0; -ENOMEM; -EINVAL with a sentence (a name in
 * the wish is no mount point).
 */
int plan_make(const struct mounts *mounts, const struct devices *devices,
	      const struct plan_wish *wish, struct plan *ret, struct problem *problem);

void plan_clear(struct plan *plan);

#endif
