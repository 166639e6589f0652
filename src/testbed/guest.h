/* SPDX-License-Identifier: MIT */
/* Shared by all guests: the initramfs, and the pipes to the agent. */
#ifndef TESTBED_GUEST_H
#define TESTBED_GUEST_H

#include "testbed/kernel.h"
#include "testbed/testbed.h"

/* Whether the agent was built.  0, or -ENOTSUP with *problem set. */
int guest_probe(struct problem *problem);

/*
 * The modules of the drivers (terminated by NULL) and of the file system, separated by spaces.  If
 * the kernel has no module directory, only a boot shows what is built in.  0, or -errno with
 * *problem set.
 */
int guest_modules(const struct kernel_image *image, const char *const *drivers, const char *type,
		  char **ret_modules, struct problem *problem);

/* Adds those of quotas, if the mount options ask for any and the kernel has them.  0 or -errno. */
int guest_add_quotas(const struct kernel_image *image, const char *mount_options, char **modules);

/*
 * Creates the initramfs in a memory file: the agent, and the kernel's modules `files` (below
 * `root`, separated by spaces; NULL: none). fd or -errno.
 */
int guest_initramfs(const char *root, const char *files);

/* The library that records writes (recorder.c), in a memory file.  fd or -errno. */
int guest_recorder(void);

/* Pipes, each with its read end first. */
struct guest_lines {
	int request[2], events[2], console[2];
};

#define GUEST_LINES_NONE ((struct guest_lines) { { -1, -1 }, { -1, -1 }, { -1, -1 } })

int guest_lines_open(struct guest_lines *ret);

/* Moves our ends to the process. */
void guest_lines_hand_over(struct guest_lines *lines, struct testbed_process *process);

void guest_lines_clear(struct guest_lines *lines); /* also for CLEANUP() */

#endif
