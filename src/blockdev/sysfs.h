/* SPDX-License-Identifier: MIT */
/*
 * What sysfs reports about a block device.  `sys` is where it is mounted, "/sys".  Devices are
 * named by number: /dev may hold any name for a device, and sysfs has a directory for each number.
 */
#ifndef BLOCKDEV_SYSFS_H
#define BLOCKDEV_SYSFS_H

#include <sys/types.h>

/* A small file without the newline at its end.  The caller frees it; NULL: it cannot be read. */
char *sysfs_text(const char *path);

/* The path of a file in the device's directory.  The caller frees it; NULL: out of memory. */
char *sysfs_path(const char *sys, dev_t number, const char *file);

/*
 * The first line of a file in the device's directory ("queue/scheduler"); what a partition lacks is
 * read from its disk.  The caller frees it; NULL: there is none.
 */
char *sysfs_attribute(const char *sys, dev_t number, const char *file);

/* The same of a file that holds a number; negative: there is none. */
long long sysfs_count(const char *sys, dev_t number, const char *file);

/* The kernel's name of the device, "sdb1".  The caller frees it; NULL: there is no such device. */
char *sysfs_name(const char *sys, dev_t number);

/* The disk that a partition is on; of a disk, its own number. */
dev_t sysfs_disk(const char *sys, dev_t number);

/* Reads "8:1" as sysfs writes it; 0: it is not a device number.  NULL is allowed. */
dev_t sysfs_number(const char *text);

/*
 * Calls for each entry of a directory but those that start with a dot, until a call does not return
 * 0.  Returns what the last call did; a directory that is not there has no entries.
 */
int sysfs_each(const char *directory, int (*call)(const char *name, void *context), void *context);

#endif
