/* SPDX-License-Identifier: MIT */
/*
 * The document that doc/report.md describes, with the statistics of the tables in plain units and
 * with all digits.  It does not contain the records, which are JSON already.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/format.h"
#include "report/json.h"
#include "report/promises.h"
#include "results/field.h"
#include "results/resultfile.h"

json_t *json_of_count(int64_t count)
{
	return count == FIELD_UNKNOWN ? json_null() : json_integer(count);
}

json_t *json_of_warnings(const struct grid *grid)
{
	json_t *json = json_array();

	for (size_t i = 0; i < grid->warning_count; i++)
		json_array_append_new(json, json_pack("{so so}", "kind",
						      json_of_text(grid->warnings[i]->kind), "text",
						      json_of_text(grid->warnings[i]->text)));
	return json;
}

json_t *json_of_figure(const struct figure *figure)
{
	return json_pack("{sI so so so so so}", "count", (json_int_t)figure->count, "median",
			 json_of_number(figure->median), "lower", json_of_number(figure->lower),
			 "upper", json_of_number(figure->upper), "minimum",
			 json_of_number(figure->minimum), "maximum",
			 json_of_number(figure->maximum));
}

/* The measures of the options, or all. */
static json_t *measures_json(const struct cell *cell, bool with_workload,
			     const struct report_options *options)
{
	json_t *json = json_object();
	const struct measure *measure;

	for (size_t i = 0;
	     (measure = options->measures ? options->measures[i] : measure_at(with_workload, i));
	     i++) {
		struct figure figure = cell_figure(cell, measure);

		json_object_set_new(json, measure->name, json_of_figure(&figure));
	}
	return json;
}

static json_t *cell_json(const struct grid *grid, size_t row, size_t column,
			 const struct report_options *options)
{
	const struct cell *cell = grid_cell(grid, row, column);
	const struct record *ok = NULL, *refused = NULL;
	size_t ok_count = 0;

	for (size_t i = 0; i < cell->count; i++)
		if (strcmp(cell->records[i]->status, STATUS_OK) == 0) {
			ok = cell->records[i];
			ok_count++;
		} else {
			refused = cell->records[i];
		}
	return json_pack(
		"{so so sI sI so so so so so}", "filesystem", json_of_text(grid->filesystems[row]),
		"method", json_of_text(cell->records[0]->method), "runs", (json_int_t)cell->count,
		"ok_runs", (json_int_t)ok_count, "path", json_of_text(ok ? ok->path : NULL),
		"not_ok_status", json_of_text(refused ? refused->status : NULL), "not_ok_reason",
		json_of_text(refused ? refused->reason : NULL), "figures",
		measures_json(cell, grid->workload, options), "phases", json_of_phases(cell));
}

static json_t *cells_json(const struct grid *grid, const struct report_options *options)
{
	json_t *json = json_array();

	for (size_t i = 0; i < grid->filesystem_count; i++)
		for (size_t j = 0; j < grid->method_count; j++)
			if (grid_cell(grid, i, j)->count)
				json_array_append_new(json, cell_json(grid, i, j, options));
	return json;
}

static json_t *grid_json(const struct grid *grid, const struct report_options *options)
{
	json_t *environment = environment_to_json(grid->environment);

	if (environment)
		json_object_del(environment, "type");
	return json_pack("{so so so sI so sI so so so so so}", "testbed",
			 json_of_text(grid->testbed), "kernel", json_of_text(grid->kernel), "label",
			 json_of_text(grid->label), "file_bytes", (json_int_t)grid->file_bytes,
			 "volume_bytes", json_of_count(grid->volume_bytes), "files",
			 (json_int_t)grid->files, "workload", json_of_text(grid->workload),
			 "environment", environment, "warnings", json_of_warnings(grid), "summary",
			 json_of_summary(grid, true), "cells", cells_json(grid, options));
}

static json_t *grids_json(const struct grids *grids, const struct report_options *options)
{
	json_t *json = json_array();

	for (size_t i = 0; i < grids->count; i++)
		json_array_append_new(json, grid_json(&grids->grid[i], options));
	return json;
}

static json_t *units_json(void)
{
	json_t *json = json_object();

	for (size_t i = 0; i < measure_count; i++)
		json_object_set_new(json, measure_table[i].name,
				    json_string(measure_unit_name(measure_table[i].unit)));
	return json;
}

json_t *report_to_json(const struct grids *grids, const struct report_options *options)
{
	json_t *json = json_pack("{si ss so so so}", "schema", JSON_SCHEMA, "kind", "report",
				 "units", units_json(), "conditions", grids_json(grids, options),
				 "promises", json_of_promises(grids));

	if (json && options->beside)
		json_object_set_new(json, "beside_2009", grids_json(options->beside, options));
	return json;
}

int json_print(FILE *to, const struct grids *grids, const struct report_options *options)
{
	CLEANUP(json_decrefp) json_t *json = report_to_json(grids, options);

	return json_put_indented(to, json);
}
