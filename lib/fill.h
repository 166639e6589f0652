/* SPDX-License-Identifier: MIT */
/* The two ways to allocate. */
#ifndef PREALLOC_FILL_H
#define PREALLOC_FILL_H

#include "task.h"

/* fallocate(2) in steps.  0, -errno; native_error of the result is set where it is not supported.
 */
int native_fill(struct task *task);

/* Zeroes: holes of the range are touched, what lies past the end is appended.  0 or -errno. */
int written_fill(struct task *task);

#endif
