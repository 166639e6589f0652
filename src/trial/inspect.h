/* SPDX-License-Identifier: MIT */
/* Where a file lies, as facts of a record. */
#ifndef TRIAL_INSPECT_H
#define TRIAL_INSPECT_H

#include "results/record.h"

/*
 * Fills what extents tell: counts, sizes, layout.  `largest_run` as in the request.  0, or
 * -errno as extent_walk(), with only extent_source filled.
 */
int inspect_extents(int fd, int64_t largest_run, struct record *record);

#endif
