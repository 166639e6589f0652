/* SPDX-License-Identifier: MIT */
#include "base/text_table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"

enum { GAP = 2 };

/* Takes over the text. */
static void add(struct text_table *table, char *text)
{
	if (text && !table->failed && ARRAY_ADD(table->cells, table->count, text) == 0)
		return;
	free(text);
	table->failed = true;
}

void text_table_add(struct text_table *table, const char *text)
{
	add(table, strdup(text));
}

void text_table_printf(struct text_table *table, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add(table, text_vformat(format, arguments));
	va_end(arguments);
}

void text_table_add_row(struct text_table *table, const char *const *texts)
{
	for (size_t i = 0; i < table->columns; i++)
		text_table_add(table, texts[i]);
}

int text_table_check(const struct text_table *table)
{
	return table->failed ? -ENOMEM : 0;
}

size_t text_table_rows(const struct text_table *table)
{
	return table->count / table->columns;
}

const char *text_table_cell(const struct text_table *table, size_t row, size_t column)
{
	return table->cells[row * table->columns + column];
}

bool text_table_is_left(const struct text_table *table, size_t column)
{
	size_t letters = strlen(table->align);

	return table->align[column < letters ? column : letters - 1] == 'l';
}

static size_t column_width(const struct text_table *table, size_t column)
{
	size_t width = 0;

	for (size_t i = 0; i < text_table_rows(table); i++) {
		size_t here = text_width(text_table_cell(table, i, column));

		width = here > width ? here : width;
	}
	return width;
}

size_t text_table_width(const struct text_table *table)
{
	size_t width = GAP * (table->columns - 1);

	for (size_t i = 0; i < table->columns; i++)
		width += column_width(table, i);
	return width;
}

size_t text_table_fitting(const struct text_table *table, size_t from, size_t width)
{
	size_t used = column_width(table, 0), end = from;

	do
		used += GAP + column_width(table, end++);
	while (end < table->columns && used + GAP + column_width(table, end) <= width);
	return end;
}

/* Blanks are printed only before further text. */
static size_t print_cell(FILE *to, const char *text, size_t owed, size_t width, bool left)
{
	size_t padding = width - text_width(text);

	if (!*text)
		return owed + width;
	fprintf(to, "%*s", (int)(owed + (left ? 0 : padding)), "");
	text_put(to, text);
	return left ? padding : 0;
}

void text_table_print_part(FILE *to, const struct text_table *table, size_t from, size_t end,
			   const char *line_end)
{
	CLEANUP(freep) size_t *width = calloc(table->columns, sizeof(*width));

	for (size_t i = 0; width && i < table->columns; i++)
		width[i] = column_width(table, i);
	for (size_t i = 0; width && i < text_table_rows(table); i++) {
		size_t owed = print_cell(to, text_table_cell(table, i, 0), 0, width[0],
					 text_table_is_left(table, 0));

		for (size_t j = from; j < end; j++)
			owed = print_cell(to, text_table_cell(table, i, j), owed + GAP, width[j],
					  text_table_is_left(table, j));
		fputs(line_end, to);
	}
}

void text_table_print(FILE *to, const struct text_table *table)
{
	text_table_print_part(to, table, 1, table->columns, "\n");
}

void text_table_clear(struct text_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		free(table->cells[i]);
	free(table->cells);
	table->cells = NULL;
	table->count = 0;
	table->failed = false;
}
