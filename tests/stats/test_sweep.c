/* SPDX-License-Identifier: MIT */
/* Which methods of a grid are values of one parameter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "results.h"
#include "stats/cell.h"
#include "stats/sweep.h"

static void put_sweep(struct strbuf *to, const struct grid *grid, const struct sweep *sweep)
{
	char text[SIZE_TEXT_MAX];

	for (size_t i = 0; i < sweep->curve_count; i++) {
		const struct sweep_curve *curve = &sweep->curves[i];

		strbuf_printf(to, "%s:", curve->name);
		for (size_t j = 0; j < curve->count; j++)
			strbuf_printf(to, " %s=%s",
				      sweep_value_text(sweep, curve->points[j].value, text),
				      grid->methods[curve->points[j].method]);
		strbuf_puts(to, "; ");
	}
	strbuf_puts(to, "others:");
	for (size_t i = 0; i < sweep->other_count; i++)
		strbuf_printf(to, " %s", grid->methods[sweep->others[i]]);
	strbuf_puts(to, sweep_prevails(sweep, grid) ? "; prevails" : "");
}

/* What is found in results with these methods, separated by blanks. */
static void assert_finds(const char *methods, const char *expected)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(grids_clear) struct grids grids = { 0 };
	CLEANUP(sweep_clear) struct sweep sweep = { 0 };
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	CLEANUP(freep) char *copy = strdup(methods);
	char *rest = copy, *method;

	while ((method = strsep(&rest, " ")))
		results_add_figures(&results, "ext4", method, 1, 1);
	assert_int_equal(grids_build(&results, &grids), 0);
	assert_int_equal(sweep_find(&grids.grid[0], &sweep), 0);
	put_sweep(&text, &grids.grid[0], &sweep);
	assert_string_equal(text.text, expected);
}

static void methods_that_differ_in_a_size_are_a_curve(void **state)
{
	(void)state;
	assert_finds("none fallocate-step-8388608 fallocate-step-65536 fallocate-step-1048576",
		     "fallocate-step-SIZE: 64K=fallocate-step-64K 1M=fallocate-step-1M "
		     "8M=fallocate-step-8M; others: none; prevails");
	assert_finds("chunk-4096 direct-4096 chunk-65536 direct-65536 chunk-1048576 direct-1048576",
		     "chunk-SIZE: 4K=chunk-4096 64K=chunk-64K 1M=chunk-1M; "
		     "direct-SIZE: 4K=direct-4096 64K=direct-64K 1M=direct-1M; others:; prevails");
}

static void two_values_are_no_curve(void **state)
{
	(void)state;
	assert_finds("posix-fallocate mmap chunk-4096 chunk-8192",
		     "others: posix-fallocate mmap chunk-4096 chunk-8192");
	assert_finds("a b c chunk-4096 chunk-8192 chunk-65536",
		     "chunk-SIZE: 4K=chunk-4096 8K=chunk-8192 64K=chunk-64K; others: a b c");
}

static void a_depth_varies_by_itself(void **state)
{
	(void)state;
	assert_finds("uring-1048576-1 uring-1048576-16 uring-1048576-4",
		     "uring-1M-DEPTH: 1=uring-1M-1 4=uring-1M-4 16=uring-1M-16; others:; prevails");
	/* Of both the size is on the axis. */
	assert_finds("uring-4096-1 uring-65536-1 uring-1048576-1 uring-4096-8 uring-65536-8 "
		     "uring-1048576-8",
		     "uring-SIZE-1: 4K=uring-4096-1 64K=uring-64K-1 1M=uring-1M-1; "
		     "uring-SIZE-8: 4K=uring-4096-8 64K=uring-64K-8 1M=uring-1M-8; others:; "
		     "prevails");
}

/* Names from a file of somebody else. */
static void numbers_alone_are_no_parameter(void **state)
{
	(void)state;
	assert_finds("1-2-3 -4 5- - a-", "others: 1-2-3 -4 5- - a-");
	assert_finds("a1-2-3-1 a1-2-3-4 a1-2-3-9",
		     "a1-2-3-DEPTH: 1=a1-2-3-1 4=a1-2-3-4 9=a1-2-3-9; others:; prevails");
}

static void conditions_have_curves_of_their_own(void **state)
{
	static const char *const kernels[] = { "6.1", "6.12" };
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(grids_clear) struct grids grids = { 0 }, joined = { 0 };
	CLEANUP(sweep_clear) struct sweep sweep = { 0 };
	CLEANUP(freep) uint64_t *values = NULL;
	size_t count;

	(void)state;
	for (int i = 0; i < 6; i++) {
		char method[32];

		snprintf(method, sizeof(method), "chunk-%d", 4096 << i / 2);
		set_text(&results_add_figures(&results, "ext4", method, 1, 1)->kernel,
			 kernels[i % 2]);
	}
	assert_int_equal(grids_build(&results, &grids), 0);
	assert_int_equal(grids_join(&grids, &joined), 0);
	assert_int_equal(sweep_find(&joined.grid[0], &sweep), 0);
	assert_int_equal(sweep.curve_count, 2);
	assert_string_equal(sweep.curves[0].name, "chunk-SIZE, 6.1");
	assert_string_equal(sweep.curves[1].name, "chunk-SIZE, 6.12");
	assert_int_equal(sweep_values(&sweep, &values, &count), 0);
	assert_int_equal(count, 3);
	assert_int_equal(values[0], 4096);
	assert_int_equal(values[2], 16384);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(methods_that_differ_in_a_size_are_a_curve),
		cmocka_unit_test(two_values_are_no_curve),
		cmocka_unit_test(a_depth_varies_by_itself),
		cmocka_unit_test(numbers_alone_are_no_parameter),
		cmocka_unit_test(conditions_have_curves_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
