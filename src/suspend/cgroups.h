/* SPDX-License-Identifier: MIT */
/* Which cgroups (version 2) to freeze, so that nobody writes to a frozen file system. */
#ifndef SUSPEND_CGROUPS_H
#define SUSPEND_CGROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct mounts;

struct cgroups {
	char **paths; /* below the root of the tree, "/user.slice"; parents before children */
	size_t count;
};

/* All cgroups below `root`, the directory of a tree.  0 or -errno. */
int cgroups_read(const char *root, struct cgroups *ret);
int cgroups_add(struct cgroups *cgroups, const char *path);
void cgroups_clear(struct cgroups *cgroups);

/*
 * Of all cgroups, those to freeze: the topmost ones that contain neither `own` nor one that a
 * suspend needs (init.scope, logind, the bus, the sleep service).  `own` is not frozen, but what
 * is below it is.  0 or -ENOMEM.
 */
int cgroups_choose(const struct cgroups *all, const char *own, struct cgroups *ret);

/* Own path from the text of /proc/self/cgroup; NULL: not in a tree of version 2.  The caller frees
 * it. */
char *cgroups_own(const char *text);

/* Where the tree is mounted, from the mount table; NULL: nowhere. */
const char *cgroups_root(const struct mounts *mounts);

/*
 * Opens cgroup.freeze of a cgroup; *ret_frozen: it has been frozen before.  fd or -errno; -ENOENT:
 * the cgroup is gone or cannot be frozen.
 */
int cgroups_open(const char *root, const char *path, bool *ret_frozen);

/* Whether cgroup.events says `frozen 1`; a cgroup that is gone is. */
bool cgroups_is_frozen(const char *root, const char *path);

/*
 * Whether a process could write while we freeze: it is neither a thread of the kernel nor
 * init, nor ourselves, our children or ancestors.
 */
bool cgroups_is_writer(pid_t pid, char ret_name[static 64]);

/* How many of those are in one cgroup, and the name of one; -errno where that cannot be read. */
int cgroups_writers(const char *root, const char *path, char ret_name[static 64]);

/* The same for all that go on running after that choice, those in the root left out. */
int cgroups_running(const char *root, const struct cgroups *all, const struct cgroups *frozen,
		    char ret_name[static 64]);

#endif
