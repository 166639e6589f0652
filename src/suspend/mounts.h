/* SPDX-License-Identifier: MIT */
/* The mount table, as text of /proc/PID/mountinfo (see proc_pid_mountinfo(5)). */
#ifndef SUSPEND_MOUNTS_H
#define SUSPEND_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct mount {
	uint64_t id, parent_id;
	dev_t device;  /* of the superblock */
	char *root;    /* what of the file system is shown */
	char *point;   /* where, seen from the reader's root */
	char *type;    /* "ext4", "fuse.sshfs" */
	char *source;  /* "/dev/sda1", "none" */
	char *options; /* of the superblock, still escaped */
	char *through; /* "/proc/PID/root": in the mount namespace of that process; NULL: in ours;
			  "": not mounted */
};

struct mounts {
	struct mount *all; /* in the order of the text, which is that of mounting */
	size_t count;
	size_t *by_parent; /* indexes into `all`, ordered by parent_id */
};

/*
 * 0, -EBADMSG (a line has not the form that every kernel writes), or -ENOMEM.  Release with
 * mounts_clear().
 */
int mounts_parse(const char *text, struct mounts *ret);

/*
 * Adds what only the mount table of another namespace has: the first reachable mount of each
 * superblock on a device.  Errors as above; nothing is added then.
 */
int mounts_add_elsewhere(struct mounts *mounts, const char *text, const char *through);

/*
 * Adds a device that is not mounted, as TYPE_NAME_DEVICE on its own path, which can be opened
 * whatever is mounted where.  0 or -ENOMEM.
 */
int mounts_add_device(struct mounts *mounts, dev_t device, const char *path, const char *source);

/*
 * Whether its root can be opened by its mount point: nothing is mounted over it, and the way there
 * leads through nothing that could hang.  What is at "/" does not count, as we run from there; nor
 * autofs, which hands on to what is mounted.
 */
bool mounts_is_reachable(const struct mounts *mounts, const struct mount *mount);

/*
 * The mount in which an absolute path ends up, with regard to what is mounted over what;
 * NULL: none.  Works on the table alone, so symbolic links are not followed.
 */
const struct mount *mounts_find(const struct mounts *mounts, const char *path);

/*
 * The value of an option, "upperdir" of "rw,upperdir=/a\040b", unescaped; NULL: there is none
 * (or no memory).  The caller frees it.
 */
char *mounts_option(const struct mount *mount, const char *name);

/* Whether the options of the superblock have this word. */
int mounts_has_option(const struct mount *mount, const char *word);

void mounts_clear(struct mounts *mounts);

/* Resolves \040 and the like in place. */
void escape_resolve(char *text);

/* A word without white space that escape_resolve() reads back; NULL: no memory.  The caller frees
 * it.
 */
char *escape_make(const char *text);

#endif
