/* SPDX-License-Identifier: MIT */
/* The formats, and their common text for values and conditions. */
#include "report/report.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "report/format.h"
#include "base/size.h"
#include "stats/cell.h"

const struct report_format report_formats[] = {
	{ "table", 1, table_print }, { "markdown", 1, markdown_print }, { "html", 1, html_print },
	{ "json", 1, json_print },   { "2009", 0, form2009_print },	{ "csv", 0, csv_print },
};
const size_t report_format_count = ARRAY_SIZE(report_formats);

const struct report_format *report_format_find(const char *name)
{
	for (size_t i = 0; i < report_format_count; i++)
		if (strcmp(report_formats[i].name, name) == 0)
			return &report_formats[i];
	return NULL;
}

/* The columns of the combined table: of an allocation, and of a workload.  There, bytes come first,
 * since they hardly vary between runs, machines and guests. */
enum { COMBINED_MOST = 6 };
static const char *const combined[][COMBINED_MOST] = {
	{ "time", "written", "fragments" },
	{ "per-byte", "life", "p50", "p99", "fragments", "read-rate" },
};

const struct measure *const *report_measures(const struct report_options *options,
					     const struct grid *grid)
{
	static const struct measure *columns[ARRAY_SIZE(combined)][COMBINED_MOST + 1];
	size_t kind = grid && grid->workload;

	if (options->measures)
		return options->measures;
	for (size_t i = 0; i < COMBINED_MOST && combined[kind][i]; i++)
		columns[kind][i] = measure_find(combined[kind][i]);
	return columns[kind];
}

const struct measure *report_block(const struct report_options *options, const struct grid *grid,
				   size_t i)
{
	if (options->measures)
		return options->measures[i];
	return options->all ? measure_at(grid->workload != NULL, i) : NULL;
}

_Static_assert((int)VALUE_TEXT_MAX >= (int)SIZE_TEXT_MAX, "value_text() hands its buffer on");

const char *value_text(double value, enum measure_unit unit, char text[static VALUE_TEXT_MAX])
{
	char size[SIZE_TEXT_MAX];

	if (isnan(value))
		return "n/a";
	if (unit == MEASURE_SECONDS)
		return duration_human(value, text);
	if (unit == MEASURE_BYTES)
		return size_human(value, text);
	if (unit == MEASURE_RATE) {
		snprintf(text, VALUE_TEXT_MAX, "%s/s", size_human(value, size));
		return text;
	}
	if (unit == MEASURE_RATIO) {
		snprintf(text, VALUE_TEXT_MAX, "%.*f", value < 10 ? 2 : value < 100 ? 1 : 0, value);
		return text;
	}
	/* The median of an even number of counts may be between two of them. */
	snprintf(text, VALUE_TEXT_MAX, value == floor(value) ? "%.0f" : "%.1f", value);
	return text;
}

const char *measure_unit_name(enum measure_unit unit)
{
	static const char *const names[] = {
		[MEASURE_SECONDS] = "seconds", [MEASURE_BYTES] = "bytes",
		[MEASURE_COUNT] = "count",     [MEASURE_RATE] = "bytes per second",
		[MEASURE_RATIO] = "ratio",
	};

	return names[unit];
}

void put_sizes(FILE *to, const struct grid *grid)
{
	char text[SIZE_TEXT_MAX];

	if (grid->files > 1)
		fprintf(to, "%lld files of %s%s", (long long)grid->files,
			grid->mixed_sizes ? "different sizes around " : "",
			size_human((double)grid->file_bytes, text));
	else
		fprintf(to, "%s file", size_human((double)grid->file_bytes, text));
	if (grid->volume_bytes > 0)
		fprintf(to, " on a %s volume", size_human((double)grid->volume_bytes, text));
	if (grid->workload) {
		CLEANUP(freep) char *workload = strdup(grid->workload);

		if (workload)
			size_shorten(workload);
		fputs(", then ", to);
		text_put(to, workload ? workload : grid->workload);
	}
}

static void count_runs(const struct grid *grid, size_t *ret_fewest, size_t *ret_most)
{
	*ret_fewest = SIZE_MAX;
	*ret_most = 0;
	for (size_t i = 0; i < grid->filesystem_count * grid->method_count; i++) {
		size_t runs = grid->cells[i].count;

		if (runs && runs < *ret_fewest)
			*ret_fewest = runs;
		if (runs > *ret_most)
			*ret_most = runs;
	}
}

const char *runs_text(size_t fewest, size_t most, char text[static VALUE_TEXT_MAX])
{
	if (most == 1)
		return "one run";
	if (fewest == most)
		snprintf(text, VALUE_TEXT_MAX, "%zu runs", most);
	else
		snprintf(text, VALUE_TEXT_MAX, "%zu to %zu runs", fewest, most);
	return text;
}

void put_runs(FILE *to, const struct grid *grid, const char *separator)
{
	char text[VALUE_TEXT_MAX];
	size_t fewest, most;

	count_runs(grid, &fewest, &most);
	if (most > 0)
		fprintf(to, "%s%s%s", separator, most > 1 ? "medians of " : "",
			runs_text(fewest, most, text));
}

void put_interval(FILE *to, const struct grid *grid)
{
	size_t fewest, most;

	count_runs(grid, &fewest, &most);
	if (most >= FIGURE_RUNS_LEAST)
		fprintf(to, " %s their 95 %% confidence interval", plus_minus_local());
}

const char *kernel_title(const char *kernel)
{
	return isdigit((unsigned char)*kernel) ? "Linux" : "kernel";
}

void put_conditions(FILE *to, const struct grid *grid)
{
	const char *separator = "";

	if (grid->testbed) {
		text_put(to, grid->testbed);
		separator = ", ";
	}
	if (grid->throttle) {
		fprintf(to, "%sthrottled to ", separator);
		text_put(to, grid->throttle);
		separator = ", ";
	}
	if (grid->kernel) {
		fprintf(to, "%s%s ", separator, kernel_title(grid->kernel));
		text_put(to, grid->kernel);
		separator = ", ";
	}
	/* In a run on several kernels their label is the release. */
	if (grid->label && *grid->label && !(grid->kernel && !strcmp(grid->label, grid->kernel))) {
		fprintf(to, "%s\"", separator);
		text_put(to, grid->label);
		putc('"', to);
		separator = ", ";
	}
	put_runs(to, grid, separator);
}

char *conditions_text(const struct grid *grid)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	FILE *to = strbuf_stream(&text);

	if (!to)
		return NULL;
	put_conditions(to, grid);
	fclose(to);
	return strbuf_take(&text);
}
