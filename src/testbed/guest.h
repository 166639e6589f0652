/* SPDX-License-Identifier: MIT */
/* What guests of every kind share: their initramfs, and the pipes to the agent in it. */
#ifndef TESTBED_GUEST_H
#define TESTBED_GUEST_H

#include "testbed/kernel.h"
#include "testbed/testbed.h"

/* Was the agent built?  0, or -ENOTSUP with a sentence. */
int guest_probe(struct problem *problem);

/*
 * The drivers (ends with a NULL) and the file system, as far as they are modules, separated
 * by spaces.  Of a kernel without any, only a boot tells what is built in.  0, or -errno
 * with a sentence.
 */
int guest_modules(const struct kernel_image *image, const char *const *drivers, const char *type,
		  char **ret_modules, struct problem *problem);

/*
 * The initramfs in a memory file: the agent, and the kernel's modules `files`
 * (below `root`, separated by spaces; NULL: none).  Returns a descriptor or -errno.
 */
int guest_initramfs(const char *root, const char *files);

/* Pipes, each with its reading end first. */
struct guest_lines {
	int request[2], events[2], console[2];
};

#define GUEST_LINES_NONE ((struct guest_lines) { { -1, -1 }, { -1, -1 }, { -1, -1 } })

int guest_lines_open(struct guest_lines *ret);

/* Gives our ends to the process. */
void guest_lines_hand_over(struct guest_lines *lines, struct testbed_process *process);

void guest_lines_clear(struct guest_lines *lines); /* for CLEANUP(), too */

#endif
