/* SPDX-License-Identifier: MIT */
/*
 * All cells of one measure are made before anything is printed, because widths
 * and footnotes must be known first.
 */
#include "report/sheet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"

void sheet_clear(struct sheet *sheet)
{
	for (size_t i = 0; i < sheet->footnote_count; i++)
		free(sheet->footnotes[i]);
	free(sheet->footnotes);
	free(sheet->width);
	free(sheet->text);
	*sheet = (struct sheet) { 0 };
}

/* Number of the footnote with this text, from 1; takes it over.  Or -ENOMEM. */
static int footnote_number(struct sheet *sheet, char *text)
{
	CLEANUP(freep) char *owned = text;

	if (!owned)
		return -ENOMEM;
	for (size_t i = 0; i < sheet->footnote_count; i++)
		if (strcmp(sheet->footnotes[i], owned) == 0)
			return (int)i + 1;
	if (ARRAY_ROOM(sheet->footnotes, sheet->footnote_count) < 0)
		return -ENOMEM;
	sheet->footnotes[sheet->footnote_count++] = TAKE_PTR(owned);
	return (int)sheet->footnote_count;
}

const struct record *cell_first_not_ok(const struct cell *cell, size_t *ret_not_ok)
{
	const struct record *first = NULL;

	*ret_not_ok = 0;
	for (size_t i = 0; i < cell->count; i++) {
		if (strcmp(cell->records[i]->status, STATUS_OK) == 0)
			continue;
		if (!first)
			first = cell->records[i];
		++*ret_not_ok;
	}
	return first;
}

char *cell_explain(const struct cell *cell, const struct record *record, size_t not_ok)
{
	const char *reason = record->reason ? record->reason : "no reason was recorded";
	const char *stage = record->stage ? record->stage : "an unknown stage";
	int unsupported = strcmp(record->status, STATUS_UNSUPPORTED) == 0;
	char runs[64] = "", *text;
	int r;

	if (not_ok < cell->count)
		snprintf(runs, sizeof(runs), "%zu of %zu runs: ", not_ok, cell->count);
	if (unsupported)
		r = asprintf(&text, "%sunsupported: %s", runs, reason);
	else
		r = asprintf(&text, "%sfailed in %s: %s", runs, stage, reason);
	return r < 0 ? NULL : text;
}

static int cell_text(struct sheet *sheet, const struct cell *cell, const struct measure *measure,
		     char text[static CELL_TEXT_MAX])
{
	struct figure figure = cell_figure(cell, measure);
	size_t not_ok, length;
	const struct record *record = cell_first_not_ok(cell, &not_ok);
	int note = 0;

	if (cell->count == 0)
		note = footnote_number(sheet, strdup("not measured"));
	else if (record)
		note = footnote_number(sheet, cell_explain(cell, record, not_ok));
	if (note < 0)
		return note;
	if (not_ok == cell->count)
		strcpy(text, "-");
	else if (figure.count == 0)
		strcpy(text, "n/a");
	else
		figure_text_local(&figure, measure->unit, text);
	length = strlen(text);
	if (note)
		snprintf(text + length, CELL_TEXT_MAX - length, "[%d]", note);
	return 0;
}

static void measure_widths(struct sheet *sheet)
{
	sheet->name_width = text_width(sheet->corner);
	for (size_t i = 0; i < sheet->rows; i++)
		if (text_width(sheet->row_names[i]) > sheet->name_width)
			sheet->name_width = text_width(sheet->row_names[i]);
	for (size_t i = 0; i < sheet->columns; i++) {
		sheet->width[i] = text_width(sheet->column_names[i]);
		for (size_t j = 0; j < sheet->rows; j++) {
			size_t width = text_width(sheet->text[j * sheet->columns + i]);

			if (width > sheet->width[i])
				sheet->width[i] = width;
		}
	}
}

int sheet_build(struct sheet *ret, const struct grid *grid, const struct measure *measure,
		int sideways)
{
	CLEANUP(sheet_clear)
	struct sheet sheet = {
		.corner = sideways ? "method" : "filesystem",
		.row_names = sideways ? grid->methods : grid->filesystems,
		.column_names = sideways ? grid->filesystems : grid->methods,
		.rows = sideways ? grid->method_count : grid->filesystem_count,
		.columns = sideways ? grid->filesystem_count : grid->method_count,
	};

	sheet.text = calloc(sheet.rows * sheet.columns, sizeof(*sheet.text));
	sheet.width = calloc(sheet.columns, sizeof(*sheet.width));
	if (!sheet.text || !sheet.width)
		return -ENOMEM;
	for (size_t i = 0; i < sheet.rows; i++)
		for (size_t j = 0; j < sheet.columns; j++) {
			const struct cell *cell =
				sideways ? grid_cell(grid, j, i) : grid_cell(grid, i, j);
			int r = cell_text(&sheet, cell, measure, sheet.text[i * sheet.columns + j]);

			if (r < 0)
				return r;
		}
	measure_widths(&sheet);
	*ret = sheet;
	sheet = (struct sheet) { 0 };
	return 0;
}
