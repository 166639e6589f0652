/* SPDX-License-Identifier: MIT */
/* The mount table, from the text of /proc/PID/mountinfo (proc_pid_mountinfo(5)). */
#ifndef BLOCKDEV_MOUNTS_H
#define BLOCKDEV_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct mount {
	uint64_t id, parent_id;
	dev_t device;	     /* of the superblock */
	char *root;	     /* the directory of the file system that is mounted */
	char *point;	     /* the mount point, relative to the reader's root */
	char *type;	     /* "ext4", "fuse.sshfs" */
	char *source;	     /* "/dev/sda1", "none" */
	char *mount_options; /* of this mount, still escaped */
	char *options;	     /* of the superblock, still escaped */
	char *through; /* "/proc/PID/root" if it is in the mount namespace of that process; NULL: in
			  our own; "": not mounted */
};

struct mounts {
	struct mount *all; /* in the order of mounting */
	size_t count;
	size_t *by_parent; /* indexes into `all`, ordered by parent_id */
};

/* Parses a mount table.  0, -EBADMSG (a line is malformed) or -ENOMEM.  The caller clears *ret. */
int mounts_parse(const char *text, struct mounts *ret);

/* The same from a file such as "/proc/self/mountinfo".  0, -errno, or as above. */
int mounts_read(const char *path, struct mounts *ret);

/*
 * Calls `call` per mount namespace, with the directory of the first process in it; our own
 * ("/proc/self") comes first.  The process may have ended meanwhile.  `proc` is the mount point of
 * proc.  0, -ENOENT (proc is not mounted), -ENOMEM, or the first non-zero result of `call`.
 */
int mounts_each_namespace(const char *proc,
			  int (*call)(const char *process, bool is_ours, void *context),
			  void *context);

/* Adds a mount and takes over its strings, even if it fails.  0 or -ENOMEM. */
int mounts_add(struct mounts *mounts, struct mount *mount);

/*
 * The mount that contains an absolute path, considering what is mounted over what; NULL: none.
 * Only the table is used: symbolic links are not followed.
 */
const struct mount *mounts_find(const struct mounts *mounts, const char *path);

/* NULL: there is none. */
const struct mount *mounts_by_id(const struct mounts *mounts, uint64_t id);

/* The mount of an open file, which may be open with O_PATH; NULL: unknown. */
const struct mount *mounts_by_fd(const struct mounts *mounts, int fd);

/* The id of the mount of an open file.  0 or -errno. */
int mount_id_of_fd(int fd, uint64_t *ret);

/*
 * The block device of a mount; 0: none is known. btrfs and others have a device number of their
 * own, and are found by the path of their source.
 */
dev_t mount_block_device(const struct mount *mount);

/*
 * All options, those of the mount first, as in /proc/mounts.  The caller frees them; NULL: out of
 * memory.
 */
char *mount_all_options(const struct mount *mount);

/*
 * The unescaped value of a superblock option, such as "upperdir" of "rw,upperdir=/a\040b"; NULL:
 * there is none, or out of memory.  The caller frees it.
 */
char *mount_option(const struct mount *mount, const char *name);

/* Whether the superblock options contain this word. */
bool mount_has_option(const struct mount *mount, const char *word);

void mount_clear(struct mount *mount);
void mounts_clear(struct mounts *mounts);

/* Resolves escapes such as \040 in place. */
void escape_resolve(char *text);

/*
 * Escapes a text to a word without white space, for escape_resolve().  The caller frees it; NULL:
 * out of memory.
 */
char *escape_make(const char *text);

#endif
