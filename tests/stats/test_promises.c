/* SPDX-License-Identifier: MIT */
/* Verdicts of cases as a grid, and which of them changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "results.h"
#include "stats/promises.h"
#include "stats/record_key.h"

static struct record *add(struct results *results, const char *filesystem, const char *method,
			  const char *promise, const char *verdict, const char *words)
{
	struct record *record = results_add(results, filesystem, method);

	set_text(&record->kernel, "6.1.0");
	set_text(&record->promise, promise);
	set_text(&record->verdict, verdict);
	set_text(&record->counterexample, words);
	return record;
}

static void a_cell_is_its_worst_case(void **state)
{
	const char *const order[] = { VERDICT_NA, VERDICT_KEPT, VERDICT_NOT_PROMISED,
				      VERDICT_BROKEN };
	(void)state;

	for (size_t worst = 0; worst < ARRAY_SIZE(order); worst++)
		for (size_t other = 0; other <= worst; other++) {
			CLEANUP(results_clear) struct results results = { 0 };
			CLEANUP(promise_grids_clear) struct promise_grids grids = { 0 };
			const struct cell *cell;

			add(&results, "ext4", "fallocate", "reserved", order[worst], NULL);
			add(&results, "ext4", "fallocate", "reserved", order[other], NULL);
			assert_int_equal(promise_grids_build(&results, NULL, 0, &grids), 0);
			assert_int_equal(grids.count, 1);
			cell = promise_cell(&grids.grid[0], 0, 0);
			assert_int_equal(cell->count, 2);
			assert_string_equal(promise_outcome_name(promise_cell_outcome(cell)),
					    order[worst]);
		}
}

static void what_has_no_verdict_failed_unless_it_is_unsupported(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	struct record *record = add(&results, "ext4", "mmap", "reserved", NULL, NULL);
	(void)state;

	assert_int_equal(promise_outcome(record), PROMISE_FAILED);
	set_text(&record->status, STATUS_UNSUPPORTED);
	set_text(&record->reason, "no such file system");
	assert_int_equal(promise_outcome(record), PROMISE_NA);
	assert_string_equal(promise_words(record), "no such file system");
	set_text(&record->verdict, "of a later version");
	set_text(&record->status, STATUS_OK);
	assert_int_equal(promise_outcome(record), PROMISE_FAILED);
}

static void the_example_has_the_fewest_words(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(promise_grids_clear) struct promise_grids grids = { 0 };
	(void)state;

	add(&results, "xfs", "mmap", "reserved", VERDICT_BROKEN, "a long story of blocks");
	add(&results, "xfs", "mmap", "reserved", VERDICT_NA, "no");
	add(&results, "xfs", "mmap", "reserved", VERDICT_BROKEN, "block 2");
	assert_int_equal(promise_grids_build(&results, NULL, 0, &grids), 0);
	assert_string_equal(promise_words(promise_example(promise_cell(&grids.grid[0], 0, 0))),
			    "block 2");
}

/* In whatever order they were tested; measurements are in grids of their own. */
static void promises_have_their_order_and_measurements_are_left_out(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(promise_grids_clear) struct promise_grids grids = { 0 };
	CLEANUP(grids_clear) struct grids measured = { 0 };
	(void)state;

	add(&results, "xfs", "chunk-65536", "of-a-later-version", VERDICT_KEPT, NULL);
	add(&results, "xfs", "chunk-65536", "as-before", VERDICT_KEPT, NULL);
	add(&results, "xfs", "chunk-65536", "reserved", VERDICT_KEPT, NULL);
	results_add(&results, "ext4", "mmap");
	assert_int_equal(promise_grids_build(&results, NULL, 0, &grids), 0);
	assert_int_equal(grids.grid[0].promise_count, 3);
	assert_string_equal(grids.grid[0].promises[0], "reserved");
	assert_string_equal(grids.grid[0].promises[1], "as-before");
	assert_string_equal(grids.grid[0].promises[2], "of-a-later-version");
	assert_int_equal(grids.grid[0].line_count, 1);
	assert_string_equal(grids.grid[0].lines[0].method, "chunk-64K");
	assert_int_equal(results_measurements(&results), 1);
	assert_int_equal(grids_build(&results, &measured), 0);
	assert_int_equal(measured.count, 1);
	assert_int_equal(measured.grid[0].filesystem_count, 1);
	assert_string_equal(measured.grid[0].filesystems[0], "ext4");
}

static void changes_are_found_cell_by_cell(void **state)
{
	CLEANUP(results_clear) struct results old_results = { 0 }, new_results = { 0 };
	CLEANUP(promise_grids_clear) struct promise_grids old_grids = { 0 }, new_grids = { 0 };
	CLEANUP(promise_changes_clear) struct promise_changes changes = { 0 };
	(void)state;

	add(&old_results, "ext4", "mmap", "reserved", VERDICT_KEPT, NULL);
	add(&old_results, "xfs", "mmap", "reserved", VERDICT_KEPT, NULL);
	add(&old_results, "btrfs", "mmap", "reserved", VERDICT_KEPT, NULL);
	add(&new_results, "xfs", "mmap", "reserved", VERDICT_BROKEN, "block 3");
	add(&new_results, "ext4", "mmap", "reserved", VERDICT_KEPT, NULL);
	add(&new_results, "ext4", "mmap", "durable", VERDICT_KEPT, NULL);
	assert_int_equal(promise_grids_build(&old_results, NULL, 0, &old_grids), 0);
	assert_int_equal(promise_grids_build(&new_results, NULL, 0, &new_grids), 0);
	assert_int_equal(promise_compare(&old_grids, &new_grids, 0, &changes), 0);
	assert_int_equal(changes.compared, 2);
	assert_int_equal(changes.only_old, 1);
	assert_int_equal(changes.only_new, 1);
	assert_int_equal(changes.newly_broken, 1);
	assert_int_equal(changes.count, 1);
	assert_string_equal(changes.change[0].filesystem, "xfs");
	assert_int_equal(changes.change[0].before, PROMISE_KEPT);
	assert_int_equal(changes.change[0].after, PROMISE_BROKEN);
	assert_string_equal(promise_words(changes.change[0].example), "block 3");
	assert_null(changes.change[0].kernel);
}

static void what_is_compared_does_not_tell_cells_apart(void **state)
{
	CLEANUP(results_clear) struct results old_results = { 0 }, new_results = { 0 };
	CLEANUP(promise_grids_clear) struct promise_grids old_grids = { 0 }, new_grids = { 0 };
	CLEANUP(promise_changes_clear) struct promise_changes changes = { 0 };
	(void)state;

	add(&old_results, "ext4", "mmap", "reserved", VERDICT_KEPT, NULL);
	add(&new_results, "xfs", "mmap", "reserved", VERDICT_BROKEN, NULL);
	assert_int_equal(promise_grids_build(&old_results, NULL, 0, &old_grids), 0);
	assert_int_equal(promise_grids_build(&new_results, NULL, 0, &new_grids), 0);
	assert_int_equal(promise_compare(&old_grids, &new_grids, KEY_SET(FILESYSTEM), &changes), 0);
	assert_int_equal(changes.compared, 1);
	assert_int_equal(changes.count, 1);
}

/* Each kernel has its cell where a side has several. */
static void kernels_tell_cells_apart(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(promise_grids_clear) struct promise_grids grids = { 0 };
	CLEANUP(promise_changes_clear) struct promise_changes changes = { 0 };
	(void)state;

	add(&results, "ext4", "mmap", "reserved", VERDICT_KEPT, NULL);
	set_text(&add(&results, "ext4", "mmap", "reserved", VERDICT_BROKEN, NULL)->kernel,
		 "6.12.0");
	assert_int_equal(promise_grids_build(&results, NULL, 0, &grids), 0);
	assert_int_equal(grids.count, 2);
	assert_int_equal(promise_compare(&grids, &grids, 0, &changes), 0);
	assert_int_equal(changes.compared, 2);
	assert_int_equal(changes.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cell_is_its_worst_case),
		cmocka_unit_test(what_has_no_verdict_failed_unless_it_is_unsupported),
		cmocka_unit_test(the_example_has_the_fewest_words),
		cmocka_unit_test(promises_have_their_order_and_measurements_are_left_out),
		cmocka_unit_test(changes_are_found_cell_by_cell),
		cmocka_unit_test(what_is_compared_does_not_tell_cells_apart),
		cmocka_unit_test(kernels_tell_cells_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
