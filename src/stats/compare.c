/* SPDX-License-Identifier: MIT */
/*
 * A difference is reported only if four conditions are met: the rank test says that it is not
 * chance (corrected for the number of cells, since one of twenty would be significant by chance),
 * the change is large enough to matter, there were enough runs for the test, and the change is
 * larger than the drift within the two sides.  The last one is necessary because the test assumes
 * independent runs.  On a machine that drifts they are not, and two parts of the same result
 * differ "significantly".
 *
 * Holm's correction is used and not the milder one of Benjamini and Hochberg, because the exit
 * status of the whole comparison depends on a single "worse".
 */
#include "stats/compare.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/pairs.h"
#include "base/strbuf.h"
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

/* The cells of one side that have records. */
struct cells {
	struct compare_cell *list;
	size_t count;
};

static void cells_clear(struct cells *cells)
{
	free(cells->list);
}

static int collect(const struct view *side, struct cells *ret)
{
	for (size_t i = 0; i < side->count; i++) {
		const struct grid *grid = side->grid[i];

		for (size_t j = 0; j < grid->filesystem_count * grid->method_count; j++) {
			const struct cell *cell = &grid->cells[j];

			if (cell->count &&
			    ARRAY_ADD(ret->list, ret->count,
				      ((struct compare_cell) { grid, cell, cell->records[0] })) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}

/* A label that repeats the kernel matches none. */
static void put_value(struct strbuf *to, const struct compare_cell *cell, enum record_key key)
{
	if (key != RECORD_KEY_LABEL || record_has_own_label(cell->record))
		record_keys[key].put(to, cell->record, cell->grid->environment);
}

static int same_value(const struct compare_cell *one, const struct compare_cell *other,
		      enum record_key key)
{
	CLEANUP(strbuf_clear) struct strbuf value = { 0 }, other_value = { 0 };

	put_value(&value, one, key);
	put_value(&other_value, other, key);
	return strcmp(value.text ? value.text : "", other_value.text ? other_value.text : "") == 0;
}

/* The values of the keys, a line each.  NULL: out of memory. */
static char *row_of(const struct compare_cell *cell, unsigned keys)
{
	CLEANUP(strbuf_clear) struct strbuf row = { 0 };

	for (enum record_key key = 0; key < RECORD_KEY_COUNT; key++)
		if (keys & 1u << key) {
			put_value(&row, cell, key);
			strbuf_puts(&row, "\n");
		}
	return strbuf_take(&row);
}

/* ---- which keys ---- */

/* For the remaining keys a row has the same value on both sides. */
static unsigned keys_to_match(unsigned by)
{
	unsigned keys = KEY_SET_ALL & ~(KEY_SET_FILESYSTEM_PARTS | KEY_SET(DATE));

	if (by & KEY_SET_FILESYSTEM_PARTS)
		keys |= KEY_SET_FILESYSTEM_PARTS;
	if (by & (KEY_SET_FILESYSTEM_PARTS | KEY_SET(FILESYSTEM)))
		keys &= ~KEY_SET(FILESYSTEM);
	return keys & ~by;
}

/* Keys that change together with the compared ones, as the kernel with the testbed. */
static unsigned keys_that_follow(unsigned by)
{
	unsigned keys = by & KEY_SET(SIZE) ? KEY_SET(VOLUME) : 0;

	return by & ~(KEY_SET_CONDITIONS | KEY_SET(DATE)) ? keys : keys | KEY_SET_CONDITIONS;
}

/* Whether any value of the key occurs on both sides: 1, 0 or -ENOMEM. */
static int has_common_value(const struct cells *before, const struct cells *after,
			    enum record_key key)
{
	CLEANUP(pairs_clear) struct pairs values = { 0 };
	const struct cells *sides[] = { before, after };

	for (size_t side = 0; side < ARRAY_SIZE(sides); side++)
		for (size_t i = 0; i < sides[side]->count; i++) {
			CLEANUP(freep) char *value = row_of(&sides[side]->list[i], 1u << key);

			if (!value || pairs_add(&values, side, value, before) == -ENOMEM)
				return -ENOMEM;
		}
	for (size_t i = 0; i < values.count; i++)
		if (values.pair[i].item[0] && values.pair[i].item[1])
			return 1;
	return 0;
}

static int choose_keys(unsigned by, const struct cells *before, const struct cells *after,
		       struct compare_side *ret)
{
	unsigned matched = keys_to_match(by), differs = 0;

	for (enum record_key key = 0; key < RECORD_KEY_COUNT; key++) {
		int common = matched & keys_that_follow(by) & 1u << key
				     ? has_common_value(before, after, key)
				     : 1;

		if (common < 0)
			return common;
		differs |= common ? 0 : 1u << key;
	}
	ret->matched = matched & ~differs;
	ret->differs = differs;
	return 0;
}

/* ---- which cells of both sides belong together ---- */

/* The key in which two cells of one row differ. */
static enum record_key differing_key(const struct pairs *pairs, size_t side, const char *row,
				     const struct compare_cell *cell, unsigned keys)
{
	enum record_key key = 0;

	for (size_t i = 0; i < pairs->count; i++)
		if (strcmp(pairs->pair[i].key, row) == 0)
			while (key + 1 < RECORD_KEY_COUNT &&
			       (!(keys & 1u << key) ||
				same_value(pairs->pair[i].item[side], cell, key)))
				key++;
	return key;
}

static int match(const struct cells *cells, size_t side, const struct compare_side *keys,
		 struct pairs *pairs, enum record_key *ret_ambiguous)
{
	for (size_t i = 0; i < cells->count; i++) {
		const struct compare_cell *cell = &cells->list[i];
		CLEANUP(freep) char *row = row_of(cell, keys->matched);
		int r = row ? pairs_add(pairs, side, row, cell) : -ENOMEM;

		if (r == -EEXIST)
			*ret_ambiguous = differing_key(pairs, side, row, cell, keys->differs);
		if (r < 0)
			return r == -EEXIST ? -EINVAL : r;
	}
	return 0;
}

/* ---- one comparison ---- */

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

/* A measure that one side does not know has no row. */
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

/* A trial that fails on one side needs no statistics. */
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

static int keep_lone(struct compare_side *side, const struct pair *pair)
{
	const struct compare_cell *old_cell = pair->item[0], *new_cell = pair->item[1];

	return old_cell ? ARRAY_ADD(side->only_old, side->only_old_count, *old_cell)
			: ARRAY_ADD(side->only_new, side->only_new_count, *new_cell);
}

static int add_pairs(struct comparisons *all, size_t side, const struct pairs *pairs,
		     const struct measure *const *measures)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < pairs->count; i++) {
		const struct compare_cell *old_cell = pairs->pair[i].item[0];
		const struct compare_cell *new_cell = pairs->pair[i].item[1];

		if (!old_cell || !new_cell)
			r = keep_lone(&all->sides[side], &pairs->pair[i]);
		else
			r = add_cell(all,
				     (struct comparison) { .side = side,
							   .old_cell = *old_cell,
							   .new_cell = *new_cell,
							   .change = NAN,
							   .chance = NAN,
							   .corrected = NAN },
				     old_cell->cell, new_cell->cell, measures);
	}
	return r;
}

static int add_side(struct comparisons *all, size_t side, const struct view *views,
		    const struct compare_options *options, struct compare_ambiguity *ret_ambiguity)
{
	CLEANUP(cells_clear) struct cells before = { 0 }, after = { 0 };
	CLEANUP(pairs_clear) struct pairs pairs = { 0 };
	struct compare_ambiguity ambiguity = { .side = 0, .other = side };
	int r = collect(&views[0], &before);

	if (r == 0)
		r = collect(&views[side], &after);
	if (r == 0)
		r = choose_keys(options->by, &before, &after, &all->sides[side]);
	if (r == 0)
		r = match(&before, 0, &all->sides[side], &pairs, &ambiguity.key);
	if (r == 0) {
		ambiguity.side = side;
		ambiguity.other = 0;
		r = match(&after, 1, &all->sides[side], &pairs, &ambiguity.key);
	}
	if (r == -EINVAL)
		*ret_ambiguity = ambiguity;
	return r < 0 ? r : add_pairs(all, side, &pairs, options->measures);
}

/* ---- verdicts ---- */

/* If all values are equal, there is nothing to test. */
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

/* Judges a difference that is not chance. */
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

/* `level` is that of the strictest of the corrected tests. */
static enum verdict judge(const struct comparison *comparison, double threshold, double level)
{
	double noise = fmax(figure_noise(&comparison->before), figure_noise(&comparison->after));

	if (comparison->corrected <= COMPARE_LEVEL)
		return judge_difference(comparison, threshold);
	/* NaN also if out of memory. */
	if (rank_test_least(comparison->before.count, comparison->after.count) > level)
		return VERDICT_UNKNOWN;
	return is_tested(comparison) && noise > threshold ? VERDICT_UNCLEAR : VERDICT_SAME;
}

/*
 * The drift of a side: the distance between its quarters, over all its cells with the measure of
 * `of`.  Each round goes through all cells, so a drift appears in all of them, and the median
 * distinguishes it from their noise.  `room` has space for one value per comparison.
 */
static double drift_of(const struct comparisons *all, const struct comparison *of, int after,
		       double *room)
{
	double lowest = INFINITY, highest = -INFINITY;

	for (size_t part = 0; part < COMPARE_PARTS; part++) {
		size_t count = 0;
		double median;

		for (size_t i = 0; i < all->count; i++) {
			const struct comparison *found = &all->comparison[i];
			const double *course = after ? found->after_course : found->before_course;

			if (found->measure == of->measure && found->side == of->side &&
			    !isnan(course[part]))
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
			found->drift =
				drift_of(all, found, 0, room) + drift_of(all, found, 1, room);
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

/* ---- all of it ---- */

/* Keys in which one of the cells differs from `first`, which is the first of them all. */
static unsigned differing_keys(const struct compare_cell *cell, const struct compare_cell **first)
{
	unsigned keys = 0;

	*first = *first ? *first : cell;
	for (enum record_key key = 0; key < RECORD_KEY_COUNT; key++)
		if (!same_value(*first, cell, key))
			keys |= 1u << key;
	return keys;
}

static unsigned find_columns(const struct comparisons *all, size_t side)
{
	const struct compare_side *lone = &all->sides[side];
	const struct compare_cell *first = NULL;
	unsigned columns = 0;

	for (size_t i = 0; i < all->count; i++)
		if (all->comparison[i].side == side)
			columns |= differing_keys(&all->comparison[i].old_cell, &first);
	for (size_t i = 0; i < lone->only_old_count; i++)
		columns |= differing_keys(&lone->only_old[i], &first);
	for (size_t i = 0; i < lone->only_new_count; i++)
		columns |= differing_keys(&lone->only_new[i], &first);
	return columns & lone->matched;
}

int compare_grids(const struct view *sides, size_t side_count,
		  const struct compare_options *options, struct comparisons *ret,
		  struct compare_ambiguity *ret_ambiguity)
{
	CLEANUP(comparisons_clear)
	struct comparisons all = { .sides = calloc(side_count, sizeof(*all.sides)),
				   .side_count = side_count };
	int r = all.sides ? 0 : -ENOMEM;

	for (size_t i = 1; r == 0 && i < side_count; i++)
		r = add_side(&all, i, sides, options, ret_ambiguity);
	if (r == 0)
		r = judge_all(&all, options->threshold);
	if (r < 0)
		return r;
	for (size_t i = 1; i < side_count; i++)
		all.sides[i].columns = find_columns(&all, i);
	*ret = all;
	all = (struct comparisons) { 0 };
	return 0;
}

void comparisons_clear(struct comparisons *comparisons)
{
	for (size_t i = 0; comparisons->sides && i < comparisons->side_count; i++) {
		free(comparisons->sides[i].only_old);
		free(comparisons->sides[i].only_new);
	}
	free(comparisons->sides);
	free(comparisons->comparison);
	*comparisons = (struct comparisons) { 0 };
}
