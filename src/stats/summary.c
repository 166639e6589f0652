/* SPDX-License-Identifier: MIT */
/*
 * The fastest of many methods is partly so by chance.  So two tests must agree before a method is
 * called slower: one over all methods together (Kruskal and Wallis), which limits the rate of
 * false differences, and the rank test against the fastest, corrected for the number of methods.
 * A method that is slower by less than `nearly` counts as equal.
 */
#include "stats/summary.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>

#include "base/cleanup.h"
#include "results/record.h"
#include "stats/compare.h"
#include "stats/rank.h"

/* Half of the level of `diff`, since advice is used for longer. */
static const double level = COMPARE_LEVEL / 2;

/* A method within this distance of the fastest is equal. */
static const double nearly = 0.05;

/*
 * With too few runs for a test, but at least RUNS_LEAST, ranges that differ by this factor are
 * different.
 */
static const double far_apart = 2;
enum { RUNS_LEAST = 3 };

const char *summary_verdict_name(enum summary_verdict verdict)
{
	static const char *const names[] = {
		[SUMMARY_NONE] = "none", [SUMMARY_UNTOLD] = "untold", [SUMMARY_EQUAL] = "equal",
		[SUMMARY_FAR] = "far",	 [SUMMARY_TESTED] = "tested",
	};

	return names[verdict];
}

/* The method that all are compared with, as in records. */
static const char *baseline_of(const struct grid *grid)
{
	return grid->workload ? "none" : "chunk-4096";
}

const char *summary_excluded(const struct cell *cell)
{
	for (size_t i = 0; i < cell->count; i++) {
		const struct record *record = cell->records[i];

		if (strcmp(record->status, STATUS_OK) != 0 || record_has_workload(record))
			continue;
		if (record->path && strcmp(record->path, "sparse") == 0)
			return "reserves no space";
		if (record->size_bytes == 0 && record->file_bytes > 0)
			return "leaves the size at 0";
	}
	return NULL;
}

static int by_rank(const void *one, const void *other)
{
	const struct summary_method *a = one, *b = other;

	if (a->is_slower != b->is_slower)
		return a->is_slower - b->is_slower;
	return (a->time.median > b->time.median) - (a->time.median < b->time.median);
}

static void sort_methods(struct summary *summary)
{
	qsort(summary->methods, summary->count, sizeof(*summary->methods), by_rank);
}

/* 0 or -ENOMEM. */
static int gather(struct summary *summary, const struct grid *grid, size_t filesystem)
{
	summary->methods = calloc(grid->method_count + 1, sizeof(*summary->methods));
	if (!summary->methods)
		return -ENOMEM;
	for (size_t i = 0; i < grid->method_count; i++) {
		const struct cell *cell = grid_cell(grid, filesystem, i);
		struct summary_method *method = &summary->methods[summary->count];
		int r;

		if (cell->count == 0 || summary_excluded(cell))
			continue;
		r = cell_values(cell, measure_of_time(grid->workload), &method->values,
				&method->count);
		summary->count++;
		if (r < 0)
			return r;
		method->name = grid->methods[i];
		method->key = cell->records[0]->method;
		method->time = figure_of_values(method->values, method->count);
		method->written = cell_figure(cell, measure_find("written"));
		method->per_byte = cell_figure(cell, measure_find("per-byte"));
		method->fragments = cell_figure(cell, measure_find("fragments"));
		method->allocation = cell_figure(cell, measure_find("time"));
		method->latency = cell_figure(cell, measure_find("p50"));
		if (method->count > 0)
			continue;
		free(method->values);
		*method = (struct summary_method) { 0 };
		summary->count--;
	}
	sort_methods(summary);
	return 0;
}

static void count_runs(struct summary *summary)
{
	size_t tests = summary->count > 2 ? summary->count - 1 : 1;

	summary->runs = SIZE_MAX;
	for (size_t i = 0; i < summary->count; i++) {
		size_t runs = summary->methods[i].count;

		summary->runs = runs < summary->runs ? runs : summary->runs;
		summary->most_runs = runs > summary->most_runs ? runs : summary->most_runs;
	}
	summary->runs_needed = rank_test_size(level / (double)tests);
}

static int is_far_from(const struct summary_method *method, const struct summary_method *first)
{
	return method->count >= RUNS_LEAST && first->count >= RUNS_LEAST &&
	       method->time.minimum >= far_apart * first->time.maximum;
}

static double test_all(const struct summary *summary)
{
	CLEANUP(freep) struct sample *samples = calloc(summary->count, sizeof(*samples));

	for (size_t i = 0; samples && i < summary->count; i++)
		samples[i] =
			(struct sample) { summary->methods[i].values, summary->methods[i].count };
	return samples ? rank_test_several(samples, summary->count) : NAN;
}

/* Compares each method with the fastest.  0 or -ENOMEM. */
static int test_each(struct summary *summary)
{
	const struct summary_method *first = summary->methods;
	CLEANUP(freep) double *chances = calloc(summary->count, sizeof(*chances));

	if (!chances)
		return -ENOMEM;
	for (size_t i = 1; i < summary->count; i++)
		chances[i - 1] = rank_test(first->values, first->count, summary->methods[i].values,
					   summary->methods[i].count);
	rank_correct(chances, summary->count - 1);
	for (size_t i = 1; i < summary->count; i++)
		summary->methods[i].is_slower =
			chances[i - 1] < level &&
			summary->methods[i].time.median > first->time.median * (1 + nearly);
	return 0;
}

/* 0 or -ENOMEM. */
static int judge(struct summary *summary)
{
	int is_tested = summary->runs >= summary->runs_needed, slower = 0, r = 0;

	if (is_tested && summary->count > 1 && test_all(summary) < level)
		r = test_each(summary);
	for (size_t i = 1; i < summary->count; i++) {
		struct summary_method *method = &summary->methods[i];

		if (!is_tested)
			method->is_slower = is_far_from(method, summary->methods);
		slower += method->is_slower;
	}
	summary->best_count = summary->count - (size_t)slower;
	if (is_tested || summary->count == 1)
		summary->verdict = slower ? SUMMARY_TESTED : SUMMARY_EQUAL;
	else
		summary->verdict = slower ? SUMMARY_FAR : SUMMARY_UNTOLD;
	sort_methods(summary);
	return r;
}

/* Median and interval of the ratios of all pairs of runs.  0 or -ENOMEM. */
static int compute_ratio(struct summary_ratio *ratio, const struct summary_method *first)
{
	size_t count = ratio->method->count * first->count;
	size_t rank = rank_interval(ratio->method->count, first->count);
	CLEANUP(freep) double *ratios = calloc(count, sizeof(*ratios));

	if (!ratios)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		ratios[i] =
			ratio->method->values[i / first->count] / first->values[i % first->count];
	gsl_sort(ratios, 1, count);
	ratio->ratio = gsl_stats_median_from_sorted_data(ratios, 1, count);
	ratio->lower = rank ? ratios[rank - 1] : NAN;
	ratio->upper = rank ? ratios[count - rank] : NAN;
	return 0;
}

/* 0 or -ENOMEM. */
static int compare_slower(struct summary *summary, const char *baseline)
{
	int r = 0;

	for (size_t i = summary->best_count; i < summary->count; i++) {
		summary->slowest.method = &summary->methods[i];
		if (strcmp(summary->methods[i].key, baseline) == 0)
			summary->baseline.method = &summary->methods[i];
	}
	if (summary->slowest.method)
		r = compute_ratio(&summary->slowest, summary->methods);
	if (r == 0 && summary->baseline.method)
		r = compute_ratio(&summary->baseline, summary->methods);
	return r;
}

static const struct summary_method *find_method(const struct summary *summary, const char *key)
{
	for (size_t i = 0; i < summary->count; i++)
		if (strcmp(summary->methods[i].key, key) == 0)
			return &summary->methods[i];
	return NULL;
}

double summary_break_even(const struct summary *summary, const struct summary_method *method)
{
	const struct summary_method *none = find_method(summary, "none");
	double before, saved;

	if (!summary->workload || !strchr(summary->workload, '+'))
		return NAN;
	if (!none || none == method || !method->latency.count || !none->latency.count ||
	    !(method->latency.maximum < none->latency.minimum))
		return NAN;
	before = method->allocation.median - none->allocation.median;
	saved = none->latency.median - method->latency.median;
	return before > 0 ? ceil(before / saved) : NAN;
}

int summary_make(const struct grid *grid, size_t filesystem, struct summary *ret)
{
	CLEANUP(summary_clear) struct summary summary = { 0 };
	int r = gather(&summary, grid, filesystem);

	summary.filesystem = grid->filesystems[filesystem];
	summary.workload = grid->workload;
	if (r == 0 && summary.count > 0) {
		count_runs(&summary);
		r = judge(&summary);
	}
	if (r == 0)
		r = compare_slower(&summary, baseline_of(grid));
	if (r < 0)
		return r;
	*ret = summary;
	summary = (struct summary) { 0 };
	return 0;
}

void summary_clear(struct summary *summary)
{
	for (size_t i = 0; i < summary->count; i++)
		free(summary->methods[i].values);
	free(summary->methods);
	*summary = (struct summary) { 0 };
}
