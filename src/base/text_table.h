/* SPDX-License-Identifier: MIT */
/*
 * A table with aligned columns.  It is filled cell by cell, row by row.  A failed allocation is
 * recorded and reported by text_table_check().
 */
#ifndef BASE_TEXT_TABLE_H
#define BASE_TEXT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct text_table {
	size_t columns;	   /* set by the user, at least 1 */
	const char *align; /* one letter per column, "l" or "r"; the last letter applies to all
			      further columns */
	char **cells;	   /* row by row, the heading first */
	size_t count;	   /* cells */
	bool failed;	   /* out of memory: the table is incomplete */
};

/* Adds a copy of the text as the next cell. */
void text_table_add(struct text_table *table, const char *text);
void text_table_printf(struct text_table *table, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Adds copies of `columns` texts. */
void text_table_add_row(struct text_table *table, const char *const *texts);

/* 0, or -ENOMEM: the table is incomplete and must not be printed. */
int text_table_check(const struct text_table *table);

size_t text_table_rows(const struct text_table *table);
const char *text_table_cell(const struct text_table *table, size_t row, size_t column);

bool text_table_is_left(const struct text_table *table, size_t column);

/* The width of a row on a terminal, in columns. */
size_t text_table_width(const struct text_table *table);

/*
 * Column 0 contains the names of the rows.  Determines how many of the other columns, starting
 * with `from`, fit next to it into `width` terminal columns.  Returns the number of the first that
 * does not fit; at least one always fits.
 */
size_t text_table_fitting(const struct text_table *table, size_t from, size_t width);

/* Prints the table without trailing blanks. */
void text_table_print(FILE *to, const struct text_table *table);

/*
 * Prints column 0 and the columns from `from` up to and excluding `end`.  Each line ends with
 * `line_end`.
 */
void text_table_print_part(FILE *to, const struct text_table *table, size_t from, size_t end,
			   const char *line_end);

void text_table_clear(struct text_table *table);

#endif
