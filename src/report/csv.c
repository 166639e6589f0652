/* SPDX-License-Identifier: MIT */
/*
 * Quoting as RFC 4180 has it, but lines end in a plain newline: what reads csv
 * takes both, and awk and cut take only this one.  What is not known is an empty
 * field.  The layout, a table of its own, has no column.
 */
#include <inttypes.h>
#include <string.h>

#include "report/format.h"
#include "results/record.h"

static void print_quoted(FILE *to, const char *text)
{
	if (!strpbrk(text, ",\"\r\n")) {
		fputs(text, to);
		return;
	}
	putc('"', to);
	for (; *text; text++) {
		if (*text == '"')
			putc('"', to);
		putc(*text, to);
	}
	putc('"', to);
}

static void print_value(FILE *to, const struct field *field, const struct record *record)
{
	if (field->type == FIELD_TEXT) {
		const char *text = field_text(field, record);

		print_quoted(to, text ? text : "");
	} else if (field_count(field, record) != FIELD_UNKNOWN) {
		fprintf(to, "%" PRId64, field_count(field, record));
	}
}

/* NULL: the header. */
static void print_row(FILE *to, const struct record *record)
{
	const char *separator = "";

	for (size_t i = 0; i < record_field_count; i++) {
		if (record_fields[i].type == FIELD_RUNS)
			continue;
		fputs(separator, to);
		separator = ",";
		if (record)
			print_value(to, &record_fields[i], record);
		else
			fputs(record_fields[i].name, to);
	}
	putc('\n', to);
}

static void print_grid(FILE *to, const struct grid *grid)
{
	for (size_t i = 0; i < grid->filesystem_count * grid->method_count; i++)
		for (size_t j = 0; j < grid->cells[i].count; j++)
			print_row(to, grid->cells[i].records[j]);
}

int csv_print(FILE *to, const struct grids *grids, const struct report_options *options)
{
	(void)options;

	print_row(to, NULL);
	for (size_t i = 0; i < grids->count; i++)
		print_grid(to, &grids->grid[i]);
	return 0;
}
