/* SPDX-License-Identifier: MIT */
/*
 * All figures of a grid in one table, a row for each trial's cell: that can be
 * sorted by any of them, and rows go on downwards where columns would not fit.
 * Each cell holds its value beside its text, since a script cannot know that
 * 2 ms is less than 1 s.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "report/beside.h"
#include "base/cleanup.h"
#include "report/format.h"
#include "report/html.h"

/* The reasons that cells refer to, each once. */
struct notes {
	char **text;
	size_t count;
};

static void notes_clear(struct notes *notes)
{
	for (size_t i = 0; i < notes->count; i++)
		free(notes->text[i]);
	free(notes->text);
	*notes = (struct notes) { 0 };
}

/* Number of the note with this text, from 1; takes it over.  -ENOMEM, also for NULL. */
static int notes_number(struct notes *notes, char *text)
{
	CLEANUP(freep) char *owned = text;

	if (!owned)
		return -ENOMEM;
	for (size_t i = 0; i < notes->count; i++)
		if (strcmp(notes->text[i], owned) == 0)
			return (int)i + 1;
	if (ARRAY_ROOM(notes->text, notes->count) < 0)
		return -ENOMEM;
	notes->text[notes->count++] = TAKE_PTR(owned);
	return (int)notes->count;
}

/* A table on its way to the page. */
struct table {
	FILE *to;
	const struct grid *grid;
	size_t number; /* of the grid */
	const struct measure **columns;
	size_t column_count;
	struct notes notes;
};

static void table_clear(struct table *table)
{
	notes_clear(&table->notes);
	free(table->columns);
}

static int add_column(struct table *table, const struct measure *measure)
{
	if (ARRAY_ROOM(table->columns, table->column_count) < 0)
		return -ENOMEM;
	table->columns[table->column_count++] = measure;
	return 0;
}

static int take_measures(struct table *table, const struct measure *const *measures)
{
	int r = 0;

	while (r == 0 && *measures)
		r = add_column(table, *measures++);
	return r;
}

/* All there are, and behind the whole time the time of each stage. */
static int take_all(struct table *table)
{
	int r = add_column(table, measure_find("time"));

	for (size_t i = 0; r == 0 && i < html_stage_count; i++)
		r = add_column(table, &html_stages[i]);
	for (size_t i = 0; r == 0 && i < measure_count; i++)
		if (strcmp(measure_table[i].name, "time") != 0 &&
		    strcmp(measure_table[i].name, "allocate") != 0)
			r = add_column(table, &measure_table[i]);
	return r;
}

static void put_head_cell(const struct table *table, const char *title, const char *note,
			  int is_number)
{
	fprintf(table->to, "<th scope=\"col\"%s><button type=\"button\" title=\"%s\">%s</button>",
		is_number ? " class=\"n\"" : "", note, title);
}

static void put_head(const struct table *table)
{
	fputs("<thead><tr>", table->to);
	put_head_cell(table, "file system", "its name in the catalogue", 0);
	put_head_cell(table, "method", "how the file was allocated", 0);
	for (size_t i = 0; i < table->column_count; i++)
		put_head_cell(table, table->columns[i]->title, table->columns[i]->note, 1);
	put_head_cell(table, "way", "how the space was really given", 0);
	fputs("</tr></thead>\n", table->to);
}

static void put_reference(const struct table *table, int note)
{
	if (note > 0)
		fprintf(table->to, "<sup><a href=\"#note-%zu-%d\">%d</a></sup>", table->number,
			note, note);
}

static void put_figure(const struct table *table, const struct cell *cell,
		       const struct measure *measure)
{
	struct figure figure = cell_figure(cell, measure);
	char text[FIGURE_TEXT_MAX];
	size_t not_ok;

	cell_first_not_ok(cell, &not_ok);
	if (figure.count > 0) {
		fprintf(table->to, "<td class=\"n\" data-value=\"%.9g\">%s", figure.median,
			figure_text(&figure, measure->unit, text));
		return;
	}
	fprintf(table->to, "<td class=\"n\">%s", not_ok == cell->count ? "-" : "n/a");
}

/* The first run that worked; NULL: none. */
static const struct record *first_ok(const struct cell *cell)
{
	for (size_t i = 0; i < cell->count; i++)
		if (strcmp(cell->records[i]->status, STATUS_OK) == 0)
			return cell->records[i];
	return NULL;
}

/* What the way means, where that is not what one would think; "" if it is. */
static const char *meaning_of(const char *path)
{
	if (strcmp(path, "emulated") == 0)
		return "the C library wrote in place of the kernel";
	return strcmp(path, "sparse") == 0 ? "nothing is reserved" : "";
}

/* 0: there is nothing to note.  Or -ENOMEM. */
static int note_of_way(struct table *table, const struct record *record)
{
	const char *meaning = meaning_of(record->path ? record->path : "");
	char *text;
	int length;

	if (!*meaning && !record->fallbacks)
		return 0;
	length = asprintf(&text, "%s%s%s%s%s", record->path ? record->path : "",
			  *meaning ? ": " : "", meaning,
			  record->fallbacks ? "; refused before that: " : "",
			  record->fallbacks ? record->fallbacks : "");
	return length < 0 ? -ENOMEM : notes_number(&table->notes, text);
}

static int put_way(struct table *table, const struct cell *cell)
{
	const struct record *record = first_ok(cell);
	int note = record ? note_of_way(table, record) : 0;

	fputs("<td>", table->to);
	html_put_text(table->to, record && record->path ? record->path : "-");
	put_reference(table, note);
	return note < 0 ? note : 0;
}

static int note_of_cell(struct table *table, const struct cell *cell)
{
	size_t not_ok;
	const struct record *record = cell_first_not_ok(cell, &not_ok);

	if (cell->count == 0)
		return notes_number(&table->notes, strdup("not measured"));
	return record ? notes_number(&table->notes, cell_explain(cell, record, not_ok)) : 0;
}

static int put_row(struct table *table, size_t filesystem, size_t method)
{
	const struct cell *cell = grid_cell(table->grid, filesystem, method);
	int note = note_of_cell(table, cell), r;

	if (note < 0)
		return note;
	fputs("<tr><th scope=\"row\">", table->to);
	html_put_text(table->to, table->grid->filesystems[filesystem]);
	fputs("<td>", table->to);
	html_put_text(table->to, table->grid->methods[method]);
	put_reference(table, note);
	for (size_t i = 0; i < table->column_count; i++)
		put_figure(table, cell, table->columns[i]);
	r = put_way(table, cell);
	fputs("</tr>\n", table->to);
	return r;
}

static void put_notes(const struct table *table)
{
	if (table->notes.count == 0)
		return;
	fputs("<h4>Notes</h4>\n<ol class=\"notes\">\n", table->to);
	for (size_t i = 0; i < table->notes.count; i++) {
		fprintf(table->to, "<li id=\"note-%zu-%zu\">", table->number, i + 1);
		html_put_text(table->to, table->notes.text[i]);
		fputs("</li>\n", table->to);
	}
	fputs("</ol>\n", table->to);
}

/* What the columns are, and how they are made up; a title attribute is nothing for a telephone. */
static void put_columns(const struct table *table)
{
	fputs("<details><summary>What the columns mean</summary><dl class=\"facts\">\n", table->to);
	for (size_t i = 0; i < table->column_count; i++)
		fprintf(table->to, "<dt>%s</dt><dd>%s</dd>\n", table->columns[i]->title,
			table->columns[i]->note);
	fputs("<dt>way</dt><dd>native: the kernel allocated; written: by the method's own writes; "
	      "emulated: by "
	      "writes of the C library; sparse: nothing is reserved</dd>\n</dl></details>\n",
	      table->to);
}

/* ---- beside those of 2009 ---- */

static void put_rows(FILE *to, const struct rows *rows)
{
	fputs("<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"Figures of "
	      "2009\">\n<table>\n",
	      to);
	for (size_t i = 0; i < rows->count; i++) {
		fputs(i ? "<tr>" : "<thead><tr>", to);
		for (size_t j = 0; j < rows->columns; j++) {
			fprintf(to, "<%s%s>",
				i && j ? "td"
				: i    ? "th scope=\"row\""
				       : "th scope=\"col\"",
				j < rows->left ? "" : " class=\"n\"");
			html_put_text(to, rows->text[i * rows->columns + j]);
		}
		fputs(i ? "</tr>\n" : "</tr></thead>\n<tbody>\n", to);
	}
	fputs("</tbody></table></div>\n", to);
}

int html_put_beside(FILE *to, const struct grid *grid, const struct report_options *options)
{
	int r;

	if (!options->beside)
		return 0;
	fputs("<section class=\"historic\"><h3>Beside the figures of 2009</h3>\n<p "
	      "class=\"note\">Of another machine and another disk.",
	      to);
	r = beside_print(to, grid, options, "<h4>", "</h4>", put_rows);
	fputs("</section>\n", to);
	return r;
}

int html_put_table(FILE *to, const struct grid *grid, size_t number,
		   const struct report_options *options)
{
	CLEANUP(table_clear) struct table table = { .to = to, .grid = grid, .number = number };
	int r = options->measures ? take_measures(&table, options->measures) : take_all(&table);

	if (r < 0)
		return r;
	fprintf(to,
		"<section><h3 id=\"figures-%zu\">All figures</h3>\n"
		"<p class=\"note\">A button in the head sorts by its column, once more the other "
		"way round."
		"</p>\n<div class=\"wide\" role=\"region\" tabindex=\"0\" "
		"aria-labelledby=\"figures-%zu\">\n<table class=\"sortable\">\n",
		number, number);
	put_head(&table);
	fputs("<tbody>\n", to);
	for (size_t i = 0; r == 0 && i < grid->filesystem_count; i++)
		for (size_t j = 0; r == 0 && j < grid->method_count; j++)
			r = put_row(&table, i, j);
	if (r < 0)
		return r;
	fputs("</tbody></table></div>\n", to);
	put_columns(&table);
	put_notes(&table);
	fputs("</section>\n", to);
	return 0;
}
