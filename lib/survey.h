/* SPDX-License-Identifier: MIT */
/* What the range is like before anything is done to it. */
#ifndef PREALLOC_SURVEY_H
#define PREALLOC_SURVEY_H

#include "task.h"

/* Fills holes, spare, old_size, and new_bytes of the result.  0 or -errno. */
int survey_take(struct task *task);
void survey_clear(struct task *task);

/* Will survey_verify() have anything to go by?  0, -EOPNOTSUPP, -errno. */
int survey_can_verify(struct task *task);

/* What filling the holes of the range takes at least. */
uint64_t survey_hole_bytes(const struct task *task);

/* Is the range allocated now?  0, -EOPNOTSUPP (no, or nobody can tell), -errno. */
int survey_verify(struct task *task);

#endif
