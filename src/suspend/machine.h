/* SPDX-License-Identifier: MIT */
/* What this machine is, as far as the plan depends on it. */
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
	WAY_KERNEL, /* by the kernel's knob */
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
	struct cgroups cgroups;	 /* to freeze */
	int root_writers;	 /* processes in the root of the tree, which would be put into
				    CGROUPS_FOR_ROOT */
	char root_writer[64];	 /* of one of them */
	char *writers;		 /* why somebody may still write, in words; NULL: nobody */
};

/* Reads what is there; asks nothing of any file system but proc, sysfs and cgroup2. */
int machine_read(const struct selection *selection, struct machine *ret, struct problem *problem);

int machine_plan(const struct machine *machine, const struct selection *selection, struct plan *ret,
		 struct problem *problem);

/*
 * Which way it will be.  0, or -ENOTSUP with a sentence where the kernel has no knob and
 * WAY_KERNEL was asked for.
 */
int machine_choose_way(const struct machine *machine, const struct selection *selection,
		       const struct plan *plan, enum way *ret, struct problem *problem);

/* 0, or -EPERM with a sentence: not root, in a container, or in a private mount namespace. */
int machine_check_place(struct problem *problem);

void machine_clear(struct machine *machine);

#endif
