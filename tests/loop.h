/* SPDX-License-Identifier: MIT */
/* Volumes for tests: images without a name on loop devices, which go with their last user. */
#ifndef TESTS_LOOP_H
#define TESTS_LOOP_H

#include <stdint.h>

enum { LOOP_PATH_MAX = 32 };

/*
 * Attaches a new image in `directory` to a free loop device.  `sector_bytes` of 0 is 512.  A
 * descriptor of the device, or -errno.
 */
int loop_open(const char *directory, uint64_t bytes, unsigned sector_bytes,
	      char ret_path[static LOOP_PATH_MAX]);

/* The process gets mounts of its own, once.  0 or -errno. */
int loop_enter_namespace(void);

#endif
