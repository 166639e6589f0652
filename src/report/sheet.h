/* SPDX-License-Identifier: MIT */
/* The text of a table of one measure; private to this folder. */
#ifndef REPORT_SHEET_H
#define REPORT_SHEET_H

#include "report/format.h"

enum { CELL_TEXT_MAX = FIGURE_TEXT_MAX + 16 };

struct sheet {
	const char *corner; /* above the names of the rows */
	const char *const *row_names, *const *column_names;
	size_t rows, columns;
	char (*text)[CELL_TEXT_MAX]; /* row by row, with "[N]" where there is a footnote */
	size_t *width;		     /* of each column */
	size_t name_width;
	char **footnotes;
	size_t footnote_count;
};

/* Refers into the grid.  Sideways: a row for each method.  0 or -ENOMEM. */
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
