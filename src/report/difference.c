/* SPDX-License-Identifier: MIT */
/*
 * "Same" is printed as plainly as "worse": who asks whether a patch costs
 * anything wants to read that it does not.  Below the rows stands what the verdicts
 * rest on, so that a reader of a patch's description can judge them.
 */
#include "report/difference.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/format.h"
#include "report/json.h"
#include "base/text_table.h"
#include "report/markdown.h"
#include "base/size.h"
#include "results/resultfile.h"
#include "stats/compare.h"

enum { COLUMNS = 8 };

/* Prints foreign text as this form needs it. */
typedef void (*put_fn)(FILE *to, const char *text);

const char *difference_change_text(double change, char text[static DIFFERENCE_TEXT_MAX])
{
	double percent = change * 100;

	if (isinf(change))
		return "from 0";
	if (change == 0)
		return "0 %";
	snprintf(text, DIFFERENCE_TEXT_MAX, fabs(percent) < 9.95 ? "%+.1f %%" : "%+.0f %%",
		 percent);
	return text;
}

const char *difference_chance_text(double chance, char text[static DIFFERENCE_TEXT_MAX])
{
	if (isnan(chance))
		return "n/a";
	if (chance < 0.0001)
		return "<0.0001";
	snprintf(text, DIFFERENCE_TEXT_MAX, chance < 0.001 ? "%.4f" : "%.2g", chance);
	return text;
}

static void add_row(struct text_table *table, const struct comparison *found)
{
	char before[FIGURE_TEXT_MAX], after[FIGURE_TEXT_MAX], change[DIFFERENCE_TEXT_MAX];
	char chance[DIFFERENCE_TEXT_MAX], size[SIZE_TEXT_MAX];
	enum measure_unit unit = found->measure->unit;
	const char *texts[COLUMNS] = {
		found->filesystem,
		found->method,
		size_name((uint64_t)found->file_bytes, size),
		figure_text_local(&found->before, unit, before),
		figure_text_local(&found->after, unit, after),
		difference_change_text(found->change, change),
		difference_chance_text(found->corrected, chance),
		verdict_name(found->verdict),
	};

	text_table_add_row(table, texts);
}

/* The rows of one measure; without any, there is only the heading. */
static int make_table(struct text_table *table, const struct comparisons *all,
		      const struct measure *measure)
{
	static const char *const heading[COLUMNS] = { "filesystem", "method", "file", "OLD",
						      "NEW",	    "change", "p",    "verdict" };

	*table = (struct text_table) { .columns = COLUMNS, .align = "lllr" };
	text_table_add_row(table, heading);
	for (size_t i = 0; i < all->count; i++)
		if (all->comparison[i].measure == measure)
			add_row(table, &all->comparison[i]);
	return text_table_check(table);
}

/* Is it the first with this measure? */
static int starts_measure(const struct comparisons *all, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (all->comparison[i].measure == all->comparison[index].measure)
			return 0;
	return 1;
}

/* What works in one of them alone. */
static void put_broken(FILE *to, const struct comparisons *all, const char *bullet, put_fn put)
{
	for (size_t i = 0; i < all->count; i++) {
		const struct comparison *found = &all->comparison[i];
		char size[SIZE_TEXT_MAX];

		if (found->measure)
			continue;
		fprintf(to, "%s", bullet);
		put(to, found->filesystem);
		putc(' ', to);
		put(to, found->method);
		fprintf(to, " %s: %s: cannot be made in %s",
			size_name((uint64_t)found->file_bytes, size), verdict_name(found->verdict),
			found->verdict == VERDICT_WORSE ? "NEW" : "OLD");
		if (found->reason && *found->reason) {
			fputs(" (", to);
			put(to, found->reason);
			putc(')', to);
		}
		putc('\n', to);
	}
}

static void put_side(FILE *to, const char *title, const char *name, const struct view *grids,
		     put_fn put)
{
	fprintf(to, "%s: ", title);
	put(to, name);
	for (size_t i = 0; i < grids->count; i++) {
		CLEANUP(freep) char *conditions = conditions_text(grids->grid[i]);

		if (!conditions)
			return;
		fputs(i ? "; " : " (", to);
		put(to, conditions);
	}
	fputs(grids->count ? ")\n" : "\n", to);
}

static void put_warnings(FILE *to, const char *title, const struct view *grids, put_fn put)
{
	for (size_t i = 0; i < grids->count; i++)
		for (size_t j = 0; j < grids->grid[i]->warning_count; j++) {
			fprintf(to, "%s: warning: ", title);
			put(to, grids->grid[i]->warnings[j]->text);
			putc('\n', to);
		}
}

/* A time of one place says nothing about another. */
static void put_testbeds(FILE *to, const struct difference_report *report, const char *gap,
			 put_fn put)
{
	const char *before = report->before->count ? report->before->grid[0]->testbed : NULL;
	const char *after = report->after->count ? report->after->grid[0]->testbed : NULL;

	if (!before || !after || strcmp(before, after) == 0)
		return;
	fprintf(to, "%sOLD was measured on ", gap);
	put(to, before);
	fputs(" and NEW on ", to);
	put(to, after);
	fputs(": their times are not comparable\n", to);
}

void difference_put_counts(FILE *to, const struct comparisons *all)
{
	static const enum verdict order[] = { VERDICT_WORSE, VERDICT_BETTER, VERDICT_SAME,
					      VERDICT_UNCLEAR, VERDICT_UNKNOWN };
	const char *separator = ": ";

	if (all->count == 0) {
		fputs("nothing to compare: no cell has a value in both\n", to);
		return;
	}
	if (all->verdicts[VERDICT_SAME] == all->count) {
		fprintf(to, "no difference: %zu of %zu comparisons are the same\n", all->count,
			all->count);
		return;
	}
	fprintf(to, "%zu comparison%s", all->count, all->count == 1 ? "" : "s");
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		if (all->verdicts[order[i]]) {
			fprintf(to, "%s%zu %s", separator, all->verdicts[order[i]],
				verdict_name(order[i]));
			separator = ", ";
		}
	putc('\n', to);
}

void difference_put_basis(FILE *to, const struct difference_report *report, const char *gap)
{
	const struct comparisons *all = report->comparisons;

	if (all->runs_needed)
		fprintf(to,
			"%sunknown: too few runs: at least %zu per side are needed (--runs %zu)\n",
			gap, all->runs_needed, all->runs_needed);
	if (all->verdicts[VERDICT_UNCLEAR])
		fprintf(to,
			"%sunclear: too noisy to detect a %g %% change; use more runs or an idle "
			"machine\n",
			gap, report->threshold * 100);
	if (all->only_before || all->only_after)
		fprintf(to, "%snot compared: %zu cells only in OLD and %zu only in NEW\n", gap,
			all->only_before, all->only_after);
	fprintf(to,
		"%sa difference has p below %g (rank test of Mann and Whitney, Holm's correction "
		"for %zu tests), and is %g %% or more, of a count also 1 or more\n",
		gap, COMPARE_LEVEL, all->tested, report->threshold * 100);
}

static int print_blocks(FILE *to, const struct comparisons *all,
			void (*print)(FILE *to, const struct text_table *table),
			const char *emphasis)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < all->count; i++) {
		const struct measure *measure = all->comparison[i].measure;
		CLEANUP(text_table_clear) struct text_table table = { 0 };

		if (!measure || !starts_measure(all, i))
			continue;
		r = make_table(&table, all, measure);
		if (r < 0)
			return r;
		fprintf(to, "\n%s%s (%s)%s\n%s", emphasis, measure->title, measure->note, emphasis,
			*emphasis ? "\n" : "");
		print(to, &table);
	}
	return r;
}

static int print_table(FILE *to, const struct difference_report *report)
{
	int r;

	put_side(to, "OLD", report->before_name, report->before, text_put);
	put_side(to, "NEW", report->after_name, report->after, text_put);
	put_warnings(to, "OLD", report->before, text_put);
	put_warnings(to, "NEW", report->after, text_put);
	put_testbeds(to, report, "", text_put);
	r = print_blocks(to, report->comparisons, text_table_print, "");
	putc('\n', to);
	put_broken(to, report->comparisons, "", text_put);
	difference_put_counts(to, report->comparisons);
	difference_put_basis(to, report, "");
	return r;
}

static int print_markdown(FILE *to, const struct difference_report *report)
{
	int r;

	difference_put_counts(to, report->comparisons);
	putc('\n', to);
	put_side(to, "- OLD", report->before_name, report->before, markdown_put);
	put_side(to, "- NEW", report->after_name, report->after, markdown_put);
	put_warnings(to, "- OLD", report->before, markdown_put);
	put_warnings(to, "- NEW", report->after, markdown_put);
	put_testbeds(to, report, "- ", markdown_put);
	put_broken(to, report->comparisons, "- ", markdown_put);
	r = print_blocks(to, report->comparisons, markdown_put_table, "**");
	putc('\n', to);
	difference_put_basis(to, report, "- ");
	return r;
}

/* ---- json ---- */

static json_t *comparison_json(const struct comparison *found)
{
	json_t *json = json_pack("{so so sI so ss}", "filesystem", json_of_text(found->filesystem),
				 "method", json_of_text(found->method_key), "file_bytes",
				 (json_int_t)found->file_bytes, "volume_bytes",
				 json_of_count(found->volume_bytes), "verdict",
				 verdict_name(found->verdict));

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

/* What one side was measured under. */
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

json_t *difference_to_json(const struct difference_report *report)
{
	const struct comparisons *all = report->comparisons;
	json_t *rows = json_array();
	json_t *json = json_pack(
		"{si ss so so so so sf sf sI so so sI sI so}", "schema", JSON_SCHEMA, "kind",
		"diff", "old", json_of_text(report->before_name), "new",
		json_of_text(report->after_name), "old_conditions", conditions_json(report->before),
		"new_conditions", conditions_json(report->after), "threshold", report->threshold,
		"level", COMPARE_LEVEL, "tested", (json_int_t)all->tested, "verdicts",
		counts_json(all), "runs_needed",
		all->runs_needed ? json_integer((json_int_t)all->runs_needed) : json_null(),
		"only_old", (json_int_t)all->only_before, "only_new", (json_int_t)all->only_after,
		"comparisons", rows);

	for (size_t i = 0; json && i < all->count; i++)
		json_array_append_new(rows, comparison_json(&all->comparison[i]));
	return json;
}

static int print_json(FILE *to, const struct difference_report *report)
{
	CLEANUP(json_decrefp) json_t *json = difference_to_json(report);

	return json_put_indented(to, json);
}

const struct difference_format difference_formats[] = {
	{ "table", print_table },
	{ "markdown", print_markdown },
	{ "json", print_json },
};
const size_t difference_format_count = ARRAY_SIZE(difference_formats);

const struct difference_format *difference_format_find(const char *name)
{
	for (size_t i = 0; i < difference_format_count; i++)
		if (strcmp(difference_formats[i].name, name) == 0)
			return &difference_formats[i];
	return NULL;
}
