/* SPDX-License-Identifier: MIT */
/* The I/O priority of the calling thread (ioprio_set(2)). */
#ifndef PREALLOC_PRIORITY_H
#define PREALLOC_PRIORITY_H

#include <stdint.h>

/*
 * Lowers it to `wanted` (enum prealloc_io_priority), for threads started from here on
 * too.  *ret_before is for priority_restore().  1: the thread has a priority that is so
 * low; 0: nothing was changed.
 */
int priority_lower(uint32_t wanted, int *ret_before);
void priority_restore(int before);

#endif
