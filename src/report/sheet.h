/* SPDX-License-Identifier: MIT */
/* The texts of tables; private to this folder. */
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
	struct text_table table; /* figures, with "[N]" where there is a footnote */
	char **footnotes;
	size_t footnote_count;
	char *align; /* of the table, where it is not constant */
};

/* Makes the table; sideways, with a row for each method.  0 or -ENOMEM. */
int sheet_build(struct sheet *ret, const struct grid *grid, const struct measure *measure,
		int sideways);

/* What a row of the combined table looks like. */
enum combined_form {
	COMBINED_ALIGNED, /* the spread of a time has a column of its own */
	COMBINED_GROUPED, /* the same, narrower: a file system stands above its methods */
	COMBINED_JOINED,  /* the spread stands behind its value */
};

/*
 * Makes the table that has a row for each method on each file system, and a column for each of
 * report_measures(), with the spread of times.  0 or -ENOMEM.
 */
int sheet_combine(struct sheet *ret, const struct grid *grid, const struct report_options *options,
		  enum combined_form form);

/* "time until on disk; fragments of the file": what its columns are.  NULL: out of memory. */
char *sheet_combined_title(const struct grid *grid, const struct report_options *options);

/* The mark of a cell of which a run is not ok: "[N]", and its footnote; "": all are.  0 or -ENOMEM.
 */
enum { SHEET_MARK_MAX = 32 };
int sheet_mark(struct sheet *sheet, const struct cell *cell, char ret[static SHEET_MARK_MAX]);

/* Prints a title and the table of all phases, if there is a workload.  0 or -ENOMEM. */
int phases_print(FILE *to, const struct grid *grid, const char *before_title,
		 const char *after_title, void (*print)(FILE *to, const struct text_table *table));

void sheet_clear(struct sheet *sheet);

/*
 * Calls `told` for each line that stands above the tables of a grid: sizes and
 * conditions, what the testbed's figures do not mean, what falsified them (more than three warnings
 * are counted, unless `all` of them are wanted), which cells did something else than their method's
 * name suggests.  0, -ENOMEM, or what `told` returned.
 */
int heading_each(const struct grid *grid, bool all, int (*told)(const char *line, void *context),
		 void *context);

#endif
