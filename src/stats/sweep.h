/* SPDX-License-Identifier: MIT */
/*
 * Methods of a grid that differ in nothing but one parameter, as those of `run --vary
 * step=64K..8M`: the points of a curve.
 */
#ifndef STATS_SWEEP_H
#define STATS_SWEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/size.h"

struct grid;

/* Fewer values are no curve. */
enum { SWEEP_VALUES_LEAST = 3 };

struct sweep_point {
	uint64_t value; /* of the parameter: bytes, or a depth */
	size_t method;	/* column of the grid */
};

struct sweep_curve {
	char *name; /* "fallocate-step-SIZE", "uring-1M-DEPTH"; of a joined grid with the condition
		     */
	struct sweep_point *points; /* sorted by value */
	size_t count;
};

struct sweep {
	bool is_depth; /* the values are depths; else sizes */
	struct sweep_curve *curves;
	size_t curve_count;
	size_t *others; /* the columns that are on no curve */
	size_t other_count;
};

/* Finds the curves of a grid, if there are any.  0 or -ENOMEM. */
int sweep_find(const struct grid *grid, struct sweep *ret);
void sweep_clear(struct sweep *sweep);

/* The methods of the grid are mostly points of curves. */
bool sweep_prevails(const struct sweep *sweep, const struct grid *grid);

/* The values of all curves, sorted, each once.  The caller frees *ret.  0 or -ENOMEM. */
int sweep_values(const struct sweep *sweep, uint64_t **ret, size_t *ret_count);

/* "64K", or a depth. */
const char *sweep_value_text(const struct sweep *sweep, uint64_t value,
			     char text[static SIZE_TEXT_MAX]);

#endif
