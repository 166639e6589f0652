/* SPDX-License-Identifier: MIT */
/* What there is to know of a device before all that is on it is destroyed. */
#ifndef TESTBED_DEVICE_FACTS_H
#define TESTBED_DEVICE_FACTS_H

#include <stdint.h>
#include <sys/types.h>

/* What libblkid finds. */
struct signature {
	int unreadable; /* errno; 0: it could be read */
	int ambivalent; /* several that contradict each other */
	char *type;	/* "ext4", "LVM2_member"; NULL: none */
	char *usage;	/* "filesystem", "raid", "crypto", "other" */
	char *label, *uuid;
	char *table; /* "gpt", "dos": a partition table; NULL: none */
};

struct device_facts {
	char *path;	  /* as the user wrote it */
	int error;	  /* errno where it cannot be looked at; 0: it can */
	const char *kind; /* what it is instead: "a directory"; NULL: it is a block device */
	dev_t number;
	char *name;   /* the kernel's: "sdb1"; NULL: the kernel knows none of that number */
	char *disk;   /* the one that it is on: "sdb"; the same where it is a disk itself */
	char *model;  /* of the disk, or what a loop device is made of; NULL: not known */
	char *serial; /* of the disk, with "-part1" for a partition; NULL: it has none of its own */
	char **by_id; /* its names in /dev/disk/by-id; ends with NULL; NULL: none */
	uint64_t bytes;
	uint64_t least_bytes; /* that the run needs */
	uint64_t sequence;    /* of the disk, never used twice; 0: the kernel has none */
	int is_partition;
	int read_only;
	int busy;   /* refused to be opened exclusively: the kernel uses it */
	int locked; /* errno of the lock of its disk; 0: it is ours */

	/*
	 * Who uses it, its disk or one of its partitions, as "/home (its partition sdb1)";
	 * NULL: nobody does.
	 */
	char *mounted;	  /* where, in any mount namespace with a process in it */
	char *swap;	  /* which of them */
	char *holders;	  /* devices on top: dm, md, bcache */
	char *registered; /* with btrfs or bcache */
	char *opened;	  /* by which process, to write */
	char *exported;	  /* over the network or USB, by configfs */
	char *looped;	  /* by which loop device; or the same file is */
	char *fstab;	  /* the line of fstab or crypttab that names it */

	char *changed;	  /* what it is now, if no longer what it was; NULL: the same */
	char *zoned;	  /* the kind of its zones; NULL: none */
	char *partitions; /* that the kernel knows of on it */
	char *overlap;	  /* another partition that has some of its sectors */
	char *twin;	  /* another disk that says it is the same one */
	char *below;	  /* block device that a loop device is made of */
	char *holds;	  /* "/", "/boot", ...: what lies on its disk */

	struct signature found;
	struct signature disk_found; /* on the disk, where it is a partition */
};

/* Where the kernel's tables are; others for tests. */
struct device_roots {
	const char *sys, *proc, *dev, *etc;
};

extern const struct device_roots device_roots;

/*
 * Looks at the device that `path` names now, and tries to open it exclusively for
 * a moment.  Finds all of the above but `changed`, `locked` and `least_bytes`.
 * `system` ends with a NULL: paths that its disk should not hold.  *ret_fd is on
 * the device, to read only; -1 where that cannot be had.  Never fails for what the
 * device is; 0, -ENOMEM, or -errno where the kernel does not tell what is mounted, with
 * facts that are to be cleared.
 */
int device_facts_gather(const char *path, const char *const *system, struct device_facts *ret,
			int *ret_fd);

/*
 * Locks the disk that it is on, as long as *ret_fd is open.  0, or -errno:
 * -EWOULDBLOCK (somebody else has), -ENOENT (there is no node of it in /dev).
 */
int device_lock(const struct device_facts *facts, int *ret_fd);

/* Removes all signatures that libblkid finds.  0 or -errno. */
int signature_wipe(int fd);

/* What tables of the kernel tell of the device `number`; a part of the above, for tests. */
int device_uses_gather(const struct device_roots *roots, const char *const *system,
		       struct device_facts *facts);

void device_facts_clear(struct device_facts *facts); /* for CLEANUP(), too */

#endif
