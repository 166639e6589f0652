/* SPDX-License-Identifier: MIT */
/*
 * What is wider than a line is turned on its side if it fits that way, and cut
 * into blocks of columns if not: a line that the terminal wraps cannot be read.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/beside.h"
#include "base/cleanup.h"
#include "report/format.h"
#include "report/rows.h"
#include "report/sheet.h"

enum { COLUMNS_DEFAULT = 100, COLUMN_GAP = 2 };

/* The column after the last one that fits on a line that starts with `from`; at least one does. */
static size_t last_fitting(const struct sheet *sheet, size_t from, size_t columns)
{
	size_t width = sheet->name_width, to = from;

	do {
		width += COLUMN_GAP + sheet->width[to++];
	} while (to < sheet->columns && width + COLUMN_GAP + sheet->width[to] <= columns);
	return to;
}

static void print_padded(FILE *to, const char *text, size_t width, int right)
{
	int padding = (int)(width - text_width(text));

	if (right)
		fprintf(to, "%*s", padding + COLUMN_GAP, "");
	put_text(to, text);
	if (!right)
		fprintf(to, "%*s", padding, "");
}

static void print_block(FILE *to, const struct sheet *sheet, size_t from, size_t end)
{
	print_padded(to, sheet->corner, sheet->name_width, 0);
	for (size_t i = from; i < end; i++)
		print_padded(to, sheet->column_names[i], sheet->width[i], 1);
	putc('\n', to);
	for (size_t i = 0; i < sheet->rows; i++) {
		print_padded(to, sheet->row_names[i], sheet->name_width, 0);
		for (size_t j = from; j < end; j++)
			print_padded(to, sheet->text[i * sheet->columns + j], sheet->width[j], 1);
		putc('\n', to);
	}
}

/* Breaks at blanks; further lines are indented. */
static void print_wrapped(FILE *to, const char *text, size_t columns, size_t indent)
{
	static const char blanks[] = " \t\n";
	size_t used = 0;

	while (*text) {
		size_t bytes = strcspn(text, blanks);
		char word[CELL_TEXT_MAX];

		if (bytes >= sizeof(word))
			bytes = sizeof(word) - 1;
		memcpy(word, text, bytes);
		word[bytes] = '\0';
		if (used && used + 1 + text_width(word) > columns) {
			fprintf(to, "\n%*s", (int)indent, "");
			used = indent;
		} else if (used) {
			putc(' ', to);
			used++;
		}
		put_text(to, word);
		used += text_width(word);
		text += bytes;
		text += strspn(text, blanks);
	}
	putc('\n', to);
}

static int print_footnotes(FILE *to, const struct sheet *sheet, size_t columns)
{
	for (size_t i = 0; i < sheet->footnote_count; i++) {
		CLEANUP(freep) char *line = NULL;

		if (asprintf(&line, "[%zu] %s", i + 1, sheet->footnotes[i]) < 0)
			return -ENOMEM;
		print_wrapped(to, line, columns, strcspn(line, " ") + 1);
	}
	return 0;
}

static int print_measure(FILE *to, const struct grid *grid, const struct measure *measure,
			 size_t columns, int sideways)
{
	CLEANUP(sheet_clear) struct sheet sheet = { 0 };
	CLEANUP(freep) char *title = NULL;
	int r = sheet_build(&sheet, grid, measure, sideways);

	if (r < 0)
		return r;
	if (asprintf(&title, "%s (%s)", measure->title, measure->note) < 0)
		return -ENOMEM;
	putc('\n', to);
	print_wrapped(to, title, columns, COLUMN_GAP);
	for (size_t from = 0, end; from < sheet.columns; from = end) {
		end = last_fitting(&sheet, from, columns);
		if (from > 0)
			putc('\n', to);
		print_block(to, &sheet, from, end);
	}
	return print_footnotes(to, &sheet, columns);
}

/* 1, 0 or -ENOMEM. */
static int fits(const struct grid *grid, const struct measure *const *measures, size_t columns,
		int sideways)
{
	for (; *measures; measures++) {
		CLEANUP(sheet_clear) struct sheet sheet = { 0 };
		int r = sheet_build(&sheet, grid, *measures, sideways);

		if (r < 0)
			return r;
		if (last_fitting(&sheet, 0, columns) < sheet.columns)
			return 0;
	}
	return 1;
}

struct page {
	FILE *to;
	size_t columns;
};

static int print_heading_line(const char *line, void *context)
{
	const struct page *page = context;

	print_wrapped(page->to, line, page->columns, 2);
	return 0;
}

static int print_grid(FILE *to, const struct grid *grid, const struct report_options *options)
{
	const struct measure *const *measures = report_measures(options);
	size_t columns = options->columns ? options->columns : COLUMNS_DEFAULT;
	int upright = fits(grid, measures, columns, 0);
	int sideways = upright == 0 ? fits(grid, measures, columns, 1) : 0;
	int r = upright < 0 ? upright : sideways;
	struct page page = { to, columns };

	if (r >= 0)
		r = heading_each(grid, print_heading_line, &page);
	for (; r >= 0 && *measures; measures++)
		r = print_measure(to, grid, *measures, columns, sideways);
	return r < 0 ? r : beside_print(to, grid, options, "", "", rows_print);
}

int table_print(FILE *to, const struct grids *grids, const struct report_options *options)
{
	for (size_t i = 0; i < grids->count; i++) {
		int r;

		if (i > 0)
			fputs("\n\n", to);
		r = print_grid(to, &grids->grid[i], options);
		if (r < 0)
			return r;
	}
	return 0;
}
