/* SPDX-License-Identifier: MIT */
/* The properties of this machine on which the plan depends. */
#ifndef SUSPEND_MACHINE_H
#define SUSPEND_MACHINE_H

#include <stdbool.h>

#include "suspend/cgroups.h"
#include "blockdev/devices.h"
#include "suspend/kernel.h"
#include "blockdev/mounts.h"
#include "suspend/plan.h"
#include "base/problem.h"

enum way {
	WAY_AUTO,
	WAY_KERNEL, /* by the kernel's own freezing */
	WAY_SELF,   /* by FIFREEZE */
};

struct selection {
	enum way way;
	const char *const *only, *const *except; /* as in struct plan_selection */
	bool cgroups;				 /* freeze cgroups as well */
};

struct machine {
	struct kernel kernel;
	struct mounts mounts;
	struct devices devices;
	bool has_setting;
	const char *cgroup_root; /* NULL: no tree of version 2 */
	struct cgroups cgroups;	 /* those to freeze */
	int root_writers;	 /* number of processes in the root, which would be moved to
				    CGROUPS_FOR_ROOT */
	char root_writer[64];	 /* the name of one of them */
	char *writers; /* processes that can still write, as a clause for the user; NULL: none */
};

/*
 * Reads the properties.  Accesses no file system except proc, sysfs and cgroup2. 0, or -errno,
 * which may have *problem set.
 */
int machine_read(const struct selection *selection, struct machine *ret, struct problem *problem);

int machine_plan(const struct machine *machine, const struct selection *selection, struct plan *ret,
		 struct problem *problem);

/*
 * Chooses who freezes. 0, or -ENOTSUP with *problem set: WAY_KERNEL was selected and the kernel
 * does not support it.
 */
int machine_choose_way(const struct machine *machine, const struct selection *selection,
		       const struct plan *plan, enum way *ret, struct problem *problem);

/* 0, or -EPERM with *problem set: this is not root, a container, or a private mount namespace. */
int machine_check_place(struct problem *problem);

void machine_clear(struct machine *machine);

#endif
