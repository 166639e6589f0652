/* SPDX-License-Identifier: MIT */
/*
 * The main table: one row per method and file system.  Each row contains both names, for grep and
 * sort.  The columns are report_measures().
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "report/format.h"
#include "report/sheet.h"
#include "results/resultfile.h"
#include "stats/cell.h"

/* The noise of bytes and fragments rarely matters; counts that vary are a range. */
static bool has_spread(const struct measure *measure)
{
	return strcmp(measure->name, "time") == 0 || strcmp(measure->name, "life") == 0;
}

/* The footnote of a row is marked in its first column. */
struct texts {
	char value[FIGURE_TEXT_MAX];
	char spread[FIGURE_TEXT_MAX + SHEET_MARK_MAX];
};

static void put_figure(struct texts *to, const struct figure *figure, const struct measure *measure)
{
	figure_parts_local(figure, measure->unit, to->value, to->spread);
	if (!has_spread(measure))
		*to->spread = '\0';
}

/* The mark of a single run is about the whole row. */
static void put_unknown(struct texts *to, size_t runs, const struct measure *measure)
{
	strcpy(to->value, "n/a");
	if (runs == 1 && has_spread(measure))
		strcpy(to->spread, figure_one_run);
}

static void put_texts(struct texts *to, const struct cell *cell, const struct measure *measure,
		      const char *mark)
{
	struct figure figure = cell_figure(cell, measure);
	size_t not_ok;

	cell_first_not_ok(cell, &not_ok);
	*to->spread = '\0';
	if (figure.count)
		put_figure(to, &figure, measure);
	else if (not_ok < cell->count)
		put_unknown(to, cell->count - not_ok, measure);
	else
		strcpy(to->value, *mark ? cell_word(cell) : "-");
	strcat(to->spread, mark);
}

static bool has_spread_column(const struct measure *measure, enum combined_form form)
{
	return has_spread(measure) && form != COMBINED_JOINED;
}

static void add_texts(struct text_table *table, const struct texts *texts, bool is_apart)
{
	if (is_apart) {
		text_table_add(table, texts->value);
		text_table_add(table, texts->spread);
	} else {
		text_table_printf(table, "%s%s%s", texts->value, *texts->spread ? " " : "",
				  texts->spread);
	}
}

static int add_row(struct sheet *sheet, const struct grid *grid, size_t filesystem, size_t method,
		   const struct measure *const *measures, enum combined_form form)
{
	const struct cell *cell = grid_cell(grid, filesystem, method);
	char mark[SHEET_MARK_MAX];
	int r = sheet_mark(sheet, cell, mark);

	if (form == COMBINED_GROUPED) {
		text_table_printf(&sheet->table, "  %s", grid->methods[method]);
	} else {
		text_table_add(&sheet->table, grid->filesystems[filesystem]);
		text_table_add(&sheet->table, grid->methods[method]);
	}
	for (size_t i = 0; measures[i]; i++) {
		struct texts texts;

		put_texts(&texts, cell, measures[i], i == 0 ? mark : "");
		add_texts(&sheet->table, &texts, has_spread_column(measures[i], form));
	}
	return r;
}

static void add_group(struct text_table *table, const char *filesystem)
{
	text_table_add(table, filesystem);
	for (size_t i = 1; i < table->columns; i++)
		text_table_add(table, "");
}

/* There is no row for a method that was not measured on a file system. */
static int add_rows(struct sheet *sheet, const struct grid *grid,
		    const struct measure *const *measures, enum combined_form form)
{
	int r = 0;

	for (size_t i = 0; i < grid->filesystem_count; i++) {
		if (form == COMBINED_GROUPED)
			add_group(&sheet->table, grid->filesystems[i]);
		for (size_t j = 0; r == 0 && j < grid->method_count; j++)
			if (grid_cell(grid, i, j)->count)
				r = add_row(sheet, grid, i, j, measures, form);
	}
	return r < 0 ? r : text_table_check(&sheet->table);
}

static void add_heading(struct text_table *table, const struct measure *const *measures,
			enum combined_form form)
{
	text_table_add(table, "filesystem");
	if (form != COMBINED_GROUPED)
		text_table_add(table, "method");
	for (; *measures; measures++) {
		text_table_add(table, (*measures)->name);
		if (has_spread_column(*measures, form))
			text_table_add(table, "");
	}
}

/* One letter per column.  NULL: out of memory. */
static char *alignment(const struct measure *const *measures, enum combined_form form)
{
	CLEANUP(strbuf_clear) struct strbuf letters = { 0 };

	strbuf_puts(&letters, form == COMBINED_GROUPED ? "l" : "ll");
	for (; *measures; measures++)
		strbuf_puts(&letters, has_spread_column(*measures, form) ? "rl" : "r");
	return strbuf_take(&letters);
}

int sheet_combine(struct sheet *ret, const struct grid *grid, const struct report_options *options,
		  enum combined_form form)
{
	const struct measure *const *measures = report_measures(options, grid);
	CLEANUP(sheet_clear) struct sheet sheet = { .align = alignment(measures, form) };
	int r;

	if (!sheet.align)
		return -ENOMEM;
	sheet.table = (struct text_table) { .columns = strlen(sheet.align), .align = sheet.align };
	add_heading(&sheet.table, measures, form);
	r = add_rows(&sheet, grid, measures, form);
	if (r < 0)
		return r;
	*ret = sheet;
	sheet = (struct sheet) { 0 };
	return 0;
}

char *sheet_combined_title(const struct grid *grid, const struct report_options *options)
{
	CLEANUP(strbuf_clear) struct strbuf title = { 0 };

	for (const struct measure *const *measure = report_measures(options, grid); *measure;
	     measure++)
		strbuf_join(&title, "; ", (*measure)->title);
	return strbuf_take(&title);
}
