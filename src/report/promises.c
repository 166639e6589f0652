/* SPDX-License-Identifier: MIT */
/*
 * A cell of the table is the worst verdict of its cases.  The notes below it have the words: the
 * shortest counterexample and the command that repeats it, or why something was not tested.
 */
#include "report/promises.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "report/format.h"
#include "report/json.h"
#include "results/resultfile.h"

enum { CASE_COLUMNS = 4 }; /* without that of states */

void promise_sheet_clear(struct promise_sheet *sheet)
{
	for (size_t i = 0; i < sheet->note_count; i++)
		free(sheet->notes[i].text);
	free(sheet->notes);
	text_table_clear(&sheet->table);
	text_table_clear(&sheet->cases);
	*sheet = (struct promise_sheet) { 0 };
}

/* ---- notes ---- */

static bool same_command(const char *one, const char *other)
{
	return strcmp(one ? one : "", other ? other : "") == 0;
}

/* Number of the note with these words, from 1; takes the text over.  Or -ENOMEM. */
static int note_number(struct promise_sheet *sheet, char *text, const char *command)
{
	CLEANUP(freep) char *owned = text;

	if (!owned)
		return -ENOMEM;
	for (size_t i = 0; i < sheet->note_count; i++)
		if (strcmp(sheet->notes[i].text, owned) == 0 &&
		    same_command(sheet->notes[i].command, command))
			return (int)i + 1;
	if (ARRAY_ADD(sheet->notes, sheet->note_count, ((struct promise_note) { owned, command })) <
	    0)
		return -ENOMEM;
	owned = NULL;
	return (int)sheet->note_count;
}

static const char *case_of(const struct record *record)
{
	return record->promise_case ? record->promise_case : "?";
}

/* Is it the first of the cell's untested cases with this reason? */
static bool starts_reason(const struct cell *cell, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (promise_outcome(cell->records[i]) == PROMISE_NA &&
		    strcmp(promise_words(cell->records[i]), promise_words(cell->records[index])) ==
			    0)
			return false;
	return promise_outcome(cell->records[index]) == PROMISE_NA;
}

/* "reflink, snapshot: no reflinks; quota: no quota". */
static void put_reasons(struct strbuf *to, const struct cell *cell)
{
	const char *separator = "";

	for (size_t i = 0; i < cell->count; i++) {
		const char *words = promise_words(cell->records[i]);
		const char *comma = "";

		if (!starts_reason(cell, i))
			continue;
		strbuf_puts(to, separator);
		for (size_t j = i; j < cell->count; j++)
			if (promise_outcome(cell->records[j]) == PROMISE_NA &&
			    strcmp(promise_words(cell->records[j]), words) == 0) {
				strbuf_printf(to, "%s%s", comma, case_of(cell->records[j]));
				comma = ", ";
			}
		strbuf_printf(to, ": %s", *words ? words : "no reason was recorded");
		separator = "; ";
	}
}

/* "; also: reflink, snapshot": the other cases that ended as the example did. */
static void put_others(struct strbuf *to, const struct cell *cell, const struct record *example)
{
	const char *separator = "; also: ";

	for (size_t i = 0; i < cell->count; i++)
		if (cell->records[i] != example &&
		    promise_outcome(cell->records[i]) == promise_outcome(example)) {
			strbuf_printf(to, "%s%s", separator, case_of(cell->records[i]));
			separator = ", ";
		}
}

static void put_example(struct strbuf *to, const struct record *record)
{
	const char *words = promise_words(record);

	strbuf_printf(to, "%s: %s", case_of(record), *words ? words : "no reason was recorded");
}

/* Do all cases have the one same reason? */
static bool has_one_reason(const struct cell *cell)
{
	for (size_t i = 1; i < cell->count; i++)
		if (starts_reason(cell, i))
			return false;
	return true;
}

static bool is_partly_tested(const struct cell *cell)
{
	for (size_t i = 0; i < cell->count; i++)
		if (promise_outcome(cell->records[i]) == PROMISE_NA)
			return true;
	return false;
}

/* "" if the verdict says everything. */
static char *explain_cell(const struct cell *cell)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	const struct record *example = promise_example(cell);

	switch (promise_cell_outcome(cell)) {
	case PROMISE_KEPT:
		if (is_partly_tested(cell))
			strbuf_puts(&text, "not tested: ");
		put_reasons(&text, cell);
		break;
	case PROMISE_NA:
		if (has_one_reason(cell))
			strbuf_puts(&text, promise_words(example));
		else
			put_reasons(&text, cell);
		break;
	case PROMISE_NOT_MADE:
	case PROMISE_FAILED:
	case PROMISE_BROKEN:
		put_example(&text, example);
		put_others(&text, cell, example);
		break;
	case PROMISE_UNTESTED:
		break;
	}
	return strbuf_take(&text);
}

/* What is broken can be looked at again, and what failed be tried again. */
static const char *command_of(const struct record *record)
{
	return record && promise_outcome(record) >= PROMISE_FAILED ? record->repeat : NULL;
}

/* Adds "kept", or "broken[2]" and its note; takes the text over. */
static int add_verdict(struct promise_sheet *sheet, struct text_table *table,
		       enum promise_outcome outcome, char *text, const char *command)
{
	const char *name = promise_outcome_name(outcome);
	CLEANUP(freep) char *owned = text;
	int note;

	if (!owned)
		return -ENOMEM;
	if (!*owned) {
		text_table_add(table, name);
		return 0;
	}
	note = note_number(sheet, TAKE_PTR(owned), command);
	if (note < 0)
		return note;
	text_table_printf(table, "%s[%d]", name, note);
	return 0;
}

/* ---- tables ---- */

/* Above the methods of a file system. */
static void add_group(struct promise_sheet *sheet, const struct promise_grid *grid, size_t line)
{
	if (line > 0 && strcmp(grid->lines[line].filesystem, grid->lines[line - 1].filesystem) == 0)
		return;
	text_table_add(&sheet->table, grid->lines[line].filesystem);
	for (size_t i = 0; i < grid->promise_count; i++)
		text_table_add(&sheet->table, "");
}

static int add_line(struct promise_sheet *sheet, const struct promise_grid *grid, size_t line,
		    bool grouped)
{
	int r = 0;

	if (grouped) {
		add_group(sheet, grid, line);
		text_table_printf(&sheet->table, "  %s", grid->lines[line].method);
	} else {
		text_table_add(&sheet->table, grid->lines[line].filesystem);
		text_table_add(&sheet->table, grid->lines[line].method);
	}
	for (size_t i = 0; r == 0 && i < grid->promise_count; i++) {
		const struct cell *cell = promise_cell(grid, line, i);

		r = add_verdict(sheet, &sheet->table, promise_cell_outcome(cell),
				explain_cell(cell), command_of(promise_example(cell)));
	}
	return r;
}

static int add_case(struct promise_sheet *sheet, const struct promise_line *line,
		    const struct record *record)
{
	const struct cell alone = { &record, 1 };
	int r;

	text_table_add(&sheet->cases, line->filesystem);
	text_table_add(&sheet->cases, line->method);
	text_table_printf(&sheet->cases, "%s:%s", record->promise, case_of(record));
	r = add_verdict(sheet, &sheet->cases, promise_outcome(record), explain_cell(&alone),
			command_of(record));
	if (sheet->cases.columns == CASE_COLUMNS)
		return r;
	if (record->states == FIELD_UNKNOWN || record->states_broken == FIELD_UNKNOWN)
		text_table_add(&sheet->cases, "");
	else
		text_table_printf(&sheet->cases, "%lld of %lld", (long long)record->states_broken,
				  (long long)record->states);
	return r;
}

static bool has_states(const struct promise_grid *grid)
{
	for (size_t i = 0; i < grid->line_count * grid->promise_count; i++)
		for (size_t j = 0; j < grid->cells[i].count; j++)
			if (grid->cells[i].records[j]->states != FIELD_UNKNOWN)
				return true;
	return false;
}

static int add_cases(struct promise_sheet *sheet, const struct promise_grid *grid)
{
	static const char *const heading[] = { "filesystem", "method", "case", "verdict",
					       "broken states" };
	int r = 0;

	sheet->cases = (struct text_table) { .columns = CASE_COLUMNS + has_states(grid),
					     .align = "llllr" };
	text_table_add_row(&sheet->cases, heading);
	for (size_t i = 0; i < grid->line_count; i++)
		for (size_t j = 0; j < grid->promise_count; j++) {
			const struct cell *cell = promise_cell(grid, i, j);

			for (size_t k = 0; r == 0 && k < cell->count; k++)
				r = add_case(sheet, &grid->lines[i], cell->records[k]);
		}
	return r < 0 ? r : text_table_check(&sheet->cases);
}

int promise_sheet_build(struct promise_sheet *ret, const struct promise_grid *grid, bool all,
			bool grouped)
{
	CLEANUP(promise_sheet_clear)
	struct promise_sheet sheet = {
		.table = { .columns = 2 - grouped + grid->promise_count, .align = "l" },
		.cases = { .columns = 1, .align = "l" },
	};
	int r = 0;

	text_table_add(&sheet.table, "filesystem");
	if (!grouped)
		text_table_add(&sheet.table, "method");
	for (size_t i = 0; i < grid->promise_count; i++)
		text_table_add(&sheet.table, grid->promises[i]);
	for (size_t i = 0; r == 0 && i < grid->line_count; i++)
		r = add_line(&sheet, grid, i, grouped);
	if (r == 0)
		r = text_table_check(&sheet.table);
	if (r == 0 && all)
		r = add_cases(&sheet, grid);
	if (r < 0)
		return r;
	*ret = sheet;
	sheet = (struct promise_sheet) { 0 };
	return 0;
}

/* ---- around them ---- */

int promise_heading_each(const struct promise_grid *grid,
			 int (*put)(const char *line, void *context), void *context)
{
	CLEANUP(freep) char *conditions = conditions_text(&grid->conditions);
	CLEANUP(freep) char *first = conditions ? text_format("promises; %s", conditions) : NULL;
	int r = first ? put(first, context) : -ENOMEM;

	for (size_t i = 0; r == 0 && i < grid->promise_count; i++) {
		enum promise promise = promise_find(grid->promises[i]);
		CLEANUP(freep) char *line = NULL;

		if (promise == PROMISE_COUNT)
			continue;
		line = text_format("%s: %s", promise_table[promise].name,
				   promise_table[promise].summary);
		r = line ? put(line, context) : -ENOMEM;
	}
	return r;
}

int promises_of(const struct grids *grids, struct promise_grids *ret)
{
	return grids->results ? promise_grids_build(grids->results, NULL, 0, ret) : 0;
}

bool promises_alone(const struct grids *grids)
{
	return grids->count == 0 && grids->results && grids->results->record_count;
}

/* ---- JSON ---- */

static json_t *case_json(const struct record *record)
{
	const char *words = promise_words(record);

	return json_pack(
		"{so ss so so so so so so so so}", "case", json_of_text(record->promise_case),
		"verdict", promise_outcome_name(promise_outcome(record)), "reason",
		json_of_text(*words ? words : NULL), "repeat", json_of_text(record->repeat), "seed",
		json_of_count(record->seed), "file_bytes", json_of_count(record->file_bytes),
		"volume_bytes", json_of_count(record->volume_bytes), "states",
		json_of_count(record->states), "states_possible",
		json_of_count(record->states_possible), "states_broken",
		json_of_count(record->states_broken));
}

static json_t *cell_json(const struct promise_grid *grid, size_t line, size_t promise)
{
	const struct cell *cell = promise_cell(grid, line, promise);
	CLEANUP(freep) char *words = explain_cell(cell);
	json_t *cases = json_array();

	for (size_t i = 0; i < cell->count; i++)
		json_array_append_new(cases, case_json(cell->records[i]));
	return json_pack("{so so ss ss so so}", "filesystem",
			 json_of_text(grid->lines[line].filesystem), "method",
			 json_of_text(grid->lines[line].key), "promise", grid->promises[promise],
			 "verdict", promise_outcome_name(promise_cell_outcome(cell)), "note",
			 json_of_text(words && *words ? words : NULL), "cases", cases);
}

static json_t *grid_json(const struct promise_grid *grid)
{
	json_t *cells = json_array();

	for (size_t i = 0; i < grid->line_count; i++)
		for (size_t j = 0; j < grid->promise_count; j++)
			if (promise_cell(grid, i, j)->count)
				json_array_append_new(cells, cell_json(grid, i, j));
	return json_pack("{so so so so}", "testbed", json_of_text(grid->conditions.testbed),
			 "kernel", json_of_text(grid->conditions.kernel), "label",
			 json_of_text(grid->conditions.label), "cells", cells);
}

json_t *json_of_promises(const struct grids *grids)
{
	CLEANUP(promise_grids_clear) struct promise_grids promises = { 0 };
	json_t *json = json_array();

	if (promises_of(grids, &promises) < 0)
		return NULL;
	for (size_t i = 0; i < promises.count; i++)
		json_array_append_new(json, grid_json(&promises.grid[i]));
	return json;
}
