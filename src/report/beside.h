/* SPDX-License-Identifier: MIT */
/* The comparison with the results of 2009. */
#ifndef REPORT_BESIDE_H
#define REPORT_BESIDE_H

#include <stdio.h>

#include "results/resultfile.h"

struct grid;
struct report_options;
struct text_table;

/*
 * Prints a title, between `before_title` and `after_title`, and a table, per measure that is shown,
 * if options->beside is set.
 */
int beside_print(FILE *to, const struct grid *grid, const struct report_options *options,
		 const char *before_title, const char *after_title,
		 void (*print)(FILE *to, const struct text_table *table));

/* ---- the results of 2009: historic.c ---- */

/* Adds the results of April 2009 as records, with labels for their runs.  0, -EINVAL or -ENOMEM. */
int historic_read(struct results *results);

#endif
