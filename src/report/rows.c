/* SPDX-License-Identifier: MIT */
#include "report/rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/format.h"

enum { ROWS_GAP = 2 };

int rows_add(struct rows *rows, const char *const *texts)
{
	size_t used = rows->count * rows->columns;
	char **larger = reallocarray(rows->text, used + rows->columns, sizeof(*larger));

	if (!larger)
		return -ENOMEM;
	rows->text = larger;
	for (size_t i = 0; i < rows->columns; i++) {
		larger[used + i] = strdup(texts[i]);
		if (larger[used + i])
			continue;
		while (i > 0)
			free(larger[used + --i]);
		return -ENOMEM;
	}
	rows->count++;
	return 0;
}

static size_t width_of(const struct rows *rows, size_t column)
{
	size_t width = 0;

	for (size_t i = 0; i < rows->count; i++) {
		size_t here = text_width(rows->text[i * rows->columns + column]);

		width = here > width ? here : width;
	}
	return width;
}

static void print_cell(FILE *to, const struct rows *rows, size_t row, size_t column)
{
	const char *text = rows->text[row * rows->columns + column];
	int padding = (int)(width_of(rows, column) - text_width(text));
	int gap = column > 0 ? ROWS_GAP : 0;

	if (column >= rows->left) {
		fprintf(to, "%*s", gap + padding, "");
		put_text(to, text);
		return;
	}
	fprintf(to, "%*s", gap, "");
	put_text(to, text);
	if (column + 1 < rows->columns)
		fprintf(to, "%*s", padding, "");
}

void rows_print(FILE *to, const struct rows *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		for (size_t j = 0; j < rows->columns; j++)
			print_cell(to, rows, i, j);
		putc('\n', to);
	}
}

void put_markdown(FILE *to, const char *text)
{
	for (; *text; text++) {
		char letter[2] = { *text, '\0' };

		if (strchr("\\`*_{}[]<>#|~&", *text))
			putc('\\', to);
		put_text(to, letter);
	}
}

static void print_rule(FILE *to, const struct rows *rows)
{
	putc('|', to);
	for (size_t i = 0; i < rows->columns; i++)
		fputs(i < rows->left ? " --- |" : " ---: |", to);
	putc('\n', to);
}

void rows_print_markdown(FILE *to, const struct rows *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		putc('|', to);
		for (size_t j = 0; j < rows->columns; j++) {
			putc(' ', to);
			put_markdown(to, rows->text[i * rows->columns + j]);
			fputs(" |", to);
		}
		putc('\n', to);
		if (i == 0)
			print_rule(to, rows);
	}
}

void rows_clear(struct rows *rows)
{
	for (size_t i = 0; i < rows->count * rows->columns; i++)
		free(rows->text[i]);
	free(rows->text);
	rows->text = NULL;
	rows->count = 0;
}
