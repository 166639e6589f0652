/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "stats/cell.h"
#include "base/cleanup.h"
#include "results.h"

/* cmocka 1.1 compares floats only. */
static void assert_near(double one, double other)
{
	if (fabs(one - other) > 1e-9)
		fail_msg("%.12g is not %.12g", one, other);
}

static double value_of(const char *measure, const struct record *record)
{
	return measure_find(measure)->of(record);
}

static void measures_are_found_by_name(void **state)
{
	static const char *const names[] = { "time",	 "allocate", "written",	 "fragments",
					     "extents",	 "cpu",	     "memory",	 "unwritten",
					     "gap",	 "largest",  "per-byte", "life",
					     "p50",	 "p99",	     "p99.9",	 "max",
					     "read-rate" };
	(void)state;

	assert_int_equal(measure_count, ARRAY_SIZE(names));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_non_null(measure_find(names[i]));
		assert_string_equal(measure_find(names[i])->name, names[i]);
	}
	assert_null(measure_find("tim"));
}

static void what_is_not_known_is_not_a_number(void **state)
{
	struct record record;
	(void)state;

	record_init(&record);
	for (size_t i = 0; i < measure_count; i++)
		assert_true(isnan(measure_table[i].of(&record)));
}

static struct phase_record *add_phase(struct record *record, const char *name)
{
	struct phase_record *phase = field_list_add(&record->phases, &phase_table);

	assert_non_null(phase);
	field_set_text(&phase->phase, name);
	return phase;
}

static void add_latencies(struct phase_record *phase, int64_t least_ns, int64_t count,
			  int64_t longest_ns)
{
	int64_t *numbers = calloc(4, sizeof(*numbers));

	assert_non_null(numbers);
	memcpy(numbers, (int64_t[]) { least_ns, count, longest_ns, 1 }, 4 * sizeof(*numbers));
	phase->latency = (struct field_histogram) { numbers, 4 };
	phase->latency_min_ns = least_ns;
	phase->latency_max_ns = longest_ns + 3;
}

static void a_workload_counts_from_the_empty_file_to_the_disk(void **state)
{
	CLEANUP(record_clear) struct record record;
	struct phase_record *phase;
	(void)state;

	record_init(&record);
	record.allocate = (struct stage_cost) { .wall_ns = 1000000000, .written_bytes = 100 };
	record.sync = (struct stage_cost) { .wall_ns = 2000000000, .written_bytes = 200 };
	record.close = (struct stage_cost) { .wall_ns = 4000000000, .written_bytes = 400 };
	record.unmount = (struct stage_cost) { .wall_ns = 8000000000, .written_bytes = 800 };
	assert_near(value_of("time", &record), 15);
	record.user_bytes = 1000;
	phase = add_phase(&record, "append-8192+fdatasync");
	phase->cost = (struct stage_cost) { .wall_ns = 16000000000, .written_bytes = 1600 };
	phase->sync_ns = 32000000000;
	add_latencies(phase, 64, 98, 1024);
	phase = add_phase(&record, "overwrite-rand-4096");
	phase->cost = (struct stage_cost) { .wall_ns = 0, .written_bytes = 0 };
	phase->sync_ns = 0;
	add_latencies(phase, 32, 1, 8192);
	phase = add_phase(&record, "read-seq-1048576");
	phase->cost = (struct stage_cost) { .wall_ns = 64000000000, .written_bytes = 0 };
	phase->bytes = 128000;

	/* What follows the sync is the workload's. */
	assert_near(value_of("time", &record), 3);
	assert_near(value_of("written", &record), 300);
	assert_near(value_of("life", &record), 63);
	assert_near(value_of("per-byte", &record), 3.1);
	assert_near(value_of("p50", &record), 64.5e-9);
	assert_near(value_of("max", &record), 8195e-9);
	assert_true(value_of("p99", &record) > 1e-6 && value_of("p99", &record) < 1.1e-6);
	assert_true(isnan(value_of("read-rate", &record)));
	phase->cold = 0;
	assert_true(isnan(value_of("read-rate", &record)));
	phase->cold = 1;
	assert_near(value_of("read-rate", &record), 2000);

	phase = add_phase(&record, "write-seq-4096+fsync");
	phase->sync_ns = phase->cost.wall_ns = 0;
	assert_true(isnan(value_of("p50", &record)));
	assert_true(isnan(value_of("per-byte", &record)));
}

static void time_is_summed_until_it_is_on_the_disk(void **state)
{
	struct record record;
	(void)state;

	record_init(&record);
	record.format.wall_ns = record.mount.wall_ns = record.create.wall_ns = 77000000000;
	record.remount.wall_ns = record.inspect.wall_ns = 77000000000;
	record.allocate.wall_ns = 1000000000;
	assert_near(value_of("allocate", &record), 1);
	/* Nothing has forced it to the disk yet. */
	assert_true(isnan(value_of("time", &record)));
	record.sync.wall_ns = 20000000;
	record.close.wall_ns = 3000000;
	assert_near(value_of("time", &record), 1.023);
	record.unmount.wall_ns = 400000;
	assert_near(value_of("time", &record), 1.0234);
}

static void bytes_and_cpu_are_summed_alike(void **state)
{
	struct record record;
	(void)state;

	record_init(&record);
	record.allocate = (struct stage_cost) { 1, 2000000000, 500000000, 4096, 1, 0 };
	record.sync = (struct stage_cost) { 1, 0, 250000000, 100, 1, 0 };
	record.unmount = (struct stage_cost) { 1, 0, 0, 20, 1, 0 };
	record.remount = (struct stage_cost) { 1, 9, 9, 9, 9, 9 };
	assert_near(value_of("written", &record), 4216);
	assert_near(value_of("cpu", &record), 2.75);
	/* A stage that took place without a counter leaves the sum unknown. */
	record.sync.written_bytes = FIELD_UNKNOWN;
	assert_true(isnan(value_of("written", &record)));
	assert_near(value_of("cpu", &record), 2.75);
}

static void bounds_are_not_shown_as_figures(void **state)
{
	struct record record;
	(void)state;

	record_init(&record);
	record.extents = 9;
	record.fragments = 5;
	record.gap_bytes = 4096;
	record.largest_fragment_bytes = 65536;
	assert_near(value_of("fragments", &record), 5);
	record.addresses_known = 1;
	assert_near(value_of("gap", &record), 4096);
	record.addresses_known = 0;
	assert_true(isnan(value_of("fragments", &record)));
	assert_true(isnan(value_of("gap", &record)));
	assert_true(isnan(value_of("largest", &record)));
	assert_near(value_of("extents", &record), 9);
}

static void grids_keep_the_order_of_appearance(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(grids_clear) struct grids grids = { 0 };
	(void)state;

	results_add_figures(&results, "xfs", "mmap", 1, 11);
	results_add_figures(&results, "ext2", "chunk-4096", 1, 22);
	results_add_figures(&results, "xfs", "chunk-4096", 1, 12);
	results_add_figures(&results, "xfs", "mmap", 1, 13);
	assert_int_equal(grids_build(&results, &grids), 0);
	assert_int_equal(grids.count, 1);
	assert_int_equal(grids.grid[0].filesystem_count, 2);
	assert_int_equal(grids.grid[0].method_count, 2);
	assert_string_equal(grids.grid[0].filesystems[0], "xfs");
	assert_string_equal(grids.grid[0].filesystems[1], "ext2");
	assert_string_equal(grids.grid[0].methods[0], "mmap");
	assert_string_equal(grids.grid[0].methods[1], "chunk-4096");
	assert_int_equal(grid_cell(&grids.grid[0], 0, 0)->count, 2);
	assert_int_equal(grid_cell(&grids.grid[0], 0, 0)->records[1]->fragments, 13);
	assert_int_equal(grid_cell(&grids.grid[0], 0, 1)->records[0]->fragments, 12);
	assert_int_equal(grid_cell(&grids.grid[0], 1, 0)->count, 0);
	assert_int_equal(grid_cell(&grids.grid[0], 1, 1)->records[0]->fragments, 22);
}

static void grids_are_in_the_order_of_the_plan(void **state)
{
	static const struct {
		const char *filesystem, *method;
		int64_t place;
	} shuffled[] = { { "ext4", "mmap", 2 },
			 { "xfs", "chunk-4096", 1 },
			 { "ext4", "chunk-4096", 3 },
			 { "xfs", "mmap", 0 },
			 { "zfs", "other", FIELD_UNKNOWN } };
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(grids_clear) struct grids grids = { 0 };
	const struct grid *grid;
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(shuffled); i++)
		results_add(&results, shuffled[i].filesystem, shuffled[i].method)->place =
			shuffled[i].place;
	assert_int_equal(grids_build(&results, &grids), 0);
	grid = &grids.grid[0];
	assert_string_equal(grid->filesystems[0], "xfs");
	assert_string_equal(grid->filesystems[1], "ext4");
	assert_string_equal(grid->filesystems[2], "zfs");
	assert_string_equal(grid->methods[0], "mmap");
	assert_string_equal(grid->methods[1], "chunk-4096");
	assert_string_equal(grid->methods[2], "other");
	assert_int_equal(grid_cell(grid, 1, 0)->records[0]->place, 2);
	assert_int_equal(grid_cell(grid, 0, 1)->records[0]->place, 1);
}

static void each_condition_has_its_grid(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(grids_clear) struct grids grids = { 0 };
	(void)state;

	results_add(&results, "xfs", "mmap");
	set_text(&results_add(&results, "xfs", "mmap")->testbed, "uml");
	set_text(&results_add(&results, "xfs", "mmap")->kernel, "6.1");
	results_add_environment(&results);
	set_text(&results_add(&results, "xfs", "mmap")->label, "desktop on");
	results_add(&results, "xfs", "mmap")->file_bytes = 1;
	results_add(&results, "xfs", "mmap")->volume_bytes = FIELD_UNKNOWN;
	/* No label and an empty one are the same. */
	set_text(&results_add(&results, "xfs", "mmap")->label, "");
	/* What a guest ran on is said once a run. */
	set_text(&results_add_environment(&results)->accelerator, "tcg");
	results_add(&results, "xfs", "mmap");
	set_text(&results_add_environment(&results)->drive_throttle, "iops=9");
	results_add(&results, "xfs", "mmap");
	assert_int_equal(grids_build(&results, &grids), 0);
	assert_int_equal(grids.count, 8);
	assert_int_equal(grid_cell(&grids.grid[0], 0, 0)->count, 2);
	assert_string_equal(grids.grid[6].accelerator, "tcg");
	assert_string_equal(grids.grid[7].throttle, "iops=9");
	assert_ptr_equal(grids.grid[0].environment, &results.environments[0]);
	assert_ptr_equal(grids.grid[3].environment, &results.environments[1]);
	assert_string_equal(grids.grid[3].label, "desktop on");
}

static void grids_of_several_kernels_are_joined(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(grids_clear) struct grids grids = { 0 };
	CLEANUP(grids_clear) struct grids joined = { 0 };
	const struct grid *grid;
	static const char *const methods[] = { "mmap, 6.1", "mmap, 6.12", "chunk-4096, 6.1",
					       "chunk-4096, 6.12" };
	(void)state;

	for (size_t i = 0; i < 2; i++) {
		const char *kernel = i ? "6.12" : "6.1";
		struct record *record = results_add_figures(&results, "xfs", "mmap", 1, 10);

		record->fragments += (int64_t)i;
		set_text(&record->kernel, kernel);
		record = results_add_figures(&results, i ? "ext4" : "xfs", "chunk-4096", 1, 20);
		set_text(&record->kernel, kernel);
	}
	/* Another size is another grid, whose names stay plain. */
	results_add_figures(&results, "xfs", "mmap", 1, 30)->file_bytes = 1;
	assert_int_equal(grids_build(&results, &grids), 0);
	assert_int_equal(grids.count, 3);
	assert_int_equal(grids_join(&grids, &joined), 0);
	assert_int_equal(joined.count, 2);
	grid = &joined.grid[0];
	assert_null(grid->kernel);
	assert_int_equal(grid->join->count, 2);
	assert_int_equal(grid->filesystem_count, 2);
	assert_int_equal(grid->method_count, ARRAY_SIZE(methods));
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		assert_string_equal(grid->methods[i], methods[i]);
	assert_int_equal(grid_cell(grid, 0, 0)->records[0]->fragments, 10);
	assert_int_equal(grid_cell(grid, 0, 1)->records[0]->fragments, 11);
	assert_int_equal(grid_cell(grid, 0, 3)->count, 0);
	assert_int_equal(grid_cell(grid, 1, 3)->records[0]->fragments, 20);
	assert_int_equal(joined.grid[1].join->count, 1);
	assert_string_equal(joined.grid[1].methods[0], "mmap");
}

/* Trials are made in a random order, so the first to come says nothing. */
static void grids_of_one_run_stand_in_order(void **state)
{
	static const struct {
		const char *kernel;
		int64_t place;
	} trials[] = { { "6.12", 3 }, { "6.9", 3 }, { "7.0", 0 }, { "6.9", 3 } };
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(grids_clear) struct grids grids = { 0 };
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(trials); i++) {
		struct record *record = results_add(&results, "xfs", "mmap");

		record->place = trials[i].place;
		set_text(&record->kernel, trials[i].kernel);
	}
	/* Another run's stay behind. */
	results_add_environment(&results);
	set_text(&results_add(&results, "xfs", "mmap")->kernel, "5.0");
	assert_int_equal(grids_build(&results, &grids), 0);
	assert_int_equal(grids.count, 4);
	assert_string_equal(grids.grid[0].kernel, "7.0");
	assert_string_equal(grids.grid[1].kernel, "6.9");
	assert_string_equal(grids.grid[2].kernel, "6.12");
	assert_string_equal(grids.grid[3].kernel, "5.0");
}

static void assert_named(const struct grid *grids, size_t count, const char *const *expected)
{
	const struct grid *all[4];

	for (size_t i = 0; i < count; i++)
		all[i] = &grids[i];
	for (size_t i = 0; i < count; i++) {
		CLEANUP(freep) char *name = condition_name(all, count, &grids[i]);

		assert_string_equal(name, expected[i]);
	}
}

static void conditions_are_named_by_what_differs(void **state)
{
	(void)state;

	assert_named((struct grid[]) { { .testbed = "uml", .kernel = "6.1" } }, 1,
		     (const char *[]) { "" });
	/* Of other sizes. */
	assert_named((struct grid[]) { { .kernel = "6.1" }, { .kernel = "6.2", .file_bytes = 1 } },
		     2, (const char *[]) { "", "" });
	assert_named((struct grid[]) { { .testbed = "uml", .kernel = "6.1" },
				       { .testbed = "qemu", .kernel = "6.1" },
				       { .testbed = "qemu" } },
		     3, (const char *[]) { "uml, 6.1", "qemu, 6.1", "qemu, unknown" });
	/* A label that is the release is not said twice, and one that was chosen is enough. */
	assert_named((struct grid[]) { { .kernel = "6.1", .label = "6.1" },
				       { .kernel = "6.2", .label = "6.2" } },
		     2, (const char *[]) { "6.1", "6.2" });
	assert_named((struct grid[]) { { .kernel = "6.1", .label = "plain" },
				       { .kernel = "6.1+", .label = "patched" } },
		     2, (const char *[]) { "plain", "patched" });
	assert_named((struct grid[]) { { .kernel = "6.1", .label = "plain" },
				       { .kernel = "6.2", .label = "plain" },
				       { .kernel = "6.2" } },
		     3, (const char *[]) { "6.1, plain", "6.2, plain", "6.2, no label" });
	assert_named((struct grid[]) { { .accelerator = "kvm" },
				       { .accelerator = "tcg", .throttle = "iops=9" } },
		     2, (const char *[]) { "kvm, no throttle", "tcg, iops=9" });
}

static void assert_key(const struct record *record, const char *name, const char *expected)
{
	char accelerator[] = "tcg";
	const struct environment environment = { .accelerator = accelerator };
	enum record_key key = RECORD_KEY_BASE + 1;
	CLEANUP(freep) char *text = NULL;

	while (key < RECORD_KEY_COUNT - 1 && strcmp(record_keys[key].name, name) != 0)
		key++;
	assert_string_equal(record_keys[key].name, name);
	text = record_key_text(key, record, &environment);
	assert_string_equal(text, expected);
}

static void assert_keys(const struct record *record, unsigned keys, const char *expected)
{
	CLEANUP(freep)
	char *text = record_keys_text(keys, record, &(const struct environment) { 0 });

	assert_string_equal(text, expected);
}

static void keys_name_values_of_a_record(void **state)
{
	CLEANUP(results_clear) struct results results = { 0 };
	struct record *record = results_add(&results, "ext4", "direct-1048576");
	(void)state;

	assert_key(record, "filesystem", "ext4");
	assert_key(record, "method", "direct-1M");
	assert_key(record, "size", "4G");
	assert_key(record, "accelerator", "tcg");
	assert_key(record, "throttle", "no throttle");
	assert_key(record, "mount-options", "default");
	/* Of a version that could not add any, as the kernel reports them. */
	set_text(&record->mount_options, "rw,noatime");
	assert_key(record, "mount-options", "rw,noatime");
	set_text(&record->base_filesystem, "ext4");
	assert_key(record, "mount-options", "default");
	set_text(&record->added_mount_options, "lazytime");
	set_text(&record->added_mkfs_options, "-O bigalloc");
	assert_key(record, "mount-options", "lazytime");
	assert_key(record, "mkfs-options", "-O bigalloc");
	assert_key(record, "kernel", "unknown");
	assert_key(record, "label", "no label");
	set_text(&record->started, "2026-11-29T17:00:00Z");
	assert_key(record, "date", "2026-11-29");
	assert_keys(record, KEY_SET_CONDITIONS, "none");
	set_text(&record->testbed, "uml");
	set_text(&record->kernel, "6.1");
	set_text(&record->label, "6.1");
	/* A label that is the kernel's name is no label of its own, unless it is asked for. */
	assert_false(record_has_own_label(record));
	assert_keys(record, KEY_SET_CONDITIONS, "uml, 6.1");
	assert_keys(record, KEY_SET(LABEL), "6.1");
	set_text(&record->label, "patched");
	assert_true(record_has_own_label(record));
	assert_keys(record, KEY_SET_CONDITIONS, "uml, 6.1, patched");
}

static void nothing_makes_no_grid(void **state)
{
	struct results results = { 0 };
	CLEANUP(grids_clear) struct grids grids = { 0 };
	(void)state;

	assert_int_equal(grids_build(&results, &grids), 0);
	assert_int_equal(grids.count, 0);
}

static struct figure figure_of(const int64_t *fragments, size_t count, const char *last_status)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(grids_clear) struct grids grids = { 0 };

	for (size_t i = 0; i < count; i++) {
		struct record *record =
			results_add_figures(&results, "xfs", "mmap", 1, fragments[i]);

		if (i + 1 == count)
			set_text(&record->status, last_status);
	}
	assert_int_equal(grids_build(&results, &grids), 0);
	return cell_figure(grid_cell(&grids.grid[0], 0, 0), measure_find("fragments"));
}

static void figures_are_medians(void **state)
{
	static const int64_t values[] = { 9, 1, 5, 100, FIELD_UNKNOWN, 7 };
	struct figure figure = figure_of(values, 3, STATUS_OK);
	(void)state;

	assert_int_equal(figure.count, 3);
	assert_near(figure.median, 5);
	assert_near(figure.minimum, 1);
	assert_near(figure.maximum, 9);
	assert_near(figure_of(values, 4, STATUS_OK).median, 7);
	assert_int_equal(figure_of(values, 5, STATUS_OK).count, 4);
	/* What failed counts as little as what is not known. */
	assert_near(figure_of(values, 6, STATUS_FAILED).maximum, 100);
	assert_int_equal(figure_of(values, 6, STATUS_UNSUPPORTED).count, 4);
}

/* The ranks printed in tables of the sign test's confidence limits, for 95 %. */
static void intervals_have_the_ranks_of_the_tables(void **state)
{
	static const struct {
		size_t count, rank;
	} table[] = { { 5, 0 },	 { 6, 1 },  { 8, 1 },  { 9, 2 },  { 11, 2 },  { 12, 3 },
		      { 14, 3 }, { 15, 4 }, { 20, 6 }, { 25, 8 }, { 30, 10 }, { 50, 18 } };
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		double values[50];
		struct figure figure;

		/* 1, 2, ..., backwards: a value is its rank. */
		for (size_t j = 0; j < table[i].count; j++)
			values[j] = (double)(table[i].count - j);
		figure = figure_of_values(values, table[i].count);
		if (table[i].rank == 0) {
			assert_true(isnan(figure.lower) && isnan(figure.upper));
			assert_true(isnan(figure_precision(&figure)));
			continue;
		}
		assert_near(figure.lower, (double)table[i].rank);
		assert_near(figure.upper, (double)(table[i].count + 1 - table[i].rank));
	}
}

/* Of all the ways in which n values can lie around the true median, 95 % have to be caught. */
static void intervals_cover_what_they_promise(void **state)
{
	(void)state;

	for (size_t count = FIGURE_RUNS_LEAST; count <= 16; count++) {
		size_t caught = 0;

		for (size_t below = 0; below < (size_t)1 << count; below++) {
			double values[16];
			struct figure figure;

			for (size_t i = 0; i < count; i++)
				values[i] = (below >> i & 1 ? -1.0 : 1.0) * (double)(i + 1);
			figure = figure_of_values(values, count);
			caught += figure.lower < 0 && figure.upper > 0;
		}
		assert_true((double)caught >= 0.95 * exp2((double)count));
	}
}

static void precision_is_the_farther_side(void **state)
{
	double values[] = { 90, 95, 100, 100, 104, 108 }, same[] = { 0, 0, 0, 0, 0, 0 };
	struct figure figure = figure_of_values(values, ARRAY_SIZE(values));
	(void)state;

	assert_near(figure_precision(&figure), 0.10);
	figure = figure_of_values(same, ARRAY_SIZE(same));
	assert_near(figure_precision(&figure), 0);
}

static void outliers_are_told_from_a_long_tail(void **state)
{
	/* The median is 100, the median distance 1: the limit is 7 / 0.6745, or 10 % of it. */
	double far[] = { 98, 99, 99, 100, 100, 101, 101, 102, 111 };
	double near[] = { 98, 99, 99, 100, 100, 101, 101, 102, 110 };
	double few[] = { 1, 1, 1, 1, 100 }, same[] = { 5, 5, 5, 5, 5, 5, 5.4 };
	double step[] = { 5, 5, 5, 5, 5, 5, 6 }, noisy[] = { 1, 2, 3, 4, 5, 6, 7, 20 };
	(void)state;

	assert_int_equal(figure_outliers(far, ARRAY_SIZE(far)), 1);
	assert_int_equal(figure_outliers(near, ARRAY_SIZE(near)), 0);
	assert_int_equal(figure_outliers(few, ARRAY_SIZE(few)), 0);
	assert_int_equal(figure_outliers(same, ARRAY_SIZE(same)), 0);
	assert_int_equal(figure_outliers(step, ARRAY_SIZE(step)), 1);
	assert_int_equal(figure_outliers(noisy, ARRAY_SIZE(noisy)), 0);
	assert_int_equal(figure_outliers(NULL, 0), 0);
}

static void no_value_is_no_figure(void **state)
{
	static const int64_t unknown[] = { FIELD_UNKNOWN, 3 };
	struct figure figure = figure_of(unknown, 1, STATUS_OK);
	(void)state;

	assert_int_equal(figure.count, 0);
	assert_true(isnan(figure.median) && isnan(figure.minimum) && isnan(figure.maximum));
	assert_true(isnan(figure.lower) && isnan(figure.upper));
	assert_int_equal(figure_of(unknown, 2, STATUS_FAILED).count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(measures_are_found_by_name),
		cmocka_unit_test(what_is_not_known_is_not_a_number),
		cmocka_unit_test(a_workload_counts_from_the_empty_file_to_the_disk),
		cmocka_unit_test(time_is_summed_until_it_is_on_the_disk),
		cmocka_unit_test(bytes_and_cpu_are_summed_alike),
		cmocka_unit_test(bounds_are_not_shown_as_figures),
		cmocka_unit_test(grids_keep_the_order_of_appearance),
		cmocka_unit_test(grids_are_in_the_order_of_the_plan),
		cmocka_unit_test(each_condition_has_its_grid),
		cmocka_unit_test(keys_name_values_of_a_record),
		cmocka_unit_test(grids_of_several_kernels_are_joined),
		cmocka_unit_test(grids_of_one_run_stand_in_order),
		cmocka_unit_test(conditions_are_named_by_what_differs),
		cmocka_unit_test(nothing_makes_no_grid),
		cmocka_unit_test(figures_are_medians),
		cmocka_unit_test(intervals_have_the_ranks_of_the_tables),
		cmocka_unit_test(intervals_cover_what_they_promise),
		cmocka_unit_test(precision_is_the_farther_side),
		cmocka_unit_test(outliers_are_told_from_a_long_tail),
		cmocka_unit_test(no_value_is_no_figure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
