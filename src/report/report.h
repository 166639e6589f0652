/* SPDX-License-Identifier: MIT */
/* Prints grids. */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "stats/measure.h"
#include "base/problem.h"

struct figure;
struct grids;

enum { VALUE_TEXT_MAX = 32 };

/* A value with its unit.  NaN: "n/a". */
const char *value_text(double value, enum measure_unit unit, char text[static VALUE_TEXT_MAX]);

enum { FIGURE_TEXT_MAX = 112 };

/*
 * A statistic: "1.27 s ±3 %" with its 95 % interval; "33.0 ms (16.5..70.4)" with the ends of the
 * interval if it is more than 30 %, or with the minimum and maximum if there are too few runs for
 * an interval.  A count that varies is "3..5", and a constant is just the value.  A single run is
 * "1.27 s (one run)".
 */
const char *figure_text(const struct figure *figure, enum measure_unit unit,
			char text[static FIGURE_TEXT_MAX]);

/* The same in the character set of the locale: "1.27 s +-3 %". */
const char *figure_text_local(const struct figure *figure, enum measure_unit unit,
			      char text[static FIGURE_TEXT_MAX]);

/* Its two parts: the value, and the uncertainty: "+-3 %", "(16.5..70.4)", or "". */
void figure_parts_local(const struct figure *figure, enum measure_unit unit,
			char value[static FIGURE_TEXT_MAX], char spread[static FIGURE_TEXT_MAX]);

/* The second part of a single run. */
extern const char figure_one_run[];

/* "±", or "+-" if the character set does not have it. */
const char *plus_minus_local(void);

struct report_options {
	const struct measure *const
		*measures; /* one table each, terminated by NULL; NULL: the combined table */
	bool all;	   /* also a table per measure, and all warnings */
	unsigned columns;  /* the maximum width of tables; 0: 100 */
	const struct grids *beside; /* results of 2009 to compare with; NULL: none */
};

/* A way to print results: a row of report_formats. */
struct report_format {
	const char *name;   /* for --format */
	int is_of_measures; /* supports report_options.measures and .beside */
	/* 0 or -errno; the caller detects write errors of stdio */
	int (*print)(FILE *to, const struct grids *grids, const struct report_options *options);
};

extern const struct report_format report_formats[];
extern const size_t report_format_count;

const struct report_format *report_format_find(const char *name);

/* ---- charts by gnuplot (chart.c) ---- */

enum chart_style {
	CHART_FITTING, /* a curve if most methods differ in one parameter alone, else bars */
	CHART_BARS,
	CHART_CURVE,
};

struct chart_options {
	const struct measure *measure;
	enum chart_style style;
	const char *output;	/* file name with .svg, .png or .pdf; NULL: the terminal */
	unsigned columns;	/* of the terminal; 0: 80 */
	int ascii;		/* use only ASCII characters */
	const char *title;	/* instead of that of the measure; NULL: that */
	unsigned width, height; /* of a picture, in pixels; 0: automatic */
};

enum chart_order { CHART_AS_PLANNED, CHART_BY_NAME, CHART_BY_VALUE };

/* Sorts the file systems; by value, with the smallest median first.  0 or -ENOMEM. */
int chart_order(struct grids *grids, const struct measure *measure, enum chart_order order);

/* Whether the name ends with .svg, .png or .pdf. */
int chart_is_picture(const char *path);

/*
 * Prints the gnuplot script, which contains the data.  Errors are those of chart_draw(), except
 * those of gnuplot.
 */
int chart_script(FILE *to, const struct grids *grids, const struct chart_options *options,
		 struct problem *problem);

/*
 * Runs gnuplot and writes the picture or the text to `to`; options->output selects the format.  0,
 * or -errno with *problem set: -ENODATA (nothing to draw), -EINVAL (unknown suffix), -EDOM (no
 * curve), -ENOENT (gnuplot is not installed).
 */
int chart_draw(FILE *to, const struct grids *grids, const struct chart_options *options,
	       struct problem *problem);

/* ---- trends (trend.c): grids whose rows are points in time, in their order ---- */

struct trend_options {
	const struct measure *measure; /* NULL: that of grid_measure() */
	const char *filesystem;	       /* the file system of all rows */
	const char *by;		       /* the key of the rows: "kernel", "date", "label" */
	const char *output;	       /* of trend_draw(): file name with .svg, .png or .pdf */
};

/*
 * Prints a block of lines per method: median, spread, runs, and the change from the previous row.
 */
int trend_print(FILE *to, const struct grids *grids, const struct trend_options *options);

/* Draws a picture with a line per method, by gnuplot.  Errors are those of chart_draw(). */
int trend_draw(FILE *to, const struct grids *grids, const struct trend_options *options,
	       struct problem *problem);

#endif
