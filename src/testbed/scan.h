/* SPDX-License-Identifier: MIT */
/* A scan of an image in a guest, of which alloc-perf frag reads the lines. */
#ifndef TESTBED_SCAN_H
#define TESTBED_SCAN_H

#include <jansson.h>
#include <stdint.h>

#include "base/problem.h"

struct testbed_scan {
	const char *path;	     /* of the image, for sentences */
	int fd;			     /* the image; it is only read */
	uint64_t start_bytes, bytes; /* of the partition; 0, 0: all of it */
	const char *type;	     /* of the file system, for mount(2) */
	json_t *settings;	     /* handed to the guest; borrowed */
	int cancel_fd;		     /* readable: give up at once; -1: never */
	/* Sees each line behind "ready".  1: it was the last one; 0; or -errno. */
	int (*line)(const char *line, void *context);
	void (*tick)(void *context); /* about five times a second */
	void *context;
};

/*
 * Starts a guest whose kernel has the file system, User-Mode Linux or else QEMU, and has it
 * scan the image.  *ret_kernel is the kernel's label, also after a failure; the caller frees
 * it.  0, -ECANCELED, or -errno with a sentence.
 */
int testbed_scan(const struct testbed_scan *scan, char **ret_kernel, struct problem *problem);

#endif
