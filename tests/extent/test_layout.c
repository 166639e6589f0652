/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "extent/extent.h"
#include "extent/layout.h"

#define KIB 1024ull
#define MIB (1024 * KIB)

enum { EXTENTS_MAX = 5 };

struct layout_case {
	const char *name;
	struct extent extents[EXTENTS_MAX];
	struct layout expected;
};

static const struct layout_case layout_cases[] = {
	{ "empty file", { { 0 } }, { .addresses_known = 1 } },
	{ "one extent",
	  { { 0, 8192, 4096, EXTENT_LAST } },
	  { .extents = 1,
	    .fragments = 1,
	    .mapped_bytes = 4096,
	    .largest_bytes = 4096,
	    .median_bytes = 4096,
	    .first_physical = 8192,
	    .addresses_known = 1 } },
	{ "split at 32768 blocks as ext4 does",
	  { { 0, 1024 * MIB, 128 * MIB, 0 },
	    { 128 * MIB, 1152 * MIB, 128 * MIB, 0 },
	    { 256 * MIB, 1280 * MIB, 44 * MIB, EXTENT_LAST } },
	  { .extents = 3,
	    .fragments = 1,
	    .mapped_bytes = 300 * MIB,
	    .largest_bytes = 300 * MIB,
	    .median_bytes = 300 * MIB,
	    .first_physical = 1024 * MIB,
	    .addresses_known = 1 } },
	{ "written, then unwritten, contiguous",
	  { { 0, 4096, 4096, 0 }, { 4096, 8192, 8192, EXTENT_UNWRITTEN } },
	  { .extents = 2,
	    .fragments = 1,
	    .mapped_bytes = 12288,
	    .unwritten_bytes = 8192,
	    .largest_bytes = 12288,
	    .median_bytes = 12288,
	    .first_physical = 4096,
	    .addresses_known = 1 } },
	{ "gaps forwards and backwards",
	  { { 0, 100 * KIB, 4096, 0 },
	    { 4096, 204 * KIB, 8192, EXTENT_SHARED },
	    { 12288, 12 * KIB, 16384, EXTENT_SHARED | EXTENT_MERGED } },
	  { .extents = 3,
	    .fragments = 3,
	    .mapped_bytes = 28 * KIB,
	    .shared_bytes = 24 * KIB,
	    .largest_bytes = 16 * KIB,
	    .median_bytes = 8 * KIB,
	    .gap_bytes = 100 * KIB + 200 * KIB,
	    .first_physical = 100 * KIB,
	    .addresses_known = 1 } },
	{ "lower one of two middle fragments",
	  { { 0, 40 * KIB, 8192, 0 },
	    { 8192, 100 * KIB, 4096, 0 },
	    { 12288, 0, 32 * KIB, 0 },
	    { 44 * KIB, 200 * KIB, 16 * KIB, 0 } },
	  { .extents = 4,
	    .fragments = 4,
	    .mapped_bytes = 60 * KIB,
	    .largest_bytes = 32 * KIB,
	    .median_bytes = 8 * KIB,
	    .gap_bytes = 52 * KIB + 104 * KIB + 168 * KIB,
	    .first_physical = 40 * KIB,
	    .addresses_known = 1 } },
	{ "hole, but the disk goes on: no break",
	  { { 0, 4096, 4096, 0 }, { 1 * MIB, 8192, 4096, 0 } },
	  { .extents = 2,
	    .fragments = 1,
	    .mapped_bytes = 8192,
	    .largest_bytes = 8192,
	    .median_bytes = 8192,
	    .holes = 1,
	    .first_physical = 4096,
	    .addresses_known = 1 } },
	{ "hole as large in the file as on the disk: a break",
	  { { 0, 4096, 4096, 0 }, { 8192, 12288, 4096, 0 } },
	  { .extents = 2,
	    .fragments = 2,
	    .mapped_bytes = 8192,
	    .largest_bytes = 4096,
	    .median_bytes = 4096,
	    .gap_bytes = 4096,
	    .holes = 1,
	    .first_physical = 4096,
	    .addresses_known = 1 } },
	{ "hole at the start",
	  { { 64 * KIB, 4096, 4096, 0 } },
	  { .extents = 1,
	    .fragments = 1,
	    .mapped_bytes = 4096,
	    .largest_bytes = 4096,
	    .median_bytes = 4096,
	    .holes = 1,
	    .first_physical = 4096,
	    .addresses_known = 1 } },
	{ "address 0 is an address",
	  { { 0, 0, 4096, 0 }, { 4096, 4096, 4096, 0 } },
	  { .extents = 2,
	    .fragments = 1,
	    .mapped_bytes = 8192,
	    .largest_bytes = 8192,
	    .median_bytes = 8192,
	    .addresses_known = 1 } },
	{ "inline only",
	  { { 0, 0, 100, EXTENT_INLINE | EXTENT_LAST } },
	  { .extents = 1, .fragments = 1, .mapped_bytes = 100 } },
	{ "encoded: the next starts where it may have ended",
	  { { 0, 4096, 128 * KIB, EXTENT_ENCODED },
	    { 128 * KIB, 64 * KIB, 128 * KIB, EXTENT_ENCODED | EXTENT_SHARED } },
	  { .extents = 2,
	    .fragments = 1,
	    .mapped_bytes = 256 * KIB,
	    .shared_bytes = 128 * KIB,
	    .encoded_bytes = 256 * KIB } },
	{ "encoded: certain are those before the last, or beyond what it decodes to",
	  { { 0, 1 * MIB, 128 * KIB, EXTENT_ENCODED },
	    { 128 * KIB, 1 * MIB - 4096, 128 * KIB, EXTENT_ENCODED },
	    { 256 * KIB, 1 * MIB + 124 * KIB, 128 * KIB, EXTENT_ENCODED },
	    { 384 * KIB, 2 * MIB, 128 * KIB, EXTENT_ENCODED },
	    { 512 * KIB, 2 * MIB + 128 * KIB + 4096, 4096, 0 } },
	  { .extents = 5,
	    .fragments = 4,
	    .mapped_bytes = 516 * KIB,
	    .encoded_bytes = 512 * KIB,
	    .largest_bytes = 4096,
	    .median_bytes = 4096,
	    .gap_bytes = 4096 + 1 * MIB - 252 * KIB + 4096,
	    .first_physical = 2 * MIB + 132 * KIB } },
	{ "encoded, with the length on the volume",
	  { { 0, 1 * MIB, 128 * KIB, EXTENT_ENCODED, 8192 },
	    { 128 * KIB, 1 * MIB + 8192, 128 * KIB, EXTENT_ENCODED, 4096 },
	    { 256 * KIB, 1 * MIB + 12288, 4096, 0 },
	    { 260 * KIB, 1 * MIB + 20480, 128 * KIB, EXTENT_ENCODED, 4096 } },
	  { .extents = 4,
	    .fragments = 2,
	    .mapped_bytes = 388 * KIB,
	    .encoded_bytes = 384 * KIB,
	    .largest_bytes = 260 * KIB,
	    .median_bytes = 128 * KIB,
	    .gap_bytes = 4096,
	    .first_physical = 1 * MIB,
	    .addresses_known = 1 } },
	{ "encoded, and used again behind a hole: it is read once",
	  { { 0, 1 * MIB, 32 * KIB, EXTENT_ENCODED, 8192 },
	    { 96 * KIB, 1 * MIB, 32 * KIB, EXTENT_ENCODED, 8192 } },
	  { .extents = 2,
	    .fragments = 1,
	    .mapped_bytes = 64 * KIB,
	    .encoded_bytes = 64 * KIB,
	    .largest_bytes = 64 * KIB,
	    .median_bytes = 64 * KIB,
	    .holes = 1,
	    .first_physical = 1 * MIB,
	    .addresses_known = 1 } },
	{ "delayed in the middle: it may close the gap",
	  { { 0, 4096, 4096, 0 },
	    { 4096, 0, 4096, EXTENT_DELALLOC | EXTENT_UNKNOWN },
	    { 8192, 8192, 4096, 0 } },
	  { .extents = 3,
	    .fragments = 1,
	    .mapped_bytes = 12288,
	    .largest_bytes = 4096,
	    .median_bytes = 4096,
	    .first_physical = 4096 } },
	{ "unknown first",
	  { { 0, 0, 4096, EXTENT_UNKNOWN }, { 4096, 0, 12288, 0 }, { 16384, 4096, 4096, 0 } },
	  { .extents = 3,
	    .fragments = 2,
	    .mapped_bytes = 20480,
	    .largest_bytes = 12288,
	    .median_bytes = 4096,
	    .gap_bytes = 8192,
	    .first_physical = 0 } },
	{ "sums do not wrap",
	  { { 0, 0, UINT64_MAX, EXTENT_UNWRITTEN | EXTENT_SHARED },
	    { UINT64_MAX, 0, UINT64_MAX, EXTENT_UNWRITTEN | EXTENT_SHARED },
	    { UINT64_MAX, UINT64_MAX - 1, 4096, EXTENT_SHARED } },
	  { .extents = 3,
	    .fragments = 3,
	    .mapped_bytes = UINT64_MAX,
	    .unwritten_bytes = UINT64_MAX,
	    .shared_bytes = UINT64_MAX,
	    .largest_bytes = UINT64_MAX,
	    .median_bytes = UINT64_MAX,
	    .gap_bytes = UINT64_MAX,
	    .addresses_known = 1 } },
};

static void expect_layout(const struct layout *got, const struct layout *expected)
{
	assert_int_equal(got->extents, expected->extents);
	assert_int_equal(got->fragments, expected->fragments);
	assert_int_equal(got->mapped_bytes, expected->mapped_bytes);
	assert_int_equal(got->unwritten_bytes, expected->unwritten_bytes);
	assert_int_equal(got->shared_bytes, expected->shared_bytes);
	assert_int_equal(got->encoded_bytes, expected->encoded_bytes);
	assert_int_equal(got->largest_bytes, expected->largest_bytes);
	assert_int_equal(got->median_bytes, expected->median_bytes);
	assert_int_equal(got->gap_bytes, expected->gap_bytes);
	assert_int_equal(got->holes, expected->holes);
	assert_int_equal(got->first_physical, expected->first_physical);
	assert_int_equal(got->addresses_known, expected->addresses_known);
}

static void layout_gives_these_figures(void **state)
{
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(layout_cases); i++) {
		const struct layout_case *row = &layout_cases[i];
		CLEANUP(layout_builder_freep)
		struct layout_builder *builder = layout_builder_new();
		struct layout got;

		assert_non_null(builder);
		print_message("# %s\n", row->name);
		for (size_t e = 0; e < EXTENTS_MAX && row->extents[e].bytes; e++)
			assert_int_equal(layout_builder_add(&row->extents[e], builder), 0);
		layout_builder_finish(builder, &got);
		expect_layout(&got, &row->expected);
	}
}

static void every_second_block_is_a_fragment_each(void **state)
{
	enum { FRAGMENTS = 100000 };
	CLEANUP(layout_builder_freep) struct layout_builder *builder = layout_builder_new();
	struct layout got;
	(void)state;

	assert_non_null(builder);
	for (uint64_t i = 0; i < FRAGMENTS; i++) {
		struct extent block = { 8192 * i, MIB + 8192 * i, 4096, 0 };

		assert_int_equal(layout_builder_add(&block, builder), 0);
	}
	layout_builder_finish(builder, &got);
	expect_layout(&got, &(struct layout) { .extents = FRAGMENTS,
					       .fragments = FRAGMENTS,
					       .mapped_bytes = 4096ull * FRAGMENTS,
					       .largest_bytes = 4096,
					       .median_bytes = 4096,
					       .gap_bytes = 4096ull * (FRAGMENTS - 1),
					       .holes = FRAGMENTS - 1,
					       .first_physical = MIB,
					       .addresses_known = 1 });
}

static int compare_numbers(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The figures may be asked for in between; the median agrees with sorting at each point. */
static void median_agrees_with_sorting(void **state)
{
	enum { FRAGMENTS = 200 };
	CLEANUP(layout_builder_freep) struct layout_builder *builder = layout_builder_new();
	uint64_t logical = 0, lengths[FRAGMENTS];
	(void)state;

	assert_non_null(builder);
	for (size_t i = 0; i < FRAGMENTS; i++) {
		uint64_t bytes = 4096 * (1 + i * i * 7919 % 61);
		struct extent extent = { logical, (FRAGMENTS - i) * MIB, bytes, 0 };
		struct layout got;

		assert_int_equal(layout_builder_add(&extent, builder), 0);
		logical += bytes;
		lengths[i] = bytes;
		qsort(lengths, i + 1, sizeof(lengths[0]), compare_numbers);
		layout_builder_finish(builder, &got);
		assert_int_equal(got.median_bytes, lengths[i / 2]);
		assert_int_equal(got.largest_bytes, lengths[i]);
	}
}

static void fragment_grows_after_finish(void **state)
{
	static const struct extent head = { 0, 4096, 4096, 0 }, tail = { 4096, 8192, 8192, 0 };
	CLEANUP(layout_builder_freep) struct layout_builder *builder = layout_builder_new();
	struct layout got;
	(void)state;

	assert_non_null(builder);
	assert_int_equal(layout_builder_add(&head, builder), 0);
	layout_builder_finish(builder, &got);
	assert_int_equal(got.largest_bytes, 4096);
	assert_int_equal(layout_builder_add(&tail, builder), 0);
	layout_builder_finish(builder, &got);
	assert_int_equal(got.fragments, 1);
	assert_int_equal(got.largest_bytes, 12288);
}

static void ideal_rounds_up(void **state)
{
	static const struct {
		uint64_t bytes, largest_run, fragments;
	} rows[] = {
		{ 0, 0, 0 },
		{ 0, 4096, 0 },
		{ 1, 0, 1 },
		{ UINT64_MAX, 0, 1 },
		{ 4096, 4096, 1 },
		{ 4097, 4096, 2 },
		{ 300 * MIB, 128 * MIB, 3 },
		{ UINT64_MAX, UINT64_MAX, 1 },
		{ UINT64_MAX, 1, UINT64_MAX },
		{ UINT64_MAX, 2, UINT64_MAX / 2 + 1 },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(layout_ideal_fragments(rows[i].bytes, rows[i].largest_run),
				 rows[i].fragments);
}

static void expect_run(const struct layout_run *run, uint64_t logical, uint64_t physical,
		       uint64_t bytes, int unwritten)
{
	assert_int_equal(run->logical, logical);
	assert_int_equal(run->physical, physical);
	assert_int_equal(run->bytes, bytes);
	assert_int_equal(run->unwritten, unwritten);
}

static void runs_end_where_file_volume_or_unwritten_do(void **state)
{
	static const struct extent extents[] = {
		{ 0, 40960, 4096, 0 },
		{ 4096, 45056, 4096, EXTENT_SHARED },	  /* goes on */
		{ 8192, 49152, 4096, EXTENT_UNWRITTEN },  /* another kind */
		{ 16384, 53248, 4096, EXTENT_UNWRITTEN }, /* behind a hole */
		{ 20480, 4096, 4096, EXTENT_UNWRITTEN },  /* elsewhere */
		{ 24576, 8192, 8192, EXTENT_ENCODED },	  /* no address */
		{ 32768, 8192, 4096, EXTENT_UNWRITTEN | EXTENT_LAST },
	};
	static struct layout_runs runs;
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(extents); i++)
		assert_int_equal(layout_runs_add(&extents[i], &runs), 0);
	layout_runs_finish(&runs);
	assert_int_equal(runs.count, 5);
	expect_run(&runs.run[0], 0, 40960, 8192, 0);
	expect_run(&runs.run[1], 8192, 49152, 4096, 1);
	expect_run(&runs.run[2], 16384, 53248, 4096, 1);
	expect_run(&runs.run[3], 20480, 4096, 4096, 1);
	expect_run(&runs.run[4], 32768, 8192, 4096, 1);
	assert_int_equal(runs.left_out, 1);
	assert_int_equal(runs.left_out_bytes, 8192);
}

/* Every tenth run is long, the last one the longest. */
static void of_many_runs_the_longest_are_kept(void **state)
{
	enum { ALL = 10 * LAYOUT_RUNS_MAX - 5 };
	static struct layout_runs runs;
	uint64_t logical = 0, kept = 0;
	(void)state;

	for (uint64_t i = 0; i < ALL; i++) {
		uint64_t bytes = i % 10 == 5 ? 64 * KIB : i == ALL - 1 ? MIB : 4096;

		layout_runs_add(&(struct extent) { logical, i * 2 * MIB, bytes, 0 }, &runs);
		logical += bytes;
	}
	layout_runs_finish(&runs);
	assert_int_equal(runs.count, LAYOUT_RUNS_MAX);
	assert_int_equal(runs.left_out, ALL - LAYOUT_RUNS_MAX);
	for (size_t i = 0; i < runs.count; i++) {
		assert_true(runs.run[i].bytes >= 64 * KIB);
		assert_true(i == 0 || runs.run[i].logical > runs.run[i - 1].logical);
		kept += runs.run[i].bytes;
	}
	assert_int_equal(runs.run[LAYOUT_RUNS_MAX - 1].bytes, MIB);
	assert_int_equal(runs.left_out_bytes, logical - kept);
}

static void no_extent_is_no_run(void **state)
{
	static struct layout_runs runs;
	(void)state;

	layout_runs_finish(&runs);
	assert_int_equal(runs.count, 0);
	assert_int_equal(runs.left_out, 0);
}

static void free_takes_null(void **state)
{
	(void)state;
	assert_null(layout_builder_free(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layout_gives_these_figures),
		cmocka_unit_test(every_second_block_is_a_fragment_each),
		cmocka_unit_test(median_agrees_with_sorting),
		cmocka_unit_test(fragment_grows_after_finish),
		cmocka_unit_test(ideal_rounds_up),
		cmocka_unit_test(runs_end_where_file_volume_or_unwritten_do),
		cmocka_unit_test(of_many_runs_the_longest_are_kept),
		cmocka_unit_test(no_extent_is_no_run),
		cmocka_unit_test(free_takes_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
