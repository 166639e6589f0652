/* SPDX-License-Identifier: MIT */
/* Making the file again what it was. */
#ifndef PREALLOC_ROLLBACK_H
#define PREALLOC_ROLLBACK_H

#include "task.h"

/* Gives back what was allocated below task->reached; what it cannot, goes into left_bytes. */
void rollback(struct task *task);

#endif
