/* SPDX-License-Identifier: MIT */
/*
 * What can be frozen or written out: the mounts of this namespace, those that exist only in
 * others, and devices that are not mounted.
 */
#ifndef SUSPEND_TARGETS_H
#define SUSPEND_TARGETS_H

#include <stdbool.h>

struct devices;
struct mount;
struct mounts;

enum target_type {
	TARGET_FREEZABLE, /* on a disk, and freezable as far as is known */
	TARGET_SYNC_ONLY, /* on a disk, but the kernel cannot freeze it */
	TARGET_VIRTUAL,	  /* not on a disk */
	TARGET_STACKED,	  /* stores its data in other file systems: overlay, ecryptfs */
	TARGET_MAY_HANG,  /* a daemon or server answers, so opening it can hang */
	TARGET_SHARED,	  /* other machines write to it as well */
	TARGET_DEVICE,	  /* a block device that is not mounted */
};

/* The type of a device that is not mounted, in place of a file system's. */
#define TARGET_DEVICE_NAME "device"

/* `has_device`: the mount has the number of a block device. */
enum target_type target_type(const char *type, bool has_device);

/* Whether the device of a mount is known by its source and not by its number. */
bool target_has_hidden_device(const char *type);

/*
 * Whether the root of a mount can be opened by its mount point: nothing is mounted over it, and
 * no mount on the path can hang.  The mount at "/" does not count, as this program runs from
 * there.  Neither does autofs, which only leads to another mount.
 */
bool target_is_accessible(const struct mounts *mounts, const struct mount *mount);

/*
 * Adds the mounts that exist only in another mount namespace: the first accessible mount of each
 * superblock on a device.  `text` is the mount table of that namespace, `through` the path to its
 * root.  0 or an error of mounts_parse(); after -EBADMSG nothing was added.
 */
int targets_add_namespace(struct mounts *mounts, const char *text, const char *through);

/*
 * Adds a mount of the type TARGET_DEVICE_NAME for each block device that is stored in a file and
 * not mounted, such as a disk image that a virtual machine uses.  0 or -ENOMEM.
 */
int targets_add_unmounted(struct mounts *mounts, const struct devices *devices);

/* The path by which a target is opened; NULL: out of memory.  The caller frees it. */
char *target_path(const struct mount *mount);

/* Opens a target for FIFREEZE and FITHAW.  fd; -ESTALE: another mount is there now; or -errno. */
int target_open(const struct mount *mount);

#endif
