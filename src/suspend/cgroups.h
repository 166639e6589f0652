/* SPDX-License-Identifier: MIT */
/* cgroups (version 2) to freeze, so that no process writes to a frozen file system. */
#ifndef SUSPEND_CGROUPS_H
#define SUSPEND_CGROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct mounts;

struct cgroups {
	char **paths; /* below the root, such as "/user.slice"; parents before children */
	size_t count;
};

/* Reads all cgroups below `root`, the directory where a tree is mounted.  0 or -errno. */
int cgroups_read(const char *root, struct cgroups *ret);
int cgroups_add(struct cgroups *cgroups, const char *path);
void cgroups_clear(struct cgroups *cgroups);

/*
 * Chooses the cgroups to freeze: the topmost ones that contain neither `own` nor a cgroup that a
 * suspend needs (init.scope, logind, the message bus, the sleep service).  Cgroups below `own`
 * are frozen.  0 or -ENOMEM.
 */
int cgroups_choose(const struct cgroups *all, const char *own, struct cgroups *ret);

/*
 * The path of this process's cgroup, from the text of /proc/self/cgroup; NULL: not in a tree of
 * version 2.  The caller frees it.
 */
char *cgroups_own(const char *text);

/* The mount point of the tree; NULL: it is not mounted. */
const char *cgroups_root(const struct mounts *mounts);

/*
 * Opens cgroup.freeze of a cgroup.  *ret_frozen: whether it is frozen already.  fd or -errno;
 * -ENOENT: the cgroup is gone or cannot be frozen.
 */
int cgroups_open(const char *root, const char *path, bool *ret_frozen);

/* Whether cgroup.events has `frozen 1`.  True if the cgroup is gone. */
bool cgroups_is_frozen(const char *root, const char *path);

/*
 * Counts the processes of a cgroup that can write while we freeze: all but kernel threads, init,
 * this process, its children and its ancestors.  Stores the name of one.  -errno if the cgroup
 * cannot be read.
 */
int cgroups_writers(const char *root, const char *path, char ret_name[static 64]);

/* The same for all cgroups that are not in `frozen`, without the root. */
int cgroups_running(const char *root, const struct cgroups *all, const struct cgroups *frozen,
		    char ret_name[static 64]);

/* The cgroup into which the processes of the root are moved. */
#define CGROUPS_FOR_ROOT "/suspend-freeze"

/* Creates that cgroup.  0 or -errno. */
int cgroups_make_for_root(const char *root);

/* Moves the processes of the root there, also those started meanwhile.  0 or -errno. */
int cgroups_move_from_root(const char *root);

/* Moves them back, and removes the cgroup. */
void cgroups_move_back(const char *root);

#endif
