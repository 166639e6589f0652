/* SPDX-License-Identifier: MIT */
/* Charts: their axes, the script for gnuplot, and what gnuplot makes of it where it is there. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "report/chart.h"
#include "base/cleanup.h"
#include "historic.h"
#include "base/io.h"
#include "base/text.h"
#include "lack.h"
#include "report/report.h"
#include "results.h"
#include "tree.h"

static struct axis axis_for(const double *seconds, size_t count)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(grids_clear) struct grids grids = { 0 };
	struct axis axis;

	for (size_t i = 0; i < count; i++)
		results_add_figures(&results, i % 2 ? "xfs" : "jfs", "mmap", seconds[i], 1)
			->file_bytes = (int64_t)i + 1;
	assert_int_equal(grids_build(&results, &grids), 0);
	assert_int_equal(axis_of(&grids, measure_find("time"), &axis), 0);
	return axis;
}

static void axes_are_logarithmic_beyond_two_decades(void **state)
{
	(void)state;

	assert_int_equal(axis_for((const double[]) { 1, 100 }, 2).logarithmic, 0);
	assert_int_equal(axis_for((const double[]) { 1, 101 }, 2).logarithmic, 1);
	/* A zero is no positive value. */
	assert_int_equal(axis_for((const double[]) { 0, 70, 104 }, 3).logarithmic, 0);
	assert_true(axis_for((const double[]) { 0, 70, 104 }, 3).minimum == 0);
	assert_true(axis_for((const double[]) { 0, 0.001, 104 }, 3).minimum > 0);
	assert_true(axis_for((const double[]) { 0, 0 }, 2).maximum > 0);
}

static void assert_ticks(const struct axis *axis, const char *expected)
{
	CLEANUP(freep) char *text = NULL;
	size_t bytes;
	FILE *memory = open_memstream(&text, &bytes);

	axis_put_ticks(memory, axis);
	fclose(memory);
	assert_string_equal(text, expected);
}

/* What starts with it; minor ticks follow. */
static void assert_starts(const struct axis *axis, const char *expected, const char *minor)
{
	CLEANUP(freep) char *text = NULL;
	size_t bytes;
	FILE *memory = open_memstream(&text, &bytes);

	axis_put_ticks(memory, axis);
	fclose(memory);
	assert_memory_equal(text, expected, strlen(expected));
	assert_non_null(strstr(text, minor));
}

static void ticks_are_round_in_their_units(void **state)
{
	(void)state;

	assert_ticks(&(struct axis) { MEASURE_SECONDS, 0, 0, 112 },
		     "('0' 0, '20 s' 20, '40 s' 40, '60 s' 60, '80 s' 80, '100 s' 100)");
	assert_starts(&(struct axis) { MEASURE_SECONDS, 1, 0.0005, 150 },
		      "('1 ms' 0.001, '10 ms' 0.01, '100 ms' 0.1, '1 s' 1, '10 s' 10, '100 s' 100, "
		      "'' 0.0005 1",
		      ", '' 0.002 1,");
	/* At least four labels. */
	assert_starts(&(struct axis) { MEASURE_SECONDS, 1, 0.002, 0.6 },
		      "('3 ms' 0.003, '10 ms' 0.01, '30 ms' 0.03, '100 ms' 0.1, '300 ms' 0.3, ''",
		      ", '' 0.5 1");
	assert_ticks(&(struct axis) { MEASURE_COUNT, 0, 0, 3.24 }, "('0' 0, '1' 1, '2' 2, '3' 3)");
	assert_starts(&(struct axis) { MEASURE_COUNT, 1, 0.5, 1434 },
		      "('1' 1, '10' 10, '100' 100, '1000' 1000, ''", ", '' 900 1,");
	assert_ticks(&(struct axis) { MEASURE_BYTES, 0, 0, 4.3e9 },
		     "('0 B' 0, '1 GiB' 1073741824, '2 GiB' 2147483648, '3 GiB' 3221225472, "
		     "'4 GiB' 4294967296)");
	assert_ticks(
		&(struct axis) { MEASURE_RATE, 0, 0, 4.3e9 },
		"('0 B/s' 0, '1 GiB/s' 1073741824, '2 GiB/s' 2147483648, '3 GiB/s' 3221225472, "
		"'4 GiB/s' 4294967296)");
	assert_starts(&(struct axis) { MEASURE_RATE, 1, 16384, 1e8 },
		      "('32 KiB/s' 32768, '256 KiB/s' 262144, '2 MiB/s' 2097152, '16 MiB/s' "
		      "16777216, ''",
		      ", '' 65536 1,");
	assert_starts(&(struct axis) { MEASURE_BYTES, 1, 2048, 6e9 },
		      "('32 KiB' 32768, '1 MiB' 1048576, '32 MiB' 33554432, '1 GiB' 1073741824, ''",
		      ", '' 2097152 1,");
	assert_starts(&(struct axis) { MEASURE_BYTES, 1, 16384, 1e8 },
		      "('32 KiB' 32768, '256 KiB' 262144, '2 MiB' 2097152, '16 MiB' 16777216, ''",
		      ", '' 65536 1,");
}

static int script_of(const struct results *results, const struct chart_options *options,
		     char **ret_script)
{
	CLEANUP(grids_clear) struct grids grids = { 0 };
	size_t bytes;
	FILE *memory = open_memstream(ret_script, &bytes);
	int r;

	assert_int_equal(grids_build(results, &grids), 0);
	r = chart_script(memory, &grids, options, NULL);
	fclose(memory);
	return r;
}

static void add_cells_of_all_kinds(struct results *results)
{
	results_add_figures(results, "ext2", "mmap", 73, 34);
	results_add_figures(results, "ext2", "fallocate", 0, 1);
	record_refuse(results_add(results, "jfs", "mmap"), STATUS_FAILED, "mount", "no");
	results_add_figures(results, "jfs", "fallocate", 80, FIELD_UNKNOWN);
}

/* Of a time: its nth run of `count` took n seconds. */
static void add_course(struct results *results, const char *method, int count)
{
	for (int i = 1; i <= count; i++)
		results_add_figures(results, "ext2", method, i, 1)->run = i;
}

static void charts_have_error_bars(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(freep) char *script = NULL;
	const struct chart_options options = { .measure = measure_find("time"), .output = "x.svg" };
	(void)state;

	add_course(&results, "mmap", 1);
	must_be_0(script_of(&results, &options, &script));
	assert_null(strstr(script, "error bars"));
	free(script);
	/* Of a few the ends; of eight the 95 % interval is from the first to the last, of nine from
	 * the second to the last but one. */
	add_course(&results, "fallocate", 3);
	add_course(&results, "chunk-4096", 8);
	add_course(&results, "chunk-8192", 9);
	must_be_0(script_of(&results, &options, &script));
	assert_non_null(strstr(script, "$spread0 << EOD\n0 3 1 3\n0 4 1 8\n0 5 2 8\nEOD\n"));
	assert_non_null(strstr(script, "error bars: 95 % interval or from minimum to maximum'"));
	/* They are on the picture. */
	assert_non_null(strstr(script, "set yrange [base:8.64]"));
}

static void scripts_hold_their_data(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(freep) char *script = NULL;
	(void)state;

	add_cells_of_all_kinds(&results);
	assert_int_equal(script_of(&results,
				   &(struct chart_options) { .measure = measure_find("time"),
							     .output = "it's.svg" },
				   &script),
			 0);
	assert_non_null(strstr(script, "$data0 << EOD\n"
				       "filesystem \"mmap\" \"fallocate\"\n"
				       "\"ext2\" 73 0\n"
				       "\"jfs\" \"failed\" 80\n"
				       "EOD\n"));
	assert_non_null(strstr(script, "\nset output 'it''s.svg'\n"));
	assert_non_null(strstr(script, "time until on disk, 4 GiB file on a 20 GiB volume"));
	assert_null(strstr(script, "logscale"));
}

static void scripts_refuse_what_cannot_be_drawn(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(freep) char *script = NULL;
	CLEANUP(freep) char *second = NULL;
	(void)state;

	results_add_figures(&results, "ext2", "mmap", 73, FIELD_UNKNOWN);
	assert_int_equal(script_of(&results,
				   &(struct chart_options) { .measure = measure_find("fragments"),
							     .output = "a.svg" },
				   &script),
			 -ENODATA);
	assert_int_equal(script_of(&results,
				   &(struct chart_options) { .measure = measure_find("time"),
							     .output = "a.jpeg" },
				   &second),
			 -EINVAL);
}

static int draw(const struct results *results, const struct chart_options *options,
		char **ret_screen, struct problem *problem)
{
	CLEANUP(grids_clear) struct grids grids = { 0 };
	size_t bytes;
	FILE *memory = open_memstream(ret_screen, &bytes);
	int r;

	assert_int_equal(grids_build(results, &grids), 0);
	r = chart_draw(memory, &grids, options, problem);
	fclose(memory);
	return r;
}

static void terminal_charts_have_a_row_for_each_cell(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(freep) char *screen = NULL;
	CLEANUP(problem_clear) struct problem problem = { 0 };
	(void)state;

	require_program("gnuplot");
	add_cells_of_all_kinds(&results);
	assert_int_equal(draw(&results,
			      &(struct chart_options) {
				      .measure = measure_find("time"), .columns = 60, .ascii = 1 },
			      &screen, &problem),
			 0);
	if (!strstr(screen, "\n ext2      mmap ############################ 73 s\n"
			    "      fallocate  0\n"
			    "\n"
			    " jfs       mmap  failed\n"
			    "      fallocate ############################### 80 s\n"
			    "                +-------+------+-------+-------+--\n"
			    "                0     20 s   40 s    60 s    80 s\n"))
		fail_msg("%s", screen);
}

static void terminal_axes_can_be_logarithmic_and_narrow(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(freep) char *screen = NULL, *narrow = NULL;
	CLEANUP(problem_clear) struct problem problem = { 0 };
	struct chart_options options = { .measure = measure_find("time"), .columns = 70 };
	(void)state;

	require_program("gnuplot");
	results_add_figures(&results, "ext4", "fallocate", 0.004, 1);
	results_add_figures(&results, "ext4", "posix-fallocate", 0.2, 1);
	results_add_figures(&results, "ext4", "mmap", 80, 1);
	assert_int_equal(draw(&results, &options, &screen, &problem), 0);
	if (!strstr(screen, "mmap ███████████████████████████████████▌ 80 s\n"
			    "                      ─────┬───────┬───────┬───────┬──────┬─\n"
			    "                         10 ms  100 ms    1 s    10 s   100 s\n"))
		fail_msg("%s", screen);
	options.columns = 50;
	options.ascii = 1;
	assert_int_equal(draw(&results, &options, &narrow, &problem), 0);
	/* Labels that would touch are left out. */
	if (!strstr(narrow, "mmap ################ 80 s\n"
			    "                      --+---+---+--+---+\n"
			    "                      10 ms    1 s   100 s\n"))
		fail_msg("%s", narrow);
}

/* Two file systems of which the second does not know one value. */
static void add_steps(struct results *results)
{
	for (int i = 0; i < 4; i++) {
		CLEANUP(freep) char *method = text_format("fallocate-step-%d", 65536 << i);

		results_add_figures(results, "ext4", method, 8 >> i, 16 >> i);
		results_add_figures(results, "ext4", method, (8 >> i) + 1, 16 >> i)->run = 2;
		results_add_figures(results, "xfs", method, 4, i == 1 ? FIELD_UNKNOWN : 8);
	}
	results_add_figures(results, "ext4", "none", 3, 5);
	record_refuse(results_add(results, "xfs", "none"), STATUS_FAILED, "mount", "no");
}

static void values_of_a_parameter_are_a_curve(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(freep) char *script = NULL, *bars = NULL, *times = NULL;
	struct chart_options options = { .measure = measure_find("fragments"), .output = "x.svg" };
	(void)state;

	add_steps(&results);
	must_be_0(script_of(&results, &options, &script));
	assert_non_null(strstr(script, "# 'ext4'\n$line0_0 << EOD\n"
				       "65536 16 16 16\n131072 8 8 8\n262144 4 4 4\n524288 2 2 2\n"
				       "EOD\n"));
	assert_non_null(strstr(script, "# 'ext4' . ', ' . 'none'\n$line0_1 << EOD\n"
				       "52428.8 5 5 5\n655360 5 5 5\nEOD\n"));
	/* What is not known is no point, and what has no value at all no line. */
	assert_non_null(strstr(script, "$line0_2 << EOD\n65536 8 8 8\n262144 8 8 8\n"));
	assert_null(strstr(script, "$line0_3"));
	assert_non_null(strstr(script, "set logscale x 2\n"));
	assert_non_null(strstr(script, "set xtics ('64K' 65536, '128K' 131072, '256K' 262144, "
				       "'512K' 524288)\n"));
	assert_non_null(strstr(script, "set xlabel 'fallocate-step-SIZE'\n"));
	options.measure = measure_find("time");
	must_be_0(script_of(&results, &options, &times));
	assert_non_null(strstr(times, "\n65536 8.5 8 9\n"));
	options.style = CHART_BARS;
	must_be_0(script_of(&results, &options, &bars));
	assert_non_null(strstr(bars, "with boxes"));
}

static void a_curve_can_be_asked_for(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 }, flat = { 0 };
	CLEANUP(freep) char *bars = NULL, *curve = NULL, *none = NULL;
	struct chart_options options = { .measure = measure_find("time"), .output = "x.svg" };
	(void)state;

	add_steps(&results);
	/* As many methods without the parameter: bars, unless a curve is asked for. */
	results_add_figures(&results, "ext4", "mmap", 1, 1);
	results_add_figures(&results, "ext4", "fallocate", 1, 1);
	results_add_figures(&results, "ext4", "prealloc", 1, 1);
	must_be_0(script_of(&results, &options, &bars));
	assert_non_null(strstr(bars, "with boxes"));
	options.style = CHART_CURVE;
	must_be_0(script_of(&results, &options, &curve));
	assert_non_null(strstr(curve, "with yerrorlines"));
	results_add_figures(&flat, "ext4", "mmap", 1, 1);
	results_add_figures(&flat, "ext4", "fallocate", 2, 1);
	assert_int_equal(script_of(&flat, &options, &none), -EDOM);
}

static void terminals_show_curves(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(freep) char *screen = NULL;
	CLEANUP(problem_clear) struct problem problem = { 0 };
	(void)state;

	require_program("gnuplot");
	add_steps(&results);
	must_be_0(draw(&results,
		       &(struct chart_options) {
			       .measure = measure_find("fragments"), .columns = 40, .ascii = 1 },
		       &screen, &problem));
	/* A title that is too wide has its sizes on a line of their own. */
	if (!strstr(screen, "fragments of the file\n") || !strstr(screen, "64K") ||
	    !strstr(screen, "512K") || !strstr(screen, "fallocate-step-SIZE") ||
	    !strstr(screen, "A**ext4") || !strstr(screen, "ext4, none") ||
	    !strstr(screen, " 4 GiB file on a 20 GiB volume\n"))
		fail_msg("%s", screen);
}

/* The picture begins with `start`. */
static void assert_draws(const struct results *results, const char *name, const char *start)
{
	CLEANUP(freep) char *path = tree_path(name);
	CLEANUP(freep) char *picture = NULL;
	CLEANUP(problem_clear) struct problem problem = { 0 };
	int r;

	r = draw(results,
		 &(struct chart_options) { .measure = measure_find("time"), .output = path },
		 &picture, &problem);
	if (r < 0)
		fail_msg("%s", problem.message);
	assert_memory_equal(picture, start, strlen(start));
}

static void pictures_are_drawn_in_all_forms(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	(void)state;

	require_program("gnuplot");
	add_historic(&results);
	assert_draws(&results, "a.svg", "<?xml");
	assert_draws(&results, "it's.PNG", "\x89PNG");
	assert_draws(&results, "a.pdf", "%PDF");
	/* Writing them is for the caller. */
	assert_int_equal(rmdir(tree), 0);
	assert_int_equal(mkdir(tree, 0700), 0);
}

/* gnuplot runs what stands in backquotes. */
static void foreign_text_is_not_run(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(freep) char *command = NULL;
	struct record *record;
	(void)state;

	require_program("gnuplot");
	assert_true(asprintf(&command, "`touch %s/1`'.system('touch %s/2').'\nEOD\n!touch %s/3\n",
			     tree, tree, tree) > 0);
	record = results_add_figures(&results, command, command, 3, 1);
	set_text(&record->label, command);
	set_text(&record->kernel, command);
	set_text(&record->testbed, command);
	set_text(&record->workload, command);
	assert_draws(&results, "a.svg", "<?xml");
	/* No file was made. */
	assert_int_equal(rmdir(tree), 0);
	assert_int_equal(mkdir(tree, 0700), 0);
}

static void drawing_says_what_is_wrong(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(freep) char *screen = NULL, *path = strdup(getenv("PATH"));
	CLEANUP(problem_clear) struct problem problem = { 0 };
	struct chart_options options = { .measure = measure_find("memory") };
	(void)state;

	results_add_figures(&results, "ext2", "mmap", 73, 1);
	assert_int_equal(draw(&results, &options, &screen, &problem), -ENODATA);
	assert_int_equal(problem.kind, PROBLEM_VERDICT);
	freep(&screen);

	options.measure = measure_find("time");
	options.output = "a.jpeg";
	assert_int_equal(draw(&results, &options, &screen, &problem), -EINVAL);
	assert_int_equal(problem.kind, PROBLEM_USAGE);
	freep(&screen);

	options.output = "a.svg";
	setenv("PATH", "/no/such/folder", 1);
	assert_int_equal(draw(&results, &options, &screen, &problem), -ENOENT);
	assert_int_equal(problem.kind, PROBLEM_LACK);
	assert_non_null(strstr(problem.message, "install the package gnuplot-nox"));
	setenv("PATH", path, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(axes_are_logarithmic_beyond_two_decades),
		cmocka_unit_test(ticks_are_round_in_their_units),
		cmocka_unit_test(charts_have_error_bars),
		cmocka_unit_test(scripts_hold_their_data),
		cmocka_unit_test(scripts_refuse_what_cannot_be_drawn),
		cmocka_unit_test(terminal_charts_have_a_row_for_each_cell),
		cmocka_unit_test(terminal_axes_can_be_logarithmic_and_narrow),
		cmocka_unit_test(values_of_a_parameter_are_a_curve),
		cmocka_unit_test(a_curve_can_be_asked_for),
		cmocka_unit_test(terminals_show_curves),
		cmocka_unit_test_setup_teardown(pictures_are_drawn_in_all_forms, tree_make,
						tree_remove),
		cmocka_unit_test_setup_teardown(foreign_text_is_not_run, tree_make, tree_remove),
		cmocka_unit_test(drawing_says_what_is_wrong),
	};

	/* For "±". */
	setenv("LC_ALL", "C.UTF-8", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
