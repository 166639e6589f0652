/* SPDX-License-Identifier: MIT */
/* The properties of this machine on which the plan depends. */
#ifndef SUSPEND_MACHINE_H
#define SUSPEND_MACHINE_H

#include <stdbool.h>

#include "suspend/cgroups.h"
#include "blockdev/devices.h"
#include "blockdev/mounts.h"
#include "suspend/plan.h"
#include "base/problem.h"

/* The kernel's own freezing of file systems at a suspend (Linux 6.16). */
#define KERNEL_SETTING "/sys/power/freeze_filesystems"

struct kernel {
	unsigned major, minor, patch;
};

/*
 * From the release of uname(), such as "6.1.0-18-amd64" or "7.0-rc1".  Zeros if it has another
 * form.
 */
struct kernel kernel_parse(const char *release);

bool kernel_is_before(struct kernel kernel, unsigned major, unsigned minor);

/* A known defect of this kernel's own freezing, as a sentence; NULL: none. */
const char *kernel_defect(struct kernel kernel);

/*
 * Opens the setting at `path`.  *ret_value is "0" or "1". fd; -ENOENT: the kernel does not have
 * it; or -errno.
 */
int kernel_open_setting(const char *path, char ret_value[static 2]);

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
