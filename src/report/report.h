/* SPDX-License-Identifier: MIT */
/* Grids to bytes.  Sees records and figures, never a file system. */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "stats/measure.h"
#include "base/problem.h"

struct figure;
struct grids;

enum { VALUE_TEXT_MAX = 32 };

/* A value with its unit, for people.  NaN: "n/a". */
const char *value_text(double value, enum measure_unit unit, char text[static VALUE_TEXT_MAX]);

enum { FIGURE_TEXT_MAX = 112 };

/*
 * A figure of one or more runs, for people: "1.27 s ±3 %" with its 95 % interval,
 * "33.0 ms (16.5..70.4)" with the ends of that where it is more than 30 %, and with the
 * smallest and the largest value where there are too few runs for an interval; a count
 * that varies is "3..5", and what never varies is just the value.
 */
const char *figure_text(const struct figure *figure, enum measure_unit unit,
			char text[static FIGURE_TEXT_MAX]);

/* The same in characters that the user's terminal shows: "1.27 s +-3 %". */
const char *figure_text_local(const struct figure *figure, enum measure_unit unit,
			      char text[static FIGURE_TEXT_MAX]);

/* Its two parts: the value, and how sure it is: "+-3 %", "(16.5..70.4)", or "" for nothing. */
void figure_parts_local(const struct figure *figure, enum measure_unit unit,
			char value[static FIGURE_TEXT_MAX], char spread[static FIGURE_TEXT_MAX]);

/* "±", or "+-" where the terminal does not show that. */
const char *plus_minus_local(void);

struct report_options {
	const struct measure *const *measures; /* a table each, ends with NULL; NULL: one table */
	bool all;		    /* below that a table of each measure; all warnings */
	unsigned columns;	    /* widest line of a table; 0: 100 */
	const struct grids *beside; /* the figures of 2009, to be set beside; NULL: not */
};

/* A way to print results: a row of report_formats. */
struct report_format {
	const char *name;   /* for --format */
	int is_of_measures; /* heeds report_options.measures and .beside */
	/* 0 or -errno; what stdio could not write shows when the caller flushes */
	int (*print)(FILE *to, const struct grids *grids, const struct report_options *options);
};

extern const struct report_format report_formats[];
extern const size_t report_format_count;

const struct report_format *report_format_find(const char *name);

/* ---- charts by gnuplot (chart.c) ---- */

struct chart_options {
	const struct measure *measure;
	const char *output;	/* its name, which ends in .svg, .png, .pdf; NULL: the terminal */
	unsigned columns;	/* of the terminal; 0: 80 */
	int ascii;		/* it shows no characters beyond ASCII */
	const char *title;	/* in the place of the measure's; NULL: that */
	unsigned width, height; /* of a picture, in pixels; 0: as its bars need */
};

enum chart_order { CHART_AS_PLANNED, CHART_BY_NAME, CHART_BY_VALUE };

/* Sorts the file systems; by value, the one with the smallest median comes first.  0 or -ENOMEM. */
int chart_order(struct grids *grids, const struct measure *measure, enum chart_order order);

/* Ends in .svg, .png or .pdf? */
int chart_is_picture(const char *path);

/* The gnuplot script with its data in it; errors as of chart_draw(), but for gnuplot's own. */
int chart_script(FILE *to, const struct grids *grids, const struct chart_options *options,
		 struct problem *problem);

/*
 * Has gnuplot draw it, and writes the picture or the text to `to`; options->output only says
 * which.  0 or -errno with a sentence: -ENODATA (nothing to draw), -EINVAL (the output has none
 * of the endings), -ENOENT (gnuplot is missing).
 */
int chart_draw(FILE *to, const struct grids *grids, const struct chart_options *options,
	       struct problem *problem);

/* ---- trends (trend.c): grids whose rows are points in time, in their order ---- */

struct trend_options {
	const struct measure *measure;
	const char *filesystem; /* what all of it was measured on */
	const char *by;		/* what tells the rows apart: "kernel", "date", "label" */
	const char *output;	/* of trend_draw(): its name, which ends in .svg, .png or .pdf */
};

/* A block of lines a method: median, spread, runs, and the change from the row before. */
int trend_print(FILE *to, const struct grids *grids, const struct trend_options *options);

/* A picture with a line for each method, by gnuplot.  Errors as of chart_draw(). */
int trend_draw(FILE *to, const struct grids *grids, const struct trend_options *options,
	       struct problem *problem);

#endif
