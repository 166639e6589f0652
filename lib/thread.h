/* SPDX-License-Identifier: MIT */
/* The library's own threads. */
#ifndef PREALLOC_THREAD_H
#define PREALLOC_THREAD_H

#include <pthread.h>
#include <stdint.h>

/*
 * Starts a thread in which all signals are blocked: they belong to the application,
 * and its handlers must not run there.  0 or -errno.
 */
int thread_start(pthread_t *ret_thread, void *(*run)(void *), void *context);

/*
 * Gives the calling thread a descriptor table of its own that holds only `fd` (-1:
 * none), and /dev/null where the standard descriptors were.  0 or -errno; after -ENOSYS (before
 * Linux 5.9) the table is still the one of the process.
 */
int thread_leave_table(int fd);

/*
 * Lowers it to `wanted` (enum prealloc_io_priority), for threads started from here on
 * too.  *ret_before is for priority_restore().  1: the thread has a priority that is so
 * low; 0: nothing was changed.
 */
int priority_lower(uint32_t wanted, int *ret_before);
void priority_restore(int before);

#endif
