/* SPDX-License-Identifier: MIT */
/*
 * The page without its script, which puts its own in the place of all this: the summary,
 * the table below it, a table for each measure, where the files are in words, and where the results
 * come from.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "report/beside.h"
#include "report/html.h"
#include "report/format.h"
#include "report/promises.h"
#include "report/sheet.h"
#include "results/resultfile.h"
#include "stats/cell.h"

static void put_element(FILE *to, const char *tag, const char *text)
{
	fprintf(to, "<%s>", tag);
	html_put_text(to, text);
	fprintf(to, "</%.*s>\n", (int)strcspn(tag, " "), tag);
}

static int put_line(const char *line, void *to)
{
	put_element(to, "p", line);
	return 0;
}

static void put_cell(FILE *to, const struct text_table *table, size_t row, size_t column)
{
	fprintf(to, "<%s%s>",
		row && column ? "td"
		: row	      ? "th scope=\"row\""
			      : "th scope=\"col\"",
		text_table_is_left(table, column) ? "" : " class=\"n\"");
	html_put_text(to, text_table_cell(table, row, column));
	fputs(row && column ? "</td>" : "</th>", to);
}

/* A wide table scrolls by itself, by the keyboard as well. */
static void put_table(FILE *to, const struct text_table *table, const char *label)
{
	fprintf(to,
		"<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"%s\">\n<table>\n",
		label);
	for (size_t i = 0; i < text_table_rows(table); i++) {
		fputs(i ? "<tr>" : "<thead><tr>", to);
		for (size_t j = 0; j < table->columns; j++)
			put_cell(to, table, i, j);
		fputs(i ? "</tr>\n" : "</tr></thead>\n<tbody>\n", to);
	}
	fputs("</tbody></table></div>\n", to);
}

static void put_sheet(FILE *to, const struct sheet *sheet, const char *label)
{
	put_table(to, &sheet->table, label);
	for (size_t i = 0; i < sheet->footnote_count; i++) {
		fprintf(to, "<p class=\"note\">[%zu] ", i + 1);
		html_put_text(to, sheet->footnotes[i]);
		fputs("</p>\n", to);
	}
}

/* The answer first, as in the other forms. */
static int put_summary(FILE *to, const struct grid *grid, const struct report_options *options)
{
	CLEANUP(sheet_clear) struct sheet sheet = { 0 };
	int r;

	if (!summary_is_shown(grid, options))
		return 0;
	fputs("<h3>In short</h3>\n", to);
	r = summary_each(grid, put_line, to);
	if (r == 0)
		r = sheet_combine(&sheet, grid, options, COMBINED_JOINED);
	if (r < 0)
		return r;
	fputs("<h3>Results</h3>\n", to);
	put_sheet(to, &sheet, "Results");
	return 0;
}

static int put_measure(FILE *to, const struct grid *grid, const struct measure *measure)
{
	CLEANUP(sheet_clear) struct sheet sheet = { 0 };
	int r = sheet_build(&sheet, grid, measure, 0);

	if (r < 0)
		return r;
	fprintf(to, "<h3>%s</h3>\n<p class=\"note\">%s</p>\n", measure->title, measure->note);
	put_sheet(to, &sheet, measure->title);
	return 0;
}

/* All measures, unless some were chosen. */
static int put_measures(FILE *to, const struct grid *grid, const struct report_options *options)
{
	int r = 0;

	for (size_t i = 0; r == 0 && !options->measures && measure_at(grid->workload, i); i++)
		r = put_measure(to, grid, measure_at(grid->workload, i));
	for (size_t i = 0; r == 0 && options->measures && options->measures[i]; i++)
		r = put_measure(to, grid, options->measures[i]);
	return r;
}

/* ---- where the files are ---- */

const struct record *html_layout_of(const struct cell *cell)
{
	for (size_t i = 0; i < cell->count; i++)
		if (strcmp(cell->records[i]->status, STATUS_OK) == 0 &&
		    cell->records[i]->layout.count > 0)
			return cell->records[i];
	return NULL;
}

static void put_count(FILE *to, int64_t count, const char *what)
{
	fprintf(to, "%lld %s%s", (long long)count, what, count == 1 ? "" : "s");
}

/* From the file's first to its last address. */
static void put_range(FILE *to, const struct record *record)
{
	double low = INFINITY, high = 0;
	char from[SIZE_TEXT_MAX], end[SIZE_TEXT_MAX];

	for (int64_t i = 0; i < record->layout.count; i++) {
		const struct field_run *run = &record->layout.run[i];

		low = fmin(low, (double)run->physical);
		high = fmax(high, (double)run->physical + (double)run->bytes);
	}
	fprintf(to, ", from %s to %s", size_human(low, from), size_human(high, end));
	/* A volume that ends before the file does is none. */
	if (record->volume_bytes > 0 && (double)record->volume_bytes >= high)
		fprintf(to, " of %s", size_human((double)record->volume_bytes, end));
}

void html_put_layout(FILE *to, const struct record *record)
{
	char text[SIZE_TEXT_MAX];

	put_count(to, record->fragments != FIELD_UNKNOWN ? record->fragments : record->layout.count,
		  record->fragments != FIELD_UNKNOWN ? "fragment" : "run");
	if (record->largest_fragment_bytes > 0 && record->fragments > 1)
		fprintf(to, ", the largest %s",
			size_human((double)record->largest_fragment_bytes, text));
	put_range(to, record);
	if (record->unwritten_bytes > 0)
		fprintf(to, "; %s unwritten", size_human((double)record->unwritten_bytes, text));
	if (record->layout_left_out > 0) {
		fputs("; not drawn: ", to);
		put_count(to, record->layout_left_out, "shorter run");
		fprintf(to, " of %s together",
			size_human((double)record->layout_left_out_bytes, text));
	}
}

static void put_layouts(FILE *to, const struct grid *grid)
{
	fputs("<h3>Where the files are</h3>\n<ul>\n", to);
	for (size_t i = 0; i < grid->filesystem_count; i++)
		for (size_t j = 0; j < grid->method_count; j++) {
			const struct record *record = html_layout_of(grid_cell(grid, i, j));

			if (!record)
				continue;
			fputs("<li>", to);
			html_put_text(to, grid->filesystems[i]);
			fputs(", ", to);
			html_put_text(to, grid->methods[j]);
			fputs(": ", to);
			html_put_layout(to, record);
			fputs("</li>\n", to);
		}
	fputs("</ul>\n", to);
}

/* ---- beside 2009: the script keeps this section ---- */

static void put_beside_table(FILE *to, const struct text_table *table)
{
	put_table(to, table, "Figures of 2009");
}

static int put_beside(FILE *to, const struct grid *grid, size_t number,
		      const struct report_options *options)
{
	int r;

	if (!options->beside)
		return 0;
	fprintf(to,
		"<section class=\"historic\" id=\"historic-%zu\"><h3>Compared with 2009</h3>\n<p "
		"class=\"note\">Of another machine and another disk.",
		number);
	r = beside_print(to, grid, options, "<h4>", "</h4>", put_beside_table);
	fputs("</section>\n", to);
	return r;
}

/* ---- promises: the script keeps these sections, too ---- */

static void put_notes(FILE *to, const struct promise_sheet *sheet)
{
	for (size_t i = 0; i < sheet->note_count; i++) {
		fprintf(to, "<p class=\"note\">[%zu] ", i + 1);
		html_put_text(to, sheet->notes[i].text);
		fputs("</p>\n", to);
		if (sheet->notes[i].command)
			put_element(to, "pre", sheet->notes[i].command);
	}
}

static int put_promises(FILE *to, const struct promise_grid *grid)
{
	CLEANUP(promise_sheet_clear) struct promise_sheet sheet = { 0 };
	int r = promise_sheet_build(&sheet, grid, true, false);

	if (r < 0)
		return r;
	fputs("<section class=\"promises\"><h2>Promises</h2>\n", to);
	r = promise_heading_each(grid, put_line, to);
	put_table(to, &sheet.table, "Promises");
	fputs("<h3>Cases</h3>\n", to);
	put_table(to, &sheet.cases, "Cases");
	put_notes(to, &sheet);
	fputs("</section>\n", to);
	return r;
}

/* ---- all of it ---- */

static int put_grid(FILE *to, const struct grid *grid, size_t number,
		    const struct report_options *options)
{
	int r;

	fputs("<section class=\"grid\"><h2>", to);
	put_sizes(to, grid);
	fputs("</h2>\n", to);
	r = heading_each(grid, true, put_line, to);
	if (r == 0)
		r = put_summary(to, grid, options);
	if (r == 0)
		r = put_measures(to, grid, options);
	if (r < 0)
		return r;
	put_layouts(to, grid);
	r = put_beside(to, grid, number, options);
	fputs("</section>\n", to);
	return r;
}

static void put_origin(FILE *to, const struct environment *environment)
{
	fputs("<section><h2>How to reproduce it</h2>\n", to);
	put_element(to, "pre",
		    environment->command ? environment->command
					 : "The result file does not contain its command.");
	if (environment->plan)
		put_element(to, "pre", environment->plan);
	fputs("</section>\n", to);
}

int html_put_plain(FILE *to, const struct grids *grids, const struct report_options *options)
{
	CLEANUP(promise_grids_clear) struct promise_grids promises = { 0 };
	int r = promises_of(grids, &promises);

	for (size_t i = 0; r == 0 && i < grids->count; i++)
		r = put_grid(to, &grids->grid[i], i, options);
	for (size_t i = 0; r == 0 && i < promises.count; i++)
		r = put_promises(to, &promises.grid[i]);
	for (size_t i = 0; i < grids->results->environment_count; i++)
		put_origin(to, &grids->results->environments[i]);
	return r;
}
