/* SPDX-License-Identifier: MIT */
/*
 * Attributes of block devices in sysfs.  `sys` is its mount point, "/sys".  Devices are identified
 * by number: a device can have any name in /dev, and sysfs has a directory per number.
 */
#ifndef BLOCKDEV_SYSFS_H
#define BLOCKDEV_SYSFS_H

#include <stdbool.h>
#include <sys/types.h>

/* Reads a small file without its final newline.  The caller frees it; NULL: it cannot be read. */
char *sysfs_text(const char *path);

/* The path of a file in the device's directory.  The caller frees it; NULL: out of memory. */
char *sysfs_path(const char *sys, dev_t number, const char *file);

/*
 * The first line of a file in the device's directory, such as "queue/scheduler"; for a partition
 * without it, that of its disk.  The caller frees it; NULL: there is none.
 */
char *sysfs_attribute(const char *sys, dev_t number, const char *file);

/* The same for a number; negative: there is none. */
long long sysfs_count(const char *sys, dev_t number, const char *file);

/* Whether an open file of sysfs contains the number 0. */
bool sysfs_is_zero(int fd);

/* The kernel's name of the device, "sdb1".  The caller frees it; NULL: there is no such device. */
char *sysfs_name(const char *sys, dev_t number);

/* The disk of a partition; for a disk, its own number. */
dev_t sysfs_disk(const char *sys, dev_t number);

/* Parses "8:1"; 0: it is not a device number.  `text` may be NULL. */
dev_t sysfs_number(const char *text);

/*
 * Calls `call` per entry of a directory, except those that start with a dot, until it returns
 * non-zero.  Returns the last result.  A directory that does not exist has no entries.
 */
int sysfs_each(const char *directory, int (*call)(const char *name, void *context), void *context);

#endif
