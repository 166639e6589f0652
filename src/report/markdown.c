/* SPDX-License-Identifier: MIT */
/*
 * For the description of a patch, a bug report, a README.  Tables as GitHub and
 * others read them; footnotes are a plain list, since not all know the syntax for
 * them.
 */
#include <errno.h>

#include "report/beside.h"
#include "base/cleanup.h"
#include "report/rows.h"
#include "report/sheet.h"

static int put_item(const char *line, void *context)
{
	FILE *to = context;

	fputs("- ", to);
	put_markdown(to, line);
	putc('\n', to);
	return 0;
}

static int build_rows(struct rows *rows, const struct sheet *sheet)
{
	CLEANUP(freep) const char **texts = calloc(sheet->columns + 1, sizeof(*texts));
	int r;

	*rows = (struct rows) { .columns = sheet->columns + 1, .left = 1 };
	if (!texts)
		return -ENOMEM;
	texts[0] = sheet->corner;
	for (size_t i = 0; i < sheet->columns; i++)
		texts[i + 1] = sheet->column_names[i];
	r = rows_add(rows, texts);
	for (size_t i = 0; r == 0 && i < sheet->rows; i++) {
		texts[0] = sheet->row_names[i];
		for (size_t j = 0; j < sheet->columns; j++)
			texts[j + 1] = sheet->text[i * sheet->columns + j];
		r = rows_add(rows, texts);
	}
	return r;
}

static void put_footnotes(FILE *to, const struct sheet *sheet)
{
	for (size_t i = 0; i < sheet->footnote_count; i++) {
		fprintf(to, "%s- \\[%zu\\] ", i ? "" : "\n", i + 1);
		put_markdown(to, sheet->footnotes[i]);
		putc('\n', to);
	}
}

static int print_measure(FILE *to, const struct grid *grid, const struct measure *measure)
{
	CLEANUP(sheet_clear) struct sheet sheet = { 0 };
	CLEANUP(rows_clear) struct rows rows = { 0 };
	int r = sheet_build(&sheet, grid, measure, 0);

	if (r == 0)
		r = build_rows(&rows, &sheet);
	if (r < 0)
		return r;
	fprintf(to, "\n**%s** (%s)\n\n", measure->title, measure->note);
	rows_print_markdown(to, &rows);
	put_footnotes(to, &sheet);
	return 0;
}

static int print_grid(FILE *to, const struct grid *grid, const struct report_options *options)
{
	const struct measure *const *measures = report_measures(options);
	int r = heading_each(grid, put_item, to);

	for (; r == 0 && *measures; measures++)
		r = print_measure(to, grid, *measures);
	return r < 0 ? r : beside_print(to, grid, options, "**", "**\n", rows_print_markdown);
}

int markdown_print(FILE *to, const struct grids *grids, const struct report_options *options)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < grids->count; i++) {
		fputs(i ? "\n" : "", to);
		r = print_grid(to, &grids->grid[i], options);
	}
	return r;
}
