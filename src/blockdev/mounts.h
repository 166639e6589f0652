/* SPDX-License-Identifier: MIT */
/* The mount table, read from the text of /proc/PID/mountinfo (see proc_pid_mountinfo(5)). */
#ifndef BLOCKDEV_MOUNTS_H
#define BLOCKDEV_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct mount {
	uint64_t id, parent_id;
	dev_t device;	     /* of the superblock */
	char *root;	     /* the directory of the file system that is shown */
	char *point;	     /* where it is mounted, seen from the reader's root */
	char *type;	     /* "ext4", "fuse.sshfs" */
	char *source;	     /* "/dev/sda1", "none" */
	char *mount_options; /* of this mount, still escaped */
	char *options;	     /* of the superblock, still escaped */
	char *through;	     /* "/proc/PID/root": in the mount namespace of that process; NULL: in
				ours; "": not mounted */
};

struct mounts {
	struct mount *all; /* in the order of the text, which is that of mounting */
	size_t count;
	size_t *by_parent; /* indexes into `all`, ordered by parent_id */
};

/*
 * Reads the text of a mount table.  0, -EBADMSG (a line does not have the form that every kernel
 * writes), or -ENOMEM.  Release with mounts_clear().
 */
int mounts_parse(const char *text, struct mounts *ret);

/* The same from a file: "/proc/self/mountinfo".  0, -errno, or as above. */
int mounts_read(const char *path, struct mounts *ret);

/*
 * Calls for each mount namespace with the directory of the first process that is in it, ours
 * first ("/proc/self").  Processes may be gone meanwhile.  `proc` is where proc is mounted.  0,
 * -ENOENT (there is no proc), -ENOMEM, or what a call returned if that was not 0.
 */
int mounts_each_namespace(const char *proc,
			  int (*call)(const char *process, bool is_ours, void *context),
			  void *context);

/* Adds a mount and takes over its strings, also if that fails.  0 or -ENOMEM. */
int mounts_add(struct mounts *mounts, struct mount *mount);

/*
 * The mount in which an absolute path ends up, with regard to what is mounted over what;
 * NULL: none.  Works on the table alone: symbolic links are not followed.
 */
const struct mount *mounts_find(const struct mounts *mounts, const char *path);

/* NULL: there is none. */
const struct mount *mounts_by_id(const struct mounts *mounts, uint64_t id);

/* The mount that an open file is on, which may be open with O_PATH; NULL: not known. */
const struct mount *mounts_by_fd(const struct mounts *mounts, int fd);

/* The id of the mount that an open file is on.  0 or -errno. */
int mount_id_of_fd(int fd, uint64_t *ret);

/*
 * The block device that is mounted; 0: none is known.  btrfs and others have a device number of
 * their own, and are found by the path of their source.
 */
dev_t mount_block_device(const struct mount *mount);

/* All options, those of the mount first, as /proc/mounts shows them.  The caller frees them; NULL:
 * out of memory. */
char *mount_all_options(const struct mount *mount);

/*
 * The value of an option of the superblock, "upperdir" of "rw,upperdir=/a\040b", unescaped; NULL:
 * there is none (or no memory).  The caller frees it.
 */
char *mount_option(const struct mount *mount, const char *name);

/* Whether the options of the superblock have this word. */
bool mount_has_option(const struct mount *mount, const char *word);

void mount_clear(struct mount *mount);
void mounts_clear(struct mounts *mounts);

/* Resolves \040 and the like in place. */
void escape_resolve(char *text);

/* A word without white space that escape_resolve() reads back.  The caller frees it; NULL: out of
 * memory. */
char *escape_make(const char *text);

#endif
