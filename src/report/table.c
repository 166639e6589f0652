/* SPDX-License-Identifier: MIT */
/*
 * A table that is wider than the terminal is transposed if it fits that way, and otherwise divided
 * into blocks of columns, since wrapped lines cannot be read.
 */
#include <errno.h>
#include <string.h>

#include "report/beside.h"
#include "base/cleanup.h"
#include "report/format.h"
#include "report/promises.h"
#include "report/sheet.h"
#include "stats/cell.h"

enum { COLUMNS_DEFAULT = 100, INDENT = 2 };

static int print_footnotes(FILE *to, const struct sheet *sheet, size_t columns)
{
	for (size_t i = 0; i < sheet->footnote_count; i++) {
		CLEANUP(freep) char *line = text_format("[%zu] %s", i + 1, sheet->footnotes[i]);

		if (!line)
			return -ENOMEM;
		text_wrap(to, line, columns, 0, strcspn(line, " ") + 1);
	}
	return 0;
}

static int print_sheet(FILE *to, const char *title, const struct sheet *sheet, size_t columns)
{
	putc('\n', to);
	text_wrap(to, title, columns, 0, INDENT);
	for (size_t from = 1, end; from < sheet->table.columns; from = end) {
		end = text_table_fitting(&sheet->table, from, columns);
		if (from > 1)
			putc('\n', to);
		text_table_print_part(to, &sheet->table, from, end, "\n");
	}
	return print_footnotes(to, sheet, columns);
}

static int print_combined(FILE *to, const struct grid *grid, const struct report_options *options,
			  size_t columns)
{
	CLEANUP(freep) char *title = sheet_combined_title(grid, options);
	CLEANUP(sheet_clear) struct sheet sheet = { 0 };
	int r = title ? sheet_combine(&sheet, grid, options, COMBINED_ALIGNED) : -ENOMEM;

	if (r == 0 && text_table_width(&sheet.table) > columns) {
		sheet_clear(&sheet);
		r = sheet_combine(&sheet, grid, options, COMBINED_GROUPED);
	}
	return r < 0 ? r : print_sheet(to, title, &sheet, columns);
}

static int print_measure(FILE *to, const struct grid *grid, const struct measure *measure,
			 size_t columns, int sideways)
{
	CLEANUP(sheet_clear) struct sheet sheet = { 0 };
	CLEANUP(freep) char *title = text_format("%s (%s)", measure->title, measure->note);
	int r = title ? sheet_build(&sheet, grid, measure, sideways) : -ENOMEM;

	return r < 0 ? r : print_sheet(to, title, &sheet, columns);
}

/* 1, 0 or -ENOMEM. */
static int fits(const struct grid *grid, const struct report_options *options, size_t columns,
		int sideways)
{
	for (size_t i = 0; report_block(options, grid, i); i++) {
		CLEANUP(sheet_clear) struct sheet sheet = { 0 };
		int r = sheet_build(&sheet, grid, report_block(options, grid, i), sideways);

		if (r < 0)
			return r;
		if (text_table_width(&sheet.table) > columns && sheet.table.columns > 2)
			return 0;
	}
	return 1;
}

/* A table per measure, with all of them transposed or none. */
static int print_measures(FILE *to, const struct grid *grid, const struct report_options *options,
			  size_t columns)
{
	int upright = fits(grid, options, columns, 0);
	int sideways = upright == 0 ? fits(grid, options, columns, 1) : 0;
	int r = upright < 0 ? upright : sideways;

	for (size_t i = 0; r >= 0 && report_block(options, grid, i); i++)
		r = print_measure(to, grid, report_block(options, grid, i), columns, sideways);
	return r < 0 ? r : 0;
}

struct page {
	FILE *to;
	size_t columns;
};

static int print_heading_line(const char *line, void *context)
{
	const struct page *page = context;

	text_wrap(page->to, line, page->columns, 0, INDENT);
	return 0;
}

static int print_grid(FILE *to, const struct grid *grid, const struct report_options *options)
{
	size_t columns = options->columns ? options->columns : COLUMNS_DEFAULT;
	struct page page = { to, columns };
	int r = heading_each(grid, options->all, print_heading_line, &page);

	if (r == 0 && summary_is_shown(grid, options)) {
		fprintf(to, "\nsummary (%s)\n", summary_basis(grid));
		r = summary_each(grid, print_heading_line, &page);
		if (r == 0)
			r = print_combined(to, grid, options, columns);
	}
	if (r == 0)
		r = print_measures(to, grid, options, columns);
	if (r == 0 && options->all)
		r = phases_print(to, grid, "", "", text_table_print);
	return r < 0 ? r : beside_print(to, grid, options, "", "", text_table_print);
}

/* ---- promises ---- */

static void print_notes(FILE *to, const struct promise_sheet *sheet, size_t columns)
{
	for (size_t i = 0; i < sheet->note_count; i++) {
		int used = fprintf(to, "[%zu] ", i + 1);

		text_wrap(to, sheet->notes[i].text, columns, (size_t)used, (size_t)used);
		if (!sheet->notes[i].command)
			continue;
		/* In one line, for copying. */
		fprintf(to, "%*s", used, "");
		text_put(to, sheet->notes[i].command);
		putc('\n', to);
	}
}

static int print_promises(FILE *to, const struct promise_grid *grid,
			  const struct report_options *options)
{
	size_t columns = options->columns ? options->columns : COLUMNS_DEFAULT;
	CLEANUP(promise_sheet_clear) struct promise_sheet sheet = { 0 };
	struct page page = { to, columns };
	int r = promise_sheet_build(&sheet, grid, options->all, false);

	if (r == 0 && text_table_width(&sheet.table) > columns) {
		promise_sheet_clear(&sheet);
		r = promise_sheet_build(&sheet, grid, options->all, true);
	}
	if (r == 0)
		r = promise_heading_each(grid, print_heading_line, &page);
	if (r < 0)
		return r;
	putc('\n', to);
	text_table_print(to, &sheet.table);
	if (text_table_rows(&sheet.cases)) {
		putc('\n', to);
		text_table_print(to, &sheet.cases);
	}
	print_notes(to, &sheet, columns);
	return 0;
}

int table_print(FILE *to, const struct grids *grids, const struct report_options *options)
{
	CLEANUP(promise_grids_clear) struct promise_grids promises = { 0 };
	int r = promises_of(grids, &promises);

	for (size_t i = 0; r == 0 && i < grids->count + promises.count; i++) {
		if (i > 0)
			fputs("\n\n", to);
		r = i < grids->count
			    ? print_grid(to, &grids->grid[i], options)
			    : print_promises(to, &promises.grid[i - grids->count], options);
	}
	return r;
}
