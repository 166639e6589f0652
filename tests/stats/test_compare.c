/* SPDX-License-Identifier: MIT */
/*
 * The rank test against tables in print, and against counting out every division
 * in the plainest way there is.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "stats/compare.h"
#include "stats/rank.h"
#include "results.h"

static void assert_near(double one, double other)
{
	if (!(fabs(one - other) <= 1e-9 * fmax(1, fabs(other))))
		fail_msg("%.12g is not %.12g", one, other);
}

/* ---- the rank test ---- */

/* Pairs won by the first, a tie counting half: Mann and Whitney's own definition of U. */
static double pairs_won(const double *all, unsigned first, size_t count)
{
	double won = 0;

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++)
			if ((first >> i & 1) && !(first >> j & 1))
				won += all[i] > all[j] ? 1 : all[i] == all[j] ? 0.5 : 0;
	return won;
}

/* Every subset of the right size in turn. */
static double counted_out(const double *all, size_t one, size_t other)
{
	size_t count = one + other, far = 0, divisions = 0;
	double mean = (double)(one * other) / 2;
	double seen = fabs(pairs_won(all, (1u << one) - 1, count) - mean);

	for (unsigned first = 0; first < 1u << count; first++) {
		if ((size_t)__builtin_popcount(first) != one)
			continue;
		divisions++;
		far += fabs(pairs_won(all, first, count) - mean) >= seen - 1e-9;
	}
	return (double)far / (double)divisions;
}

static void the_test_is_exact(void **state)
{
	unsigned random = 1;
	(void)state;

	for (size_t round = 0; round < 60; round++) {
		size_t one = 1 + round % 5, other = 1 + round % 6;
		/* In every other round few different values, so many ties. */
		unsigned range = round % 2 ? 3 : 1000;
		double values[12];

		for (size_t i = 0; i < one + other; i++) {
			random = random * 1103515245 + 12345;
			values[i] = random / 65536 % range;
		}
		assert_near(rank_test(values, one, values + one, other),
			    counted_out(values, one, other));
	}
}

/* Mann and Whitney's table of U for the two-sided 5 %: the largest U that is still significant. */
static void the_test_agrees_with_the_printed_table(void **state)
{
	static const struct {
		size_t one, other, critical;
	} table[] = {
		{ 4, 4, 0 },	{ 5, 5, 2 },  { 6, 6, 5 },    { 7, 7, 8 },    { 8, 8, 13 },
		{ 10, 10, 23 }, { 5, 10, 8 }, { 12, 12, 37 }, { 15, 15, 64 }, { 20, 20, 127 }
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		for (size_t u = table[i].critical; u <= table[i].critical + 1; u++) {
			double one[20], other[20], p;
			size_t left = u;

			/* Values of the first that lie above `won` of the second's. */
			for (size_t j = 0; j < table[i].other; j++)
				other[j] = (double)(j + 1);
			for (size_t j = 0; j < table[i].one; j++) {
				size_t won = left < table[i].other ? left : table[i].other;

				one[j] = (double)won + 0.5 + (double)j / 1000;
				left -= won;
			}
			p = rank_test(one, table[i].one, other, table[i].other);
			if (u == table[i].critical)
				assert_true(p <= 0.05);
			else
				assert_true(p > 0.05);
		}
}

static void many_values_are_approximated(void **state)
{
	double one[60], other[60], same[60];
	double p, z;
	(void)state;

	for (size_t i = 0; i < 60; i++) {
		one[i] = (double)i;
		other[i] = (double)i + 15.5;
		same[i] = 7;
	}
	p = rank_test(one, 60, other, 60);
	/* U by hand: other[j] > one[i] unless i > j + 15: 44 + 43 + ... + 1 pairs are lost. */
	z = (fabs(3600 - 44 * 45 / 2.0 - 1800) - 0.5) / sqrt(60 * 60 * 121 / 12.0);
	assert_near(p, erfc(z / sqrt(2)));
	assert_near(rank_test(same, 60, same, 60), 1);
	assert_near(rank_test(same, 20, same, 20), 1);
	assert_true(isnan(rank_test(one, 0, other, 5)));
	assert_true(isnan(rank_test(one, 5, other, 0)));
}

static void few_runs_can_never_tell(void **state)
{
	const double one[] = { 1, 2, 3, 4, 5, 6 }, other[] = { 11, 12, 13, 14, 15, 16 };
	(void)state;

	assert_near(rank_test_least(3, 3), 0.1);
	assert_near(rank_test_least(4, 4), 2 / 70.0);
	assert_near(rank_test_least(1, 1), 1);
	assert_near(rank_test_least(0, 9), 1);
	for (size_t i = 1; i <= 6; i++)
		assert_near(rank_test(one, i, other, i), rank_test_least(i, i));
	assert_int_equal(rank_test_size(0.05), 4);
	assert_int_equal(rank_test_size(0.05 / 20), 6);
	assert_int_equal(rank_test_size(2 / 70.0), 4);
}

static void holm_steps_down(void **state)
{
	/* By hand: 0.01*4, max(0.04, 0.02*3), max(0.06, 0.03*2), 0.04*1 but not below 0.06. */
	double p[] = { 0.04, NAN, 0.01, 0.03, 0.02 }, one[] = { 0.3 }, many[] = { 0.9, 0.8 };
	(void)state;

	rank_correct(p, ARRAY_SIZE(p));
	assert_near(p[2], 0.04);
	assert_near(p[4], 0.06);
	assert_near(p[3], 0.06);
	assert_near(p[0], 0.06);
	assert_true(isnan(p[1]));
	rank_correct(one, 1);
	assert_near(one[0], 0.3);
	rank_correct(many, 2);
	assert_near(many[0], 1);
	assert_near(many[1], 1);
	rank_correct(NULL, 0);
}

/* ---- verdicts ---- */

static void add_runs(struct results *results, const char *filesystem, const char *method,
		     double seconds, double step, int64_t fragments, size_t runs)
{
	for (size_t i = 0; i < runs; i++)
		results_add_figures(results, filesystem, method, seconds + step * (double)i,
				    fragments)
			->run = (int64_t)i + 1;
}

struct fixture {
	struct results before, after;
	struct grids old_grids, new_grids;
	struct view views[2];
	struct comparisons comparisons;
	struct compare_ambiguity ambiguity;
};

static void fixture_clear(struct fixture *fixture)
{
	comparisons_clear(&fixture->comparisons);
	view_clear(&fixture->views[0]);
	view_clear(&fixture->views[1]);
	grids_clear(&fixture->old_grids);
	grids_clear(&fixture->new_grids);
	results_clear(&fixture->before);
	results_clear(&fixture->after);
}

/* With mmap, in one fragment. */
static void add_both(struct fixture *fixture, const char *filesystem, double before, double after,
		     double step, size_t runs)
{
	add_runs(&fixture->before, filesystem, "mmap", before, step, 1, runs);
	add_runs(&fixture->after, filesystem, "mmap", after, step, 1, runs);
}

static int compare_by(struct fixture *fixture, const char *measure, double threshold, unsigned by)
{
	const struct measure *measures[] = { measure_find(measure), NULL };
	const struct compare_options options = { .measures = measures,
						 .threshold = threshold,
						 .by = by };

	assert_int_equal(grids_build(&fixture->before, &fixture->old_grids), 0);
	assert_int_equal(grids_build(&fixture->after, &fixture->new_grids), 0);
	assert_int_equal(view_all(&fixture->old_grids, &fixture->views[0]), 0);
	assert_int_equal(view_all(&fixture->new_grids, &fixture->views[1]), 0);
	return compare_grids(fixture->views, ARRAY_SIZE(fixture->views), &options,
			     &fixture->comparisons, &fixture->ambiguity);
}

static const struct comparison *compare(struct fixture *fixture, const char *measure,
					double threshold)
{
	assert_int_equal(compare_by(fixture, measure, threshold, 0), 0);
	return fixture->comparisons.comparison;
}

static void what_is_slower_is_worse(void **state)
{
	CLEANUP(fixture_clear) struct fixture fixture = { 0 };
	const struct comparison *found;
	(void)state;

	add_both(&fixture, "xfs", 1.00, 1.10, 0.001, 8);
	add_both(&fixture, "ext4", 1.00, 0.90, 0.001, 8);
	add_both(&fixture, "jfs", 1.00, 1.00, 0.001, 8);
	found = compare(&fixture, "time", 0.05);
	assert_int_equal(fixture.comparisons.count, 3);
	assert_int_equal(found[0].verdict, VERDICT_WORSE);
	assert_int_equal(found[1].verdict, VERDICT_BETTER);
	assert_int_equal(found[2].verdict, VERDICT_SAME);
	assert_near(found[0].before.median, 1.0035);
	/* Records count whole nanoseconds. */
	assert_true(fabs(found[0].change - (1.1035 / 1.0035 - 1)) < 1e-8);
	/* All of one below all of the other: 2 of the 12870 divisions; of three tests. */
	assert_near(found[0].chance, 2 / 12870.0);
	assert_near(found[0].corrected, 6 / 12870.0);
	assert_int_equal(fixture.comparisons.tested, 3);
	assert_near(found[2].corrected, 1);
	assert_int_equal(fixture.comparisons.verdicts[VERDICT_WORSE], 1);
	assert_int_equal(fixture.comparisons.verdicts[VERDICT_BETTER], 1);
	assert_int_equal(fixture.comparisons.verdicts[VERDICT_SAME], 1);
	assert_int_equal(fixture.comparisons.runs_needed, 0);
}

static void what_does_not_matter_is_the_same(void **state)
{
	(void)state;

	for (size_t i = 0; i < 2; i++) {
		CLEANUP(fixture_clear) struct fixture fixture = { 0 };

		add_both(&fixture, "xfs", 1.00, 1.04, 0.0001, 8);
		assert_int_equal(compare(&fixture, "time", i ? 0.03 : 0.05)->verdict,
				 i ? VERDICT_WORSE : VERDICT_SAME);
	}
}

static void a_fragment_is_the_least_that_matters(void **state)
{
	static const struct {
		int64_t before, after;
		enum verdict verdict;
	} cases[] = { { 1, 2, VERDICT_WORSE },
		      { 34, 30, VERDICT_BETTER },
		      { 1000, 1001, VERDICT_SAME },
		      { 0, 1, VERDICT_WORSE },
		      { 7, 7, VERDICT_SAME } };
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(fixture_clear) struct fixture fixture = { 0 };

		add_runs(&fixture.before, "xfs", "mmap", 1, 0, cases[i].before, 6);
		add_runs(&fixture.after, "xfs", "mmap", 1, 0, cases[i].after, 6);
		assert_int_equal(compare(&fixture, "fragments", 0.05)->verdict, cases[i].verdict);
	}
}

static void a_larger_largest_fragment_is_better(void **state)
{
	CLEANUP(fixture_clear) struct fixture fixture = { 0 };
	(void)state;

	add_both(&fixture, "xfs", 1, 1, 0, 6);
	for (size_t i = 0; i < 6; i++) {
		fixture.before.records[i].largest_fragment_bytes = 4096;
		fixture.after.records[i].largest_fragment_bytes = 8192;
	}
	assert_int_equal(compare(&fixture, "largest", 0.05)->verdict, VERDICT_BETTER);
}

static void too_few_runs_are_unknown(void **state)
{
	CLEANUP(fixture_clear) struct fixture fixture = { 0 };
	static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g", "h", "i", "j" };
	const struct comparison *found;
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		add_both(&fixture, names[i], 1, i ? 1 : 2, 0.01, 5);
	}
	found = compare(&fixture, "time", 0.05);
	/* 2 of 252 divisions, ten tests: 0.079. */
	assert_int_equal(found[0].verdict, VERDICT_UNKNOWN);
	assert_int_equal(fixture.comparisons.verdicts[VERDICT_UNKNOWN], 10);
	/* 2 of 924 are less than 0.005. */
	assert_int_equal(fixture.comparisons.runs_needed, 6);
}

static void what_no_longer_works_is_worse(void **state)
{
	CLEANUP(fixture_clear) struct fixture fixture = { 0 };
	const struct comparison *found;
	(void)state;

	add_runs(&fixture.before, "xfs", "mmap", 1, 0, 1, 1);
	record_refuse(results_add(&fixture.after, "xfs", "mmap"), STATUS_FAILED, "mount", "broken");
	record_refuse(results_add(&fixture.before, "jfs", "mmap"), STATUS_UNSUPPORTED, "allocate",
		      "not yet");
	add_runs(&fixture.after, "jfs", "mmap", 1, 0, 1, 1);
	record_refuse(results_add(&fixture.before, "zfs", "mmap"), STATUS_UNSUPPORTED, "mount", "");
	record_refuse(results_add(&fixture.after, "zfs", "mmap"), STATUS_UNSUPPORTED, "mount", "");
	found = compare(&fixture, "time", 0.05);
	assert_int_equal(fixture.comparisons.count, 2);
	assert_int_equal(found[0].verdict, VERDICT_WORSE);
	assert_null(found[0].measure);
	assert_string_equal(found[0].reason, "broken");
	assert_int_equal(found[1].verdict, VERDICT_BETTER);
	assert_string_equal(found[1].reason, "not yet");
	assert_int_equal(fixture.comparisons.runs_needed, 0);
}

/* What cannot differ takes no part in the correction. */
static void constants_cost_no_power(void **state)
{
	CLEANUP(fixture_clear) struct fixture fixture = { 0 };
	const struct comparison *found;
	(void)state;

	add_both(&fixture, "xfs", 1, 2, 0.01, 4);
	add_both(&fixture, "ext4", 1, 1, 0, 4);
	found = compare(&fixture, "time", 0.05);
	assert_int_equal(fixture.comparisons.tested, 1);
	assert_near(found[0].corrected, 2 / 70.0);
	assert_int_equal(found[0].verdict, VERDICT_WORSE);
	assert_near(found[1].corrected, 1);
	assert_int_equal(found[1].verdict, VERDICT_SAME);
}

static void noise_that_hides_a_change_is_unclear(void **state)
{
	CLEANUP(fixture_clear) struct fixture fixture = { 0 };
	const struct comparison *found;
	(void)state;

	add_both(&fixture, "xfs", 1, 1, 0.1, 8);
	add_both(&fixture, "ext4", 1, 1, 0.001, 8);
	/* The noise of one side is enough. */
	add_runs(&fixture.before, "jfs", "mmap", 1, 0.001, 1, 8);
	add_runs(&fixture.after, "jfs", "mmap", 0.7, 0.1, 1, 8);
	found = compare(&fixture, "time", 0.05);
	assert_int_equal(found[0].verdict, VERDICT_UNCLEAR);
	assert_int_equal(found[1].verdict, VERDICT_SAME);
	assert_int_equal(found[2].verdict, VERDICT_UNCLEAR);
	assert_int_equal(fixture.comparisons.verdicts[VERDICT_UNCLEAR], 2);
	assert_int_equal(fixture.comparisons.verdicts[VERDICT_SAME], 1);
}

/* Without a 95 % interval, the ends of what was measured are the noise. */
static void few_runs_that_vary_are_unclear(void **state)
{
	CLEANUP(fixture_clear) struct fixture fixture = { 0 };
	(void)state;

	add_both(&fixture, "xfs", 1, 1, 0.1, 4);
	assert_int_equal(compare(&fixture, "time", 0.05)->verdict, VERDICT_UNCLEAR);
}

/* A count has to change by 1, so less than that cannot hide anything. */
static void a_count_that_varies_is_unclear(void **state)
{
	CLEANUP(fixture_clear) struct fixture fixture = { 0 };
	(void)state;

	for (int64_t i = 0; i < 8; i++) {
		add_runs(&fixture.before, "xfs", "mmap", 1, 0, 10 + i % 2, 1);
		add_runs(&fixture.after, "xfs", "mmap", 1, 0, 10 + i % 2, 1);
		add_runs(&fixture.before, "ext4", "mmap", 1, 0, 1000 + i % 2, 1);
		add_runs(&fixture.after, "ext4", "mmap", 1, 0, 1000 + i % 2, 1);
	}
	assert_int_equal(compare(&fixture, "fragments", 0.04)[0].verdict, VERDICT_UNCLEAR);
	assert_int_equal(fixture.comparisons.comparison[1].verdict, VERDICT_SAME);
}

/* Three cells of 20 runs; those after half of them take `grown` times as long. */
static void add_drifting(struct results *results, double seconds, double grown)
{
	static const char *const names[] = { "xfs", "ext4", "jfs" };

	for (size_t i = 0; i < 20; i++)
		for (size_t j = 0; j < ARRAY_SIZE(names); j++)
			results_add_figures(results, names[j], "mmap",
					    seconds * (i < 10 ? 1 : grown), 1);
}

/* Both grow slower in their course, and NEW goes on where OLD ends. */
static void drift_is_no_difference(void **state)
{
	CLEANUP(fixture_clear) struct fixture fixture = { 0 };
	const struct comparison *found;
	(void)state;

	add_drifting(&fixture.before, 1, 1.3);
	add_drifting(&fixture.after, 1.3, 1.3);
	found = compare(&fixture, "time", 0.05);
	/* By hand: (1.3 - 1) / 1.15 of either side. */
	assert_true(fabs(found[0].drift - 2 * 0.3 / 1.15) < 1e-6);
	for (size_t i = 0; i < 3; i++) {
		assert_true(found[i].corrected < 0.001);
		assert_int_equal(found[i].verdict, VERDICT_UNCLEAR);
	}
	assert_int_equal(fixture.comparisons.verdicts[VERDICT_UNCLEAR], 3);
}

static void more_than_drift_is_a_difference(void **state)
{
	CLEANUP(fixture_clear) struct fixture fixture = { 0 };
	const struct comparison *found;
	(void)state;

	add_drifting(&fixture.before, 1, 1.02);
	add_drifting(&fixture.after, 1.1, 1.02);
	found = compare(&fixture, "time", 0.05);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(found[i].verdict, VERDICT_WORSE);
}

/* One cell that drifts is its own affair: the machine does so in all of them. */
static void noise_of_one_cell_is_no_drift(void **state)
{
	CLEANUP(fixture_clear) struct fixture fixture = { 0 };
	(void)state;

	add_drifting(&fixture.before, 1, 1);
	add_drifting(&fixture.after, 1.1, 1);
	for (size_t i = 0; i < 30; i += 3)
		fixture.before.records[i].unmount.wall_ns *= 2;
	assert_true(fabs(compare(&fixture, "time", 0.05)[0].drift) < 1e-6);
}

static void what_only_one_has_is_counted(void **state)
{
	CLEANUP(fixture_clear) struct fixture fixture = { 0 };
	(void)state;

	add_runs(&fixture.before, "xfs", "mmap", 1, 0, 1, 2);
	add_runs(&fixture.before, "xfs", "fallocate", 1, 0, 1, 2);
	add_runs(&fixture.after, "xfs", "mmap", 1, 0, 1, 2);
	add_runs(&fixture.after, "jfs", "mmap", 1, 0, 1, 2);
	results_add(&fixture.after, "xfs", "mmap")->file_bytes = 1;
	for (size_t i = 0; i < fixture.after.record_count; i++)
		set_text(&fixture.after.records[i].kernel, "6.2");
	compare(&fixture, "time", 0.05);
	assert_int_equal(fixture.comparisons.count, 1);
	assert_int_equal(fixture.comparisons.sides[1].only_old_count, 1);
	assert_string_equal(fixture.comparisons.sides[1].only_old[0].record->method, "fallocate");
	assert_int_equal(fixture.comparisons.sides[1].only_new_count, 2);
	assert_string_equal(fixture.comparisons.sides[1].only_new[0].record->filesystem, "jfs");
	assert_int_equal(fixture.comparisons.sides[1].only_new[1].record->file_bytes, 1);
	assert_int_equal(fixture.comparisons.sides[1].differs, KEY_SET(KERNEL));
}

static struct record *add_one(struct results *results, const char *filesystem, const char *method)
{
	struct record *record = results_add_figures(results, filesystem, method, 1, 1);

	set_text(&record->kernel, "6.1");
	return record;
}

/* Kernels of which one is on both sides are matched, and others must not be mixed with it. */
static void conditions_that_are_on_both_sides_are_matched(void **state)
{
	CLEANUP(fixture_clear) struct fixture fixture = { 0 };
	(void)state;

	add_one(&fixture.before, "xfs", "mmap");
	add_one(&fixture.after, "xfs", "mmap");
	set_text(&add_one(&fixture.after, "xfs", "mmap")->kernel, "6.2");
	compare(&fixture, "time", 0.05);
	assert_int_equal(fixture.comparisons.count, 1);
	assert_string_equal(fixture.comparisons.comparison[0].new_cell.record->kernel, "6.1");
	assert_int_equal(fixture.comparisons.sides[1].differs, 0);
	assert_int_equal(fixture.comparisons.sides[1].only_new_count, 1);
	assert_int_equal(fixture.comparisons.sides[1].columns, KEY_SET(KERNEL));
}

static void several_values_without_a_common_one_are_refused(void **state)
{
	for (size_t i = 0; i < 2; i++) {
		CLEANUP(fixture_clear) struct fixture fixture = { 0 };
		struct results *several = i ? &fixture.after : &fixture.before;
		(void)state;

		add_one(several, "xfs", "mmap");
		set_text(&add_one(several, "xfs", "mmap")->kernel, "6.2");
		set_text(&add_one(i ? &fixture.before : &fixture.after, "xfs", "mmap")->kernel,
			 "6.3");
		assert_int_equal(compare_by(&fixture, "time", 0.05, 0), -EINVAL);
		assert_int_equal(fixture.ambiguity.side, i);
		assert_int_equal(fixture.ambiguity.other, !i);
		assert_int_equal(fixture.ambiguity.key, RECORD_KEY_KERNEL);
	}
}

static void all_but_the_compared_key_is_matched(void **state)
{
	CLEANUP(fixture_clear) struct fixture fixture = { 0 };
	const struct compare_side *side;
	(void)state;

	add_one(&fixture.before, "ext4", "mmap");
	add_one(&fixture.before, "ext4", "fallocate");
	set_text(&add_one(&fixture.before, "ext4", "fallocate")->kernel, "6.2");
	add_one(&fixture.after, "xfs", "fallocate");
	add_one(&fixture.after, "xfs", "fallocate")->volume_bytes = 1;
	assert_int_equal(compare_by(&fixture, "time", 0.05, KEY_SET(FILESYSTEM)), 0);
	side = &fixture.comparisons.sides[1];
	assert_int_equal(fixture.comparisons.count, 1);
	assert_string_equal(fixture.comparisons.comparison[0].old_cell.record->method, "fallocate");
	assert_string_equal(fixture.comparisons.comparison[0].old_cell.record->kernel, "6.1");
	assert_int_equal(side->only_old_count, 2);
	assert_int_equal(side->only_new_count, 1);
	assert_int_equal(side->differs, 0);
	assert_int_equal(fixture.comparisons.sides[1].columns,
			 KEY_SET(METHOD) | KEY_SET(VOLUME) | KEY_SET(KERNEL));
}

/* A larger file has a larger volume by default. */
static void the_volume_goes_with_the_size(void **state)
{
	CLEANUP(fixture_clear) struct fixture fixture = { 0 };
	struct record *larger;
	(void)state;

	add_one(&fixture.before, "ext4", "mmap");
	larger = add_one(&fixture.after, "ext4", "mmap");
	larger->file_bytes *= 2;
	larger->volume_bytes *= 2;
	assert_int_equal(compare_by(&fixture, "time", 0.05, KEY_SET(SIZE)), 0);
	assert_int_equal(fixture.comparisons.count, 1);
	assert_int_equal(fixture.comparisons.sides[1].differs, KEY_SET(VOLUME));
}

/* Options are compared on one file system of the catalogue with the same other options. */
static void options_are_compared_on_the_same_file_system(void **state)
{
	static const char *const mkfs[] = { NULL, "-O ^has_journal" };
	CLEANUP(fixture_clear) struct fixture fixture = { 0 };
	(void)state;

	for (size_t i = 0; i < 4; i++) {
		struct record *record = add_one(i % 2 ? &fixture.after : &fixture.before,
						i % 2 ? "ext4-noatime" : "ext4", "mmap");

		set_text(&record->base_filesystem, "ext4");
		set_text(&record->added_mkfs_options, mkfs[i / 2]);
		set_text(&record->added_mount_options, i % 2 ? "noatime" : NULL);
		/* Else the two would be runs of one cell. */
		record->file_bytes += (int64_t)(i / 2);
	}
	assert_int_equal(compare_by(&fixture, "time", 0.05, KEY_SET(MOUNT)), 0);
	assert_int_equal(fixture.comparisons.count, 2);
	assert_int_equal(fixture.comparisons.sides[1].columns, KEY_SET(MKFS) | KEY_SET(SIZE));
}

/* The kernel's release as a label, as a run on several kernels writes it. */
static void a_label_that_repeats_the_kernel_is_none(void **state)
{
	CLEANUP(fixture_clear) struct fixture fixture = { 0 };
	(void)state;

	set_text(&add_one(&fixture.before, "ext4", "mmap")->label, "6.1");
	add_one(&fixture.after, "ext4", "mmap");
	compare(&fixture, "time", 0.05);
	assert_int_equal(fixture.comparisons.count, 1);
	assert_int_equal(fixture.comparisons.sides[1].differs, 0);
}

/* One correction for all sides. */
static void several_sides_are_compared_with_the_first(void **state)
{
	const struct measure *measures[] = { measure_find("time"), NULL };
	const struct compare_options options = { .measures = measures,
						 .threshold = 0.05,
						 .by = KEY_SET(FILESYSTEM) };
	static const double medians[] = { 1, 1.1, 0.9 };
	struct results results[3] = { 0 };
	struct grids grids[3] = { 0 };
	struct view views[3] = { 0 };
	struct comparisons all = { 0 };
	struct compare_ambiguity ambiguity;
	static const char *const names[] = { "ext4", "xfs", "btrfs" };
	(void)state;

	for (size_t i = 0; i < 3; i++) {
		add_runs(&results[i], names[i], "mmap", medians[i], 0.001, 1, 8);
		assert_int_equal(grids_build(&results[i], &grids[i]), 0);
		assert_int_equal(view_all(&grids[i], &views[i]), 0);
	}
	assert_int_equal(compare_grids(views, 3, &options, &all, &ambiguity), 0);
	assert_int_equal(all.count, 2);
	assert_int_equal(all.tested, 2);
	assert_int_equal(all.comparison[0].side, 1);
	assert_int_equal(all.comparison[0].verdict, VERDICT_WORSE);
	assert_int_equal(all.comparison[1].side, 2);
	assert_int_equal(all.comparison[1].verdict, VERDICT_BETTER);
	assert_near(all.comparison[1].corrected, 2 * 2 / 12870.0);
	comparisons_clear(&all);
	for (size_t i = 0; i < 3; i++) {
		view_clear(&views[i]);
		grids_clear(&grids[i]);
		results_clear(&results[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_test_is_exact),
		cmocka_unit_test(the_test_agrees_with_the_printed_table),
		cmocka_unit_test(many_values_are_approximated),
		cmocka_unit_test(few_runs_can_never_tell),
		cmocka_unit_test(holm_steps_down),
		cmocka_unit_test(what_is_slower_is_worse),
		cmocka_unit_test(what_does_not_matter_is_the_same),
		cmocka_unit_test(a_fragment_is_the_least_that_matters),
		cmocka_unit_test(a_larger_largest_fragment_is_better),
		cmocka_unit_test(too_few_runs_are_unknown),
		cmocka_unit_test(what_no_longer_works_is_worse),
		cmocka_unit_test(constants_cost_no_power),
		cmocka_unit_test(noise_that_hides_a_change_is_unclear),
		cmocka_unit_test(few_runs_that_vary_are_unclear),
		cmocka_unit_test(a_count_that_varies_is_unclear),
		cmocka_unit_test(drift_is_no_difference),
		cmocka_unit_test(more_than_drift_is_a_difference),
		cmocka_unit_test(noise_of_one_cell_is_no_drift),
		cmocka_unit_test(what_only_one_has_is_counted),
		cmocka_unit_test(conditions_that_are_on_both_sides_are_matched),
		cmocka_unit_test(several_values_without_a_common_one_are_refused),
		cmocka_unit_test(all_but_the_compared_key_is_matched),
		cmocka_unit_test(the_volume_goes_with_the_size),
		cmocka_unit_test(options_are_compared_on_the_same_file_system),
		cmocka_unit_test(a_label_that_repeats_the_kernel_is_none),
		cmocka_unit_test(several_sides_are_compared_with_the_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
