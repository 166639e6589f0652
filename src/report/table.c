/* SPDX-License-Identifier: MIT */
/*
 * A sheet is the text of all cells of one measure, made before anything is
 * printed, because widths and footnotes must be known first.  What is wider than
 * a line is turned on its side if it fits that way, and cut into blocks of
 * columns if not: a line that the terminal wraps cannot be read.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "cleanup.h"
#include "format.h"

enum { CELL_TEXT_MAX = FIGURE_TEXT_MAX + 16, COLUMNS_DEFAULT = 100, COLUMN_GAP = 2 };

struct sheet {
	const char *corner; /* above the names of the rows */
	const char *const *row_names, *const *column_names;
	size_t rows, columns;
	char (*text)[CELL_TEXT_MAX]; /* row by row */
	size_t *width;		     /* of each column */
	size_t name_width;
	char **footnotes;
	size_t footnote_count;
};

static void sheet_clear(struct sheet *sheet)
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

/* NULL: all runs were ok. */
static const struct record *first_not_ok(const struct cell *cell, size_t *ret_not_ok)
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

static char *explain(const struct cell *cell, const struct record *record, size_t not_ok)
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
	const struct record *record = first_not_ok(cell, &not_ok);
	int note = 0;

	if (cell->count == 0)
		note = footnote_number(sheet, strdup("not measured"));
	else if (record)
		note = footnote_number(sheet, explain(cell, record, not_ok));
	if (note < 0)
		return note;
	if (not_ok == cell->count)
		strcpy(text, "-");
	else if (figure.count == 0)
		strcpy(text, "n/a");
	else
		figure_text(&figure, measure->unit, text);
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

/* Sideways: a row for each method. */
static int sheet_build(struct sheet *ret, const struct grid *grid, const struct measure *measure,
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

/* "" stands for any path. */
static int on_this_path(const struct cell *cell, const char *path)
{
	for (size_t i = 0; i < cell->count; i++) {
		const struct record *record = cell->records[i];

		if (strcmp(record->status, STATUS_OK) != 0)
			continue;
		if (!*path || (record->path && strcmp(record->path, path) == 0))
			return 1;
	}
	return 0;
}

static size_t count_on_path(const struct grid *grid, size_t method, const char *path)
{
	size_t found = 0;

	for (size_t i = 0; i < grid->filesystem_count; i++)
		found += on_this_path(grid_cell(grid, i, method), path) != 0;
	return found;
}

/* "; mmap on ext2, xfs", or "; mmap on all".  Returns on how many. */
static size_t put_method_on_path(FILE *to, const struct grid *grid, size_t method, const char *path,
				 const char *separator)
{
	size_t found = count_on_path(grid, method, path);

	if (found == 0)
		return 0;
	fprintf(to, "%s%s on ", separator, grid->methods[method]);
	if (found > 1 && found == count_on_path(grid, method, "")) {
		fputs("all", to);
		return found;
	}
	separator = "";
	for (size_t i = 0; i < grid->filesystem_count; i++)
		if (on_this_path(grid_cell(grid, i, method), path)) {
			fprintf(to, "%s%s", separator, grid->filesystems[i]);
			separator = ", ";
		}
	return found;
}

/* Which cells did something else than their method's name suggests. */
static int print_path(FILE *to, const struct grid *grid, const char *path, const char *meaning,
		      size_t columns)
{
	CLEANUP(freep) char *line = NULL;
	size_t bytes, found = 0;
	FILE *memory = open_memstream(&line, &bytes);

	if (!memory)
		return -ENOMEM;
	fputs(meaning, memory);
	for (size_t i = 0; i < grid->method_count; i++)
		found += put_method_on_path(memory, grid, i, path, found ? "; " : ": ");
	if (fclose(memory) != 0)
		return -ENOMEM;
	if (found > 0)
		print_wrapped(to, line, columns, 2);
	return 0;
}

static int print_heading(FILE *to, const struct grid *grid, size_t columns)
{
	const char *note = grid->environment->testbed_note;
	CLEANUP(freep) char *conditions = NULL;
	size_t bytes;
	FILE *memory = open_memstream(&conditions, &bytes);
	int r;

	if (!memory)
		return -ENOMEM;
	put_sizes(memory, grid);
	fputs("; ", memory);
	put_conditions(memory, grid);
	if (fclose(memory) != 0)
		return -ENOMEM;
	if (strcmp(conditions + bytes - 2, "; ") == 0)
		conditions[bytes - 2] = '\0';
	print_wrapped(to, conditions, columns, 2);
	if (note && *note)
		print_wrapped(to, note, columns, 2);
	r = print_path(to, grid, "emulated", "Written by the C library in place of the kernel",
		       columns);
	if (r == 0)
		r = print_path(to, grid, "sparse", "Nothing reserved (sparse)", columns);
	return r;
}

static int print_grid(FILE *to, const struct grid *grid, const struct measure *const *measures,
		      size_t columns)
{
	int upright = fits(grid, measures, columns, 0);
	int sideways = upright == 0 ? fits(grid, measures, columns, 1) : 0;
	int r = upright < 0 ? upright : sideways;

	if (r >= 0)
		r = print_heading(to, grid, columns);
	for (; r >= 0 && *measures; measures++)
		r = print_measure(to, grid, *measures, columns, sideways);
	return r < 0 ? r : 0;
}

int table_print(FILE *to, const struct grids *grids, const struct report_options *options)
{
	const struct measure *const defaults[] = { measure_find("time"), measure_find("allocate"),
						   measure_find("written"),
						   measure_find("fragments"), NULL };
	const struct measure *const *measures = options->measures ? options->measures : defaults;
	size_t columns = options->columns ? options->columns : COLUMNS_DEFAULT;

	for (size_t i = 0; i < grids->count; i++) {
		int r;

		if (i > 0)
			fputs("\n\n", to);
		r = print_grid(to, &grids->grid[i], measures, columns);
		if (r < 0)
			return r;
	}
	return 0;
}
