/* SPDX-License-Identifier: MIT */
/* What the forms of output share; private to this folder. */
#ifndef REPORT_FORMAT_H
#define REPORT_FORMAT_H

#include <stdio.h>

#include "report.h"

enum { VALUE_TEXT_MAX = 32 };

/* A value with its unit, for people.  NaN: "n/a". */
const char *value_text(double value, enum measure_unit unit, char text[static VALUE_TEXT_MAX]);

enum { FIGURE_TEXT_MAX = 112 };

/*
 * A figure of one or more runs, for people: "1.27 s ±3 %" with its 95 % interval,
 * "1.23 s (1.19..1.31)" with its ends where there are too few runs for that; a
 * count that varies is "3..5", and what never varies is just the value.
 */
const char *figure_text(const struct figure *figure, enum measure_unit unit,
			char text[static FIGURE_TEXT_MAX]);

/*
 * Foreign text on one line: control characters become spaces, so that no result
 * file can move the cursor or break a row.
 */
void put_text(FILE *to, const char *text);

/* Columns that it takes on a terminal, for UTF-8 without wide characters. */
size_t text_width(const char *text);

/* "4 GiB file on a 20 GiB volume". */
void put_sizes(FILE *to, const struct grid *grid);

/* "uml, Linux 6.1.0, "desktop on", medians of 3 runs"; nothing where nothing is known. */
void put_conditions(FILE *to, const struct grid *grid);

int table_print(FILE *to, const struct grids *grids, const struct report_options *options);
int form2009_print(FILE *to, const struct grids *grids, const struct report_options *options);
int csv_print(FILE *to, const struct grids *grids, const struct report_options *options);

#endif
