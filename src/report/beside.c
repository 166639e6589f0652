/* SPDX-License-Identifier: MIT */
/*
 * Times on two disks cannot be compared, but the relative cost of methods can.  So each value is
 * followed by its ratio to chunk-4096 of the same row.
 */
#include "report/beside.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/text_table.h"
#include "report/format.h"
#include "stats/cell.h"

static const char reference_method[] = "chunk-4096";

static double value_of(const struct grid *grid, const char *filesystem, const char *method,
		       const struct measure *measure)
{
	for (size_t i = 0; i < grid->filesystem_count; i++)
		for (size_t j = 0; j < grid->method_count; j++)
			if (strcmp(grid->filesystems[i], filesystem) == 0 &&
			    strcmp(grid->methods[j], method) == 0)
				return cell_figure(grid_cell(grid, i, j), measure).median;
	return NAN;
}

/* Whether the grid and one of the baseline have a value for it. */
static bool is_common(const struct grid *grid, const struct grids *beside, const char *filesystem,
		      const char *method, const struct measure *measure)
{
	if (isnan(value_of(grid, filesystem, method, measure)))
		return false;
	for (size_t i = 0; i < beside->count; i++)
		if (!isnan(value_of(&beside->grid[i], filesystem, method, measure)))
			return true;
	return false;
}

/* The methods with a common value on any file system.  Returns their number. */
static size_t common_methods(const struct grid *grid, const struct grids *beside,
			     const struct measure *measure, const char **ret_methods)
{
	size_t count = 0;

	for (size_t j = 0; j < grid->method_count; j++)
		for (size_t i = 0; i < grid->filesystem_count; i++)
			if (is_common(grid, beside, grid->filesystems[i], grid->methods[j],
				      measure)) {
				ret_methods[count++] = grid->methods[j];
				break;
			}
	return count;
}

static void put_value(const struct grid *grid, const char *filesystem, const char *method,
		      const struct measure *measure, char text[static FIGURE_TEXT_MAX])
{
	double value = value_of(grid, filesystem, method, measure);
	double reference = value_of(grid, filesystem, reference_method, measure);
	char buffer[VALUE_TEXT_MAX];

	if (isnan(value))
		strcpy(text, "-");
	else if (reference > 0)
		snprintf(text, FIGURE_TEXT_MAX, "%s (%.2f)",
			 value_text(value, measure->unit, buffer), value / reference);
	else
		snprintf(text, FIGURE_TEXT_MAX, "%s", value_text(value, measure->unit, buffer));
}

/* "here", and whether that is a single run of each method. */
static const char *whose_text(const struct grid *grid, const char *filesystem,
			      const struct measure *measure)
{
	size_t most = 0;

	for (size_t i = 0; i < grid->filesystem_count; i++)
		for (size_t j = 0; j < grid->method_count; j++) {
			size_t runs = cell_figure(grid_cell(grid, i, j), measure).count;

			if (strcmp(grid->filesystems[i], filesystem) == 0 && runs > most)
				most = runs;
		}
	return most == 1 ? "here, one run" : "here";
}

/* One row: the values of a grid for a file system. */
static void add_row(struct text_table *table, const struct grid *grid, const char *filesystem,
		    const char *whose, const char *const *methods, const struct measure *measure)
{
	text_table_add(table, filesystem);
	text_table_add(table, whose);
	for (size_t i = 0; i < table->columns - 2; i++) {
		char text[FIGURE_TEXT_MAX];

		put_value(grid, filesystem, methods[i], measure, text);
		text_table_add(table, text);
	}
}

/* Nothing if no method has a common value. */
static int add_filesystem(struct text_table *table, const struct grid *grid,
			  const struct grids *beside, const char *filesystem,
			  const char *const *methods, const struct measure *measure)
{
	size_t i = 0, count = table->columns - 2;

	while (i < count && !is_common(grid, beside, filesystem, methods[i], measure))
		i++;
	if (i == count)
		return 0;
	add_row(table, grid, filesystem, whose_text(grid, filesystem, measure), methods, measure);
	for (i = 0; i < beside->count; i++) {
		const char *label = beside->grid[i].label;
		CLEANUP(freep)
		char *whose = text_format("2009%s%s", label ? ", " : "", label ? label : "");

		if (!whose)
			return -ENOMEM;
		add_row(table, &beside->grid[i], filesystem, whose, methods, measure);
	}
	return text_table_check(table);
}

/*
 * One row per common file system, followed by one per grid of 2009.  Without a common value there
 * is only a heading.
 */
static int make_table(struct text_table *table, const struct grid *grid, const struct grids *beside,
		      const struct measure *measure)
{
	CLEANUP(freep) const char **methods = calloc(grid->method_count, sizeof(*methods));
	size_t count;
	int r = 0;

	if (!methods)
		return -ENOMEM;
	count = common_methods(grid, beside, measure, methods);
	*table = (struct text_table) { .columns = count + 2, .align = "llr" };
	text_table_add(table, "filesystem");
	text_table_add(table, "when");
	for (size_t i = 0; i < count; i++)
		text_table_add(table, methods[i]);
	for (size_t i = 0; r == 0 && i < grid->filesystem_count; i++)
		r = add_filesystem(table, grid, beside, grid->filesystems[i], methods, measure);
	return r < 0 ? r : text_table_check(table);
}

static void put_title(FILE *to, const struct grids *beside, const struct measure *measure)
{
	fputs("compared with 2009 (", to);
	put_sizes(to, &beside->grid[0]);
	fprintf(to, "): %s; in brackets the ratio to %s of the same row%s", measure->title,
		reference_method,
		measure->unit == MEASURE_SECONDS
			? ", because seconds of different disks are not comparable"
			: "");
}

int beside_print(FILE *to, const struct grid *grid, const struct report_options *options,
		 const char *before_title, const char *after_title,
		 void (*print)(FILE *to, const struct text_table *table))
{
	const struct measure *const *measures = report_measures(options, grid);
	size_t printed = 0;

	if (!options->beside)
		return 0;
	for (; *measures; measures++) {
		CLEANUP(text_table_clear) struct text_table table = { 0 };
		int r = make_table(&table, grid, options->beside, *measures);

		if (r < 0)
			return r;
		if (text_table_rows(&table) < 2)
			continue;
		fprintf(to, "\n%s", before_title);
		put_title(to, options->beside, *measures);
		fprintf(to, "%s\n", after_title);
		print(to, &table);
		printed++;
	}
	if (!printed)
		fputs("\n2009: none of this was measured then\n", to);
	return 0;
}
