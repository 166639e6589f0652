/* SPDX-License-Identifier: MIT */
/* The points in time of a trend; private to `alloc-perf history trend`. */
#ifndef CMD_TREND_POINTS_H
#define CMD_TREND_POINTS_H

#include "results/resultfile.h"

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

/*
 * Each record gets the name of its point in the place of its file system, and they
 * are put in the order of the points.  0 or -ENOMEM.
 */
int trend_make_points(struct results *results, const struct trend_by *by);

#endif
