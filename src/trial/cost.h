/* SPDX-License-Identifier: MIT */
/* The cost of a stage: clock, processor, device. */
#ifndef TRIAL_COST_H
#define TRIAL_COST_H

#include "results/record.h"

/* A reading of all counters. */
struct cost_reading {
	int64_t wall_ns, user_ns, system_ns;
	int64_t written_bytes, write_requests, read_bytes; /* FIELD_UNKNOWN: no counters */
};

/*
 * Opens the counters of a block device in sysfs (Documentation/block/stat.rst): `path`, or if it is
 * NULL, those of the device number.  Returns a descriptor, or -1 if there are none: device numbers
 * of btrfs and overlayfs are not those of a block device.
 */
int cost_open_counters(const char *path, unsigned device_major, unsigned device_minor);

/* counters_fd may be -1. */
void cost_read(int counters_fd, struct cost_reading *ret);

/*
 * The cost from `before` to `after`.  The device is counted from `border`, the end of the previous
 * stage, since it also writes between the stages.
 */
struct stage_cost cost_between(const struct cost_reading *border, const struct cost_reading *before,
			       const struct cost_reading *after);

/* Resets the peak of this process's resident memory. */
void cost_reset_peak(void);

/* The peak since then, of this process or a child of it, in bytes. */
int64_t cost_peak_bytes(void);

#endif
