/* SPDX-License-Identifier: MIT */
/* What the forms of output share; private to this folder. */
#ifndef REPORT_FORMAT_H
#define REPORT_FORMAT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/text.h"
#include "report/report.h"
#include "stats/summary.h"

struct cell;
struct grid;
struct record;

/* The first run that was not, and how many were not; NULL: all were ok. */
const struct record *cell_first_not_ok(const struct cell *cell, size_t *ret_not_ok);

/* What stands in the place of a value that is not there: "refused", "failed", "n/a", "not
 * measured". */
const char *cell_word(const struct cell *cell);

/* A sentence about such runs, which the caller frees; NULL: out of memory. */
char *cell_explain(const struct cell *cell, const struct record *record, size_t not_ok);

/* "4 GiB file on a 20 GiB volume". */
void put_sizes(FILE *to, const struct grid *grid);

/* What stands before a kernel: "Linux" before a release, "kernel" before a name that a user chose.
 */
const char *kernel_title(const char *kernel);

/* "uml, Linux 6.1.0, "desktop on", medians of 3 runs"; nothing where nothing is known. */
void put_conditions(FILE *to, const struct grid *grid);

/* The same as a text, which the caller frees; NULL: out of memory. */
char *conditions_text(const struct grid *grid);

/* " ± their 95 % confidence interval" (local), behind that, where some figure has one. */
void put_interval(FILE *to, const struct grid *grid);

/* What is shown side by side: the measures asked for, or the columns of the combined table of a
 * grid; NULL: of allocations. */
const struct measure *const *report_measures(const struct report_options *options,
					     const struct grid *grid);

/* Measure number `i` of those that have a table of their own: the measures asked for, with `all`
 * all of them, else none.  NULL: behind the last. */
const struct measure *report_block(const struct report_options *options, const struct grid *grid,
				   size_t i);

/*
 * Gives the sentences of the summary to `told`: which methods to use per file system, and what did
 * not compete.  0, what `told` returned, or -ENOMEM.
 */
int summary_each(const struct grid *grid, int (*told)(const char *line, void *context),
		 void *context);

/* Are there a summary and a combined table with these options?  They are about methods. */
bool summary_is_shown(const struct grid *grid, const struct report_options *options);

/* What it compares. */
const char *summary_basis(const struct grid *grid);

int table_print(FILE *to, const struct grids *grids, const struct report_options *options);
int form2009_print(FILE *to, const struct grids *grids, const struct report_options *options);
int markdown_print(FILE *to, const struct grids *grids, const struct report_options *options);
int json_print(FILE *to, const struct grids *grids, const struct report_options *options);
int html_print(FILE *to, const struct grids *grids, const struct report_options *options);
int csv_print(FILE *to, const struct grids *grids, const struct report_options *options);

/* ---- parts of markdown: markdown.c ---- */

struct text_table;

/* Prints foreign text on one line, in which no letter means anything to markdown. */
void markdown_put(FILE *to, const char *text);

/* Prints a table, whose first row is the heading. */
void markdown_put_table(FILE *to, const struct text_table *table);

#endif
