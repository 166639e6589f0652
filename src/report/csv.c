/* SPDX-License-Identifier: MIT */
/* Unknown values are empty fields.  Arrays have no column. */
#include <inttypes.h>
#include <stdbool.h>

#include "base/cleanup.h"
#include "base/csv.h"
#include "report/format.h"
#include "report/promises.h"
#include "results/record.h"
#include "stats/cell.h"

static void print_value(struct csv *csv, const struct field *field, const struct record *record)
{
	if (field->type == FIELD_TEXT)
		csv_text(csv, field_text(field, record));
	else if (field_count(field, record) == FIELD_UNKNOWN)
		csv_text(csv, NULL);
	else
		csv_plain(csv, "%" PRId64, field_count(field, record));
}

static bool has_column(const struct field *field)
{
	return field->type == FIELD_TEXT || field->type == FIELD_COUNT;
}

/* NULL: the header. */
static void print_row(FILE *to, const struct record *record)
{
	struct csv csv = { .to = to };

	for (size_t i = 0; i < record_field_count; i++) {
		if (!has_column(&record_fields[i]))
			continue;
		if (record)
			print_value(&csv, &record_fields[i], record);
		else
			csv_plain(&csv, "%s", record_fields[i].name);
	}
	csv_end_row(&csv);
}

static void print_grid(FILE *to, const struct grid *grid)
{
	for (size_t i = 0; i < grid->filesystem_count * grid->method_count; i++)
		for (size_t j = 0; j < grid->cells[i].count; j++)
			print_row(to, grid->cells[i].records[j]);
}

static void print_promises(FILE *to, const struct promise_grid *grid)
{
	for (size_t i = 0; i < grid->line_count * grid->promise_count; i++)
		for (size_t j = 0; j < grid->cells[i].count; j++)
			print_row(to, grid->cells[i].records[j]);
}

int csv_print(FILE *to, const struct grids *grids, const struct report_options *options)
{
	CLEANUP(promise_grids_clear) struct promise_grids promises = { 0 };
	int r = promises_of(grids, &promises);

	(void)options;
	if (r < 0)
		return r;

	print_row(to, NULL);
	for (size_t i = 0; i < grids->count; i++)
		print_grid(to, &grids->grid[i]);
	for (size_t i = 0; i < promises.count; i++)
		print_promises(to, &promises.grid[i]);
	return 0;
}
