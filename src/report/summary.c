/* SPDX-License-Identifier: MIT */
/*
 * The summary in sentences and in JSON.  File systems with the same summary share a sentence, since
 * it compares methods and not file systems.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "report/format.h"
#include "report/json.h"
#include "results/record.h"

/* The summaries of all file systems of a grid. */
struct summaries {
	struct summary *summary;
	size_t count;
	bool *is_printed; /* in a previous sentence */
};

static void summaries_clear(struct summaries *all)
{
	for (size_t i = 0; i < all->count; i++)
		summary_clear(&all->summary[i]);
	free(all->summary);
	free(all->is_printed);
}

static int summaries_make(const struct grid *grid, struct summaries *ret)
{
	ret->summary = calloc(grid->filesystem_count + 1, sizeof(*ret->summary));
	ret->is_printed = calloc(grid->filesystem_count + 1, sizeof(*ret->is_printed));
	if (!ret->summary || !ret->is_printed)
		return -ENOMEM;
	for (; ret->count < grid->filesystem_count; ret->count++) {
		int r = summary_make(grid, ret->count, &ret->summary[ret->count]);

		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- sentences ---- */

static const char *key_of(const struct summary_ratio *ratio)
{
	return ratio->method ? ratio->method->key : "";
}

/* Whether both have the same verdict, best methods and baselines. */
static bool is_same(const struct summary *one, const struct summary *other)
{
	if (one == other)
		return true;
	if (one->verdict != other->verdict || one->workload)
		return false;
	if (one->verdict == SUMMARY_UNTOLD)
		return one->runs == other->runs && one->most_runs == other->most_runs &&
		       one->runs_needed == other->runs_needed;
	if (one->best_count != other->best_count)
		return false;
	for (size_t i = 0; i < one->best_count; i++) {
		bool found = false;

		for (size_t j = 0; !found && j < one->best_count; j++)
			found = strcmp(one->methods[i].key, other->methods[j].key) == 0;
		if (!found)
			return false;
	}
	return strcmp(key_of(&one->baseline), key_of(&other->baseline)) == 0 &&
	       strcmp(key_of(&one->slowest), key_of(&other->slowest)) == 0;
}

/* The minimum and maximum of some values. */
struct range {
	double least, most;
};

static const struct range no_range = { INFINITY, -INFINITY };

static void range_add(struct range *range, double value)
{
	range->least = fmin(range->least, value);
	range->most = fmax(range->most, value);
}

/* 7.24 is "7.2", 12.4 is "12". */
static const char *ratio_text(double ratio, char text[static VALUE_TEXT_MAX])
{
	snprintf(text, VALUE_TEXT_MAX, "%.*f", ratio < 9.95 ? 1 : 0, ratio);
	return text;
}

static void put_value_range(struct strbuf *to, const struct range *range, enum measure_unit unit)
{
	char least[VALUE_TEXT_MAX], most[VALUE_TEXT_MAX];

	value_text(range->least, unit, least);
	value_text(range->most, unit, most);
	strbuf_puts(to, least);
	if (strcmp(least, most) != 0)
		strbuf_printf(to, " to %s", most);
}

/* The file systems with the summary of number `first`, in the order of the grid. */
struct group {
	const struct summary **members;
	size_t count;
};

static const struct summary_ratio *ratio_of(const struct summary *summary, bool slowest)
{
	return slowest ? &summary->slowest : &summary->baseline;
}

static void put_ratio(struct strbuf *to, const struct group *group, bool slowest)
{
	const struct summary_ratio *only = ratio_of(group->members[0], slowest);
	struct range ratios = no_range;
	char least[VALUE_TEXT_MAX], most[VALUE_TEXT_MAX];

	for (size_t i = 0; i < group->count; i++)
		range_add(&ratios, ratio_of(group->members[i], slowest)->ratio);
	strbuf_puts(to, ratio_text(ratios.least, least));
	if (group->count == 1 && !isnan(only->lower))
		strbuf_printf(to, " (%s..", ratio_text(only->lower, least)),
			strbuf_printf(to, "%s)", ratio_text(only->upper, most));
	else if (strcmp(least, ratio_text(ratios.most, most)) != 0)
		strbuf_printf(to, " to %s", most);
	strbuf_printf(to, " times faster than %s", only->method->name);
}

/* "; 60 KiB written to the device instead of 32 MiB", if it is less. */
static void put_saved(struct strbuf *to, const struct group *group, enum measure_unit unit)
{
	struct range best = no_range, other = no_range;

	for (size_t i = 0; i < group->count; i++) {
		const struct summary *summary = group->members[i];
		const struct summary_method *slow =
			(summary->baseline.method ? &summary->baseline : &summary->slowest)->method;
		bool is_bytes = unit == MEASURE_BYTES;

		range_add(&best,
			  (is_bytes ? &summary->methods[0].written : &summary->methods[0].fragments)
				  ->median);
		range_add(&other, (is_bytes ? &slow->written : &slow->fragments)->median);
	}
	if (!isfinite(best.most) || !(best.most < other.least))
		return;
	strbuf_puts(to, "; ");
	put_value_range(to, &best, unit);
	strbuf_puts(to, unit == MEASURE_BYTES ? " written to the device instead of "
			: best.most == 1      ? " fragment instead of "
					      : " fragments instead of ");
	put_value_range(to, &other, unit);
}

static void put_best(struct strbuf *to, const struct summary *summary)
{
	for (size_t i = 0; i < summary->best_count; i++)
		strbuf_printf(to, "%s%s",
			      i == 0			    ? ""
			      : i + 1 < summary->best_count ? ", "
							    : " or ",
			      summary->methods[i].name);
	if (summary->best_count > 1)
		strbuf_puts(to, summary->verdict == SUMMARY_FAR
					? " (too few runs to distinguish them)"
					: " (no test tells them apart)");
}

static void put_too_few(struct strbuf *to, const struct summary *summary)
{
	if (summary->verdict == SUMMARY_FAR)
		strbuf_printf(
			to,
			" Too few runs for a test (%zu per method are needed), but the slower "
			"methods took at least twice as long in each run.",
			summary->runs_needed);
}

static void put_comparison(struct strbuf *to, const struct group *group)
{
	const struct summary *summary = group->members[0];

	put_best(to, summary);
	strbuf_puts(to, ". ");
	if (summary->baseline.method) {
		put_ratio(to, group, false);
		if (summary->slowest.method != summary->baseline.method)
			strbuf_puts(to, ", ");
	}
	if (summary->slowest.method != summary->baseline.method) {
		put_ratio(to, group, true);
		strbuf_puts(to, ", the slowest");
	}
	put_saved(to, group, MEASURE_BYTES);
	put_saved(to, group, MEASURE_COUNT);
	strbuf_puts(to, ".");
	put_too_few(to, summary);
}

/* ---- sentences about a workload ---- */

static const struct summary_method *method_of(const struct summary *summary, const char *key,
					      size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(summary->methods[i].key, key) == 0)
			return &summary->methods[i];
	return NULL;
}

/* "; 1.02 bytes ... instead of 1.31 with none", if they differ by more than 1 %. */
static void put_per_byte(struct strbuf *to, const struct summary_method *method,
			 const struct summary_method *none)
{
	char one[VALUE_TEXT_MAX], other[VALUE_TEXT_MAX];
	double ratio = method->per_byte.median / none->per_byte.median;

	if (method != none && fabs(ratio - 1) > 0.01)
		strbuf_printf(to, " %s wrote %s bytes to the device for each byte, none %s.",
			      method->name, value_text(method->per_byte.median, MEASURE_RATIO, one),
			      value_text(none->per_byte.median, MEASURE_RATIO, other));
}

/* The method with the fewest fragments, and of equal ones the fastest. */
static const struct summary_method *least_fragmented(const struct summary *summary)
{
	const struct summary_method *least = &summary->methods[0];

	for (size_t i = 1; i < summary->count; i++)
		if (summary->methods[i].fragments.median < least->fragments.median)
			least = &summary->methods[i];
	return least;
}

static const struct summary_method *least_written(const struct summary *summary)
{
	const struct summary_method *least = &summary->methods[0];

	for (size_t i = 1; i < summary->count; i++)
		if (summary->methods[i].per_byte.median < least->per_byte.median)
			least = &summary->methods[i];
	return least;
}

static void put_fragments(struct strbuf *to, const struct summary *summary,
			  const struct summary_method *none)
{
	const struct summary_method *least = least_fragmented(summary);
	char one[VALUE_TEXT_MAX], other[VALUE_TEXT_MAX];

	if (least->fragments.median < none->fragments.median)
		strbuf_printf(to, " Fragments: %s with none, %s with %s.",
			      value_text(none->fragments.median, MEASURE_COUNT, one),
			      value_text(least->fragments.median, MEASURE_COUNT, other),
			      least->name);
}

/* Of the method whose allocation has paid off first. */
static void put_break_even(struct strbuf *to, const struct summary *summary)
{
	const struct summary_method *first = NULL;
	double writes = INFINITY;

	for (size_t i = 0; i < summary->count; i++) {
		double needed = summary_break_even(summary, &summary->methods[i]);

		if (needed < writes) {
			writes = needed;
			first = &summary->methods[i];
		}
	}
	if (first)
		strbuf_printf(to, " The allocation by %s pays after %.0f writes.", first->name,
			      writes);
}

/* 0: it is not that method, which allocates in steps. */
static uint64_t step_bytes(const struct summary_method *method, const char *name)
{
	size_t letters = strlen(name);

	return strncmp(method->key, name, letters) == 0 && method->key[letters] == '-'
		       ? strtoull(method->key + letters + 1, NULL, 10)
		       : 0;
}

/* The smallest of several steps of a method that costs neither time nor fragments. */
static void put_step(struct strbuf *to, const struct summary *summary, const char *name)
{
	double fewest = least_fragmented(summary)->fragments.median;
	const struct summary_method *smallest = NULL;
	char text[VALUE_TEXT_MAX];
	size_t steps = 0;

	for (size_t i = 0; i < summary->count; i++) {
		const struct summary_method *method = &summary->methods[i];
		uint64_t step = step_bytes(method, name);

		steps += step != 0;
		if (step && !method->is_slower && method->fragments.median <= fewest &&
		    (!smallest || step < step_bytes(smallest, name)))
			smallest = method;
	}
	if (steps < 2)
		return;
	if (smallest)
		strbuf_printf(to, " The smallest step worth it is that of %s.", smallest->name);
	else
		strbuf_printf(to,
			      " No step of %s is worth it: each takes longer or leaves more "
			      "fragments than %s.",
			      name, value_text(fewest, MEASURE_COUNT, text));
}

static void put_steps(struct strbuf *to, const struct summary *summary)
{
	static const char *const methods[] = { "fallocate-step", "fallocate-ahead", "extsize" };

	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		put_step(to, summary, methods[i]);
}

static void put_workload(struct strbuf *to, const struct group *group)
{
	const struct summary *summary = group->members[0];
	const struct summary_method *none = method_of(summary, "none", summary->count);
	bool is_best = method_of(summary, "none", summary->best_count) != NULL;

	put_best(to, summary);
	strbuf_puts(to, ".");
	if (is_best && summary->count > 1 && summary->verdict != SUMMARY_FAR)
		strbuf_puts(to, " Preallocation saves no time here.");
	if (summary->baseline.method) {
		strbuf_puts(to, " ");
		put_ratio(to, group, false);
		strbuf_puts(to, ".");
	}
	if (none) {
		put_per_byte(to, &summary->methods[0], none);
		put_fragments(to, summary, none);
	}
	put_break_even(to, summary);
	put_steps(to, summary);
	put_too_few(to, summary);
}

/* Few runs are enough for bytes and fragments, which hardly vary. */
static void put_untold(struct strbuf *to, const struct summary *summary)
{
	const struct summary_method *none = method_of(summary, "none", summary->count);
	char runs[VALUE_TEXT_MAX];

	strbuf_printf(to, "%scannot be determined with %s; %zu runs per method are needed.",
		      summary->workload ? "the fastest method " : "",
		      runs_text(summary->runs, summary->most_runs, runs), summary->runs_needed);
	if (none) {
		put_per_byte(to, least_written(summary), none);
		put_fragments(to, summary, none);
	}
}

static void put_sentence(struct strbuf *to, const struct group *group)
{
	const struct summary *summary = group->members[0];

	for (size_t i = 0; i < group->count; i++)
		strbuf_printf(to, "%s%s", i ? ", " : "", group->members[i]->filesystem);
	strbuf_puts(to, ": ");
	switch (summary->verdict) {
	case SUMMARY_NONE:
		strbuf_puts(to, summary->workload ? "no method has a time."
						  : "no method reserved the space and has a time.");
		break;
	case SUMMARY_UNTOLD:
		put_untold(to, summary);
		break;
	case SUMMARY_EQUAL:
		if (summary->workload && summary->count > 1)
			put_workload(to, group);
		else if (summary->count > 1)
			strbuf_printf(to, "no test tells the %zu methods apart.", summary->count);
		else
			strbuf_printf(to, "%s is the only method that was compared.",
				      summary->methods[0].name);
		break;
	case SUMMARY_FAR:
	case SUMMARY_TESTED:
		if (summary->workload)
			put_workload(to, group);
		else
			put_comparison(to, group);
		break;
	}
}

/* The sentence of number `first` and of all file systems with the same summary. */
static int emit_group(struct summaries *all, size_t first,
		      int (*emit)(const char *line, void *context), void *context)
{
	CLEANUP(freep) const struct summary **members = calloc(all->count, sizeof(*members));
	CLEANUP(strbuf_clear) struct strbuf line = { 0 };
	struct group group = { members, 0 };

	if (!members)
		return -ENOMEM;
	for (size_t i = first; i < all->count; i++)
		if (is_same(&all->summary[first], &all->summary[i])) {
			members[group.count++] = &all->summary[i];
			all->is_printed[i] = true;
		}
	put_sentence(&line, &group);
	return line.failed ? -ENOMEM : emit(line.text, context);
}

static const char *why_excluded(const struct grid *grid, size_t method)
{
	const char *why = NULL;

	for (size_t i = 0; !why && i < grid->filesystem_count; i++)
		why = summary_excluded(grid_cell(grid, i, method));
	return why;
}

static int emit_excluded(const struct grid *grid, int (*emit)(const char *line, void *context),
			 void *context)
{
	CLEANUP(strbuf_clear) struct strbuf line = { 0 };

	for (size_t i = 0; i < grid->method_count; i++) {
		const char *why = why_excluded(grid, i);

		if (why)
			strbuf_printf(&line, "%s%s (%s)",
				      line.bytes ? ", " : "Not compared: ", grid->methods[i], why);
	}
	if (line.bytes)
		strbuf_puts(&line, ".");
	if (line.failed)
		return -ENOMEM;
	return line.bytes ? emit(line.text, context) : 0;
}

int summary_each(const struct grid *grid, int (*emit)(const char *line, void *context),
		 void *context)
{
	CLEANUP(summaries_clear) struct summaries all = { 0 };
	int r = summaries_make(grid, &all);

	for (size_t i = 0; r == 0 && i < all.count; i++)
		if (!all.is_printed[i])
			r = emit_group(&all, i, emit, context);
	return r == 0 ? emit_excluded(grid, emit, context) : r;
}

const char *summary_basis(const struct grid *grid)
{
	return grid->workload ? "time from the empty file to the last byte on disk; 95 % "
				"confidence intervals of the ratios"
			      : "time until on disk; 95 % confidence intervals of the ratios";
}

bool summary_is_shown(const struct grid *grid, const struct report_options *options)
{
	return !options->measures && !grid->join;
}

/* ---- JSON ---- */

static json_t *name_json(const struct summary_method *method, bool by_key)
{
	return json_of_text(by_key ? method->key : method->name);
}

static json_t *ratio_json(const struct summary_ratio *ratio, bool by_key)
{
	if (!ratio->method)
		return json_null();
	return json_pack("{so so so so}", "method", name_json(ratio->method, by_key), "ratio",
			 json_of_number(ratio->ratio), "lower", json_of_number(ratio->lower),
			 "upper", json_of_number(ratio->upper));
}

static json_t *summary_json(const struct summary *summary, bool by_key)
{
	json_t *best = json_array(), *slower = json_array();

	for (size_t i = 0; i < summary->count; i++)
		json_array_append_new(summary->methods[i].is_slower ? slower : best,
				      name_json(&summary->methods[i], by_key));
	return json_pack(
		"{so ss so so sI sI so so}", "filesystem", json_of_text(summary->filesystem),
		"verdict", summary_verdict_name(summary->verdict), "best", best, "slower", slower,
		"runs", (json_int_t)summary->runs, "runs_needed", (json_int_t)summary->runs_needed,
		summary->workload ? "over_none" : "over_chunk_4096",
		ratio_json(&summary->baseline, by_key), "over_slowest",
		ratio_json(&summary->slowest, by_key));
}

/* Methods that were measured but not compared, with the reason. */
static json_t *excluded_json(const struct grid *grid, bool by_key)
{
	json_t *json = json_array();

	for (size_t i = 0; i < grid->method_count; i++) {
		const char *why = why_excluded(grid, i);

		if (why)
			json_array_append_new(
				json, json_pack("{so ss}", "method",
						json_of_text(by_key ? grid_method_key(grid, i)
								    : grid->methods[i]),
						"reason", why));
	}
	return json;
}

static int append_text(const char *line, void *context)
{
	json_array_append_new(context, json_of_text(line));
	return 0;
}

json_t *json_of_summary(const struct grid *grid, bool by_key)
{
	CLEANUP(summaries_clear) struct summaries all = { 0 };
	json_t *filesystems = json_array(), *text = json_array();

	if (summaries_make(grid, &all) < 0 || summary_each(grid, append_text, text) < 0) {
		json_decref(filesystems);
		json_decref(text);
		return NULL;
	}
	for (size_t i = 0; i < all.count; i++)
		json_array_append_new(filesystems, summary_json(&all.summary[i], by_key));
	return json_pack("{so so so}", "text", text, "filesystems", filesystems, "excluded",
			 excluded_json(grid, by_key));
}
