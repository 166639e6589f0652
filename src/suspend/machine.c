/* SPDX-License-Identifier: MIT */
/*
 * Everything that is only read is read here, beforehand and in one place, so that `plan` shows
 * what `freeze` and `run` do, by the same code.
 *
 * Up to Linux 6.15 a task that waits for a frozen file system makes the suspend fail: it sleeps in
 * a state that the task freezer does not count as frozen.  Linux 6.16 made that sleep freezable,
 * as its own freezing of file systems requires.
 *
 * The defect came with "power: always freeze efivarfs" (6.18), whose check was inverted:
 * everything was frozen with the setting 0, and only efivarfs with 1.  It was fixed by "fs: PM:
 * Fix reverse check in filesystems_freeze_callback()" (6.18.3, 6.19).
 */
#include "suspend/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"
#include "suspend/targets.h"

enum {
	MOUNTS_BYTES = 256 << 20,
	/* Inode numbers of the kernel's initial namespaces. */
	FIRST_PID_NAMESPACE = 0xeffffffc,
	FIRST_MOUNT_NAMESPACE = 0xeffffff8, /* since Linux 6.18 */
};

static int read_mounts(struct machine *machine, struct problem *problem)
{
	int r = mounts_read("/proc/self/mountinfo", &machine->mounts);

	if (r < 0)
		return problem_set(problem, PROBLEM_LACK, -r,
				   "cannot read /proc/self/mountinfo: %s; is /proc mounted?",
				   strerror(-r));
	return 0;
}

/* ---- other mount namespaces ---- */

/* A namespace that cannot be read or has ended is left out. */
static int add_namespace(const char *process, bool is_ours, void *context)
{
	struct machine *machine = context;
	CLEANUP(freep) char *table = text_path(process, "mountinfo");
	CLEANUP(freep) char *root = text_path(process, "root");
	CLEANUP(freep) char *text = NULL;

	if (!table || !root)
		return -ENOMEM;
	if (is_ours || io_read_file(table, MOUNTS_BYTES, &text, NULL) < 0)
		return 0;
	return targets_add_namespace(&machine->mounts, text, root) == -ENOMEM ? -ENOMEM : 0;
}

static int add_namespaces(struct machine *machine)
{
	int r = mounts_each_namespace("/proc", add_namespace, machine);

	return r == -ENOENT ? 0 : r;
}

/* ---- cgroups ---- */

static int note_writers(struct machine *machine, const struct cgroups *all)
{
	char name[64] = "";
	int count = cgroups_running(machine->cgroup_root, all, &machine->cgroups, name);

	machine->root_writers = cgroups_writers(machine->cgroup_root, "", machine->root_writer);
	if (count <= 0)
		return 0;
	machine->writers = text_format("%d processes outside of the cgroups to freeze (%s%s)",
				       count, name, count > 1 ? " and others" : "");
	return machine->writers ? 0 : -ENOMEM;
}

static int read_cgroups(struct machine *machine)
{
	CLEANUP(cgroups_clear) struct cgroups all = { 0 };
	CLEANUP(freep) char *text = NULL;
	CLEANUP(freep) char *own = NULL;
	int r;

	machine->cgroup_root = cgroups_root(&machine->mounts);
	if (!machine->cgroup_root || io_read_file("/proc/self/cgroup", 1 << 16, &text, NULL) < 0)
		return 0;
	own = cgroups_own(text);
	if (!own)
		return 0;
	r = cgroups_read(machine->cgroup_root, &all);
	if (r == 0)
		r = cgroups_choose(&all, own, &machine->cgroups);
	return r < 0 ? r : note_writers(machine, &all);
}

static int note_no_cgroups(struct machine *machine, const char *why)
{
	machine->cgroup_root = NULL;
	machine->writers = strdup(why);
	return machine->writers ? 0 : -ENOMEM;
}

int machine_read(const struct selection *selection, struct machine *ret, struct problem *problem)
{
	struct machine machine = { .has_setting = access(KERNEL_SETTING, F_OK) == 0 };
	struct utsname name;
	int r;

	uname(&name);
	machine.kernel = kernel_parse(name.release);
	r = read_mounts(&machine, problem);
	if (r == 0)
		r = add_namespaces(&machine);
	if (r == 0)
		r = devices_read("/sys", &machine.devices);
	if (r == 0)
		r = targets_add_unmounted(&machine.mounts, &machine.devices);
	if (r == 0 && selection->cgroups)
		r = read_cgroups(&machine);
	if (r == 0 && !selection->cgroups)
		r = note_no_cgroups(&machine, "no cgroups are frozen");
	else if (r == 0 && !machine.cgroup_root)
		r = note_no_cgroups(&machine, "no cgroups of version 2 are mounted (mount -t "
					      "cgroup2 none /sys/fs/cgroup)");
	if (r < 0) {
		machine_clear(&machine);
		return r;
	}
	*ret = machine;
	return 0;
}

int machine_plan(const struct machine *machine, const struct selection *selection, struct plan *ret,
		 struct problem *problem)
{
	CLEANUP(freep) char *spare = NULL;
	struct plan_selection plan_selection = {
		.only = selection->only,
		.except = selection->except,
		.by_kernel = selection->way == WAY_KERNEL,
	};

	if (machine->writers && kernel_is_before(machine->kernel, 6, 16)) {
		spare = text_format(
			"services that write here continue to run (%s); before Linux 6.16, "
			"blocked services make the suspend fail",
			machine->writers);
		if (!spare)
			return -ENOMEM;
		plan_selection.downgrade_system = spare;
	}
	return plan_make(&machine->mounts, &machine->devices, &plan_selection, ret, problem);
}

int machine_choose_way(const struct machine *machine, const struct selection *selection,
		       const struct plan *plan, enum way *ret, struct problem *problem)
{
	bool whole = !selection->only && !selection->except;
	bool good = machine->has_setting && !kernel_defect(machine->kernel);

	if (selection->way == WAY_KERNEL && !machine->has_setting)
		return problem_set(problem, PROBLEM_LACK, ENOTSUP,
				   "this kernel has no " KERNEL_SETTING
				   " (needs Linux 6.16); omit --way");
	if (selection->way == WAY_KERNEL && !whole)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "the kernel freezes everything and takes no names; omit --way, "
				   "or --only and --except");
	*ret = selection->way;
	if (selection->way == WAY_AUTO)
		*ret = good && plan->kernel_agrees && whole ? WAY_KERNEL : WAY_SELF;
	return 0;
}

/* 1: yes; 0: no; -errno: unknown. */
static int in_namespace_of_init(void)
{
	struct stat own, init;

	if (stat("/proc/self/ns/mnt", &own) < 0)
		return -errno;
	if ((unsigned)own.st_ino == (unsigned)FIRST_MOUNT_NAMESPACE)
		return 1;
	if (stat("/proc/1/ns/mnt", &init) < 0)
		return -errno;
	return own.st_dev == init.st_dev && own.st_ino == init.st_ino;
}

int machine_check_place(struct problem *problem)
{
	struct stat pids;
	int r;

	if (geteuid() != 0)
		return problem_set(problem, PROBLEM_LACK, EPERM,
				   "only root can freeze and thaw file systems; try sudo");
	if (stat("/proc/self/ns/pid", &pids) < 0)
		return problem_set(problem, PROBLEM_LACK, EPERM,
				   "cannot read /proc/self/ns: %s; is /proc mounted?",
				   strerror(errno));
	if ((unsigned)pids.st_ino != (unsigned)FIRST_PID_NAMESPACE)
		return problem_set(problem, PROBLEM_LACK, EPERM,
				   "this is a container (a separate PID namespace), which cannot "
				   "see the whole machine; run it on the host");
	r = in_namespace_of_init();
	if (r < 0)
		return problem_set(problem, PROBLEM_LACK, EPERM,
				   "cannot determine whether this is the mount namespace of init: "
				   "/proc/1/ns/mnt: %s",
				   strerror(-r));
	if (r == 0)
		return problem_set(
			problem, PROBLEM_LACK, EPERM,
			"this is a private mount namespace, which cannot see all file systems; run "
			"it on the host, for example with: nsenter -t 1 -m");
	return 0;
}

void machine_clear(struct machine *machine)
{
	mounts_clear(&machine->mounts);
	devices_clear(&machine->devices);
	cgroups_clear(&machine->cgroups);
	free(machine->writers);
}

/* ---- the kernel ---- */

struct kernel kernel_parse(const char *release)
{
	struct kernel kernel = { 0 };

	if (sscanf(release, "%u.%u.%u", &kernel.major, &kernel.minor, &kernel.patch) < 2)
		return (struct kernel) { 0 };
	return kernel;
}

bool kernel_is_before(struct kernel kernel, unsigned major, unsigned minor)
{
	return kernel.major < major || (kernel.major == major && kernel.minor < minor);
}

const char *kernel_defect(struct kernel kernel)
{
	if (kernel.major == 6 && kernel.minor == 18 && kernel.patch < 3)
		return KERNEL_SETTING
			" is inverted in Linux 6.18 before 6.18.3: if it is 1, almost "
			"nothing is frozen; update the kernel";
	return NULL;
}

int kernel_open_setting(const char *path, char ret_value[static 2])
{
	CLEANUP(fd_closep) int fd = open(path, O_RDWR | O_CLOEXEC);
	char value = '0';

	if (fd < 0)
		return -errno;
	if (pread(fd, &value, 1, 0) != 1)
		return -EIO;
	ret_value[0] = value == '1' ? '1' : '0';
	ret_value[1] = '\0';
	return TAKE_FD(fd);
}
