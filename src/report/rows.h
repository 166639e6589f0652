/* SPDX-License-Identifier: MIT */
/* Rows of text with a heading, printed aligned or as markdown; private to this folder. */
#ifndef REPORT_ROWS_H
#define REPORT_ROWS_H

#include <stddef.h>
#include <stdio.h>

struct rows {
	size_t columns;
	size_t left;  /* so many columns, from the first, are aligned to the left, the rest to the
			 right */
	char **text;  /* row by row, the heading first */
	size_t count; /* rows */
};

/* Adds copies of `columns` texts.  0 or -ENOMEM. */
int rows_add(struct rows *rows, const char *const *texts);

void rows_print(FILE *to, const struct rows *rows);
void rows_print_markdown(FILE *to, const struct rows *rows);

/* Foreign text for markdown: on one line, and none of its letters means anything there. */
void put_markdown(FILE *to, const char *text);

void rows_clear(struct rows *rows);

#endif
