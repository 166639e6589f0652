/* SPDX-License-Identifier: MIT */
/* Comparisons for other programs: JSON (doc/report.md) and CSV. */
#include <math.h>

#include "base/cleanup.h"
#include "base/csv.h"
#include "base/strbuf.h"
#include "report/difference.h"
#include "report/format.h"
#include "report/json.h"
#include "results/record.h"
#include "stats/compare.h"

/* ---- json ---- */

/* The keys of rows, in addition to those of all rows. */
static void set_columns(json_t *json, const struct compare_cell *cell, unsigned columns)
{
	columns &= ~(KEY_SET(FILESYSTEM) | KEY_SET(METHOD) | KEY_SET(SIZE) | KEY_SET(VOLUME));
	for (enum record_key key = 0; key < RECORD_KEY_COUNT; key++)
		if (columns & 1u << key) {
			CLEANUP(freep)
			char *text = record_key_text(key, cell->record, cell->grid->environment);

			json_object_set_new(json, record_keys[key].name, json_of_text(text));
		}
}

static json_t *cell_json(const struct compare_cell *cell, unsigned columns)
{
	json_t *json =
		json_pack("{so so sI so}", "filesystem", json_of_text(cell->record->filesystem),
			  "method", json_of_text(cell->record->method), "file_bytes",
			  (json_int_t)cell->record->file_bytes, "volume_bytes",
			  json_of_count(cell->record->volume_bytes));

	if (json)
		set_columns(json, cell, columns);
	return json;
}

static json_t *comparison_json(const struct difference_report *report,
			       const struct comparison *found)
{
	json_t *json =
		cell_json(&found->old_cell, difference_columns(report->comparisons, found->side));

	if (json)
		json_object_update_new(json,
				       json_pack("{so so ss}", "old_name",
						 json_of_text(report->sides[0].name), "new_name",
						 json_of_text(report->sides[found->side].name),
						 "verdict", verdict_name(found->verdict)));
	if (json && found->measure)
		json_object_update_new(json, json_pack("{ss ss so so so so so so}", "measure",
						       found->measure->name, "unit",
						       measure_unit_name(found->measure->unit),
						       "old", json_of_figure(&found->before), "new",
						       json_of_figure(&found->after), "change",
						       json_of_number(found->change), "drift",
						       json_of_number(found->drift), "p",
						       json_of_number(found->chance), "p_corrected",
						       json_of_number(found->corrected)));
	else if (json)
		json_object_set_new(json, "reason", json_of_text(found->reason));
	return json;
}

/* The conditions of one side. */
static json_t *conditions_json(const struct view *grids)
{
	json_t *json = json_array();

	for (size_t i = 0; i < grids->count; i++) {
		const struct grid *grid = grids->grid[i];

		json_array_append_new(json, json_pack("{so so so sI so so}", "testbed",
						      json_of_text(grid->testbed), "kernel",
						      json_of_text(grid->kernel), "label",
						      json_of_text(grid->label), "file_bytes",
						      (json_int_t)grid->file_bytes, "volume_bytes",
						      json_of_count(grid->volume_bytes), "warnings",
						      json_of_warnings(grid)));
	}
	return json;
}

static json_t *counts_json(const struct comparisons *all)
{
	json_t *json = json_object();

	for (enum verdict verdict = VERDICT_SAME; verdict <= VERDICT_UNKNOWN; verdict++)
		json_object_set_new(json, verdict_name(verdict),
				    json_integer((json_int_t)all->verdicts[verdict]));
	return json;
}

static json_t *cells_json(const struct compare_cell *cells, size_t count, unsigned columns)
{
	json_t *json = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(json, cell_json(&cells[i], columns));
	return json;
}

static json_t *key_names_json(unsigned keys)
{
	json_t *json = json_array();

	for (enum record_key key = 0; key < RECORD_KEY_COUNT; key++)
		if (keys & 1u << key)
			json_array_append_new(json, json_string(record_keys[key].name));
	return json;
}

/* Each side, with what it has in common with the first one. */
static json_t *sides_json(const struct difference_report *report)
{
	json_t *json = json_array();

	for (size_t i = 0; i < report->comparisons->side_count; i++) {
		const struct compare_side *side = &report->comparisons->sides[i];
		unsigned columns = difference_columns(report->comparisons, i);

		json_array_append_new(
			json, json_pack("{so so so so so so}", "name",
					json_of_text(report->sides[i].name), "file",
					json_of_text(report->sides[i].file), "conditions",
					conditions_json(report->sides[i].view), "also_differs",
					key_names_json(side->differs), "only_baseline",
					cells_json(side->only_old, side->only_old_count, columns),
					"only_here",
					cells_json(side->only_new, side->only_new_count, columns)));
	}
	return json;
}

/* "old" and "new", if there are only two sides. */
static json_t *two_sides_json(const struct difference_report *report)
{
	const struct difference_side *sides = report->sides;
	const struct compare_side *both = &report->comparisons->sides[1];

	return json_pack(
		"{so so so so sI sI}", "old", json_of_text(sides[0].file), "new",
		json_of_text(sides[1].file), "old_conditions", conditions_json(sides[0].view),
		"new_conditions", conditions_json(sides[1].view), "only_old",
		(json_int_t)both->only_old_count, "only_new", (json_int_t)both->only_new_count);
}

json_t *difference_to_json(const struct difference_report *report)
{
	const struct comparisons *all = report->comparisons;
	json_t *rows = json_array();
	json_t *json = json_pack(
		"{si ss so so sf sf sI so so so}", "schema", JSON_SCHEMA, "kind", "diff", "by",
		key_names_json(report->by), "sides", sides_json(report), "threshold",
		report->threshold, "level", COMPARE_LEVEL, "tested", (json_int_t)all->tested,
		"verdicts", counts_json(all), "runs_needed",
		all->runs_needed ? json_integer((json_int_t)all->runs_needed) : json_null(),
		"comparisons", rows);

	if (json && report->promises)
		json_object_set_new(json, "promises", json_of_promise_changes(report));
	if (json && all->side_count == 2)
		json_object_update_new(json, two_sides_json(report));
	for (size_t i = 0; json && i < all->count; i++)
		json_array_append_new(rows, comparison_json(report, &all->comparison[i]));
	return json;
}

int difference_print_json(FILE *to, const struct difference_report *report)
{
	CLEANUP(json_decrefp) json_t *json = difference_to_json(report);

	return json_put_indented(to, json);
}

/* ---- csv ---- */

static void put_number(struct csv *csv, double number)
{
	if (isfinite(number))
		csv_plain(csv, "%.9g", number);
	else
		csv_text(csv, NULL);
}

static void put_heading(FILE *to)
{
	static const char *const others[] = { "measure",     "unit",	  "old",    "old_lower",
					      "old_upper",   "old_count", "new",    "new_lower",
					      "new_upper",   "new_count", "change", "p",
					      "p_corrected", "verdict",	  "reason" };
	struct csv csv = { .to = to };

	csv_text(&csv, "old_name");
	csv_text(&csv, "new_name");
	for (enum record_key key = RECORD_KEY_BASE + 1; key < RECORD_KEY_COUNT; key++)
		csv_text(&csv, record_keys[key].name);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		csv_text(&csv, others[i]);
	csv_end_row(&csv);
}

static void put_figure(struct csv *csv, const struct figure *figure)
{
	put_number(csv, figure->count ? figure->median : NAN);
	put_number(csv, figure->count ? figure->lower : NAN);
	put_number(csv, figure->count ? figure->upper : NAN);
	csv_plain(csv, "%zu", figure->count);
}

/* With the keys of the baseline. */
static void put_row(FILE *to, const struct difference_report *report,
		    const struct comparison *found)
{
	const struct compare_cell *cell = &found->old_cell;
	struct csv csv = { .to = to };

	csv_text(&csv, report->sides[0].name);
	csv_text(&csv, report->sides[found->side].name);
	for (enum record_key key = RECORD_KEY_BASE + 1; key < RECORD_KEY_COUNT; key++) {
		CLEANUP(strbuf_clear) struct strbuf value = { 0 };

		record_keys[key].put(&value, cell->record, cell->grid->environment);
		csv_text(&csv, value.text);
	}
	csv_text(&csv, found->measure ? found->measure->name : NULL);
	csv_text(&csv, found->measure ? measure_unit_name(found->measure->unit) : NULL);
	put_figure(&csv, &found->before);
	put_figure(&csv, &found->after);
	put_number(&csv, found->change);
	put_number(&csv, found->chance);
	put_number(&csv, found->corrected);
	csv_text(&csv, verdict_name(found->verdict));
	csv_text(&csv, found->reason);
	csv_end_row(&csv);
}

int difference_print_csv(FILE *to, const struct difference_report *report)
{
	if (report->comparisons->side_count == 0 && report->promises)
		return promise_changes_print_csv(to, report);
	put_heading(to);
	for (size_t i = 0; i < report->comparisons->count; i++)
		put_row(to, report, &report->comparisons->comparison[i]);
	return 0;
}
