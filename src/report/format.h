/* SPDX-License-Identifier: MIT */
/* Common parts of the formats; private to src/report/. */
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

/* The first run that is not ok, and their number; NULL: all are ok. */
const struct record *cell_first_not_ok(const struct cell *cell, size_t *ret_not_ok);

/* The word instead of a missing value: "refused", "failed", "n/a", "not measured". */
const char *cell_word(const struct cell *cell);

/* A sentence about runs that are not ok.  The caller frees it; NULL: out of memory. */
char *cell_explain(const struct cell *cell, const struct record *record, size_t not_ok);

/* "seconds", "bytes", "count", "bytes per second", "ratio". */
const char *measure_unit_name(enum measure_unit unit);

/* Prints "4 GiB file on a 20 GiB volume". */
void put_sizes(FILE *to, const struct grid *grid);

/* The word before a kernel: "Linux" before a release, "kernel" before a name that a user chose. */
const char *kernel_title(const char *kernel);

/* Prints "uml, Linux 6.1.0, "desktop on", medians of 3 runs", without unknown parts. */
void put_conditions(FILE *to, const struct grid *grid);

/* The same as a text.  The caller frees it; NULL: out of memory. */
char *conditions_text(const struct grid *grid);

/* "one run", "3 runs", "1 to 2 runs". */
const char *runs_text(size_t fewest, size_t most, char text[static VALUE_TEXT_MAX]);

/* Prints the separator and the number of runs per cell, "one run" or "medians of 3 runs"; nothing
 * without any. */
void put_runs(FILE *to, const struct grid *grid, const char *separator);

/* Prints " ± their 95 % confidence interval" after it, if some statistic has one. */
void put_interval(FILE *to, const struct grid *grid);

/*
 * The measures of the combined table: those of the options, or the default for a grid; NULL: for
 * allocations.
 */
const struct measure *const *report_measures(const struct report_options *options,
					     const struct grid *grid);

/*
 * Measure number `i` of those with their own table: those of the options, all with `all`, else
 * none.  NULL: there are no more.
 */
const struct measure *report_block(const struct report_options *options, const struct grid *grid,
				   size_t i);

/*
 * Calls `emit` per sentence of the summary: which methods to use per file system, and which were
 * not compared.  0, the result of `emit`, or -ENOMEM.
 */
int summary_each(const struct grid *grid, int (*emit)(const char *line, void *context),
		 void *context);

/* Whether summary and combined table, which are about methods, are shown with these options. */
bool summary_is_shown(const struct grid *grid, const struct report_options *options);

/* The measures that the summary compares. */
const char *summary_basis(const struct grid *grid);

int table_print(FILE *to, const struct grids *grids, const struct report_options *options);
int form2009_print(FILE *to, const struct grids *grids, const struct report_options *options);
int markdown_print(FILE *to, const struct grids *grids, const struct report_options *options);
int json_print(FILE *to, const struct grids *grids, const struct report_options *options);
int html_print(FILE *to, const struct grids *grids, const struct report_options *options);
int csv_print(FILE *to, const struct grids *grids, const struct report_options *options);

/* ---- parts of markdown: markdown.c ---- */

struct text_table;

/* Prints foreign text on one line, with characters escaped that are special in markdown. */
void markdown_put(FILE *to, const char *text);

/* ": " and a command, to be copied. */
void markdown_put_command(FILE *to, const char *text);

/* Prints a table, with the first row as its heading. */
void markdown_put_table(FILE *to, const struct text_table *table);

#endif
