/* SPDX-License-Identifier: MIT */
/* The text of a table of one measure; private to this folder. */
#ifndef REPORT_SHEET_H
#define REPORT_SHEET_H

#include "base/text_table.h"

struct grid;
struct measure;

struct sheet {
	struct text_table table; /* figures, with "[N]" where there is a footnote */
	char **footnotes;
	size_t footnote_count;
};

/* Makes the table; sideways, with a row for each method.  0 or -ENOMEM. */
int sheet_build(struct sheet *ret, const struct grid *grid, const struct measure *measure,
		int sideways);
void sheet_clear(struct sheet *sheet);

/*
 * Calls `told` for each line that stands above the tables of a grid: sizes and
 * conditions, what the testbed's figures do not mean, what falsified them, which cells did
 * something else than their method's name suggests.  0, -ENOMEM, or what `told` returned.
 */
int heading_each(const struct grid *grid, int (*told)(const char *line, void *context),
		 void *context);

#endif
