/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "axis.h"
#include "child.h"
#include "cleanup.h"
#include "io.h"
#include "lack.h"
#include "report.h"
#include "results.h"
#include "tree.h"

/* As printed in April 2009. */
static const char historic_tables[] = "# 4GiB file\n"
				      "filesystem posix-fallocate mmap chunk-4096 chunk-8192\n"
				      "ext2 73 96 77 80 34 39 39 36\n"
				      "ext3-writeback 89 104 89 93 34 36 37 37\n"
				      "ext3-ordered 87 98 89 92 34 35 37 36\n"
				      "ext3-guarded 89 102 90 93 34 35 36 36\n"
				      "ext4 0 84 74 79 1 10 9 7\n"
				      "xfs 0 81 75 81 1 2 2 2\n"
				      "reiserfs 85 86 89 93 938 35 953 956\n"
				      "btrfs 0 85 79 82 1 1 1 1\n"
				      "\n"
				      "# 4GiB file\n"
				      "filesystem posix-fallocate mmap chunk-4096 chunk-8192\n"
				      "ext2 71 85 73 77 33 37 35 36\n"
				      "ext3-writeback 84 91 86 90 34 35 37 36\n"
				      "ext3-ordered 85 85 87 91 34 34 37 36\n"
				      "ext3-guarded 84 85 86 90 34 34 38 37\n"
				      "ext4 0 74 72 76 1 10 9 7\n"
				      "xfs 0 72 73 77 1 2 2 2\n"
				      "reiserfs 83 75 86 91 938 35 953 956\n"
				      "btrfs 0 74 76 80 1 1 1 1\n";

static char *print(const struct results *results, const char *format,
		   const struct report_options *options)
{
	CLEANUP(grids_clear) struct grids grids = { 0 };
	static const struct report_options none;
	char *text = NULL;
	size_t bytes;
	FILE *memory = open_memstream(&text, &bytes);

	assert_int_equal(grids_build(results, &grids), 0);
	assert_int_equal(
		report_format_find(format)->print(memory, &grids, options ? options : &none), 0);
	assert_int_equal(fclose(memory), 0);
	return text;
}

static char *print_measure(const struct results *results, const char *measure, unsigned columns)
{
	const struct measure *measures[] = { measure_find(measure), NULL };

	return print(results, "table",
		     &(struct report_options) { .measures = measures, .columns = columns });
}

static void assert_prints(const struct results *results, const char *measure, unsigned columns,
			  const char *expected)
{
	CLEANUP(freep) char *text = print_measure(results, measure, columns);

	assert_string_equal(text, expected);
}

static void add_historic_run(struct results *results, const json_t *run, const json_t *methods)
{
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(run, "results"), i, row)
	{
		const char *filesystem = json_string_value(json_object_get(row, "filesystem"));
		const json_t *times = json_object_get(row, "time");
		const json_t *fragments = json_object_get(row, "fragments");

		for (size_t j = 0; j < json_array_size(methods); j++) {
			struct record *record = results_add_figures(
				results, filesystem, json_string_value(json_array_get(methods, j)),
				(double)json_integer_value(json_array_get(times, j)),
				json_integer_value(json_array_get(fragments, j)));

			must_be_0(field_set_text(&record->label,
						 json_string_value(json_object_get(run, "name"))));
		}
	}
}

static void add_historic(struct results *results)
{
	json_t *json = json_load_file(HISTORIC_DATA, 0, NULL);
	const json_t *run;
	size_t i;

	assert_non_null(json);
	json_array_foreach(json_object_get(json, "runs"), i, run)
		add_historic_run(results, run, json_object_get(json, "methods"));
	json_decref(json);
}

static void form_of_2009_is_the_historic_one(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(freep) char *text = NULL;
	(void)state;

	add_historic(&results);
	text = print(&results, "2009", NULL);
	assert_string_equal(text, historic_tables);
}

static void form_of_2009_has_dashes_and_rounds(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(freep) char *text = NULL;
	(void)state;

	results_add_figures(&results, "ext2", "mmap", 1.5, FIELD_UNKNOWN)->file_bytes = 512 << 20;
	record_refuse(results_add_figures(&results, "ext2", "fallocate", 1, 1), STATUS_UNSUPPORTED,
		      "allocate", "no");
	results.records[1].file_bytes = 512 << 20;
	results_add_figures(&results, "xfs", "mmap", 0.49, 3)->file_bytes = 512 << 20;
	text = print(&results, "2009", NULL);
	assert_string_equal(text, "# 512MiB file\n"
				  "filesystem mmap fallocate\n"
				  "ext2 2 - - -\n"
				  "xfs 0 - 3 -\n");
}

static void a_table_says_where_and_how(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	struct environment *environment = results_add_environment(&results);
	struct record *record;
	(void)state;

	must_be_0(field_set_text(&environment->testbed_note, "Times compare only within a guest."));
	record = results_add_figures(&results, "ext4", "posix-fallocate", 0.5, 1);
	must_be_0(field_set_text(&record->testbed, "uml"));
	must_be_0(field_set_text(&record->kernel, "6.1.0"));
	must_be_0(field_set_text(&record->label, "single\033 user"));
	assert_prints(&results, "time", 0,
		      "4 GiB file on a 20 GiB volume; uml, Linux 6.1.0, \"single user\"\n"
		      "Times compare only within a guest.\n"
		      "\n"
		      "time until on disk (allocate, sync, close and unmount together)\n"
		      "filesystem  posix-fallocate\n"
		      "ext4                 500 ms\n");
}

static void footnotes_say_why_and_only_once(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	(void)state;

	results_add_figures(&results, "ext2", "mmap", 1, 34);
	record_refuse(results_add(&results, "ext2", "fallocate"), STATUS_UNSUPPORTED, "allocate",
		      "fallocate: Operation not supported");
	results_add_figures(&results, "btrfs-compress", "mmap", 1, 7)->addresses_known = 0;
	results_add_figures(&results, "btrfs-compress", "fallocate", 1, 1);
	record_refuse(results_add(&results, "jfs", "mmap"), STATUS_FAILED, "mount",
		      "mount: Input/output error\n");
	record_refuse(results_add(&results, "jfs", "fallocate"), STATUS_UNSUPPORTED, "allocate",
		      "fallocate: Operation not supported");
	results_add_figures(&results, "xfs", "mmap", 1, 1);
	assert_prints(&results, "fragments", 0,
		      "4 GiB file on a 20 GiB volume\n"
		      "\n"
		      "fragments of the file (maximal runs of physically contiguous extents)\n"
		      "filesystem      mmap  fallocate\n"
		      "ext2              34       -[1]\n"
		      "btrfs-compress   n/a          1\n"
		      "jfs             -[2]       -[1]\n"
		      "xfs                1       -[3]\n"
		      "[1] unsupported: fallocate: Operation not supported\n"
		      "[2] failed in mount: mount: Input/output error\n"
		      "[3] not measured\n");
}

static void runs_are_shown_by_median_and_spread(void **state)
{
	static const double seconds[] = { 1.2, 1.1, 1.4 };
	static const int64_t fragments[] = { 5, 3, 4 };
	CLEANUP(results_clear) struct results results = { 0 };
	(void)state;

	for (size_t i = 0; i < 3; i++) {
		results_add_figures(&results, "ext2", "mmap", seconds[i], fragments[i]);
		results_add_figures(&results, "xfs", "mmap", 2 + seconds[i] / 1000, 1);
	}
	results_add_figures(&results, "jfs", "mmap", 0.9, 1);
	results_add_figures(&results, "jfs", "mmap", 1.1, 1);
	record_refuse(results_add(&results, "jfs", "mmap"), STATUS_FAILED, "sync", "fsync: Bad");
	assert_prints(&results, "time", 0,
		      "4 GiB file on a 20 GiB volume; medians of 3 runs\n"
		      "\n"
		      "time until on disk (allocate, sync, close and unmount together)\n"
		      "filesystem                     mmap\n"
		      "ext2            1.20 s (1.10..1.40)\n"
		      "xfs                          2.00 s\n"
		      "jfs         1 s (900 ms..1.10 s)[1]\n"
		      "[1] 1 of 3 runs: failed in sync: fsync: Bad\n");
	assert_prints(&results, "fragments", 0,
		      "4 GiB file on a 20 GiB volume; medians of 3 runs\n"
		      "\n"
		      "fragments of the file (maximal runs of physically contiguous extents)\n"
		      "filesystem  mmap\n"
		      "ext2        3..5\n"
		      "xfs            1\n"
		      "jfs         1[1]\n"
		      "[1] 1 of 3 runs: failed in sync: fsync: Bad\n");
}

static void enough_runs_have_an_interval(void **state)
{
	static const double seconds[] = { 1.00, 1.01, 1.02, 1.03, 1.04, 1.06 };
	CLEANUP(results_clear) struct results results = { 0 };
	(void)state;

	for (size_t i = 0; i < 6; i++) {
		results_add_figures(&results, "ext2", "mmap", seconds[i], i ? 4 : 3);
		results_add_figures(&results, "xfs", "mmap", 2, 1);
	}
	assert_prints(&results, "time", 0,
		      "4 GiB file on a 20 GiB volume; medians of 6 runs ± their 95 % confidence "
		      "interval\n"
		      "\n"
		      "time until on disk (allocate, sync, close and unmount together)\n"
		      "filesystem         mmap\n"
		      "ext2        1.02 s ±4 %\n"
		      "xfs                 2 s\n");
	assert_prints(&results, "fragments", 0,
		      "4 GiB file on a 20 GiB volume; medians of 6 runs ± their 95 % confidence "
		      "interval\n"
		      "\n"
		      "fragments of the file (maximal runs of physically contiguous extents)\n"
		      "filesystem  mmap\n"
		      "ext2        3..4\n"
		      "xfs            1\n");
}

static void paths_that_were_not_taken_are_told(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	(void)state;

	must_be_0(field_set_text(
		&results_add_figures(&results, "ext2", "posix-fallocate", 1, 1)->path, "emulated"));
	must_be_0(field_set_text(
		&results_add_figures(&results, "ext4", "posix-fallocate", 1, 1)->path, "native"));
	must_be_0(field_set_text(&results_add_figures(&results, "ext2", "ftruncate", 1, 0)->path,
				 "sparse"));
	must_be_0(field_set_text(&results_add_figures(&results, "ext4", "ftruncate", 1, 0)->path,
				 "sparse"));
	assert_prints(&results, "fragments", 0,
		      "4 GiB file on a 20 GiB volume\n"
		      "Written by the C library in place of the kernel: posix-fallocate on ext2\n"
		      "Nothing reserved (sparse): ftruncate on all\n"
		      "\n"
		      "fragments of the file (maximal runs of physically contiguous extents)\n"
		      "filesystem  posix-fallocate  ftruncate\n"
		      "ext2                      1          0\n"
		      "ext4                      1          0\n");
}

static void wide_tables_turn_or_wrap(void **state)
{
	static const char *const methods[] = { "chunk-4096", "chunk-8192", "chunk-16384",
					       "chunk-32768" };
	CLEANUP(results_clear) struct results turned = { 0 };
	CLEANUP(results_clear) struct results wrapped = { 0 };
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		results_add_figures(&turned, "ext2", methods[i], 1, (int64_t)i);
		results_add_figures(&wrapped, "ext3-writeback", methods[i], 1, (int64_t)i);
		results_add_figures(&wrapped, "ext4-nodelalloc", methods[i], 1, 7);
		results_add_figures(&wrapped, "ext4-no-extents", methods[i], 1, 7);
	}
	assert_prints(&turned, "fragments", 44,
		      "4 GiB file on a 20 GiB volume\n"
		      "\n"
		      "fragments of the file (maximal runs of\n"
		      "  physically contiguous extents)\n"
		      "method       ext2\n"
		      "chunk-4096      0\n"
		      "chunk-8192      1\n"
		      "chunk-16384     2\n"
		      "chunk-32768     3\n");
	assert_prints(&wrapped, "fragments", 44,
		      "4 GiB file on a 20 GiB volume\n"
		      "\n"
		      "fragments of the file (maximal runs of\n"
		      "  physically contiguous extents)\n"
		      "filesystem       chunk-4096  chunk-8192\n"
		      "ext3-writeback            0           1\n"
		      "ext4-nodelalloc           7           7\n"
		      "ext4-no-extents           7           7\n"
		      "\n"
		      "filesystem       chunk-16384  chunk-32768\n"
		      "ext3-writeback             2            3\n"
		      "ext4-nodelalloc            7            7\n"
		      "ext4-no-extents            7            7\n");
}

static void a_table_has_four_measures_by_default(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(freep) char *text = NULL;
	struct record *record = results_add_figures(&results, "xfs", "mmap", 80, 2);
	(void)state;

	record->allocate.written_bytes = 4ll << 30;
	record->unmount.written_bytes = 0;
	text = print(&results, "table", NULL);
	assert_non_null(strstr(text, "\ntime until on disk ("));
	assert_non_null(strstr(text, "\ntime of the allocation alone ("));
	assert_non_null(strstr(text, "\nbytes written to the device ("));
	assert_non_null(strstr(text, "\nfragments of the file ("));
	assert_non_null(strstr(text, " 4 GiB\n"));
	assert_null(strstr(text, "peak memory"));
}

static void csv_has_every_field_and_quotes(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(freep) char *text = NULL;
	struct record *record = results_add_figures(&results, "xfs", "mmap", 80, 2);
	char *row;
	size_t commas = 0;
	(void)state;

	must_be_0(field_set_text(&record->label, "a \"b\", c"));
	must_be_0(field_set_text(&record->reason, "two\nlines"));
	text = print(&results, "csv", NULL);
	row = strchr(text, '\n');
	*row++ = '\0';
	for (const char *at = text; *at; at++)
		commas += *at == ',';
	/* One is the layout, which has no column. */
	assert_int_equal(commas, record_field_count - 2);
	assert_memory_equal(text, "filesystem,method,file_bytes,", 29);
	assert_memory_equal(row, "xfs,mmap,4294967296,21474836480,1,,,,\"a \"\"b\"\", c\",,", 50);
	assert_non_null(strstr(row, ",\"two\nlines\","));
	assert_non_null(strstr(row, ",20000000000,"));
	assert_null(strstr(row, "-9223372036854775808"));
}

static void formats_are_found_by_name(void **state)
{
	(void)state;

	for (size_t i = 0; i < report_format_count; i++)
		assert_ptr_equal(report_format_find(report_formats[i].name), &report_formats[i]);
	assert_null(report_format_find("xml"));
}

/* ---- charts ---- */

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

static void ticks_are_round_in_their_units(void **state)
{
	(void)state;

	assert_ticks(&(struct axis) { MEASURE_SECONDS, 0, 0, 112 },
		     "('0' 0, '20 s' 20, '40 s' 40, '60 s' 60, '80 s' 80, '100 s' 100)");
	assert_ticks(&(struct axis) { MEASURE_SECONDS, 1, 0.0005, 150 },
		     "('1 ms' 0.001, '10 ms' 0.01, '100 ms' 0.1, '1 s' 1, '10 s' 10, '100 s' 100)");
	assert_ticks(&(struct axis) { MEASURE_COUNT, 0, 0, 3.24 }, "('0' 0, '1' 1, '2' 2, '3' 3)");
	assert_ticks(&(struct axis) { MEASURE_COUNT, 1, 0.5, 1434 },
		     "('1' 1, '10' 10, '100' 100, '1000' 1000)");
	assert_ticks(&(struct axis) { MEASURE_BYTES, 0, 0, 4.3e9 },
		     "('0 B' 0, '1 GiB' 1073741824, '2 GiB' 2147483648, '3 GiB' 3221225472, "
		     "'4 GiB' 4294967296)");
	assert_ticks(&(struct axis) { MEASURE_BYTES, 1, 2048, 6e9 },
		     "('32 KiB' 32768, '1 MiB' 1048576, '32 MiB' 33554432, '1 GiB' 1073741824)");
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
	assert_non_null(strstr(script, "error bars: 95 % interval or from the least to the most'"));
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
				       "\"jfs\" - 80\n"
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
	assert_non_null(strstr(screen, " ext2      mmap ######################### 73 s\n"
				       "      fallocate  0\n"
				       "\n"
				       " jfs       mmap  -\n"
				       "      fallocate ########################### 80 s\n"));
}

/* The file begins with `start`. */
static void assert_draws(const struct results *results, const char *name, const char *start)
{
	CLEANUP(freep) char *path = tree_path(name);
	CLEANUP(freep) char *screen = NULL;
	CLEANUP(freep) char *picture = NULL;
	CLEANUP(problem_clear) struct problem problem = { 0 };
	int r;

	r = draw(results,
		 &(struct chart_options) { .measure = measure_find("time"), .output = path },
		 &screen, &problem);
	if (r < 0)
		fail_msg("%s", problem.message);
	assert_int_equal(io_read_file(path, 16 << 20, &picture, NULL), 0);
	assert_memory_equal(picture, start, strlen(start));
	assert_int_equal(unlink(path), 0);
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
	/* Nothing but the pictures was made, and those are gone. */
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
	must_be_0(field_set_text(&record->label, command));
	must_be_0(field_set_text(&record->kernel, command));
	must_be_0(field_set_text(&record->testbed, command));
	assert_draws(&results, "a.svg", "<?xml");
	/* Nothing but the pictures was made, and those are gone. */
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

	options.output = "/no/such/folder/a.svg";
	setenv("PATH", "/no/such/folder", 1);
	assert_int_equal(draw(&results, &options, &screen, &problem), -ENOENT);
	assert_int_equal(problem.kind, PROBLEM_LACK);
	assert_non_null(strstr(problem.message, "install the package gnuplot-nox"));
	setenv("PATH", path, 1);
	freep(&screen);

	require_program("gnuplot");
	assert_int_equal(draw(&results, &options, &screen, &problem), -ENOENT);
	assert_string_equal(problem.message,
			    "cannot write /no/such/folder/a.svg: No such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(form_of_2009_is_the_historic_one),
		cmocka_unit_test(form_of_2009_has_dashes_and_rounds),
		cmocka_unit_test(a_table_says_where_and_how),
		cmocka_unit_test(footnotes_say_why_and_only_once),
		cmocka_unit_test(runs_are_shown_by_median_and_spread),
		cmocka_unit_test(enough_runs_have_an_interval),
		cmocka_unit_test(paths_that_were_not_taken_are_told),
		cmocka_unit_test(wide_tables_turn_or_wrap),
		cmocka_unit_test(a_table_has_four_measures_by_default),
		cmocka_unit_test(csv_has_every_field_and_quotes),
		cmocka_unit_test(formats_are_found_by_name),
		cmocka_unit_test(axes_are_logarithmic_beyond_two_decades),
		cmocka_unit_test(ticks_are_round_in_their_units),
		cmocka_unit_test(charts_have_error_bars),
		cmocka_unit_test(scripts_hold_their_data),
		cmocka_unit_test(scripts_refuse_what_cannot_be_drawn),
		cmocka_unit_test(terminal_charts_have_a_row_for_each_cell),
		cmocka_unit_test_setup_teardown(pictures_are_drawn_in_all_forms, tree_make,
						tree_remove),
		cmocka_unit_test_setup_teardown(foreign_text_is_not_run, tree_make, tree_remove),
		cmocka_unit_test(drawing_says_what_is_wrong),
	};

	/* For "±". */
	setenv("LC_ALL", "C.UTF-8", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
