/* SPDX-License-Identifier: MIT */
/* The texts of tables; private to src/report/. */
#ifndef REPORT_SHEET_H
#define REPORT_SHEET_H

#include <stdbool.h>
#include <stdio.h>

#include "base/text_table.h"

struct cell;
struct grid;
struct measure;
struct report_options;

struct sheet {
	struct text_table table; /* statistics, with "[N]" for a footnote */
	char **footnotes;
	size_t footnote_count;
	char *align; /* of the table, if it is not constant */
};

/* Creates the table of a measure; sideways, it has a row per method.  0 or -ENOMEM. */
int sheet_build(struct sheet *ret, const struct grid *grid, const struct measure *measure,
		int sideways);

/* The form of a row of the combined table. */
enum combined_form {
	COMBINED_ALIGNED, /* the spread of a time is a column */
	COMBINED_GROUPED, /* the same, narrower: a file system is above its methods */
	COMBINED_JOINED,  /* the spread follows the value */
};

/*
 * Creates the combined table, with a row per method and file system, and a column per measure of
 * report_measures(), with the spread of times.  0 or -ENOMEM.
 */
int sheet_combine(struct sheet *ret, const struct grid *grid, const struct report_options *options,
		  enum combined_form form);

/*
 * The names of its columns: "time until on disk; fragments of the file".  The caller frees it;
 * NULL: out of memory.
 */
char *sheet_combined_title(const struct grid *grid, const struct report_options *options);

/*
 * Adds the footnote of a cell with a run that is not ok, and sets its mark, "[N]"; "": all are ok.
 * 0 or -ENOMEM.
 */
enum { SHEET_MARK_MAX = 32 };
int sheet_mark(struct sheet *sheet, const struct cell *cell, char ret[static SHEET_MARK_MAX]);

/* Prints a title and the table of all phases if there is a workload.  0 or -ENOMEM. */
int phases_print(FILE *to, const struct grid *grid, const char *before_title,
		 const char *after_title, void (*print)(FILE *to, const struct text_table *table));

void sheet_clear(struct sheet *sheet);

/*
 * Calls `emit` per line above the tables of a grid: sizes and conditions, a limitation of the
 * testbed, warnings (their number if there are more than three, unless `all` is set), and cells
 * that were allocated in another way than the name of the method suggests.  0, -ENOMEM, or the
 * result of `emit`.
 */
int heading_each(const struct grid *grid, bool all, int (*emit)(const char *line, void *context),
		 void *context);

#endif
