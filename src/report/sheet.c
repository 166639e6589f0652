/* SPDX-License-Identifier: MIT */
#include "report/sheet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "report/format.h"
#include "results/resultfile.h"
#include "stats/cell.h"

void sheet_clear(struct sheet *sheet)
{
	for (size_t i = 0; i < sheet->footnote_count; i++)
		free(sheet->footnotes[i]);
	free(sheet->footnotes);
	free(sheet->align);
	text_table_clear(&sheet->table);
	*sheet = (struct sheet) { 0 };
}

/* The number of the footnote with this text, from 1, or -ENOMEM.  Takes over the text. */
static int footnote_number(struct sheet *sheet, char *text)
{
	CLEANUP(freep) char *owned = text;

	if (!owned)
		return -ENOMEM;
	for (size_t i = 0; i < sheet->footnote_count; i++)
		if (strcmp(sheet->footnotes[i], owned) == 0)
			return (int)i + 1;
	if (ARRAY_ADD(sheet->footnotes, sheet->footnote_count, owned) < 0)
		return -ENOMEM;
	owned = NULL;
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

const char *cell_word(const struct cell *cell)
{
	size_t not_ok;
	const struct record *record = cell_first_not_ok(cell, &not_ok);

	if (cell->count == 0)
		return "not measured";
	if (not_ok < cell->count)
		return "n/a";
	return strcmp(record->status, STATUS_UNSUPPORTED) == 0 ? "refused" : "failed";
}

char *cell_explain(const struct cell *cell, const struct record *record, size_t not_ok)
{
	const char *reason = record->reason ? record->reason : "no reason was recorded";
	const char *stage = record->stage ? record->stage : "an unknown stage";
	int unsupported = strcmp(record->status, STATUS_UNSUPPORTED) == 0;
	char runs[64] = "";

	if (not_ok < cell->count)
		snprintf(runs, sizeof(runs), "%zu of %zu runs: ", not_ok, cell->count);
	if (unsupported)
		return text_format("%sunsupported: %s", runs, reason);
	return text_format("%sfailed in %s: %s", runs, stage, reason);
}

int sheet_mark(struct sheet *sheet, const struct cell *cell, char ret[static SHEET_MARK_MAX])
{
	size_t not_ok;
	const struct record *record = cell_first_not_ok(cell, &not_ok);
	int note = 0;

	if (cell->count == 0)
		note = footnote_number(sheet, strdup("not measured"));
	else if (record)
		note = footnote_number(sheet, cell_explain(cell, record, not_ok));
	*ret = '\0';
	if (note > 0)
		snprintf(ret, SHEET_MARK_MAX, "[%d]", note);
	return note < 0 ? note : 0;
}

static int add_cell(struct sheet *sheet, const struct cell *cell, const struct measure *measure)
{
	struct figure figure = cell_figure(cell, measure);
	char buffer[FIGURE_TEXT_MAX], mark[SHEET_MARK_MAX];
	size_t not_ok;
	const char *text = "n/a";
	int r = sheet_mark(sheet, cell, mark);

	if (r < 0)
		return r;
	cell_first_not_ok(cell, &not_ok);
	if (not_ok == cell->count)
		text = "-";
	else if (figure.count)
		text = figure_text_local(&figure, measure->unit, buffer);
	text_table_printf(&sheet->table, "%s%s", text, mark);
	return 0;
}

int sheet_build(struct sheet *ret, const struct grid *grid, const struct measure *measure,
		int sideways)
{
	const char *const *row_names = sideways ? grid->methods : grid->filesystems;
	const char *const *column_names = sideways ? grid->filesystems : grid->methods;
	size_t rows = sideways ? grid->method_count : grid->filesystem_count;
	size_t columns = sideways ? grid->filesystem_count : grid->method_count;
	CLEANUP(sheet_clear)
	struct sheet sheet = { .table = { .columns = columns + 1, .align = "lr" } };

	text_table_add(&sheet.table, sideways ? "method" : "filesystem");
	for (size_t i = 0; i < columns; i++)
		text_table_add(&sheet.table, column_names[i]);
	for (size_t i = 0; i < rows; i++) {
		text_table_add(&sheet.table, row_names[i]);
		for (size_t j = 0; j < columns; j++) {
			const struct cell *cell =
				sideways ? grid_cell(grid, j, i) : grid_cell(grid, i, j);
			int r = add_cell(&sheet, cell, measure);

			if (r < 0)
				return r;
		}
	}
	if (text_table_check(&sheet.table) < 0)
		return -ENOMEM;
	*ret = sheet;
	sheet = (struct sheet) { 0 };
	return 0;
}
