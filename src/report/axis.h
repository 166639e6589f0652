/* SPDX-License-Identifier: MIT */
/* The axis of values of a chart; private to this folder. */
#ifndef REPORT_AXIS_H
#define REPORT_AXIS_H

#include <stdio.h>

#include "stats/cell.h"

struct axis {
	enum measure_unit unit;
	int logarithmic; /* positive values span more than two decades */
	double minimum,
		maximum; /* its ends, error bars included; the minimum is 0 unless logarithmic */
};

/* One axis for all grids, so that their charts can be compared.  0 or -ENODATA. */
int axis_of(const struct grids *grids, const struct measure *measure, struct axis *ret);

/* Calls `told` for each place that has a label, from below. */
typedef void (*axis_tick_fn)(const char *label, double value, void *context);
void axis_each_label(const struct axis *axis, axis_tick_fn told, void *context);

/* How far from the start of the axis to its end a value is: 0 to 1. */
double axis_part(const struct axis *axis, double value);

/* The argument of gnuplot's `set ytics`: ('0' 0, '20 s' 20, ...). */
void axis_put_ticks(FILE *to, const struct axis *axis);

#endif
