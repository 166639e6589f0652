/* SPDX-License-Identifier: MIT */
/*
 * The running kernel's file systems at native speed, on a loop device over the image.  The device
 * detaches itself (LO_FLAGS_AUTOCLEAR, set by the call that attaches it, LOOP_CONFIGURE of Linux
 * 5.8) when its last user ends, and the mount is in a private namespace, so neither outlives this
 * process.  With direct I/O the loop device passes requests to the file below without a second
 * page cache.  If the file system below does not support that, the kernel refuses it and buffered
 * I/O is used.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "testbed/local.h"
#include "testbed/testbed.h"

enum { ATTACH_TRIES = 16 };

static const char control_path[] = "/dev/loop-control";

/* Root of a container may have the device without permission to use it.  0 or -errno. */
static int try_control(void)
{
	CLEANUP(fd_closep) int fd = open(control_path, O_RDWR | O_CLOEXEC);

	return fd < 0 || ioctl(fd, LOOP_CTL_GET_FREE) < 0 ? -errno : 0;
}

static int loop_probe(const struct testbed_options *options, struct problem *problem)
{
	int r = local_probe("loop", problem);

	(void)options;
	if (r < 0)
		return r;
	r = try_control();
	if (r < 0)
		return problem_set(
			problem, PROBLEM_LACK, -r,
			"the testbed loop needs %s: %s; load the module loop, or use --on uml",
			control_path, strerror(-r));
	return r;
}

static int configure(int loop_fd, int image_fd, unsigned flags)
{
	struct loop_config config = {
		.fd = (unsigned)image_fd,
		.info = { .lo_flags = LO_FLAGS_AUTOCLEAR | flags },
	};

	return ioctl(loop_fd, LOOP_CONFIGURE, &config) < 0 ? -errno : 0;
}

/*
 * Another process may take the free device between the two calls: EBUSY, then the next one is
 * tried.
 */
static int attach(int image_fd, int *ret_fd, char **ret_path)
{
	CLEANUP(fd_closep) int control_fd = open(control_path, O_RDWR | O_CLOEXEC);

	if (control_fd < 0)
		return -errno;
	for (int i = 0; i < ATTACH_TRIES; i++) {
		CLEANUP(fd_closep) int fd = -1;
		CLEANUP(freep) char *path = NULL;
		int number = ioctl(control_fd, LOOP_CTL_GET_FREE), r;

		if (number < 0)
			return -errno;
		path = text_format("/dev/loop%d", number);
		if (!path)
			return -ENOMEM;
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			return -errno;
		r = configure(fd, image_fd, LO_FLAGS_DIRECT_IO);
		if (r == -EINVAL)
			r = configure(fd, image_fd, 0);
		if (r == -EBUSY)
			continue;
		if (r < 0)
			return r;
		*ret_fd = TAKE_FD(fd);
		*ret_path = TAKE_PTR(path);
		return 0;
	}
	return -EBUSY;
}

static int loop_start(const struct testbed_options *options, const struct volume *volume,
		      struct trial_request *request, struct testbed_process *ret,
		      struct problem *problem)
{
	CLEANUP(freep) char *path = NULL;
	int r = attach(volume->fd, &ret->device_fd, &path);

	(void)options;
	if (r < 0)
		return problem_set(problem, PROBLEM_VERDICT, -r, "cannot attach a loop device: %s",
				   strerror(-r));
	return local_start_on(path, request, ret, problem);
}

const struct testbed testbed_loop = {
	.name = "loop",
	.summary = "the running kernel's file systems on loop devices; needs root",
	.note = "Measured on a loop device over a sparse image: times include the disk and the "
		"file system below it.",
	.start_seconds = 10,
	.probe = loop_probe,
	.supports = local_supports,
	.start = loop_start,
};
