/* SPDX-License-Identifier: MIT */
/* Common parts of the subcommands of `history`. */
#ifndef CMD_HISTORY_H
#define CMD_HISTORY_H

#include "results/history.h"
#include "stats/cell.h"
#include "stats/record_key.h"

/* Opens `store`, or the default one if it is NULL.  0, or -errno with *problem set. */
int cmd_history_open(const char *store, enum history_mode mode, struct history **ret,
		     struct problem *problem);

/* The subcommand of trend.c. */
extern const struct command cmd_history_trend;

/* ---- points in time: trend_points.c ---- */

struct trend_points {
	struct grid_entry *entries; /* in the order of the points, which are the rows */
	size_t count;
	char **names; /* twice as many: of points, and of rows with another name */
};

/*
 * Creates a point per value of a key: kernels and dates in the order of versions, labels in the
 * order in which they were added.  Refers into `results`.  0 or -ENOMEM.
 */
int trend_points_make(const struct results *results, enum record_key by, struct trend_points *ret);
void trend_points_clear(struct trend_points *points);

#endif
