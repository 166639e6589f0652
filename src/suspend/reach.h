/* SPDX-License-Identifier: MIT */
/* Which mounts can be opened, and opening the file system of a mount and no other. */
#ifndef SUSPEND_REACH_H
#define SUSPEND_REACH_H

#include <stdbool.h>

struct mount;
struct mounts;

/*
 * Whether the root of a mount can be opened by its mount point: nothing is mounted over it, and
 * the way there leads through nothing that could hang.  What is mounted at "/" does not count, as
 * we run from there; nor does autofs, which hands on to what is mounted.
 */
bool reach_is_open(const struct mounts *mounts, const struct mount *mount);

/*
 * Adds what only the mount table of another namespace has, of which `text` is the table and
 * `through` leads to its root: the first mount of each superblock on a device that can be opened.
 * 0, or an error of mounts_parse(); -EBADMSG: nothing was added.
 */
int reach_add_elsewhere(struct mounts *mounts, const char *text, const char *through);

/* The path by which it is opened from here; NULL: out of memory.  The caller frees it. */
char *reach_name(const struct mount *mount);

/* fd for FIFREEZE and FITHAW; -ESTALE: another mount is there now; -errno. */
int reach_open(const struct mount *mount);

#endif
