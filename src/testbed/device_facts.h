/* SPDX-License-Identifier: MIT */
/* The facts about a device that are needed before its contents are destroyed. */
#ifndef TESTBED_DEVICE_FACTS_H
#define TESTBED_DEVICE_FACTS_H

#include <stdint.h>
#include <sys/types.h>

/* The result of libblkid. */
struct signature {
	int unreadable; /* errno if it cannot be read; else 0 */
	int ambivalent; /* several contradicting signatures */
	char *type;	/* "ext4", "LVM2_member"; NULL: none */
	char *usage;	/* "filesystem", "raid", "crypto", "other" */
	char *label, *uuid;
	char *table; /* "gpt", "dos": a partition table; NULL: none */
};

struct device_facts {
	char *path;	  /* as the user wrote it */
	int error;	  /* errno if it cannot be examined; else 0 */
	const char *kind; /* what it is if not a block device, such as "a directory"; NULL: a block
			     device */
	dev_t number;
	char *name;   /* the kernel's name: "sdb1"; NULL: the kernel has no device of that number */
	char *disk;   /* its disk: "sdb"; its own name if it is a disk */
	char *model;  /* of the disk, or the file of a loop device; NULL: unknown */
	char *serial; /* of the disk, with "-part1" for a partition; NULL: there is none, or it is
			 not unique */
	char **by_id; /* its names in /dev/disk/by-id, terminated by NULL; NULL: none */
	uint64_t bytes;
	uint64_t least_bytes; /* the minimum for the run */
	uint64_t sequence;    /* the disk's sequence number, never reused; 0: the kernel has none */
	int is_partition;
	int read_only;
	int busy;   /* cannot be opened exclusively: the kernel uses it */
	int locked; /* errno of locking its disk; 0: we have the lock */

	/*
	 * Users of the device, its disk or one of its partitions, such as "/home (its partition
	 * sdb1)"; NULL: none.
	 */
	char *mounted;	  /* mount point, in any mount namespace with a process in it */
	char *swap;	  /* the swap device */
	char *holders;	  /* devices on top of it: dm, md, bcache */
	char *registered; /* as a member of btrfs or bcache */
	char *opened;	  /* the process that has it open for writing */
	char *exported;	  /* over the network or USB, through configfs */
	char *looped;	  /* the loop device on top of it, or of the same file */
	char *fstab;	  /* the line of fstab or crypttab that names it */

	char *changed;	  /* what it is now, if it has changed; NULL: unchanged */
	char *zoned;	  /* the kind of its zones; NULL: none */
	char *partitions; /* its partitions, as known to the kernel */
	char *overlap;	  /* another partition that contains some of its sectors */
	char *twin;	  /* another disk with the same identity */
	char *below;	  /* the block device of a loop device */
	char *holds;	  /* system directories on its disk: "/", "/boot", ... */

	struct signature found;
	struct signature disk_found; /* on the disk of a partition */
};

/* Paths of the kernel's tables; others in tests. */
struct device_roots {
	const char *sys, *proc, *dev, *etc;
};

extern const struct device_roots device_roots;

/*
 * Examines the device that `path` names now, and opens it exclusively for a moment.  Sets all
 * facts except `changed`, `locked` and `least_bytes`.  `system` is a list, terminated by NULL, of
 * directories that must not be on the disk.  *ret_fd is a read-only descriptor of the device; -1:
 * none.  No property of the device is an error: 0, -ENOMEM, or -errno if the mount tables cannot
 * be read.  The caller clears *ret in each case.
 */
int device_facts_gather(const char *path, const char *const *system, struct device_facts *ret,
			int *ret_fd);

/*
 * Locks the disk of the device while *ret_fd is open.  0 or -errno; -EWOULDBLOCK: another process
 * has the lock; -ENOENT: it has no node in /dev.
 */
int device_lock(const struct device_facts *facts, int *ret_fd);

/* Removes all signatures that libblkid finds.  0 or -errno. */
int signature_wipe(int fd);

/* Sets the facts that come from the kernel's tables.  A part of the above, for tests. */
int device_uses_gather(const struct device_roots *roots, const char *const *system,
		       struct device_facts *facts);

void device_facts_clear(struct device_facts *facts); /* also for CLEANUP() */

#endif
