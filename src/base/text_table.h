/* SPDX-License-Identifier: MIT */
/*
 * A table of texts with aligned columns.  It is filled cell by cell, row after row; a failed
 * allocation is remembered and reported by text_table_check().
 */
#ifndef BASE_TEXT_TABLE_H
#define BASE_TEXT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct text_table {
	size_t columns;	   /* set by the user, at least 1 */
	const char *align; /* "lr": column 0 to the left, the others to the right; the last letter
			      holds for all columns that follow */
	char **cells;	   /* row by row, the heading first */
	size_t count;	   /* cells */
	bool failed;	   /* out of memory: cells are missing */
};

/* Adds a copy of the text as the next cell. */
void text_table_add(struct text_table *table, const char *text);
void text_table_printf(struct text_table *table, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Adds copies of `columns` texts. */
void text_table_add_row(struct text_table *table, const char *const *texts);

/* 0, or -ENOMEM: the table is not complete and must not be printed. */
int text_table_check(const struct text_table *table);

size_t text_table_rows(const struct text_table *table);
const char *text_table_cell(const struct text_table *table, size_t row, size_t column);

bool text_table_is_left(const struct text_table *table, size_t column);

/* Columns of the terminal that a row takes. */
size_t text_table_width(const struct text_table *table);

/*
 * Column 0 names the rows.  Of the others, starting with `from`, how many fit beside it into
 * `width` columns of the terminal?  Returns the number of the first that does not; at least one is
 * taken to fit.
 */
size_t text_table_fitting(const struct text_table *table, size_t from, size_t width);

/* Prints all of it; no cell is followed by blanks. */
void text_table_print(FILE *to, const struct text_table *table);

/* Prints column 0 and columns from `from` up to, not including, `end`, and ends each line with
 * `line_end`. */
void text_table_print_part(FILE *to, const struct text_table *table, size_t from, size_t end,
			   const char *line_end);

void text_table_clear(struct text_table *table);

#endif
