/* SPDX-License-Identifier: MIT */
/* The threads of the library. */
#ifndef PREALLOC_THREAD_H
#define PREALLOC_THREAD_H

#include <pthread.h>
#include <stdint.h>

/*
 * Starts a thread in which all signals are blocked: they belong to the application, and its
 * handlers must not run in this thread.  0 or -errno.
 */
int thread_start(pthread_t *ret_thread, void *(*run)(void *), void *context);

/*
 * Gives the calling thread a descriptor table of its own, which contains only `fd` (-1: none) and
 * /dev/null as standard descriptors.  0 or -errno; after -ENOSYS (before Linux 5.9) the thread
 * still shares the table of the process.
 */
int thread_leave_table(int fd);

/*
 * Lowers the I/O priority (ioprio_set(2)) of the calling thread to `wanted` (enum
 * prealloc_io_priority), also for threads started from here on.  *ret_before is for
 * priority_restore().  1: the thread has this or a lower priority; 0: nothing was changed.
 */
int priority_lower(uint32_t wanted, int *ret_before);
void priority_restore(int before);

#endif
