/* SPDX-License-Identifier: MIT */
/* What sysfs tells of a block device; `sys` is where it is mounted, "/sys". */
#ifndef TESTBED_DISK_H
#define TESTBED_DISK_H

#include <sys/types.h>

/*
 * The first line of a file below the device's folder ("queue/scheduler"); what a
 * partition lacks is its disk's.  NULL: there is none.  The caller frees it.
 */
char *disk_attribute(const char *sys, dev_t number, const char *file);

/* The same as a number, of files that hold one; negative: there is none. */
long long disk_count(const char *sys, dev_t number, const char *file);

/* The kernel's name for it, "sdb1"; NULL: there is no such device.  The caller frees it. */
char *disk_name(const char *sys, dev_t number);

/* The disk that a partition is on; of a disk itself, `number`. */
dev_t disk_of(const char *sys, dev_t number);

/* Reads "8:1" as sysfs writes it; 0: it is none. */
dev_t disk_number(const char *text);

#endif
