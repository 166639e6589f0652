/* SPDX-License-Identifier: MIT */
/* The one place where readers reach the kernel, so that any answer can be played to them. */
#ifndef EXTENT_EXTENT_KERNEL_H
#define EXTENT_EXTENT_KERNEL_H

struct extent_kernel {
	/* ioctl(): 0 or -errno */
	int (*control)(void *context, int fd, unsigned long request, void *argument);
	void *context;
};

extern const struct extent_kernel extent_running_kernel;

#endif
