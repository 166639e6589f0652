/* SPDX-License-Identifier: MIT */
/* A range for which one call of the kernel is enough, where the bookkeeping of the long way would
 * take longer than the kernel. */
#ifndef PREALLOC_QUICK_H
#define PREALLOC_QUICK_H

#include "task.h"

/*
 * Allocates the range of a task that nobody watches and whose result nobody wants.
 * Is it done?  If not, the file is as it was.
 */
int quick_fill(struct task *task);

#endif
