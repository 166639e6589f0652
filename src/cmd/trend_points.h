/* SPDX-License-Identifier: MIT */
/* The points in time of a trend; private to `alloc-perf history trend`. */
#ifndef CMD_TREND_POINTS_H
#define CMD_TREND_POINTS_H

#include "stats/cell.h"

enum trend_what { TREND_KERNEL, TREND_DATE, TREND_LABEL };

/* What tells the points apart, and which comes first. */
struct trend_by {
	const char *name;
	enum trend_what what;
	char *(*point)(const struct record *record); /* a copy; NULL: out of memory */
	/* NULL: in the order in which they were added */
	int (*compare)(const char *one, const char *other);
};

/* "kernel", "date" or "label"; NULL: none of them. */
const struct trend_by *trend_by_find(const char *name);

struct trend_points {
	struct grid_entry *entries; /* in the order of the points, which are their rows */
	size_t count;
	char **names; /* twice as many: of the points, and of rows that have another */
};

/* Refers into `results`.  0 or -ENOMEM. */
int trend_points_make(const struct results *results, const struct trend_by *by,
		      struct trend_points *ret);
void trend_points_clear(struct trend_points *points);

#endif
