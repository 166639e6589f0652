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

/*
 * One axis for all grids, so that their charts can be compared, of grid_measure().  0 or -ENODATA.
 */
int axis_of(const struct grids *grids, const struct measure *measure, struct axis *ret);

/* Calls `each` per label, from below. */
typedef void (*axis_tick_fn)(const char *label, double value, void *context);
void axis_each_label(const struct axis *axis, axis_tick_fn each, void *context);

/* The position of a value on the axis: 0 to 1. */
double axis_part(const struct axis *axis, double value);

/* The argument of gnuplot's `set ytics`: ('0' 0, '20 s' 20, ...). */
void axis_put_ticks(FILE *to, const struct axis *axis);

/* ---- gnuplot: gnuplot.c ---- */

/*
 * Prints foreign text as a string of a script, in single quotes: in double quotes gnuplot runs
 * `commands`.
 */
void gnuplot_put_text(FILE *to, const char *text);

/* Prints it as a word of a table of data, in double quotes, without those in the text. */
void gnuplot_put_name(FILE *to, const char *name);

/* Prints a value of such a table; NaN: "-". */
void gnuplot_put_value(FILE *to, double value);

enum { GNUPLOT_COLOURS = 8 };

/* Sets line types 1 to GNUPLOT_COLOURS, which have different colours. */
void gnuplot_put_colours(FILE *to);

/* Sets the terminal for a file of chart_is_picture(); sizes in pixels. */
void gnuplot_put_terminal(FILE *to, const char *path, double width, double height);

/*
 * Runs a script and returns its standard output, terminated by a zero byte; the caller frees it.
 * 0, or -errno with *problem set; -ENOENT: gnuplot is not installed.
 */
int gnuplot_run(const char *script, size_t script_bytes, char **ret_picture, size_t *ret_bytes,
		struct problem *problem);

/* ---- charts: chart_picture.c, chart_terminal.c, chart_curve.c ---- */

/*
 * Print the script of a chart, for a file or a terminal, without the name of its output.  0 or
 * -ENOMEM.
 */
int chart_put_picture(FILE *to, const struct grids *grids, const struct chart_options *options,
		      const struct axis *axis);
int chart_put_terminal(FILE *to, const struct grids *grids, const struct chart_options *options,
		       const struct axis *axis);

/*
 * The same for lines over the values of a parameter, on both.  Only if chart_has_curves(): each
 * grid has methods that are such values, and most of them are unless CHART_CURVE was asked for; 1,
 * 0 or -ENOMEM.
 */
int chart_put_curves(FILE *to, const struct grids *grids, const struct chart_options *options,
		     const struct axis *axis);
int chart_has_curves(const struct grids *grids, enum chart_style style);

/* Sets `base` and the axis of values. */
void chart_put_axis(FILE *to, const struct axis *axis);

/* Prints the measure, the sizes and the conditions.  Returns the number of lines, or -ENOMEM. */
int chart_put_title(FILE *to, const struct grid *grid, const struct chart_options *options,
		    const struct axis *axis);

/* The width of the widest name, in columns. */
size_t chart_widest(const char *const *names, size_t count);

#endif
