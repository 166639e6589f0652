/* SPDX-License-Identifier: MIT */
/*
 * The kernel's version, and its own freezing of file systems at a suspend
 * (/sys/power/freeze_filesystems, Linux 6.16).
 */
#ifndef SUSPEND_KERNEL_H
#define SUSPEND_KERNEL_H

#include <stdbool.h>

#define KERNEL_SETTING "/sys/power/freeze_filesystems"

struct kernel {
	unsigned major, minor, patch;
};

/*
 * From the release of uname(), such as "6.1.0-18-amd64" or "7.0-rc1".  Zeros if it has another
 * form.
 */
struct kernel kernel_parse(const char *release);

bool kernel_is_before(struct kernel kernel, unsigned major, unsigned minor);

/* A known defect of this kernel's own freezing, as a sentence; NULL: none. */
const char *kernel_defect(struct kernel kernel);

/*
 * Opens the setting at `path`.  *ret_value is "0" or "1". fd; -ENOENT: the kernel does not have
 * it; or -errno.
 */
int kernel_open_setting(const char *path, char ret_value[static 2]);

#endif
