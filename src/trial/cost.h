/* SPDX-License-Identifier: MIT */
/* What a stretch of work costs: clock, processor, device. */
#ifndef TRIAL_COST_H
#define TRIAL_COST_H

#include "results/record.h"

/* A reading of all counters. */
struct cost_reading {
	int64_t wall_ns, user_ns, system_ns;
	int64_t written_bytes, write_requests, read_bytes; /* FIELD_UNKNOWN: no counters */
};

/*
 * Opens the counters of a block device in sysfs (Documentation/block/stat.rst):
 * `path`, or if that is NULL those of the device number.  Returns a descriptor,
 * or -1: the device has none (btrfs and overlayfs give numbers of no device).
 */
int cost_open_counters(const char *path, unsigned device_major, unsigned device_minor);

/* counters_fd may be -1. */
void cost_read(int counters_fd, struct cost_reading *ret);

/*
 * `before` and `after` bound the stage; the device is counted from `border`, the
 * end of the stage before, since it works on while nothing is being measured.
 */
struct stage_cost cost_between(const struct cost_reading *border, const struct cost_reading *before,
			       const struct cost_reading *after);

/* Starts the high-water mark of this process's memory anew. */
void cost_reset_peak(void);

/* Most memory resident since then, in this process or a child of it, bytes. */
int64_t cost_peak_bytes(void);

#endif
