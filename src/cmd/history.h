/* SPDX-License-Identifier: MIT */
/* What the verbs below `history` share. */
#ifndef CMD_HISTORY_H
#define CMD_HISTORY_H

#include "results/history.h"
#include "stats/cell.h"
#include "stats/record_key.h"

/* The store that is named, or the default one.  0 or -errno with a sentence. */
int cmd_history_open(const char *store, enum history_mode mode, struct history **ret,
		     struct problem *problem);

/* Each returns the exit status; argv[0] is "alloc-perf history ACTION". */
extern const struct command cmd_history_trend;

/* ---- points in time: trend_points.c ---- */

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
