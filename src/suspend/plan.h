/* SPDX-License-Identifier: MIT */
/*
 * What to freeze, in which order, and what not to freeze and why.  Computed from the mount table
 * and the device table alone; nothing is read from the machine.
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
	PLAN_SYNC,  /* written out, because it cannot be frozen */
	PLAN_LEAVE, /* not even opened */
};

/* One superblock.  It is frozen once, however often it is mounted. */
struct plan_item {
	enum plan_kind kind;
	dev_t device;
	const struct mount *mount; /* the one to open, else its first */
	size_t mounts;		   /* how often it is mounted */
	bool on_disk;		   /* false for proc, tmpfs and similar, which can lose nothing */
	bool downgraded;     /* should be frozen and is not, other than by the user's selection */
	bool stays_writable; /* can still be written to, so what it is stored on must not be frozen
			      */
	char *reason;	     /* a clause for the user; may be empty */
	size_t *depends_on;  /* indexes of the items that store its data; frozen after it */
	size_t dependency_count;
};

struct plan {
	struct plan_item *items; /* in the order of freezing; thawed in reverse order */
	size_t count;
	bool kernel_agrees; /* the kernel's order, the reverse of mounting, is also correct */
};

struct plan_selection {
	const char *const *only;   /* mount points, terminated by NULL; NULL: all */
	const char *const *except; /* likewise; NULL: none */
	/*
	 * The reason why "/" and "/var" must not be frozen; NULL: they may be.  A service that
	 * they block would make the suspend fail.
	 */
	const char *downgrade_system;
	bool by_kernel; /* the kernel freezes: it reaches all superblocks and writes them out first
			 */
};

/*
 * `mounts` must outlive the plan.  0; -ENOMEM; -EINVAL with *problem set: a name in the selection
 * is not a mount point.
 */
int plan_make(const struct mounts *mounts, const struct devices *devices,
	      const struct plan_selection *selection, struct plan *ret, struct problem *problem);

void plan_clear(struct plan *plan);

#endif
