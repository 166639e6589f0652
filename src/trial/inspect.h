/* SPDX-License-Identifier: MIT */
/* Where a file lies, as facts of a record. */
#ifndef TRIAL_INSPECT_H
#define TRIAL_INSPECT_H

#include "results/record.h"
#include "workload/workload.h"

/*
 * Fills what extents tell of all files together: counts, sizes; and the layout of the first.
 * `largest_run` as in the request.  0, or -errno as extent_walk(), with only extent_source filled.
 */
int inspect_files(const struct workload_set *files, int64_t largest_run, struct record *record);

/* Counts alone; unknown where the file system does not report them. */
void inspect_count(const struct workload_set *files, int64_t *ret_extents, int64_t *ret_fragments);

#endif
