/* SPDX-License-Identifier: MIT */
/*
 * Absolute seconds of two disks say nothing to one another.  What can be compared
 * is the shape: how much a method costs in terms of the plain one of the same row.
 * So each value has its ratio to that, and rows are never mixed.
 */
#include "report/beside.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

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

/* Has any of them a value for it? */
static int has_value(const struct grids *grids, const char *filesystem, const char *method,
		     const struct measure *measure)
{
	for (size_t i = 0; i < grids->count; i++)
		if (!isnan(value_of(&grids->grid[i], filesystem, method, measure)))
			return 1;
	return 0;
}

/* The methods for which somewhere both have a value.  Returns how many. */
static size_t common_methods(const struct grid *grid, const struct grids *beside,
			     const struct measure *measure, const char **ret_methods)
{
	size_t count = 0;

	for (size_t j = 0; j < grid->method_count; j++)
		for (size_t i = 0; i < grid->filesystem_count; i++)
			if (!isnan(cell_figure(grid_cell(grid, i, j), measure).median) &&
			    has_value(beside, grid->filesystems[i], grid->methods[j], measure)) {
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

/* One row: the values of one grid for a file system. */
static int add_row(struct rows *rows, const struct grid *grid, const char *filesystem,
		   const char *whose, const char *const *methods, const struct measure *measure)
{
	size_t count = rows->columns - 2;
	CLEANUP(freep) char(*texts)[FIGURE_TEXT_MAX] = calloc(count, sizeof(*texts));
	CLEANUP(freep) const char **row = calloc(rows->columns, sizeof(*row));

	if (!texts || !row)
		return -ENOMEM;
	row[0] = filesystem;
	row[1] = whose;
	for (size_t i = 0; i < count; i++) {
		put_value(grid, filesystem, methods[i], measure, texts[i]);
		row[i + 2] = texts[i];
	}
	return rows_add(rows, row);
}

static int add_heading(struct rows *rows, const char *const *methods)
{
	CLEANUP(freep) const char **row = calloc(rows->columns, sizeof(*row));

	if (!row)
		return -ENOMEM;
	row[0] = "filesystem";
	row[1] = "when";
	memcpy(row + 2, methods, (rows->columns - 2) * sizeof(*row));
	return rows_add(rows, row);
}

static int add_filesystem(struct rows *rows, const struct grid *grid, const struct grids *beside,
			  const char *filesystem, const char *const *methods,
			  const struct measure *measure)
{
	int r = add_row(rows, grid, filesystem, "here", methods, measure);

	for (size_t i = 0; r == 0 && i < beside->count; i++) {
		CLEANUP(freep) char *whose = NULL;
		const char *label = beside->grid[i].label;

		if (asprintf(&whose, "2009%s%s", label ? ", " : "", label ? label : "") < 0)
			return -ENOMEM;
		r = add_row(rows, &beside->grid[i], filesystem, whose, methods, measure);
	}
	return r;
}

static int is_common(const struct grid *grid, const struct grids *beside, const char *filesystem,
		     const char *const *methods, size_t count, const struct measure *measure)
{
	for (size_t i = 0; i < count; i++)
		if (!isnan(value_of(grid, filesystem, methods[i], measure)) &&
		    has_value(beside, filesystem, methods[i], measure))
			return 1;
	return 0;
}

/*
 * A row for each file system that both have, and below it one for each grid of
 * `beside`, with each value's ratio to chunk-4096 of its own row.  Only a heading, or
 * no row at all, where there is nothing to set beside.
 */
static int make_rows(struct rows *rows, const struct grid *grid, const struct grids *beside,
		     const struct measure *measure)
{
	CLEANUP(freep) const char **methods = calloc(grid->method_count, sizeof(*methods));
	size_t count;
	int r;

	if (!methods)
		return -ENOMEM;
	count = common_methods(grid, beside, measure, methods);
	*rows = (struct rows) { .columns = count + 2, .left = 2 };
	r = add_heading(rows, methods);
	for (size_t i = 0; r == 0 && i < grid->filesystem_count; i++)
		if (is_common(grid, beside, grid->filesystems[i], methods, count, measure))
			r = add_filesystem(rows, grid, beside, grid->filesystems[i], methods,
					   measure);
	return r;
}

static void put_title(FILE *to, const struct grids *beside, const struct measure *measure)
{
	fputs("beside 2009 (", to);
	put_sizes(to, &beside->grid[0]);
	fprintf(to, "): %s; in brackets the ratio to %s of the same row%s", measure->title,
		reference_method,
		measure->unit == MEASURE_SECONDS
			? ", since seconds of different disks do not compare"
			: "");
}

int beside_print(FILE *to, const struct grid *grid, const struct report_options *options,
		 const char *before_title, const char *after_title,
		 void (*print)(FILE *to, const struct rows *rows))
{
	const struct measure *const *measures = report_measures(options);
	size_t printed = 0;

	if (!options->beside)
		return 0;
	for (; *measures; measures++) {
		CLEANUP(rows_clear) struct rows rows = { 0 };
		int r = make_rows(&rows, grid, options->beside, *measures);

		if (r < 0)
			return r;
		if (rows.count < 2)
			continue;
		fprintf(to, "\n%s", before_title);
		put_title(to, options->beside, *measures);
		fprintf(to, "%s\n", after_title);
		print(to, &rows);
		printed++;
	}
	if (!printed)
		fputs("\nbeside 2009: nothing of this was measured then\n", to);
	return 0;
}
