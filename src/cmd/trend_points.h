/* SPDX-License-Identifier: MIT */
/* The points in time of a trend; private to `alloc-perf history trend`. */
#ifndef CMD_TREND_POINTS_H
#define CMD_TREND_POINTS_H

#include "stats/cell.h"
#include "stats/record_key.h"

struct trend_points {
	struct grid_entry *entries; /* in the order of the points, which are their rows */
	size_t count;
	char **names; /* twice as many: of the points, and of rows that have another */
};

/* A point is all that has the same value of a key: of kernel or date by version, of label in the
 * order in which they were added.  Refers into `results`.  0 or -ENOMEM. */
int trend_points_make(const struct results *results, enum record_key by, struct trend_points *ret);
void trend_points_clear(struct trend_points *points);

#endif
