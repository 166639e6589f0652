/* SPDX-License-Identifier: MIT */
#include "loop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"

int loop_open(const char *directory, uint64_t bytes, unsigned sector_bytes,
	      char ret_path[static LOOP_PATH_MAX])
{
	CLEANUP(fd_closep) int image_fd = open(directory, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	CLEANUP(fd_closep) int control_fd = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	struct loop_config config = {
		.fd = (unsigned)image_fd,
		.block_size = sector_bytes,
		.info.lo_flags = LO_FLAGS_AUTOCLEAR,
	};

	if (image_fd < 0 || control_fd < 0 || ftruncate(image_fd, (off_t)bytes) < 0)
		return -errno;
	for (int attempt = 0; attempt < 100; attempt++) {
		int number = ioctl(control_fd, LOOP_CTL_GET_FREE), fd;

		if (number < 0)
			return -errno;
		snprintf(ret_path, LOOP_PATH_MAX, "/dev/loop%d", number);
		fd = open(ret_path, O_RDWR | O_CLOEXEC);
		if (fd >= 0 && ioctl(fd, LOOP_CONFIGURE, &config) == 0)
			return fd;
		fd = fd_close(fd);
		if (errno != EBUSY)
			return -errno;
	}
	return -EBUSY;
}

int loop_enter_namespace(void)
{
	static int r = 1;

	if (r > 0)
		r = unshare(CLONE_NEWNS) < 0 ||
				    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0
			    ? -errno
			    : 0;
	return r;
}
