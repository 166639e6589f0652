/* SPDX-License-Identifier: MIT */
/* The summary: what it claims, what it must not claim, and how it says it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "report/format.h"
#include "results.h"
#include "stats/compare.h"
#include "stats/rank.h"

struct fixture {
	struct results results;
	struct grids grids;
	struct summary summary;
	char text[2048]; /* the sentences, a line each */
};

static void fixture_clear(struct fixture *fixture)
{
	summary_clear(&fixture->summary);
	grids_clear(&fixture->grids);
	results_clear(&fixture->results);
}

static int add_line(const char *line, void *context)
{
	struct fixture *fixture = context;
	size_t used = strlen(fixture->text);

	snprintf(fixture->text + used, sizeof(fixture->text) - used, "%s\n", line);
	return 0;
}

static void summarize(struct fixture *fixture)
{
	assert_int_equal(grids_build(&fixture->results, &fixture->grids), 0);
	assert_int_equal(fixture->grids.count, 1);
	assert_int_equal(summary_make(&fixture->grids.grid[0], 0, &fixture->summary), 0);
	assert_int_equal(summary_each(&fixture->grids.grid[0], add_line, fixture), 0);
}

static void add_runs(struct fixture *fixture, const char *filesystem, const char *method,
		     size_t count, double seconds)
{
	for (size_t i = 0; i < count; i++) {
		struct record *record = results_add_figures(&fixture->results, filesystem, method,
							    seconds * (1 + (double)i / 100), 1);

		record->run = (int64_t)i + 1;
		record->size_bytes = record->file_bytes;
	}
}

/* A time as trials have them: a floor and a long tail. */
static double random_seconds(void)
{
	double normal = sqrt(-2 * log(1 - drand48())) * cos(2 * M_PI * drand48());

	return 0.05 + 0.05 * exp(0.5 * normal);
}

/* In how many of 200 results of `methods` equal methods is one called slower? */
static size_t count_claims(size_t methods, size_t runs)
{
	size_t claims = 0;

	for (int turn = 0; turn < 200; turn++) {
		CLEANUP(fixture_clear) struct fixture fixture = { 0 };

		for (size_t i = 0; i < methods * runs; i++) {
			char name[32];

			snprintf(name, sizeof(name), "chunk-%zu", 4096 * (i % methods + 1));
			results_add_figures(&fixture.results, "ext4", name, random_seconds(), 1)
				->run = (int64_t)(i / methods) + 1;
		}
		summarize(&fixture);
		claims += fixture.summary.verdict != SUMMARY_EQUAL;
	}
	return claims;
}

static void equal_methods_have_no_winner(void **state)
{
	(void)state;
	srand48(20091129);
	assert_true(count_claims(2, 10) <= 10);
	assert_true(count_claims(6, 8) <= 10);
	assert_true(count_claims(3, 30) <= 10);
}

static void the_slower_are_told_from_a_group(void **state)
{
	CLEANUP(fixture_clear) struct fixture fixture = { 0 };

	(void)state;
	add_runs(&fixture, "ext4", "chunk-4096", 8, 1);
	add_runs(&fixture, "ext4", "fallocate", 8, 0.1);
	add_runs(&fixture, "ext4", "posix-fallocate", 8, 0.101);
	add_runs(&fixture, "ext4", "mmap", 8, 2);
	summarize(&fixture);
	assert_int_equal(fixture.summary.verdict, SUMMARY_TESTED);
	assert_int_equal(fixture.summary.best_count, 2);
	assert_string_equal(fixture.summary.slowest.method->key, "mmap");
	assert_string_equal(fixture.summary.baseline.method->key, "chunk-4096");
	assert_true(fabs(fixture.summary.baseline.ratio - 10) < 0.1);
	assert_true(fixture.summary.baseline.lower < 10 && fixture.summary.baseline.lower > 9);
	assert_true(fixture.summary.baseline.upper > 10 && fixture.summary.baseline.upper < 11);
	assert_string_equal(fixture.text,
			    "ext4: fallocate or posix-fallocate (no test tells them apart). "
			    "10 (9.7..10) times faster than chunk-4096, "
			    "20 (19..21) times faster than mmap, the slowest.\n");
}

static void what_is_saved_is_said(void **state)
{
	CLEANUP(fixture_clear) struct fixture fixture = { 0 };

	(void)state;
	add_runs(&fixture, "xfs", "chunk-4096", 6, 1);
	add_runs(&fixture, "xfs", "prealloc", 6, 0.5);
	for (size_t i = 0; i < fixture.results.record_count; i++) {
		struct record *record = &fixture.results.records[i];
		int is_chunk = strcmp(record->method, "chunk-4096") == 0;

		record->allocate.written_bytes = is_chunk ? 32 << 20 : 60 << 10;
		record->unmount.written_bytes = 0;
		record->fragments = is_chunk ? 7 : 1;
	}
	summarize(&fixture);
	assert_string_equal(fixture.text,
			    "xfs: prealloc. 2.0 (1.9..2.1) times faster than chunk-4096; 60 KiB "
			    "written to the device instead of 32 MiB; 1 fragment instead of 7.\n");
}

static void file_systems_share_a_sentence(void **state)
{
	static const char *const filesystems[] = { "ext4", "ext2", "xfs" };
	CLEANUP(fixture_clear) struct fixture fixture = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(filesystems); i++) {
		int is_ext2 = strcmp(filesystems[i], "ext2") == 0;

		add_runs(&fixture, filesystems[i], "chunk-4096", 6, is_ext2 ? 1 : 3 + (double)i);
		add_runs(&fixture, filesystems[i], "fallocate", 6, 1);
	}
	summarize(&fixture);
	assert_string_equal(fixture.text,
			    "ext4, xfs: fallocate. 3.0 to 5.0 times faster than chunk-4096.\n"
			    "ext2: no test tells the 2 methods apart.\n");
}

static void one_run_tells_nothing(void **state)
{
	CLEANUP(fixture_clear) struct fixture fixture = { 0 };

	(void)state;
	add_runs(&fixture, "ext4", "fallocate", 1, 0.02);
	add_runs(&fixture, "ext4", "posix-fallocate", 1, 0.08);
	add_runs(&fixture, "ext4", "chunk-4096", 1, 10);
	summarize(&fixture);
	assert_int_equal(fixture.summary.verdict, SUMMARY_UNTOLD);
	assert_int_equal(fixture.summary.runs_needed, rank_test_size(COMPARE_LEVEL / 4));
	assert_string_equal(fixture.text,
			    "ext4: cannot be determined with one run; 5 runs per method "
			    "are needed.\n");
}

static void what_has_too_few_runs_says_how_many(void **state)
{
	static const struct {
		size_t runs[2];
		const char *text;
	} cases[] = { { { 1, 2 }, "with 1 to 2 runs;" }, { { 2, 2 }, "with 2 runs;" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(fixture_clear) struct fixture fixture = { 0 };

		add_runs(&fixture, "ext4", "chunk-4096", cases[i].runs[0], 1);
		add_runs(&fixture, "ext4", "fallocate", cases[i].runs[1], 0.1);
		summarize(&fixture);
		assert_int_equal(fixture.summary.verdict, SUMMARY_UNTOLD);
		assert_non_null(strstr(fixture.text, cases[i].text));
	}
}

static void few_runs_tell_what_is_far_apart(void **state)
{
	CLEANUP(fixture_clear) struct fixture fixture = { 0 };

	(void)state;
	add_runs(&fixture, "ext4", "fallocate", 3, 0.1);
	add_runs(&fixture, "ext4", "mmap", 3, 0.15);
	add_runs(&fixture, "ext4", "chunk-4096", 3, 1);
	summarize(&fixture);
	assert_int_equal(fixture.summary.verdict, SUMMARY_FAR);
	assert_int_equal(fixture.summary.best_count, 2);
	assert_true(isnan(fixture.summary.baseline.lower));
	assert_non_null(strstr(fixture.text, "Too few runs for a test (5 per method are needed)"));
}

static void what_reserves_nothing_does_not_win(void **state)
{
	CLEANUP(fixture_clear) struct fixture fixture = { 0 };

	(void)state;
	add_runs(&fixture, "ext4", "ftruncate", 8, 0.001);
	for (size_t i = 0; i < 8; i++)
		set_text(&fixture.results.records[i].path, "sparse");
	add_runs(&fixture, "ext4", "fallocate-keep-size", 8, 0.001);
	for (size_t i = 8; i < 16; i++)
		fixture.results.records[i].size_bytes = 0;
	add_runs(&fixture, "ext4", "fallocate", 8, 0.1);
	add_runs(&fixture, "ext4", "chunk-4096", 8, 1);
	summarize(&fixture);
	assert_string_equal(fixture.summary.methods[0].key, "fallocate");
	assert_int_equal(fixture.summary.count, 2);
	assert_non_null(strstr(fixture.text, "\nNot compared: ftruncate (reserves no space), "
					     "fallocate-keep-size (leaves the size at 0).\n"));
}

static void without_a_candidate_nothing_is_best(void **state)
{
	CLEANUP(fixture_clear) struct fixture fixture = { 0 };

	(void)state;
	record_refuse(results_add(&fixture.results, "ext2", "fallocate"), STATUS_UNSUPPORTED,
		      "allocate", "fallocate: Operation not supported");
	summarize(&fixture);
	assert_int_equal(fixture.summary.verdict, SUMMARY_NONE);
	assert_int_equal(fixture.summary.count, 0);
}

/* Runs of which each writes for so long, each write as many microseconds. */
static void add_uses(struct fixture *fixture, const char *method, double allocation, double seconds,
		     int64_t latency_us, int64_t fragments, int runs)
{
	for (int i = 0; i < runs; i++) {
		struct record *record = results_add_figures(&fixture->results, "ext4", method,
							    allocation, fragments);
		struct phase_record *phase = field_list_add(&record->phases, &phase_table);
		int64_t *numbers = calloc(2, sizeof(*numbers));

		assert_non_null(phase);
		assert_non_null(numbers);
		record->run = i + 1;
		record->allocate = record->sync = record->unmount = (struct stage_cost) { 0 };
		record->allocate.wall_ns = (int64_t)(allocation * 1e9);
		field_set_text(&record->workload, "append-8192+fdatasync");
		record->user_bytes = 1 << 20;
		phase->cost.wall_ns = (int64_t)(seconds * 1e9) + i * 1000000;
		phase->cost.written_bytes = record->user_bytes * (fragments > 1 ? 7 : 1);
		phase->sync_ns = 0;
		numbers[0] = latency_us * 1000;
		numbers[1] = 100;
		phase->latency = (struct field_histogram) { numbers, 2 };
		phase->latency_min_ns = phase->latency_max_ns = latency_us * 1000;
	}
}

static void add_use(struct fixture *fixture, const char *method, double allocation, double seconds,
		    int64_t latency_us, int64_t fragments)
{
	add_uses(fixture, method, allocation, seconds, latency_us, fragments, 10);
}

static void a_workload_is_compared_with_none(void **state)
{
	CLEANUP(fixture_clear) struct fixture fixture = { 0 };
	double writes;

	(void)state;
	add_use(&fixture, "none", 0.001, 1, 1000, 64);
	add_use(&fixture, "fallocate", 0.001, 0.5, 1000, 1);
	add_use(&fixture, "chunk-1048576", 1.001, 2, 500, 1);
	summarize(&fixture);
	assert_int_equal(fixture.summary.verdict, SUMMARY_TESTED);
	assert_string_equal(fixture.summary.methods[0].key, "fallocate");
	assert_string_equal(fixture.summary.baseline.method->key, "none");
	assert_true(fabs(fixture.summary.baseline.ratio - 2) < 0.1);
	writes = summary_break_even(&fixture.summary, &fixture.summary.methods[2]);
	assert_true(writes > 1950 && writes < 2050);
	assert_true(isnan(summary_break_even(&fixture.summary, &fixture.summary.methods[0])));
	assert_non_null(strstr(fixture.text, "ext4: fallocate. 2.0 (2.0..2.0) times faster than "
					     "none. fallocate wrote 1.00 bytes to the device for "
					     "each byte, none 7.00."));
	assert_non_null(strstr(fixture.text, " Fragments: 64 with none, 1 with fallocate. "));
	assert_non_null(strstr(fixture.text, "The allocation by chunk-1M pays after "));
}

/* Bytes and fragments do not need many runs. */
static void one_run_of_a_workload_tells_bytes_and_fragments(void **state)
{
	CLEANUP(fixture_clear) struct fixture fixture = { 0 };

	(void)state;
	add_uses(&fixture, "none", 0.001, 0.1, 1000, 64, 1);
	add_uses(&fixture, "fallocate", 0.001, 0.5, 1000, 1, 1);
	summarize(&fixture);
	assert_string_equal(fixture.text,
			    "ext4: the fastest method cannot be determined with one run; 5 runs "
			    "per method are needed. fallocate wrote 1.00 bytes to the device for "
			    "each byte, none 7.00. Fragments: 64 with none, 1 with fallocate.\n");
}

/* Without syncs a write only costs its copy to the cache, and the flush at the end is not in it. */
static void writes_without_syncs_have_no_break_even(void **state)
{
	CLEANUP(fixture_clear) struct fixture fixture = { 0 };

	(void)state;
	add_use(&fixture, "none", 0.001, 1, 1000, 64);
	add_use(&fixture, "chunk-1048576", 1.001, 2, 500, 1);
	for (size_t i = 0; i < fixture.results.record_count; i++)
		set_text(&fixture.results.records[i].workload, "append-8192");
	summarize(&fixture);
	assert_true(isnan(summary_break_even(&fixture.summary, &fixture.summary.methods[1])));
	assert_null(strstr(fixture.text, "pays after"));
}

static void where_preallocation_brings_nothing_it_is_said(void **state)
{
	CLEANUP(fixture_clear) struct fixture fixture = { 0 };

	(void)state;
	add_use(&fixture, "none", 0.001, 1, 1000, 1);
	add_use(&fixture, "fallocate", 0.001, 1, 1000, 1);
	add_use(&fixture, "chunk-1048576", 1, 2, 1000, 1);
	summarize(&fixture);
	assert_null(fixture.summary.baseline.method);
	assert_string_equal(fixture.text, "ext4: none or fallocate (no test tells them apart). "
					  "Preallocation saves no time here.\n");
}

static void methods_that_tests_do_not_tell_apart_had_enough_runs(void **state)
{
	CLEANUP(fixture_clear) struct fixture fixture = { 0 };

	(void)state;
	add_use(&fixture, "none", 0.001, 1, 1000, 1);
	add_use(&fixture, "fallocate", 0.001, 1, 1000, 1);
	summarize(&fixture);
	assert_int_equal(fixture.summary.verdict, SUMMARY_EQUAL);
	assert_non_null(strstr(fixture.text, "none or fallocate (no test tells them apart)."));
}

static void a_workload_of_one_method_is_not_compared(void **state)
{
	CLEANUP(fixture_clear) struct fixture fixture = { 0 };

	(void)state;
	add_use(&fixture, "none", 0.001, 1, 1000, 1);
	summarize(&fixture);
	assert_string_equal(fixture.text, "ext4: none is the only method that was compared.\n");
}

static void the_smallest_step_is_named(void **state)
{
	CLEANUP(fixture_clear) struct fixture fixture = { 0 }, none = { 0 }, ahead = { 0 };

	(void)state;
	add_use(&fixture, "none", 0.001, 1, 1000, 64);
	add_use(&fixture, "fallocate-step-65536", 0.001, 1.5, 1000, 512);
	add_use(&fixture, "fallocate-step-1048576", 0.001, 1, 1000, 8);
	add_use(&fixture, "fallocate-step-8388608", 0.001, 1, 1000, 8);
	summarize(&fixture);
	assert_non_null(strstr(fixture.text, " The smallest step worth it is that of "
					     "fallocate-step-1M."));

	add_use(&none, "none", 0.001, 1, 1000, 1);
	add_use(&none, "fallocate-step-65536", 0.001, 1.5, 1000, 512);
	add_use(&none, "fallocate-step-1048576", 0.001, 1, 1000, 8);
	summarize(&none);
	assert_non_null(strstr(none.text,
			       " No step of fallocate-step is worth it: each takes longer or "
			       "leaves more fragments than 1."));
	/* Steps of another method are another question. */
	add_use(&ahead, "none", 0.001, 1, 1000, 64);
	add_use(&ahead, "fallocate-ahead-65536", 0.001, 1, 1000, 8);
	add_use(&ahead, "fallocate-ahead-1048576", 0.001, 1, 1000, 8);
	add_use(&ahead, "extsize-65536", 0.001, 1, 1000, 9);
	add_use(&ahead, "extsize-1048576", 0.001, 1, 1000, 8);
	add_use(&ahead, "fallocate-step-1048576", 0.001, 1, 1000, 8);
	summarize(&ahead);
	assert_non_null(strstr(ahead.text,
			       " The smallest step worth it is that of fallocate-ahead-64K. The "
			       "smallest step worth it is that of extsize-1M."));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_methods_have_no_winner),
		cmocka_unit_test(the_slower_are_told_from_a_group),
		cmocka_unit_test(what_is_saved_is_said),
		cmocka_unit_test(file_systems_share_a_sentence),
		cmocka_unit_test(one_run_tells_nothing),
		cmocka_unit_test(what_has_too_few_runs_says_how_many),
		cmocka_unit_test(few_runs_tell_what_is_far_apart),
		cmocka_unit_test(what_reserves_nothing_does_not_win),
		cmocka_unit_test(without_a_candidate_nothing_is_best),
		cmocka_unit_test(a_workload_is_compared_with_none),
		cmocka_unit_test(one_run_of_a_workload_tells_bytes_and_fragments),
		cmocka_unit_test(writes_without_syncs_have_no_break_even),
		cmocka_unit_test(methods_that_tests_do_not_tell_apart_had_enough_runs),
		cmocka_unit_test(a_workload_of_one_method_is_not_compared),
		cmocka_unit_test(the_smallest_step_is_named),
		cmocka_unit_test(where_preallocation_brings_nothing_it_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
