/* SPDX-License-Identifier: MIT */
/*
 * A difference is claimed only where four things agree: the rank test says that
 * chance does not make it (corrected for how many cells were looked at, since of
 * twenty one would be "significant" by itself), the change is one that matters,
 * there were enough runs for the test to be able to say so, and it is larger than
 * what the two sides changed by in their own course.  The last one because ranks
 * take the runs for independent, which they are not on a machine that drifts: then
 * two parts of one and the same result are as "significantly" different.
 *
 * Holm's correction and not the milder one of Benjamini and Hochberg: the exit
 * status of a whole comparison hangs on a single "worse".
 */
#include "stats/compare.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "stats/rank.h"
#include "results/resultfile.h"

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[] = { [VERDICT_SAME] = "same",
					     [VERDICT_BETTER] = "better",
					     [VERDICT_WORSE] = "worse",
					     [VERDICT_UNCLEAR] = "unclear",
					     [VERDICT_UNKNOWN] = "unknown" };

	return names[verdict];
}

/* ---- which cells ---- */

static int same_sizes(const struct grid *one, const struct grid *other)
{
	return one->file_bytes == other->file_bytes && one->volume_bytes == other->volume_bytes;
}

static size_t find_name(const char *const *names, size_t count, const char *name)
{
	size_t i = 0;

	while (i < count && strcmp(names[i], name) != 0)
		i++;
	return i;
}

static const struct cell *cell_of(const struct grid *grid, const char *filesystem,
				  const char *method)
{
	size_t row = find_name(grid->filesystems, grid->filesystem_count, filesystem);
	size_t column = find_name(grid->methods, grid->method_count, method);
	const struct cell *cell;

	if (row == grid->filesystem_count || column == grid->method_count)
		return NULL;
	cell = grid_cell(grid, row, column);
	return cell->count ? cell : NULL;
}

/* NULL: the other has no such cell. */
static const struct cell *find_cell(const struct view *grids, const struct grid *like,
				    const char *filesystem, const char *method)
{
	const struct cell *cell = NULL;

	for (size_t i = 0; !cell && i < grids->count; i++)
		if (same_sizes(grids->grid[i], like))
			cell = cell_of(grids->grid[i], filesystem, method);
	return cell;
}

static int is_of_one_condition(const struct view *grids)
{
	for (size_t i = 1; i < grids->count; i++)
		for (size_t j = 0; j < i; j++)
			if (same_sizes(grids->grid[i], grids->grid[j]))
				return 0;
	return 1;
}

static size_t count_missing(const struct view *grids, const struct view *other)
{
	size_t missing = 0;

	for (size_t i = 0; i < grids->count; i++) {
		const struct grid *grid = grids->grid[i];

		for (size_t j = 0; j < grid->filesystem_count * grid->method_count; j++)
			missing +=
				grid->cells[j].count &&
				!find_cell(other, grid, grid->filesystems[j / grid->method_count],
					   grid->methods[j % grid->method_count]);
	}
	return missing;
}

/* ---- one comparison ---- */

static double change_of(double before, double after)
{
	if (before == after)
		return 0;
	return before == 0 ? INFINITY : after / before - 1;
}

static int add(struct comparisons *all, const struct comparison *comparison)
{
	int r = ARRAY_ROOM(all->comparison, all->count);

	if (r == 0)
		all->comparison[all->count++] = *comparison;
	return r;
}

/* `values` in the order in which they were measured; they are sorted, part by part. */
static void take_course(double *values, size_t count, double median,
			double ret_course[static COMPARE_PARTS])
{
	for (size_t i = 0; i < COMPARE_PARTS; i++) {
		size_t from = count * i / COMPARE_PARTS, to = count * (i + 1) / COMPARE_PARTS;
		double part = figure_of_values(values + from, to - from).median;

		ret_course[i] = part == median ? 1 : median == 0 ? NAN : part / median;
		if (count < COMPARE_PARTS)
			ret_course[i] = NAN;
	}
}

static int take_side(const struct cell *cell, const struct measure *measure, double **ret_values,
		     struct figure *ret_figure, double ret_course[static COMPARE_PARTS])
{
	CLEANUP(freep) double *sorted = NULL;
	size_t count;
	int r = cell_values(cell, measure, ret_values, &count);

	if (r == 0)
		r = cell_values(cell, measure, &sorted, &count);
	if (r < 0)
		return r;
	*ret_figure = figure_of_values(sorted, count);
	take_course(*ret_values, count, ret_figure->median, ret_course);
	return 0;
}

/* What one of them does not know is no row: there is nothing to say about it. */
static int add_measure(struct comparisons *all, struct comparison comparison,
		       const struct cell *before, const struct cell *after,
		       const struct measure *measure)
{
	CLEANUP(freep) double *old_values = NULL;
	CLEANUP(freep) double *new_values = NULL;
	int r = take_side(before, measure, &old_values, &comparison.before,
			  comparison.before_course);

	if (r == 0)
		r = take_side(after, measure, &new_values, &comparison.after,
			      comparison.after_course);
	if (r < 0 || comparison.before.count == 0 || comparison.after.count == 0)
		return r;
	comparison.measure = measure;
	comparison.chance =
		rank_test(old_values, comparison.before.count, new_values, comparison.after.count);
	comparison.corrected = comparison.chance;
	comparison.change = change_of(comparison.before.median, comparison.after.median);
	return add(all, &comparison);
}

static size_t count_ok(const struct cell *cell, const char **ret_reason)
{
	size_t ok = 0;

	for (size_t i = 0; i < cell->count; i++)
		if (strcmp(cell->records[i]->status, STATUS_OK) == 0)
			ok++;
		else
			*ret_reason = cell->records[i]->reason;
	return ok;
}

/* What no longer works at all needs no statistics. */
static int add_cell(struct comparisons *all, struct comparison comparison,
		    const struct cell *before, const struct cell *after,
		    const struct measure *const *measures)
{
	size_t old_ok = count_ok(before, &comparison.reason);
	size_t new_ok = count_ok(after, &comparison.reason);
	int r = 0;

	if (old_ok == 0 && new_ok == 0)
		return 0;
	if (old_ok == 0 || new_ok == 0) {
		comparison.verdict = new_ok == 0 ? VERDICT_WORSE : VERDICT_BETTER;
		return add(all, &comparison);
	}
	comparison.reason = NULL;
	for (; r == 0 && *measures; measures++)
		r = add_measure(all, comparison, before, after, *measures);
	return r;
}

static int add_grid(struct comparisons *all, const struct grid *grid, const struct view *after,
		    const struct measure *const *measures)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < grid->filesystem_count * grid->method_count; i++) {
		struct comparison comparison = {
			.filesystem = grid->filesystems[i / grid->method_count],
			.method = grid->methods[i % grid->method_count],
			.method_key =
				grid->cells[i].count ? grid->cells[i].records[0]->method : NULL,
			.file_bytes = grid->file_bytes,
			.volume_bytes = grid->volume_bytes,
			.change = NAN,
			.chance = NAN,
			.corrected = NAN,
		};
		const struct cell *other =
			find_cell(after, grid, comparison.filesystem, comparison.method);

		if (grid->cells[i].count && other)
			r = add_cell(all, comparison, &grid->cells[i], other, measures);
	}
	return r;
}

/* ---- verdicts ---- */

/* Where all values are one and the same, the ranks can show nothing: that is no test. */
static int is_tested(const struct comparison *comparison)
{
	return comparison->measure &&
	       fmin(comparison->before.minimum, comparison->after.minimum) <
		       fmax(comparison->before.maximum, comparison->after.maximum);
}

static int correct(struct comparisons *all)
{
	CLEANUP(freep) double *chances = calloc(all->count ? all->count : 1, sizeof(*chances));

	if (!chances)
		return -ENOMEM;
	for (size_t i = 0; i < all->count; i++)
		chances[i] = is_tested(&all->comparison[i]) ? all->comparison[i].chance : NAN;
	rank_correct(chances, all->count);
	for (size_t i = 0; i < all->count; i++)
		if (is_tested(&all->comparison[i]))
			all->comparison[i].corrected = chances[i];
	return 0;
}

/* Of one that chance does not explain. */
static enum verdict judge_difference(const struct comparison *comparison, double threshold)
{
	double difference = fabs(comparison->after.median - comparison->before.median);
	int worse = (comparison->change > 0) != comparison->measure->more_is_better;

	if (fabs(comparison->change) < threshold ||
	    (comparison->measure->unit == MEASURE_COUNT && difference < 1))
		return VERDICT_SAME;
	if (fabs(comparison->change) <= comparison->drift)
		return VERDICT_UNCLEAR;
	return worse ? VERDICT_WORSE : VERDICT_BETTER;
}

/* `level` is what the strictest of the corrected tests has to reach. */
static enum verdict judge(const struct comparison *comparison, double threshold, double level)
{
	double noise = fmax(figure_noise(&comparison->before), figure_noise(&comparison->after));

	if (comparison->corrected <= COMPARE_LEVEL)
		return judge_difference(comparison, threshold);
	/* Or NaN, for want of memory. */
	if (rank_test_least(comparison->before.count, comparison->after.count) > level)
		return VERDICT_UNKNOWN;
	return is_tested(comparison) && noise > threshold ? VERDICT_UNCLEAR : VERDICT_SAME;
}

/*
 * How far the quarters of a result lie apart, over all its cells with this measure:
 * rounds go through all of them, so what drifts shows in all, and its median tells
 * it from their noise.  `room` is for one value a comparison.
 */
static double drift_of(const struct comparisons *all, const struct measure *measure, int after,
		       double *room)
{
	double lowest = INFINITY, highest = -INFINITY;

	for (size_t part = 0; part < COMPARE_PARTS; part++) {
		size_t count = 0;
		double median;

		for (size_t i = 0; i < all->count; i++) {
			const struct comparison *found = &all->comparison[i];
			const double *course = after ? found->after_course : found->before_course;

			if (found->measure == measure && !isnan(course[part]))
				room[count++] = course[part];
		}
		if (count == 0)
			return 0;
		median = figure_of_values(room, count).median;
		lowest = fmin(lowest, median);
		highest = fmax(highest, median);
	}
	return highest - lowest;
}

static int find_drift(struct comparisons *all)
{
	CLEANUP(freep) double *room = calloc(all->count ? all->count : 1, sizeof(*room));

	if (!room)
		return -ENOMEM;
	for (size_t i = 0; i < all->count; i++) {
		struct comparison *found = &all->comparison[i];

		if (found->measure)
			found->drift = drift_of(all, found->measure, 0, room) +
				       drift_of(all, found->measure, 1, room);
	}
	return 0;
}

static int judge_all(struct comparisons *all, double threshold)
{
	double level;
	int r = correct(all);

	if (r == 0)
		r = find_drift(all);
	if (r < 0)
		return r;
	for (size_t i = 0; i < all->count; i++)
		all->tested += (size_t)is_tested(&all->comparison[i]);
	level = COMPARE_LEVEL / (double)(all->tested ? all->tested : 1);
	for (size_t i = 0; i < all->count; i++) {
		struct comparison *comparison = &all->comparison[i];

		if (comparison->measure)
			comparison->verdict = judge(comparison, threshold, level);
		all->verdicts[comparison->verdict]++;
	}
	if (all->verdicts[VERDICT_UNKNOWN])
		all->runs_needed = rank_test_size(level);
	return 0;
}

int compare_grids(const struct view *before, const struct view *after,
		  const struct compare_options *options, struct comparisons *ret)
{
	CLEANUP(comparisons_clear) struct comparisons all = { 0 };
	int r = 0;

	if (!is_of_one_condition(before) || !is_of_one_condition(after))
		return -EINVAL;
	for (size_t i = 0; r == 0 && i < before->count; i++)
		r = add_grid(&all, before->grid[i], after, options->measures);
	if (r == 0)
		r = judge_all(&all, options->threshold);
	if (r < 0)
		return r;
	all.only_before = count_missing(before, after);
	all.only_after = count_missing(after, before);
	*ret = all;
	all = (struct comparisons) { 0 };
	return 0;
}

void comparisons_clear(struct comparisons *comparisons)
{
	free(comparisons->comparison);
	*comparisons = (struct comparisons) { 0 };
}
