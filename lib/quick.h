/* SPDX-License-Identifier: MIT */
/* A short range, where the bookkeeping of the long way would take longer than the kernel. */
#ifndef PREALLOC_QUICK_H
#define PREALLOC_QUICK_H

#include "task.h"

enum { QUICK_NOT_HERE = 1 };

/*
 * Allocates the range of a task that nobody watches and whose result nobody wants.
 * QUICK_NOT_HERE: nothing was done.  Otherwise 0, or -errno with the file as it was.
 */
int quick_fill(struct task *task);

#endif
