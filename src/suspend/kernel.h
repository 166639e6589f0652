/* SPDX-License-Identifier: MIT */
/* The kernel's own freezing of file systems when it suspends: /sys/power/freeze_filesystems. */
#ifndef SUSPEND_KERNEL_H
#define SUSPEND_KERNEL_H

#include <stdbool.h>

#define KERNEL_SETTING "/sys/power/freeze_filesystems"

struct kernel {
	unsigned major, minor, patch;
};

/* From uname()'s release, "6.1.0-18-amd64" or "7.0-rc1"; zeroes if it is not of that form. */
struct kernel kernel_parse(const char *release);

bool kernel_is_before(struct kernel kernel, unsigned major, unsigned minor);

/* A sentence about a defect that these kernels are known for; NULL: none is known. */
const char *kernel_defect(struct kernel kernel);

/*
 * Opens the knob at `path`; *ret_value is "0" or "1".  fd or -errno; -ENOENT: the kernel has none.
 */
int kernel_open_setting(const char *path, char ret_value[static 2]);

#endif
