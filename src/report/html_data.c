/* SPDX-License-Identifier: MIT */
/*
 * The document of report_json.c, and what only the page shows: names as people type
 * them, figures as text, parts of bars, where files are, comparisons, where results come from.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/pairs.h"
#include "base/strbuf.h"
#include "base/size.h"
#include "base/text.h"
#include "report/difference.h"
#include "report/format.h"
#include "report/html.h"
#include "report/json.h"
#include "results/resultfile.h"
#include "stats/compare.h"
#include "stats/sweep.h"

/* Of the comparison of two, as `alloc-perf diff` has it. */
static const double threshold = 0.05;

/* ---- measures: those of the tables, and the stages that `time` sums up ---- */

static double seconds(int64_t ns)
{
	return ns == FIELD_UNKNOWN ? NAN : (double)ns * 1e-9;
}

static double allocate_of(const struct record *record)
{
	return seconds(record->allocate.wall_ns);
}

static double sync_of(const struct record *record)
{
	return seconds(record->sync.wall_ns);
}

/* What follows the phases of a workload is no part of its `time`. */
static double after_phases(const struct record *record, const struct stage_cost *cost)
{
	return seconds(record_has_workload(record) ? FIELD_UNKNOWN : cost->wall_ns);
}

static double close_of(const struct record *record)
{
	return after_phases(record, &record->close);
}

static double unmount_of(const struct record *record)
{
	return after_phases(record, &record->unmount);
}

/* User or system time of what `time` sums up. */
static double sum_cpu(const struct record *record, size_t member)
{
	const struct stage_cost *stages[] = { &record->allocate, &record->sync, &record->close,
					      &record->unmount };
	size_t count = record_has_workload(record) ? 2 : ARRAY_SIZE(stages);
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		if (stages[i]->wall_ns != FIELD_UNKNOWN)
			sum += seconds(*(const int64_t *)((const char *)stages[i] + member));
	return sum;
}

static double user_of(const struct record *record)
{
	return sum_cpu(record, offsetof(struct stage_cost, user_ns));
}

static double system_of(const struct record *record)
{
	return sum_cpu(record, offsetof(struct stage_cost, system_ns));
}

#define PART(word, what, function)                                                        \
	{                                                                                 \
		.name = (word), .title = (word), .note = (what), .unit = MEASURE_SECONDS, \
		.of = (function)                                                          \
	}

static const struct measure stages[] = {
	PART("allocate", "the method's own calls", allocate_of),
	PART("sync", "fsync() of the file", sync_of),
	PART("close", "close() of the file", close_of),
	PART("unmount", "of the volume, after which everything is on the disk", unmount_of),
};

static const struct measure cpu_parts[] = {
	PART("user", "in the program", user_of),
	PART("system", "in the kernel", system_of),
};

/* Measure number `i` of the page: the whole time, its stages, the others; NULL behind the last. */
static const struct measure *page_measure(bool with_workload, size_t i)
{
	if (i == 0)
		return measure_find("time");
	if (i <= ARRAY_SIZE(stages))
		return &stages[i - 1];
	i -= ARRAY_SIZE(stages) + 1;
	for (size_t j = 0; measure_at(with_workload, j); j++) {
		const struct measure *measure = measure_at(with_workload, j);

		if (strcmp(measure->name, "time") != 0 && strcmp(measure->name, "allocate") != 0 &&
		    i-- == 0)
			return measure;
	}
	return NULL;
}

static json_t *measures_json(bool with_workload)
{
	json_t *json = json_array();

	for (size_t i = 0; page_measure(with_workload, i); i++) {
		const struct measure *measure = page_measure(with_workload, i);

		json_array_append_new(json,
				      json_pack("{ss ss ss ss}", "name", measure->name, "title",
						measure->title, "note", measure->note, "unit",
						measure_unit_name(measure->unit)));
	}
	return json;
}

static json_t *combined_json(const struct report_options *options, const struct grid *grid)
{
	json_t *json = json_array();

	for (const struct measure *const *measure = report_measures(options, grid); *measure;
	     measure++)
		json_array_append_new(json, json_string((*measure)->name));
	return json;
}

/* Which of them the table of all figures shows. */
static json_t *columns_json(const struct report_options *options, bool with_workload)
{
	json_t *json;

	if (options->measures)
		return combined_json(options, NULL);
	json = json_array();
	for (size_t i = 0; page_measure(with_workload, i); i++)
		json_array_append_new(json, json_string(page_measure(with_workload, i)->name));
	return json;
}

/* ---- texts ---- */

/* What a function prints, as a string. */
static json_t *json_of_printed(void (*put)(FILE *to, const void *what), const void *what)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	FILE *to = strbuf_stream(&text);

	if (!to)
		return NULL;
	put(to, what);
	fclose(to);
	return text.failed ? NULL : json_of_text(text.bytes ? text.text : "");
}

static void put_sizes_of(FILE *to, const void *grid)
{
	put_sizes(to, grid);
}

static void put_conditions_of(FILE *to, const void *grid)
{
	put_conditions(to, grid);
}

static void put_layout_of(FILE *to, const void *record)
{
	html_put_layout(to, record);
}

static json_t *names_json(const char *const *names, size_t count)
{
	json_t *json = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(json, json_of_text(names[i]));
	return json;
}

/* ---- cells ---- */

static json_t *figure_json(const struct figure *figure, enum measure_unit unit)
{
	char text[FIGURE_TEXT_MAX];
	json_t *json = json_of_figure(figure);

	json_object_set_new(json, "text", json_string(figure_text(figure, unit, text)));
	return json;
}

static json_t *figures_json(const struct cell *cell, bool with_workload)
{
	json_t *json = json_object();

	for (size_t i = 0; page_measure(with_workload, i); i++) {
		const struct measure *measure = page_measure(with_workload, i);
		struct figure figure = cell_figure(cell, measure);

		if (figure.count)
			json_object_set_new(json, measure->name,
					    figure_json(&figure, measure->unit));
	}
	return json;
}

/* The run whose value is nearest to the median; NULL: none has one. */
static const struct record *typical_run(const struct cell *cell, const struct measure *measure)
{
	double median = cell_figure(cell, measure).median, nearest = INFINITY;
	const struct record *found = NULL;

	for (size_t i = 0; i < cell->count; i++) {
		const struct record *record = cell->records[i];
		double distance;

		if (strcmp(record->status, STATUS_OK) != 0)
			continue;
		distance = fabs(measure->of(record) - median);
		if (distance < nearest) {
			nearest = distance;
			found = record;
		}
	}
	return found;
}

/* Of one run, since medians of parts need not add up. */
static json_t *parts_json(const struct cell *cell, const char *whole, const struct measure *parts,
			  size_t count)
{
	const struct record *record = typical_run(cell, measure_find(whole));
	json_t *json = json_object();

	for (size_t i = 0; record && i < count; i++)
		json_object_set_new(json, parts[i].name, json_of_number(parts[i].of(record)));
	return json;
}

static json_t *layout_json(const struct cell *cell)
{
	const struct record *record = html_layout_of(cell);
	json_t *runs;

	if (!record)
		return json_null();
	runs = json_array();
	for (int64_t i = 0; i < record->layout.count; i++) {
		const struct field_run *run = &record->layout.run[i];

		json_array_append_new(runs,
				      json_pack("[IIII]", (json_int_t)run->logical,
						(json_int_t)run->physical, (json_int_t)run->bytes,
						(json_int_t)run->unwritten));
	}
	return json_pack("{so so so so so}", "words", json_of_printed(put_layout_of, record), "run",
			 json_of_count(cell->count > 1 ? record->run : FIELD_UNKNOWN), "file_bytes",
			 json_of_count(record->file_bytes), "volume_bytes",
			 json_of_count(record->volume_bytes), "runs", runs);
}

/* The first run that worked; NULL: none. */
static const struct record *first_ok(const struct cell *cell)
{
	for (size_t i = 0; i < cell->count; i++)
		if (strcmp(cell->records[i]->status, STATUS_OK) == 0)
			return cell->records[i];
	return NULL;
}

/* What the way means, where that is not what one would think; "" if it is. */
static const char *meaning_of(const char *path)
{
	if (strcmp(path, "emulated") == 0)
		return "the C library wrote instead of the kernel";
	return strcmp(path, "sparse") == 0 ? "nothing is reserved" : "";
}

/* Null where there is nothing to note about the way the space was given. */
static json_t *way_note_json(const struct record *record)
{
	const char *path = record && record->path ? record->path : "";
	const char *fallbacks = record && record->fallbacks ? record->fallbacks : "";
	CLEANUP(freep) char *text = NULL;

	if (!*meaning_of(path) && !*fallbacks)
		return json_null();
	text = text_format("%s%s%s%s%s", path, *meaning_of(path) ? ": " : "", meaning_of(path),
			   *fallbacks ? "; failed before: " : "", fallbacks);
	if (!text)
		return NULL;
	return json_of_text(text);
}

static json_t *note_json(const struct cell *cell)
{
	size_t not_ok;
	const struct record *record = cell_first_not_ok(cell, &not_ok);
	CLEANUP(freep) char *text = record ? cell_explain(cell, record, not_ok) : NULL;

	return json_of_text(text);
}

static void extend_cell(json_t *json, const struct grid *grid, size_t row, size_t column)
{
	const struct cell *cell = grid_cell(grid, row, column);
	const struct record *ok = first_ok(cell);

	json_object_set_new(json, "method", json_of_text(grid->methods[column]));
	json_object_update_new(
		json, json_pack("{so so so so so s{so so}}", "figures",
				figures_json(cell, grid->workload), "note", note_json(cell), "way",
				json_of_text(ok ? ok->path : NULL), "way_note", way_note_json(ok),
				"layout", layout_json(cell), "parts", "time",
				parts_json(cell, "time", stages, ARRAY_SIZE(stages)), "cpu",
				parts_json(cell, "cpu", cpu_parts, ARRAY_SIZE(cpu_parts))));
}

/* ---- curves ---- */

static json_t *curve_json(const struct grid *grid, const struct sweep *sweep,
			  const struct sweep_curve *curve)
{
	json_t *points = json_array();

	for (size_t i = 0; i < curve->count; i++) {
		const struct sweep_point *point = &curve->points[i];
		char text[SIZE_TEXT_MAX];

		json_array_append_new(
			points, json_pack("{sI ss so}", "value", (json_int_t)point->value, "text",
					  sweep_value_text(sweep, point->value, text), "method",
					  json_of_text(grid->methods[point->method])));
	}
	return json_pack("{so so}", "name", json_of_text(curve->name), "points", points);
}

/* Methods that are values of one parameter; null: there are too few. */
static json_t *sweep_json(const struct grid *grid)
{
	CLEANUP(sweep_clear) struct sweep sweep = { 0 };
	json_t *curves, *others;

	if (sweep_find(grid, &sweep) < 0)
		return NULL;
	if (sweep.curve_count == 0)
		return json_null();
	curves = json_array();
	others = json_array();
	for (size_t i = 0; i < sweep.curve_count; i++)
		json_array_append_new(curves, curve_json(grid, &sweep, &sweep.curves[i]));
	for (size_t i = 0; i < sweep.other_count; i++)
		json_array_append_new(others, json_of_text(grid->methods[sweep.others[i]]));
	return json_pack("{so so}", "curves", curves, "others", others);
}

static void extend_condition(json_t *json, const struct grid *grid,
			     const struct report_options *options)
{
	json_t *cells = json_object_get(json, "cells");
	size_t number = 0;

	json_object_del(json, "environment");
	for (size_t i = 0; i < grid->filesystem_count; i++)
		for (size_t j = 0; j < grid->method_count; j++)
			if (grid_cell(grid, i, j)->count)
				extend_cell(json_array_get(cells, number++), grid, i, j);
	json_object_update_new(
		json,
		json_pack("{so so so so so so so so}", "title", json_of_printed(put_sizes_of, grid),
			  "sweep", sweep_json(grid), "combined", combined_json(options, grid),
			  "about", json_of_printed(put_conditions_of, grid), "testbed_note",
			  json_of_text(grid->environment->testbed_note), "filesystems",
			  names_json(grid->filesystems, grid->filesystem_count), "methods",
			  names_json(grid->methods, grid->method_count), "summary",
			  json_of_summary(grid, false)));
}

/* ---- side by side ---- */

static void put_basis(FILE *to, const void *what)
{
	const struct difference_report *report = what;

	difference_put_counts(to, report->comparisons);
	difference_put_basis(to, report, "");
}

static void extend_comparison(json_t *json, const struct comparison *found)
{
	const struct compare_cell *cell = &found->old_cell;
	CLEANUP(freep)
	char *method = record_key_text(RECORD_KEY_METHOD, cell->record, cell->grid->environment);
	char change[CHANGE_TEXT_MAX], chance[DIFFERENCE_TEXT_MAX];

	json_object_set_new(json, "method", json_of_text(method));
	if (!found->measure)
		return;
	json_object_update_new(
		json, json_pack("{ss so so ss ss}", "title", found->measure->title, "old",
				figure_json(&found->before, found->measure->unit), "new",
				figure_json(&found->after, found->measure->unit), "change_text",
				change_text(found->change, change), "p_text",
				difference_chance_text(found->corrected, chance)));
}

static json_t *comparison_json(const struct difference_report *report)
{
	const struct comparisons *all = report->comparisons;
	json_t *json = difference_to_json(report);
	json_t *rows = json_object_get(json, "comparisons");

	for (size_t i = 0; i < all->count; i++)
		extend_comparison(json_array_get(rows, i), &all->comparison[i]);
	json_object_set_new(json, "basis", json_of_printed(put_basis, report));
	return json;
}

/* Of two conditions, by the test of `alloc-perf diff`; null of more. */
static json_t *compare_two(const struct grid *joined, const struct report_options *options)
{
	const struct compare_options wanted = {
		.measures =
			options->measures ? options->measures : measures_compared(joined->workload),
		.threshold = threshold,
		.by = KEY_SET_CONDITIONS,
	};
	CLEANUP(comparisons_clear) struct comparisons all = { 0 };
	struct compare_ambiguity ambiguity;
	struct difference_side sides[2];
	struct view views[2];

	if (joined->join->count != 2)
		return json_null();
	for (size_t i = 0; i < ARRAY_SIZE(sides); i++) {
		views[i] = (struct view) { &joined->join->members[i], 1 };
		sides[i] = (struct difference_side) { joined->join->names[i], "", &views[i] };
	}
	if (compare_grids(views, ARRAY_SIZE(views), &wanted, &all, &ambiguity) < 0)
		return NULL;
	return comparison_json(&(struct difference_report) {
		.comparisons = &all, .sides = sides, .by = wanted.by, .threshold = threshold });
}

static json_t *group_json(const struct grids *grids, const struct grid *joined,
			  const struct report_options *options)
{
	json_t *members = json_array();

	for (size_t i = 0; i < joined->join->count; i++)
		json_array_append_new(members,
				      json_integer(joined->join->members[i] - grids->grid));
	return json_pack(
		"{so so so so so so}", "title", json_of_printed(put_sizes_of, joined), "members",
		members, "names", names_json(joined->join->names, joined->join->count),
		"filesystems", names_json(joined->filesystems, joined->filesystem_count), "methods",
		names_json(joined->join->methods, joined->method_count / joined->join->count),
		"comparison", compare_two(joined, options));
}

/* What was measured under several conditions. */
static json_t *groups_json(const struct grids *grids, const struct report_options *options)
{
	CLEANUP(grids_clear) struct grids joined = { 0 };
	json_t *json = json_array();

	if (grids_join(grids, &joined) < 0)
		return NULL;
	for (size_t i = 0; i < joined.count; i++)
		if (joined.grid[i].join->count > 1)
			json_array_append_new(json, group_json(grids, &joined.grid[i], options));
	return json;
}

/* ---- where they come from ---- */

static json_t *fact_json(const struct environment *environment, const struct field *field)
{
	char text[VALUE_TEXT_MAX];
	int64_t count = field->type == FIELD_COUNT ? field_count(field, environment) : 0;

	if (field->type == FIELD_TEXT)
		return json_of_text(field_text(field, environment));
	if (strcmp(field->unit, "bytes") == 0)
		return json_string(value_text((double)count, MEASURE_BYTES, text));
	snprintf(text, sizeof(text), "%lld", (long long)count);
	return json_string(text);
}

static int is_known(const struct environment *environment, const struct field *field)
{
	return field->type == FIELD_TEXT ? field_text(field, environment) != NULL
					 : field_count(field, environment) != FIELD_UNKNOWN;
}

static json_t *environment_json(const struct environment *environment)
{
	json_t *facts = json_array();

	for (size_t i = 0; i < environment_field_count; i++) {
		const struct field *field = &environment_fields[i];

		if (is_known(environment, field) && strcmp(field->name, "command") != 0 &&
		    strcmp(field->name, "plan") != 0)
			json_array_append_new(facts, json_pack("{ss ss so}", "name", field->name,
							       "meaning", field->meaning, "text",
							       fact_json(environment, field)));
	}
	return json_pack("{so so so}", "command", json_of_text(environment->command), "plan",
			 json_of_text(environment->plan), "facts", facts);
}

static json_t *environments_json(const struct results *results)
{
	json_t *json = json_array();

	for (size_t i = 0; i < results->environment_count; i++)
		json_array_append_new(json, environment_json(&results->environments[i]));
	return json;
}

/* ---- the document ---- */

json_t *html_data(const struct grids *grids, const struct report_options *options)
{
	const struct measure *const none[] = { NULL };
	json_t *json = report_to_json(grids, &(struct report_options) { .measures = none });
	json_t *conditions = json_object_get(json, "conditions");
	bool with_workload = false;

	for (size_t i = 0; i < grids->count; i++)
		with_workload |= grids->grid[i].workload != NULL;
	for (size_t i = 0; i < grids->count; i++)
		extend_condition(json_array_get(conditions, i), &grids->grid[i], options);
	json_object_update_new(
		json,
		json_pack("{so so so so so}", "title",
			  grids->count
				  ? json_of_printed(put_sizes_of, &grids->grid[0])
				  : json_string(json_array_size(json_object_get(json, "promises"))
							? "Promises"
							: "no results"),
			  "measures", measures_json(with_workload), "columns",
			  columns_json(options, with_workload), "groups",
			  groups_json(grids, options), "environments",
			  environments_json(grids->results)));
	return json;
}
