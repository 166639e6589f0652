/* SPDX-License-Identifier: MIT */
/*
 * For descriptions of patches, bug reports and README files.  Tables are those of GitHub and
 * others; footnotes are a plain list, since their syntax is not supported everywhere.
 */
#include <string.h>

#include "report/beside.h"
#include "base/cleanup.h"
#include "report/format.h"
#include "report/promises.h"
#include "report/sheet.h"
#include "stats/cell.h"

void markdown_put(FILE *to, const char *text)
{
	while (*text) {
		size_t plain = strcspn(text, "\\`*_{}[]<>#|~&");

		text_put_bytes(to, text, plain);
		text += plain;
		if (*text)
			fprintf(to, "\\%c", *text++);
	}
}

static void put_rule(FILE *to, const struct text_table *table)
{
	putc('|', to);
	for (size_t i = 0; i < table->columns; i++)
		fputs(text_table_is_left(table, i) ? " --- |" : " ---: |", to);
	putc('\n', to);
}

void markdown_put_table(FILE *to, const struct text_table *table)
{
	for (size_t i = 0; i < text_table_rows(table); i++) {
		putc('|', to);
		for (size_t j = 0; j < table->columns; j++) {
			putc(' ', to);
			markdown_put(to, text_table_cell(table, i, j));
			fputs(" |", to);
		}
		putc('\n', to);
		if (i == 0)
			put_rule(to, table);
	}
}

static int put_item(const char *line, void *context)
{
	FILE *to = context;

	fputs("- ", to);
	markdown_put(to, line);
	putc('\n', to);
	return 0;
}

static void put_footnotes(FILE *to, const struct sheet *sheet)
{
	for (size_t i = 0; i < sheet->footnote_count; i++) {
		fprintf(to, "%s- \\[%zu\\] ", i ? "" : "\n", i + 1);
		markdown_put(to, sheet->footnotes[i]);
		putc('\n', to);
	}
}

static void print_sheet(FILE *to, const struct sheet *sheet)
{
	markdown_put_table(to, &sheet->table);
	put_footnotes(to, sheet);
}

static int print_combined(FILE *to, const struct grid *grid, const struct report_options *options)
{
	CLEANUP(freep) char *title = sheet_combined_title(grid, options);
	CLEANUP(sheet_clear) struct sheet sheet = { 0 };
	int r = title ? sheet_combine(&sheet, grid, options, COMBINED_JOINED) : -ENOMEM;

	if (r < 0)
		return r;
	fprintf(to, "\n**%s**\n\n", title);
	print_sheet(to, &sheet);
	return 0;
}

static int print_measure(FILE *to, const struct grid *grid, const struct measure *measure)
{
	CLEANUP(sheet_clear) struct sheet sheet = { 0 };
	int r = sheet_build(&sheet, grid, measure, 0);

	if (r < 0)
		return r;
	fprintf(to, "\n**%s** (%s)\n\n", measure->title, measure->note);
	print_sheet(to, &sheet);
	return 0;
}

static int print_grid(FILE *to, const struct grid *grid, const struct report_options *options)
{
	int r = heading_each(grid, options->all, put_item, to);

	if (r == 0 && summary_is_shown(grid, options)) {
		fprintf(to, "\n**summary** (%s)\n\n", summary_basis(grid));
		r = summary_each(grid, put_item, to);
		if (r == 0)
			r = print_combined(to, grid, options);
	}
	for (size_t i = 0; r == 0 && report_block(options, grid, i); i++)
		r = print_measure(to, grid, report_block(options, grid, i));
	if (r == 0 && options->all)
		r = phases_print(to, grid, "**", "**\n", markdown_put_table);
	return r < 0 ? r : beside_print(to, grid, options, "**", "**\n", markdown_put_table);
}

/* ---- promises ---- */

/* More backquotes than follow each other in the text, and at least two. */
static int fence_of(const char *text)
{
	size_t fence = 2;

	for (size_t run; *text; text += run ? run : 1) {
		run = strspn(text, "`");
		fence = run >= fence ? run + 1 : fence;
	}
	return (int)fence;
}

static void put_fence(FILE *to, int backquotes)
{
	while (backquotes--)
		putc('`', to);
}

void markdown_put_command(FILE *to, const char *text)
{
	int fence = fence_of(text);

	fputs(": ", to);
	put_fence(to, fence);
	fputc(' ', to);
	text_put(to, text);
	fputc(' ', to);
	put_fence(to, fence);
}

static void put_notes(FILE *to, const struct promise_sheet *sheet)
{
	for (size_t i = 0; i < sheet->note_count; i++) {
		fprintf(to, "%s- \\[%zu\\] ", i ? "" : "\n", i + 1);
		markdown_put(to, sheet->notes[i].text);
		if (sheet->notes[i].command)
			markdown_put_command(to, sheet->notes[i].command);
		putc('\n', to);
	}
}

static int print_promises(FILE *to, const struct promise_grid *grid,
			  const struct report_options *options)
{
	CLEANUP(promise_sheet_clear) struct promise_sheet sheet = { 0 };
	int r = promise_sheet_build(&sheet, grid, options->all, false);

	if (r == 0)
		r = promise_heading_each(grid, put_item, to);
	if (r < 0)
		return r;
	putc('\n', to);
	markdown_put_table(to, &sheet.table);
	if (text_table_rows(&sheet.cases)) {
		putc('\n', to);
		markdown_put_table(to, &sheet.cases);
	}
	put_notes(to, &sheet);
	return 0;
}

int markdown_print(FILE *to, const struct grids *grids, const struct report_options *options)
{
	CLEANUP(promise_grids_clear) struct promise_grids promises = { 0 };
	int r = promises_of(grids, &promises);

	for (size_t i = 0; r == 0 && i < grids->count + promises.count; i++) {
		fputs(i ? "\n" : "", to);
		r = i < grids->count
			    ? print_grid(to, &grids->grid[i], options)
			    : print_promises(to, &promises.grid[i - grids->count], options);
	}
	return r;
}
