/* SPDX-License-Identifier: MIT */
/* Grids to bytes.  Sees records and figures, never a file system. */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include <stdio.h>

#include "cell.h"
#include "problem.h"

struct report_options {
	const struct measure *const *measures; /* which, ends with NULL; NULL: the default four */
	int ascii;			       /* no characters beyond ASCII */
};

/* A way to print results: a row of report_formats. */
struct report_format {
	const char *name; /* for --format */
	const char *summary;
	int (*print)(FILE *to, const struct grids *grids, const struct report_options *options);
};

extern const struct report_format report_formats[];
extern const size_t report_format_count;

const struct report_format *report_format_find(const char *name);

/* ---- charts by gnuplot (chart.c) ---- */

struct chart_options {
	const struct measure *measure;
	const char *output;	/* ends in .svg, .png, .pdf; NULL: the terminal */
	unsigned columns, rows; /* of the terminal */
};

/* The gnuplot script with its data in it.  0, -ENOMEM, -ENODATA (nothing to draw). */
int chart_script(FILE *to, const struct grids *grids, const struct chart_options *options);

/* Runs gnuplot on it; a terminal chart goes to `terminal`.  -ENOENT: gnuplot is missing. */
int chart_draw(FILE *terminal, const struct grids *grids, const struct chart_options *options,
	       struct problem *problem);

#endif
