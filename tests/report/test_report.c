/* SPDX-License-Identifier: MIT */
/* Results in the forms for readers: those of 2009, tables, CSV.  Each is asked for to the letter.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "historic.h"
#include "report/report.h"
#include "results.h"
#include "stats/cell.h"

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

	set_text(&environment->testbed_note, "Times compare only within a guest.");
	record = results_add_figures(&results, "ext4", "posix-fallocate", 0.5, 1);
	set_text(&record->testbed, "uml");
	set_text(&record->kernel, "6.1.0");
	set_text(&record->label, "single\033 user");
	assert_prints(&results, "time", 0,
		      "4 GiB file on a 20 GiB volume; uml, Linux 6.1.0, \"single user\", one run\n"
		      "Times compare only within a guest.\n"
		      "\n"
		      "time until on disk (allocate, sync, close and unmount together)\n"
		      "filesystem   posix-fallocate\n"
		      "ext4        500 ms (one run)\n");
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
		      "4 GiB file on a 20 GiB volume; one run\n"
		      "\n"
		      "fragments of the file (maximal runs of physically contiguous extents)\n"
		      "filesystem              mmap    fallocate\n"
		      "ext2            34 (one run)         -[1]\n"
		      "btrfs-compress           n/a  1 (one run)\n"
		      "jfs                     -[2]         -[1]\n"
		      "xfs              1 (one run)         -[3]\n"
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

/* A percentage would say that a time may be less than nothing. */
static void wide_intervals_are_shown_by_their_ends(void **state)
{
	static const double seconds[] = { 0.033, 0.033, 0.0165, 0.0704, 0.04, 0.02 };
	static const double wider[] = { 0.9, 0.9, 0.0005, 3, 1, 0.8 };
	static const double steady[] = { 1, 1, 0.72, 1.2875, 1, 1 };
	CLEANUP(results_clear) struct results results = { 0 };
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(seconds); i++) {
		results_add_figures(&results, "ext2", "mmap", seconds[i], 1);
		results_add_figures(&results, "xfs", "mmap", wider[i], 1);
		results_add_figures(&results, "jfs", "mmap", steady[i], 1);
	}
	assert_prints(&results, "time", 0,
		      "4 GiB file on a 20 GiB volume; medians of 6 runs ± their 95 % confidence "
		      "interval\n"
		      "\n"
		      "time until on disk (allocate, sync, close and unmount together)\n"
		      "filesystem                  mmap\n"
		      "ext2          33 ms (16.5..70.4)\n"
		      "xfs         900 ms (500 us..3 s)\n"
		      "jfs                    1 s ±29 %\n");
}

/* "±0 %" would be no news. */
static void an_interval_without_width_is_not_shown(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	(void)state;

	for (size_t i = 0; i < 12; i++)
		results_add_figures(&results, "ext2", "mmap", i ? 2 : 3, 1);
	assert_prints(&results, "time", 0,
		      "4 GiB file on a 20 GiB volume; medians of 12 runs ± their 95 % confidence "
		      "interval\n"
		      "\n"
		      "time until on disk (allocate, sync, close and unmount together)\n"
		      "filesystem  mmap\n"
		      "ext2         2 s\n");
}

static void paths_that_were_not_taken_are_told(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	(void)state;

	set_text(&results_add_figures(&results, "ext2", "posix-fallocate", 1, 1)->path, "emulated");
	set_text(&results_add_figures(&results, "ext4", "posix-fallocate", 1, 1)->path, "native");
	set_text(&results_add_figures(&results, "ext2", "ftruncate", 1, 0)->path, "sparse");
	set_text(&results_add_figures(&results, "ext4", "ftruncate", 1, 0)->path, "sparse");
	assert_prints(&results, "fragments", 0,
		      "4 GiB file on a 20 GiB volume; one run\n"
		      "Written by the C library instead of the kernel: posix-fallocate on ext2\n"
		      "Nothing reserved (sparse): ftruncate on all\n"
		      "\n"
		      "fragments of the file (maximal runs of physically contiguous extents)\n"
		      "filesystem  posix-fallocate    ftruncate\n"
		      "ext2            1 (one run)  0 (one run)\n"
		      "ext4            1 (one run)  0 (one run)\n");
}

static void wide_tables_turn_or_wrap(void **state)
{
	static const char *const methods[] = { "chunk-4096", "chunk-8192", "chunk-10240",
					       "chunk-12288" };
	CLEANUP(results_clear) struct results turned = { 0 };
	CLEANUP(results_clear) struct results wrapped = { 0 };
	(void)state;

	for (size_t i = 0; i < 2 * ARRAY_SIZE(methods); i++) {
		const char *method = methods[i / 2];

		results_add_figures(&turned, "ext2", method, 1, (int64_t)i / 2);
		results_add_figures(&wrapped, "ext3-writeback", method, 1, (int64_t)i / 2);
		results_add_figures(&wrapped, "ext4-nodelalloc", method, 1, 7);
		results_add_figures(&wrapped, "ext4-no-extents", method, 1, 7);
	}
	assert_prints(&turned, "fragments", 44,
		      "4 GiB file on a 20 GiB volume; medians of 2\n"
		      "  runs\n"
		      "\n"
		      "fragments of the file (maximal runs of\n"
		      "  physically contiguous extents)\n"
		      "method       ext2\n"
		      "chunk-4096      0\n"
		      "chunk-8192      1\n"
		      "chunk-10240     2\n"
		      "chunk-12288     3\n");
	assert_prints(&wrapped, "fragments", 44,
		      "4 GiB file on a 20 GiB volume; medians of 2\n"
		      "  runs\n"
		      "\n"
		      "fragments of the file (maximal runs of\n"
		      "  physically contiguous extents)\n"
		      "filesystem       chunk-4096  chunk-8192\n"
		      "ext3-writeback            0           1\n"
		      "ext4-nodelalloc           7           7\n"
		      "ext4-no-extents           7           7\n"
		      "\n"
		      "filesystem       chunk-10240  chunk-12288\n"
		      "ext3-writeback             2            3\n"
		      "ext4-nodelalloc            7            7\n"
		      "ext4-no-extents            7            7\n");
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is missing in:\n%s", part, text);
}

/* Without the lines above the combined table. */
static const char *combined_part(const char *text)
{
	const char *part = strstr(text, "\ntime until on disk; ");

	assert_non_null(part);
	return part + 1;
}

static void add_combined(struct results *results)
{
	for (size_t i = 0; i < 6; i++) {
		struct record *record = results_add_figures(results, "ext4", "mmap",
							    1 + 0.01 * (double)i, i ? 4 : 3);

		record->allocate.written_bytes = 4ll << 30;
		record->unmount.written_bytes = 0;
		results_add_figures(results, "btrfs-compress", "mmap", i == 1 ? 4 : 2, 1)
			->addresses_known = 0;
		record_refuse(results_add(results, "btrfs-compress", "fallocate"),
			      STATUS_UNSUPPORTED, "allocate", "fallocate: Not supported");
	}
	results_add_figures(results, "ext4", "chunk-4096", 2, 7);
	record_refuse(results_add(results, "ext4", "direct-1048576"), STATUS_FAILED, "mount",
		      "mount: Bad");
	results_add_figures(results, "ext4", "direct-1048576", 0.25, 1);
}

static void one_table_has_time_bytes_and_fragments(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(freep) char *text = NULL;
	(void)state;

	add_combined(&results);
	text = print(&results, "table", &(struct report_options) { .columns = 80 });
	assert_string_equal(
		combined_part(text),
		"time until on disk; bytes written to the device; fragments of the file\n"
		"filesystem      method         time                written  fragments\n"
		"ext4            mmap         1.02 s  ±3 %            4 GiB       3..4\n"
		"ext4            chunk-4096      2 s  (one run)         n/a          7\n"
		"ext4            direct-1M    250 ms  (one run)[1]      n/a          1\n"
		"btrfs-compress  mmap            2 s  (2..4)            n/a        n/a\n"
		"btrfs-compress  fallocate   refused  [2]                 -          -\n"
		"[1] 1 of 2 runs: failed in mount: mount: Bad\n"
		"[2] unsupported: fallocate: Not supported\n");
	assert_has(text, "\nsummary (");
}

static void a_narrow_terminal_has_file_systems_above_their_methods(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(freep) char *text = NULL;
	(void)state;

	add_combined(&results);
	text = print(&results, "table", &(struct report_options) { .columns = 60 });
	assert_string_equal(combined_part(text),
			    "time until on disk; bytes written to the device; fragments\n"
			    "  of the file\n"
			    "filesystem         time                written  fragments\n"
			    "ext4\n"
			    "  mmap           1.02 s  ±3 %            4 GiB       3..4\n"
			    "  chunk-4096        2 s  (one run)         n/a          7\n"
			    "  direct-1M      250 ms  (one run)[1]      n/a          1\n"
			    "btrfs-compress\n"
			    "  mmap              2 s  (2..4)            n/a        n/a\n"
			    "  fallocate     refused  [2]                 -          -\n"
			    "[1] 1 of 2 runs: failed in mount: mount: Bad\n"
			    "[2] unsupported: fallocate: Not supported\n");
}

static void markdown_has_the_same_table(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(freep) char *text = NULL;
	(void)state;

	add_combined(&results);
	text = print(&results, "markdown", NULL);
	assert_has(text, "\n**time until on disk; bytes written to the device; fragments of the "
			 "file**\n\n"
			 "| filesystem | method | time | written | fragments |\n"
			 "| --- | --- | ---: | ---: | ---: |\n"
			 "| ext4 | mmap | 1.02 s ±3 % | 4 GiB | 3..4 |\n"
			 "| ext4 | chunk-4096 | 2 s (one run) | n/a | 7 |\n"
			 "| ext4 | direct-1M | 250 ms (one run)\\[1\\] | n/a | 1 |\n");
	assert_has(text, "\n| btrfs-compress | fallocate | refused \\[2\\] | - | - |\n");
	assert_has(text, "\n- \\[2\\] unsupported: fallocate: Not supported\n");
	assert_null(strstr(text, "maximal runs"));
}

static void all_adds_a_table_of_each_measure(void **state)
{
	static const char *const formats[] = { "table", "markdown" };
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		CLEANUP(results_clear) struct results results = { 0 };
		CLEANUP(freep) char *text = NULL, *plain = NULL;

		add_combined(&results);
		text = print(&results, formats[i], &(struct report_options) { .all = true });
		plain = print(&results, formats[i], NULL);
		assert_memory_equal(text, plain, strlen(plain));
		for (size_t j = 0; measure_at(false, j); j++) {
			CLEANUP(freep)
			char *title = text_format("\n%s%s%s (", i ? "**" : "",
						  measure_at(false, j)->title, i ? "**" : "");

			assert_has(text + strlen(plain), title);
			assert_null(strstr(plain, title));
		}
	}
}

static void add_warnings(struct results *results, size_t loads, size_t outliers)
{
	for (size_t i = 0; i < loads + outliers; i++) {
		struct warning warning;

		warning_init(&warning);
		set_text(&warning.kind, i < loads ? WARNING_LOAD : WARNING_OUTLIERS);
		warning.text = text_format("reason %zu", i);
		assert_int_equal(results_keep_warning(results, &warning), 0);
	}
}

static void many_warnings_are_counted(void **state)
{
	CLEANUP(results_clear) struct results three = { 0 }, ten = { 0 };
	CLEANUP(freep) char *few = NULL, *counted = NULL, *all = NULL;
	(void)state;

	results_add_environment(&three);
	results_add_figures(&three, "ext4", "mmap", 1, 1);
	add_warnings(&three, 2, 1);
	few = print(&three, "table", NULL);
	assert_has(few, "\nWarning: reason 0\nWarning: reason 1\nWarning: reason 2\n");
	results_add_environment(&ten);
	results_add_figures(&ten, "ext4", "mmap", 1, 1);
	add_warnings(&ten, 9, 1);
	counted = print(&ten, "table", NULL);
	assert_has(counted, "\n10 warnings (9 load, 1 outliers); --all shows them.\n");
	assert_null(strstr(counted, "reason"));
	all = print(&ten, "markdown", &(struct report_options) { .all = true });
	assert_has(all, "\n- Warning: reason 0\n");
	assert_has(all, "\n- Warning: reason 9\n");
	assert_null(strstr(all, "10 warnings"));
}

/* Where its first column is not known, a row still says that it is from one run. */
static void a_row_of_one_run_is_marked(void **state)
{
	const struct measure *const measures[] = { measure_find("time"), measure_find("fragments"),
						   NULL };
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(freep) char *text = NULL, *markdown = NULL;
	(void)state;

	results_add(&results, "ext4", "mmap")->fragments = 2;
	for (int i = 0; i < 2; i++)
		results_add(&results, "ext4", "fallocate")->fragments = 1;
	text = print(&results, "table", NULL);
	assert_has(text, "4 GiB file on a 20 GiB volume; medians of 1 to 2 runs\n");
	assert_has(combined_part(text),
		   "\next4        mmap        n/a  (one run)      n/a          2\n"
		   "ext4        fallocate   n/a                 n/a          1\n");
	markdown = print(&results, "markdown", &(struct report_options) { .measures = measures });
	assert_has(markdown, "\n| ext4 | n/a | n/a |\n");
	assert_has(markdown, "\n| ext4 | 2 (one run) | 1 |\n");
}

static void csv_has_every_field_and_quotes(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(freep) char *text = NULL;
	struct record *record = results_add_figures(&results, "xfs", "mmap", 80, 2);
	char *row;
	size_t commas = 0;
	(void)state;

	set_text(&record->label, "a \"b\", c");
	set_text(&record->reason, "two\nlines");
	text = print(&results, "csv", NULL);
	row = strchr(text, '\n');
	*row++ = '\0';
	for (const char *at = text; *at; at++)
		commas += *at == ',';
	/* Layout and phases have no column. */
	assert_int_equal(commas, record_field_count - 3);
	assert_memory_equal(text, "filesystem,method,file_bytes,", 29);
	assert_memory_equal(row, "xfs,mmap,4294967296,21474836480,1,,,,,,,,\"a \"\"b\"\", c\",,",
			    54);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(form_of_2009_is_the_historic_one),
		cmocka_unit_test(form_of_2009_has_dashes_and_rounds),
		cmocka_unit_test(a_table_says_where_and_how),
		cmocka_unit_test(footnotes_say_why_and_only_once),
		cmocka_unit_test(runs_are_shown_by_median_and_spread),
		cmocka_unit_test(enough_runs_have_an_interval),
		cmocka_unit_test(wide_intervals_are_shown_by_their_ends),
		cmocka_unit_test(an_interval_without_width_is_not_shown),
		cmocka_unit_test(paths_that_were_not_taken_are_told),
		cmocka_unit_test(wide_tables_turn_or_wrap),
		cmocka_unit_test(one_table_has_time_bytes_and_fragments),
		cmocka_unit_test(a_narrow_terminal_has_file_systems_above_their_methods),
		cmocka_unit_test(markdown_has_the_same_table),
		cmocka_unit_test(all_adds_a_table_of_each_measure),
		cmocka_unit_test(many_warnings_are_counted),
		cmocka_unit_test(a_row_of_one_run_is_marked),
		cmocka_unit_test(csv_has_every_field_and_quotes),
		cmocka_unit_test(formats_are_found_by_name),
	};

	/* For "±". */
	setenv("LC_ALL", "C.UTF-8", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
