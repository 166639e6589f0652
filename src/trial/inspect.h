/* SPDX-License-Identifier: MIT */
/* The layout of files, as members of a record. */
#ifndef TRIAL_INSPECT_H
#define TRIAL_INSPECT_H

#include "results/record.h"
#include "workload/workload.h"

/*
 * Sets counts and sizes of the extents of all files together, and the layout of the first one.
 * `largest_run` is that of the request.  0, or -errno of extent_walk() with only extent_source set.
 */
int inspect_files(const struct workload_set *files, int64_t largest_run, struct record *record);

/* Counts only; FIELD_UNKNOWN if the file system does not report extents. */
void inspect_count(const struct workload_set *files, int64_t *ret_extents, int64_t *ret_fragments);

#endif
