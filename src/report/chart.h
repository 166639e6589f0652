/* SPDX-License-Identifier: MIT */
/* Charts by gnuplot; private to src/report/. */
#ifndef REPORT_CHART_H
#define REPORT_CHART_H

#include <stddef.h>
#include <stdio.h>

#include "stats/cell.h"
#include "base/problem.h"
#include "report/format.h"

/* ---- the axis of values: axis.c ---- */

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

/* ---- gnuplot: gnuplot.c ---- */

/* Foreign text as a string of the script, in single quotes: in double ones gnuplot runs `commands`.
 */
void gnuplot_put_text(FILE *to, const char *text);

/* As a word of a table of data, in double quotes, which it then cannot hold itself. */
void gnuplot_put_name(FILE *to, const char *name);

/* A value of such a table; NaN: "-". */
void gnuplot_put_value(FILE *to, double value);

enum { GNUPLOT_COLOURS = 8 };

/* Line types 1 to GNUPLOT_COLOURS, each a colour of its own. */
void gnuplot_put_colours(FILE *to);

/* The terminal for a file for which chart_is_picture() holds; sizes in pixels. */
void gnuplot_put_terminal(FILE *to, const char *path, double width, double height);

/*
 * Runs a script and gives back what it draws to standard output; the caller
 * frees it, and a zero byte follows it.  0 or -errno with a sentence; -ENOENT:
 * not installed.
 */
int gnuplot_run(const char *script, size_t script_bytes, char **ret_picture, size_t *ret_bytes,
		struct problem *problem);

/* ---- charts: chart_picture.c, chart_terminal.c ---- */

/* All but what sets the output.  0 or -ENOMEM. */
int chart_put_picture(FILE *to, const struct grids *grids, const struct chart_options *options,
		      const struct axis *axis);
int chart_put_terminal(FILE *to, const struct grids *grids, const struct chart_options *options,
		       const struct axis *axis);

/* Two lines: what is shown, and under which conditions.  0 or -ENOMEM. */
int chart_put_title(FILE *to, const struct grid *grid, const struct chart_options *options,
		    const struct axis *axis);

/* Columns of the widest of some names. */
size_t chart_widest(const char *const *names, size_t count);

#endif
