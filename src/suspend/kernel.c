/* SPDX-License-Identifier: MIT */
/*
 * Up to Linux 6.15 a task that waits for a frozen file system makes the suspend fail: it sleeps in
 * a state that the task freezer does not count as frozen.  Linux 6.16 made that sleep freezable,
 * as its own freezing of file systems requires.
 *
 * The defect came with "power: always freeze efivarfs" (6.18), whose check was inverted:
 * everything was frozen with the setting 0, and only efivarfs with 1.  It was fixed by "fs: PM:
 * Fix reverse check in filesystems_freeze_callback()" (6.18.3, 6.19).
 */
#include "suspend/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"

struct kernel kernel_parse(const char *release)
{
	struct kernel kernel = { 0 };

	if (sscanf(release, "%u.%u.%u", &kernel.major, &kernel.minor, &kernel.patch) < 2)
		return (struct kernel) { 0 };
	return kernel;
}

bool kernel_is_before(struct kernel kernel, unsigned major, unsigned minor)
{
	return kernel.major < major || (kernel.major == major && kernel.minor < minor);
}

const char *kernel_defect(struct kernel kernel)
{
	if (kernel.major == 6 && kernel.minor == 18 && kernel.patch < 3)
		return KERNEL_SETTING
			" is inverted in Linux 6.18 before 6.18.3: if it is 1, almost "
			"nothing is frozen; update the kernel";
	return NULL;
}

int kernel_open_setting(const char *path, char ret_value[static 2])
{
	CLEANUP(fd_closep) int fd = open(path, O_RDWR | O_CLOEXEC);
	char value = '0';

	if (fd < 0)
		return -errno;
	if (pread(fd, &value, 1, 0) != 1)
		return -EIO;
	ret_value[0] = value == '1' ? '1' : '0';
	ret_value[1] = '\0';
	return TAKE_FD(fd);
}
