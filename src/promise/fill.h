/* SPDX-License-Identifier: MIT */
/* Fills a file system to its last block; private to this directory. */
#ifndef PROMISE_FILL_H
#define PROMISE_FILL_H

#include <stdint.h>

/*
 * Creates files in a new directory "fill" below `directory` until nothing can be written any more,
 * and makes them durable.  *ret_bytes: that they got.  0 or -errno.
 */
int fill_volume(const char *directory, uint64_t *ret_bytes);

/* Removes them, which makes the space free again.  0 or -errno. */
int fill_remove(const char *directory);

#endif
