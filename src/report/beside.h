/* SPDX-License-Identifier: MIT */
/* Our figures beside those of another time; private to this folder. */
#ifndef REPORT_BESIDE_H
#define REPORT_BESIDE_H

#include <stdio.h>

#include "results/resultfile.h"

struct grid;
struct report_options;
struct text_table;

/*
 * Prints all of it for one grid, for the measures that are shown: a title, between what
 * is to stand before and behind it, and the table.
 */
int beside_print(FILE *to, const struct grid *grid, const struct report_options *options,
		 const char *before_title, const char *after_title,
		 void (*print)(FILE *to, const struct text_table *table));

/* ---- the results of 2009: historic.c ---- */

/* Adds a record for each of them, labelled as its run was.  0, -EINVAL or -ENOMEM. */
int historic_read(struct results *results);

#endif
