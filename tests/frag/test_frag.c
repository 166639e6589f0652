/* SPDX-License-Identifier: MIT */
/* The parts of frag that need no file system: sums, sets, the model, the forms of output. */
#include <errno.h>
#include <linux/btrfs_tree.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "frag/btrfs/btrfs.h"
#include "base/cleanup.h"
#include "frag/account/free_space.h"
#include "frag/frag.h"
#include "frag/scan/inode_paths.h"
#include "base/quote.h"
#include "frag/account/inode_set.h"
#include "frag/show/show.h"
#include "frag/account/filesystem.h"
#include "frag/guest/guest.h"

enum { BLOCK = 4096 };

static const struct filesystem_facts ext4_facts = { .block_bytes = BLOCK, .blocks = 1 << 18 };

/* ---- names ---- */

static void names_are_quoted(void **state)
{
	static const struct {
		const char *name, *quoted;
	} rows[] = {
		{ "plain-name_1.txt", "plain-name_1.txt" },
		{ "", "''" },
		{ "with space", "'with space'" },
		{ "it's", "'it'\\''s'" },
		{ "$HOME", "'$HOME'" },
		{ "~root", "'~root'" },
		{ "new\nline", "$'new\\nline'" },
		{ "tab\tand'", "$'tab\\tand\\''" },
		{ "\xff", "$'\\377'" },
		{ "caf\xc3\xa9", "caf\xc3\xa9" },
		{ "c1\xc2\x9b", "$'c1\\302\\233'" },
		{ "overlong\xc0\xaf", "$'overlong\\300\\257'" },
		{ "surrogate\xed\xa0\x80", "$'surrogate\\355\\240\\200'" },
		{ "cut\xe2\x82", "$'cut\\342\\202'" },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(freep) char *quoted = quote_name(rows[i].name);

		assert_string_equal(quoted, rows[i].quoted);
	}
}

static void json_gets_valid_utf8(void **state)
{
	CLEANUP(freep) char *replaced = quote_replace("a\xff\xc3\xa9\xc3");
	(void)state;

	assert_string_equal(replaced, "a\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd");
	assert_true(quote_is_utf8(replaced));
	assert_false(quote_is_utf8("a\xff"));
}

/* ---- sets ---- */

static void inodes_are_seen_once(void **state)
{
	CLEANUP(inode_set_freep) struct inode_set *set = inode_set_new();
	(void)state;

	assert_int_equal(inode_set_add(set, 1, 5), 1);
	assert_int_equal(inode_set_add(set, 1, 5), 0);
	assert_int_equal(inode_set_add(set, 2, 5), 1);
	assert_int_equal(inode_set_add(set, 1, UINT64_MAX), 1);
	assert_int_equal(inode_set_add(set, 1, UINT64_MAX), 0);
	for (uint64_t inode = 100; inode < 200000; inode++)
		assert_int_equal(inode_set_add(set, 1, inode * 7), 1);
	for (uint64_t inode = 100; inode < 200000; inode++)
		assert_int_equal(inode_set_add(set, 1, inode * 7), 0);
	assert_false(inode_set_is_full(set));
}

/* One number in each run of 256 is the worst there is: the set stops growing, and says so. */
static void a_full_set_says_so(void **state)
{
	CLEANUP(inode_set_freep) struct inode_set *set = inode_set_new();
	(void)state;

	for (uint64_t inode = 0; inode < 1 << 19; inode++)
		assert_int_equal(inode_set_add(set, 1, inode << 8), 1);
	assert_true(inode_set_is_full(set));
	assert_int_equal(inode_set_add(set, 1, 0), 0);
}

static void ranges_count_once(void **state)
{
	CLEANUP(ranges_clear) struct ranges ranges = { 0 };
	CLEANUP(ranges_clear) struct ranges other = { 0 };
	(void)state;

	assert_int_equal(ranges_bytes(&ranges), 0);
	assert_int_equal(ranges_add(&ranges, 1, 100, 50), 0);
	assert_int_equal(ranges_add(&ranges, 1, 120, 100), 0);
	assert_int_equal(ranges_add(&ranges, 2, 100, 50), 0);
	assert_int_equal(ranges_add(&ranges, 1, 220, 10), 0);
	assert_int_equal(ranges_bytes(&ranges), 130 + 50);
	assert_int_equal(ranges_add(&other, 1, 0, 1000), 0);
	assert_int_equal(ranges_merge(&ranges, &other), 0);
	assert_int_equal(ranges_bytes(&ranges), 1000 + 50);
}

/* Many that do not touch: what cannot be kept is still counted. */
static void ranges_are_bounded(void **state)
{
	CLEANUP(ranges_clear) struct ranges ranges = { 0 };
	uint64_t count = 600000;
	(void)state;

	for (uint64_t i = 0; i < count; i++)
		assert_int_equal(ranges_add(&ranges, 1, 3 * i * BLOCK, BLOCK), 0);
	assert_true(ranges.room <= 1 << 18);
	assert_int_equal(ranges_bytes(&ranges), count * BLOCK);
}

/* ---- names ---- */

/* Directories 1, 2 and 3, each in the next one, 3 in 1 as well; files 10 and 11. */
static int read_circle(struct inode_paths *paths, uint64_t directory, void *context)
{
	(*(unsigned *)context)++;
	inode_paths_add(paths, directory, directory, ".", 1, true);
	inode_paths_add(paths, directory, 99, "not/a name", 10, false);
	inode_paths_add(paths, directory, directory % 3 + 1, "next", 4, true);
	return inode_paths_add(paths, directory, 9 + directory, "file", 4, false);
}

static const struct frag_settings no_settings = { .cancel_fd = -1 };

static void directories_in_circles_are_read_once(void **state)
{
	CLEANUP(inode_paths_freep) struct inode_paths *paths = NULL;
	CLEANUP(freep) char *buffer = malloc(INODE_PATH_BYTES);
	unsigned reads = 0;
	const struct directory_reader source = { read_circle, &reads, 1, "/top" };
	(void)state;

	assert_int_equal(inode_paths_read(&no_settings, &source, NULL, &paths), 0);
	assert_int_equal(reads, 3);
	assert_string_equal(inode_paths_find(paths, 12, buffer), "/top/next/next/file");
	assert_string_equal(inode_paths_find(paths, 2, buffer), "/top/next");
	assert_null(inode_paths_find(paths, 99, buffer));
	assert_null(inode_paths_find(paths, 4711, buffer));
}

static void the_worst_are_looked_for_no_farther_than_needed(void **state)
{
	struct frag_file files[] = { { .inode = 10 } };
	struct worst_files worst = { .count = 1, .file = files };
	unsigned reads = 0;
	const struct directory_reader source = { read_circle, &reads, 1, "/" };
	(void)state;

	assert_int_equal(inode_paths_give_worst(&no_settings, &source, &worst), 0);
	assert_string_equal(files[0].path, "/file");
	assert_int_equal(reads, 1);
	free((char *)files[0].path);
}

/* Names of 250 bytes fill 32 MiB long before a million. */
static int read_many(struct inode_paths *paths, uint64_t directory, void *context)
{
	char name[250];
	int r = 0;

	memset(name, 'x', sizeof(name));
	for (uint64_t inode = 2; r == 0 && inode < 1000000; inode++)
		r = inode_paths_add(paths, directory, inode, name, sizeof(name), false);
	*(int *)context = r;
	return r;
}

static void names_are_bounded(void **state)
{
	CLEANUP(inode_paths_freep) struct inode_paths *paths = NULL;
	CLEANUP(freep) char *buffer = malloc(INODE_PATH_BYTES);
	CLEANUP(frag_result_clear) struct frag_result result = { 0 };
	int stopped = 0;
	const struct directory_reader source = { read_many, &stopped, 1, "" };
	(void)state;

	assert_int_equal(inode_paths_read(&no_settings, &source, NULL, &paths), 0);
	assert_true(stopped > 0);
	assert_non_null(inode_paths_find(paths, 100000, buffer));
	assert_null(inode_paths_find(paths, 900000, buffer));
	assert_int_equal(inode_paths_note(paths, &result), 0);
	assert_non_null(result.note);
}

/* ---- the model ---- */

static void breaks_cost_more_the_farther(void **state)
{
	const struct seek_model *disk = seek_model_find("disk"), *flash = seek_model_find("flash");
	uint64_t tib = 1ull << 40;
	(void)state;

	assert_null(seek_model_find("tape"));
	/* 64 KiB pass under the head. */
	assert_float_equal(seek_cost(disk, 65536, tib), 65536 / 180e6, 1e-9);
	assert_true(seek_cost(disk, tib / 100, tib) > seek_cost(disk, tib / 1000, tib));
	assert_float_equal(seek_cost(disk, tib, tib), 0.020, 1e-9);
	assert_float_equal(seek_cost(disk, UINT64_MAX, 0), 0.020, 1e-9);
	assert_float_equal(seek_cost(flash, tib, tib), 20e-6, 1e-12);
	assert_float_equal(seek_read_cost(flash, 500000000), 1, 1e-9);
}

static void only_what_matters_is_worth_it(void **state)
{
	(void)state;
	assert_false(seek_is_worth(0, 0));
	assert_false(seek_is_worth(0.001, 0.049));
	assert_true(seek_is_worth(0.001, 0.05));
	assert_false(seek_is_worth(10, 4.9));
	assert_true(seek_is_worth(10, 5));
}

static void a_target_is_where_a_break_hardly_matters(void **state)
{
	(void)state;

	assert_int_equal(seek_target_bytes(seek_model_find("disk")), 32 << 20);
	assert_int_equal(seek_target_bytes(seek_model_find("flash")), 128 << 10);
	for (unsigned i = 0; i < seek_model_count; i++) {
		uint64_t bytes = seek_target_bytes(&seek_models[i]);

		assert_true(seek_cost(&seek_models[i], 1ull << 39, 10ull << 39) <
			    0.1 * seek_read_cost(&seek_models[i], bytes));
	}
}

/* ---- files ---- */

static void collect(struct frag_collector *collector, uint64_t logical, uint64_t physical,
		    uint64_t blocks, uint32_t flags)
{
	const struct extent extent = { logical * BLOCK, physical * BLOCK, blocks * BLOCK, flags };

	assert_int_equal(frag_collect(&extent, collector), 0);
}

static struct frag_file finish(struct frag_collector *collector)
{
	struct filesystem_facts facts = ext4_facts;
	struct frag_file file = { .size_bytes = BLOCK };

	facts.kind = filesystem_kind_find("ext4");
	frag_collected(collector, &facts, false, &file);
	return file;
}

static void a_file_in_pieces(void **state)
{
	CLEANUP(ranges_clear) struct ranges shared = { 0 };
	struct frag_collector collector = { .sums = LAYOUT_SUMS_INIT,
					    .model = seek_model_find("flash"),
					    .shared = &shared };
	struct frag_file file;
	(void)state;

	collect(&collector, 0, 100, 10, 0);
	collect(&collector, 10, 110, 10, EXTENT_UNWRITTEN);
	collect(&collector, 25, 500, 1, EXTENT_SHARED);
	file = finish(&collector);
	assert_int_equal(file.layout.extents, 3);
	assert_int_equal(file.layout.fragments, 2);
	assert_int_equal(file.layout.holes, 1);
	assert_int_equal(file.layout.largest_bytes, 20 * BLOCK);
	assert_int_equal(file.layout.gap_bytes, 380 * BLOCK);
	assert_int_equal(file.ideal_fragments, 1);
	assert_true(frag_file_is_fragmented(&file));
	/* Unwritten blocks are not read. */
	assert_float_equal(file.sequential_seconds, 11 * BLOCK / 500e6, 1e-12);
	assert_float_equal(file.extra_seconds, 20e-6, 1e-12);
	assert_int_equal(ranges_bytes(&shared), BLOCK);
}

static void a_hole_at_the_end_is_one(void **state)
{
	static const struct {
		uint64_t bytes;
		unsigned holes;
	} sizes[] = { { 0, 0 }, { 10 * BLOCK, 0 }, { 10 * BLOCK + 1, 1 }, { 1ull << 40, 1 } };
	struct filesystem_facts facts = ext4_facts;
	(void)state;

	facts.kind = filesystem_kind_find("ext4");
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct frag_collector collector = { .sums = LAYOUT_SUMS_INIT,
						    .model = seek_model_find("flash") };
		struct frag_file file = { .size_bytes = sizes[i].bytes };

		collect(&collector, 0, 100, 10, 0);
		frag_collected(&collector, &facts, false, &file);
		assert_int_equal(file.layout.holes, sizes[i].holes);
	}
}

static void what_has_no_address_is_not_known(void **state)
{
	struct frag_collector encoded = { .sums = LAYOUT_SUMS_INIT,
					  .model = seek_model_find("disk") };
	struct frag_collector inlined = encoded, delayed = encoded;
	struct frag_file file;
	(void)state;

	collect(&encoded, 0, 100, 32, EXTENT_ENCODED);
	file = finish(&encoded);
	assert_false(frag_file_is_known(&file));
	assert_false(frag_file_is_fragmented(&file));
	assert_int_equal(file.layout.encoded_bytes, 32 * BLOCK);
	collect(&inlined, 0, 0, 1, EXTENT_INLINE);
	file = finish(&inlined);
	assert_true(frag_file_is_known(&file));
	collect(&delayed, 0, 0, 4, EXTENT_DELALLOC | EXTENT_UNKNOWN);
	file = finish(&delayed);
	assert_false(frag_file_is_known(&file));
	assert_int_equal(file.delayed_bytes, 4 * BLOCK);
}

static double column(const struct frag_file *file, const char *name)
{
	for (unsigned i = 0; i < frag_column_count; i++)
		if (strcmp(frag_columns[i].name, name) == 0)
			return frag_columns[i].of(file);
	fail_msg("%s", name);
	return 0;
}

static void encoded_files_have_bounds_or_are_exact(void **state)
{
	struct frag_collector collector = { .sums = LAYOUT_SUMS_INIT,
					    .model = seek_model_find("flash") };
	struct frag_collector exact = collector;
	struct frag_file file;
	char text[SHOW_FRAGMENTS_MAX];
	(void)state;

	collect(&collector, 0, 100, 32, EXTENT_ENCODED);
	file = finish(&collector);
	assert_string_equal(show_fragments(&file, text), "n/a");
	collect(&collector, 32, 500, 32, EXTENT_ENCODED);
	collect(&collector, 64, 510, 32, EXTENT_ENCODED);
	file = finish(&collector);
	assert_false(frag_file_is_known(&file));
	assert_true(frag_file_is_fragmented(&file));
	assert_true(isnan(column(&file, "fragments")));
	assert_float_equal(column(&file, "fragments_at_least"), 2, 0);
	assert_string_equal(show_fragments(&file, text), ">=2");
	assert_float_equal(file.extra_seconds, 20e-6, 1e-12);

	for (unsigned i = 0; i < 3; i++) {
		const struct extent extent = { i * 32 * BLOCK, (100 + 4 * i) * BLOCK, 32 * BLOCK,
					       EXTENT_ENCODED, 4 * BLOCK };

		assert_int_equal(frag_collect(&extent, &exact), 0);
	}
	file = finish(&exact);
	assert_true(frag_file_is_known(&file));
	assert_float_equal(column(&file, "fragments"), 1, 0);
	/* What is read are three times four blocks. */
	assert_float_equal(file.sequential_seconds, 12 * BLOCK / 500e6, 1e-12);
}

static void unknown_figures_are_no_numbers(void **state)
{
	struct frag_file file = { .layout = { .extents = 2, .fragments = 2 } };
	(void)state;

	for (unsigned i = 0; i < frag_column_count; i++) {
		double value = frag_columns[i].of(&file);

		if (strcmp(frag_columns[i].name, "fragments") == 0 ||
		    strcmp(frag_columns[i].name, "largest_bytes") == 0 ||
		    strcmp(frag_columns[i].name, "extra_seconds") == 0)
			assert_true(isnan(value));
		else if (strcmp(frag_columns[i].name, "extents") == 0)
			assert_float_equal(value, 2, 0);
	}
}

/* ---- devices of btrfs ---- */

static void the_rest_is_what_the_profile_makes_of_it(void **state)
{
	enum { GIB = 1 << 30 };
	static const struct {
		uint64_t profile, devices[4], usable; /* GiB */
	} rows[] = {
		{ 0, { 20, 10 }, 30 },
		{ BTRFS_BLOCK_GROUP_DUP, { 20, 10 }, 15 },
		{ BTRFS_BLOCK_GROUP_RAID1, { 20, 20 }, 20 },
		{ BTRFS_BLOCK_GROUP_RAID1, { 20 }, 0 },
		/* Two at a time, taking turns. */
		{ BTRFS_BLOCK_GROUP_RAID1, { 30, 20, 20 }, 35 },
		{ BTRFS_BLOCK_GROUP_RAID1, { 6, 20, 10 }, 16 },
		{ BTRFS_BLOCK_GROUP_RAID1C3, { 10, 10, 10, 10 }, 13 },
		{ BTRFS_BLOCK_GROUP_RAID1C4, { 10, 10, 10, 12 }, 10 },
		{ BTRFS_BLOCK_GROUP_RAID0, { 10, 20 }, 30 },
		{ BTRFS_BLOCK_GROUP_RAID10, { 10, 10, 10, 10 }, 20 },
		{ BTRFS_BLOCK_GROUP_RAID5, { 10, 10, 20 }, 20 },
		{ BTRFS_BLOCK_GROUP_RAID6, { 10, 10, 10 }, 10 },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t unallocated[4];
		struct btrfs_chunks chunks = { .profile = rows[i].profile,
					       .unallocated = unallocated };
		double usable;

		for (; chunks.device_count < 4 && rows[i].devices[chunks.device_count];
		     chunks.device_count++)
			unallocated[chunks.device_count] =
				rows[i].devices[chunks.device_count] * GIB;
		usable = (double)btrfs_chunks_take_rest(&chunks) / GIB;
		assert_float_equal(usable, (double)rows[i].usable, 0.4);
	}
}

/* ---- totals ---- */

static struct frag_file made_up(const char *path, uint64_t fragments, double extra_seconds)
{
	return (struct frag_file) {
		.path = path,
		.inode = fragments,
		.size_bytes = fragments * BLOCK,
		.layout = { .extents = fragments,
			    .fragments = fragments,
			    .mapped_bytes = fragments * BLOCK,
			    .addresses_known = 1 },
		.ideal_fragments = fragments != 0,
		.extra_seconds = extra_seconds,
	};
}

static void classes_have_no_gaps(void **state)
{
	uint64_t expected = 0;
	(void)state;

	for (unsigned i = 0; i < COUNT_CLASSES; i++) {
		uint64_t from, to;

		totals_count_class(i, &from, &to);
		assert_int_equal(from, expected);
		assert_true(to >= from);
		expected = to + 1;
	}
	assert_int_equal(expected, 0);
	for (unsigned i = 1; i < SIZE_CLASSES; i++)
		assert_true(totals_size_class(i) > totals_size_class(i - 1));
}

static void files_land_in_their_classes(void **state)
{
	CLEANUP(totals_clear) struct totals totals;
	(void)state;

	assert_int_equal(totals_init(&totals, &frag_sorts[0], 10, 0), 0);
	for (uint64_t fragments = 0; fragments < 300; fragments++) {
		struct frag_file file = made_up("a.TXT", fragments, 0);

		assert_int_equal(totals_add(&totals, &file), 0);
	}
	for (unsigned i = 0; i < 9; i++) {
		uint64_t from, to;

		totals_count_class(i, &from, &to);
		assert_int_equal(totals.by_count[i].files, to - from + 1);
	}
	assert_int_equal(totals.all.files, 300);
	assert_int_equal(totals.all.fragments, 300 * 299 / 2);
	totals_finish(&totals);
	assert_string_equal(totals.extensions.rows[0].name, "txt");
	assert_int_equal(totals.extensions.rows[0].tally.files, 300);
}

static char *verdict_on(const struct frag_result *result)
{
	char *text = NULL;
	size_t bytes;
	FILE *to = open_memstream(&text, &bytes);

	assert_non_null(to);
	show_verdict(to, result, &(struct show_options) { .model_chosen = true });
	fclose(to);
	return text;
}

static void no_verdict_over_what_is_not_known(void **state)
{
	struct frag_result result = { .model = seek_model_find("flash"),
				      .facts.kind = filesystem_kind_find("btrfs") };
	struct frag_file unknown = { .layout = { .extents = 3, .fragments = 1 } };
	struct frag_file known = made_up("known", 1, 0);
	CLEANUP(freep) char *none = NULL, *mixed = NULL, *certain = NULL;
	(void)state;

	assert_int_equal(totals_init(&result.totals, &frag_sorts[0], 3, 0), 0);
	assert_int_equal(totals_add(&result.totals, &unknown), 0);
	result.totals.silent_files = 1;
	none = verdict_on(&result);
	assert_string_equal(none, "Verdict: unknown for 2 of 2 files\n");
	known.sequential_seconds = 1;
	assert_int_equal(totals_add(&result.totals, &known), 0);
	mixed = verdict_on(&result);
	assert_non_null(strstr(mixed, "unknown for 2 of 3 files; the others are fine"));
	/* What has so many for certain is worth it, however many it has. */
	unknown.layout.fragments = 1000;
	unknown.ideal_fragments = 1;
	unknown.sequential_seconds = 1;
	unknown.extra_seconds = 2;
	assert_int_equal(totals_add(&result.totals, &unknown), 0);
	certain = verdict_on(&result);
	assert_non_null(strstr(certain, "worth rewriting: 1 file"));
	assert_non_null(strstr(certain, "unknown for 2 of 4 files"));
	totals_clear(&result.totals);
}

/* Whatever the order in which they come, and over how many threads. */
static void the_worst_are_kept(void **state)
{
	CLEANUP(totals_clear) struct totals one, other;
	(void)state;

	assert_int_equal(totals_init(&one, &frag_sorts[0], 3, 0), 0);
	assert_int_equal(totals_init(&other, &frag_sorts[0], 3, 0), 0);
	for (unsigned i = 0; i < 1000; i++) {
		char name[16];
		struct frag_file file;

		snprintf(name, sizeof(name), "f%u", i * 7919 % 1000);
		file = made_up(name, 2, i * 7919 % 1000);
		assert_int_equal(totals_add(i % 2 ? &one : &other, &file), 0);
	}
	assert_int_equal(totals_merge(&one, &other), 0);
	totals_clear(&other);
	totals_finish(&one);
	assert_int_equal(one.worst.count, 3);
	assert_string_equal(one.worst.file[0].path, "f999");
	assert_string_equal(one.worst.file[1].path, "f998");
	assert_string_equal(one.worst.file[2].path, "f997");
	assert_int_equal(one.all.files, 1000);
}

/* Files met by two threads in an order that depends on `seed`: the same sums and lists. */
static void add_by_two_threads(struct totals *totals, unsigned seed)
{
	CLEANUP(totals_clear) struct totals other;

	assert_int_equal(totals_init(totals, &frag_sorts[0], 3, 0), 0);
	assert_int_equal(totals_init(&other, &frag_sorts[0], 3, 0), 0);
	for (unsigned i = 0; i < 1000; i++) {
		unsigned number = (i * 7919 + seed) % 1000;
		struct totals *to = number * seed % 3 ? totals : &other;
		struct frag_file file;
		char name[16];

		snprintf(name, sizeof(name), "f%u", number);
		file = made_up(name, 2, 1e-3 * (1 + number % 7));
		file.inode = number;
		assert_int_equal(totals_add(to, &file), 0);
		assert_int_equal(totals_add_unreadable(to, name, EIO), 0);
	}
	assert_int_equal(totals_merge(totals, &other), 0);
	totals_finish(totals);
}

static void threads_leave_no_trace(void **state)
{
	double seconds = 0;
	(void)state;

	for (unsigned seed = 1; seed < 20; seed++) {
		CLEANUP(totals_clear) struct totals totals;

		add_by_two_threads(&totals, seed);
		assert_string_equal(totals.worst.file[0].path, "f13");
		assert_string_equal(totals.worst.file[1].path, "f20");
		assert_string_equal(totals.worst.file[2].path, "f6");
		assert_int_equal(totals.unreadable_count, 1000);
		assert_string_equal(totals.unreadable[2].path, "f2");
		assert_string_equal(totals.unreadable[99].path, "f99");
		/* To the last bit. */
		assert_true(seed == 1 || totals.all.extra_seconds == seconds);
		seconds = totals.all.extra_seconds;
	}
}

static void extensions_are_bounded(void **state)
{
	CLEANUP(totals_clear) struct totals totals;
	uint64_t files = 0;
	(void)state;

	assert_int_equal(totals_init(&totals, &frag_sorts[0], 0, 0), 0);
	for (unsigned i = 0; i < 2000; i++) {
		char name[32];
		struct frag_file file;

		snprintf(name, sizeof(name), "f.%u", i);
		file = made_up(name, 1, 0);
		assert_int_equal(totals_add(&totals, &file), 0);
	}
	for (unsigned i = 0; i <= EXTENSIONS_MAX; i++)
		files += totals.extensions.rows[i].tally.files;
	assert_int_equal(files, 2000);
}

/* ---- maps ---- */

static uint64_t bytes_of(const struct map *map)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < MAP_BINS; i++)
		bytes += map->bins[i].bytes;
	return bytes;
}

static void maps_grow_and_lose_nothing(void **state)
{
	CLEANUP(freep) struct map *map = malloc(sizeof(*map));
	CLEANUP(freep) struct map *other = malloc(sizeof(*other));
	struct extent extent = { 0, 100 * BLOCK, 3 * BLOCK + 5, 0 };
	(void)state;

	map_init(map, 0);
	map_init(other, 1ull << 40);
	map_add(map, &extent, 1, 0);
	extent.physical = 1ull << 50;
	map_add(map, &extent, 0, 0);
	assert_int_equal(bytes_of(map), 2 * extent.bytes);
	map_add(other, &(struct extent) { 0, 0, BLOCK, 0 }, 0, 0);
	map_merge(other, map);
	assert_int_equal(bytes_of(other), 2 * extent.bytes + BLOCK);
	/* Nonsense is passed over, and does not hang. */
	extent.physical = UINT64_MAX - extent.bytes;
	map_add(map, &extent, 0, 0);
	assert_int_equal(bytes_of(map), 2 * extent.bytes);
}

/* ---- free space ---- */

static void free_runs_that_touch_are_one(void **state)
{
	struct free_space space = { 0 };
	(void)state;

	free_space_add(&space, 0, 10 * BLOCK);
	free_space_add(&space, 10 * BLOCK, 6 * BLOCK);
	free_space_add(&space, 100 * BLOCK, 4 * BLOCK);
	free_space_add(&space, 200 * BLOCK, 4 * BLOCK);
	free_space_finish(&space);
	assert_int_equal(space.runs, 3);
	assert_int_equal(space.bytes, 24 * BLOCK);
	assert_int_equal(space.largest_bytes, 16 * BLOCK);
	assert_int_equal(free_space_fragments(&space, 0), 0);
	assert_int_equal(free_space_fragments(&space, 16 * BLOCK), 1);
	assert_int_equal(free_space_fragments(&space, 17 * BLOCK), 2);
	assert_int_equal(free_space_fragments(&space, 21 * BLOCK), 3);
	assert_int_equal(free_space_fragments(&space, 24 * BLOCK), 3);
	assert_int_equal(free_space_fragments(&space, 25 * BLOCK), 0);
}

/* A file of 100 fragments of a block each, which cost a lot. */
static struct frag_file costly(const char *kind, uint64_t free_runs, uint64_t run_blocks)
{
	struct filesystem_facts facts = { .kind = filesystem_kind_find(kind) };
	struct free_space space = { 0 };
	CLEANUP(totals_clear) struct totals totals;
	struct frag_file file = made_up("a", 100, 10);

	file.layout.mapped_bytes = 100 * BLOCK;
	for (uint64_t i = 0; i < free_runs; i++)
		free_space_add(&space, 1000 * i * BLOCK, run_blocks * BLOCK);
	free_space_finish(&space);
	assert_int_equal(totals_init(&totals, &frag_sorts[0], 0, 0), 0);
	totals.filesystems = filesystems_new(-1);
	filesystems_set_whole(totals.filesystems, &facts, &space);
	assert_int_equal(totals_add(&totals, &file), 0);
	assert_int_equal(totals.worth.files, file.is_worth);
	assert_int_equal(totals.no_room.files, file.has_no_room);
	assert_int_equal(file.is_worth + file.has_no_room, 1);
	filesystems_free(totals.filesystems);
	return file;
}

static void a_file_is_worth_rewriting_where_there_is_room(void **state)
{
	(void)state;

	assert_true(costly("ext4", 1, 100).is_worth);
	assert_true(costly("ext4", 50, 2).is_worth);
	assert_int_equal(costly("ext4", 50, 2).possible_fragments, 50);
	/* Not half of them would go. */
	assert_true(costly("ext4", 100, 1).has_no_room);
	assert_true(costly("ext4", 1, 99).has_no_room);
	assert_int_equal(costly("ext4", 1, 99).possible_fragments, 0);
	/* btrfs does not need room for all of it at once. */
	assert_true(costly("btrfs", 1, 50).is_worth);
	assert_true(costly("btrfs", 1, 1).has_no_room);
}

/* ---- forms of output ---- */

static char *table_of(const struct extent *extents, size_t count, uint64_t size_bytes)
{
	const struct frag_file file = { .size_bytes = size_bytes };
	struct filefrag_table table;
	char *text = NULL;
	size_t bytes;
	FILE *to = open_memstream(&text, &bytes);

	filefrag_begin(&table, to, "f", &file, &ext4_facts);
	for (size_t i = 0; i < count; i++)
		filefrag_row(&extents[i], &table);
	filefrag_end(&table, "f");
	fclose(to);
	return text;
}

/* As filefrag 1.47 printed it: its quirks (the blank, the bare ",eof") are part of it. */
static void the_table_is_that_of_filefrag(void **state)
{
	static const struct extent extents[] = {
		{ 0, 33280 * BLOCK, 5 * BLOCK, 0 },
		{ 256 * BLOCK, 29847ull * BLOCK, 768 * BLOCK, EXTENT_UNWRITTEN | EXTENT_LAST },
	};
	CLEANUP(freep) char *table = table_of(extents, 2, 5 * BLOCK);
	CLEANUP(freep) char *empty = table_of(NULL, 0, 1);
	(void)state;

	assert_string_equal(
		table,
		"File size of f is 20480 (5 blocks of 4096 bytes)\n"
		" ext:     logical_offset:        physical_offset: length:   expected: flags:\n"
		"   0:        0..       4:      33280..     33284:      5:            ,eof\n"
		"   1:      256..    1023:      29847..     30614:    768:      33536: "
		"last,unwritten,eof\n"
		"f: 2 extents found\n");
	assert_string_equal(empty, "File size of f is 1 (1 block of 4096 bytes)\n"
				   "f: 0 extents found\n");
}

static void json_keeps_odd_names(void **state)
{
	struct frag_file file = made_up("bad\xff\nname", 2, 0.5);
	json_t *row = show_file_json(&file);
	(void)state;

	assert_string_equal(json_string_value(json_object_get(row, "path")),
			    "bad\xef\xbf\xbd\nname");
	assert_string_equal(json_string_value(json_object_get(row, "path_hex")),
			    "626164ff0a6e616d65");
	assert_int_equal(json_integer_value(json_object_get(row, "fragments")), 2);
	json_decref(row);
}

static void csv_quotes_names(void **state)
{
	struct frag_file file = made_up("a \"b\",\nc", 1, 0);
	char *text = NULL;
	size_t bytes;
	FILE *to = open_memstream(&text, &bytes);
	(void)state;

	assert_int_equal(show_csv_file(to, &file), 0);
	fclose(to);
	assert_non_null(strstr(text, ",\"a \"\"b\"\",\nc\"\n"));
	free(text);
}

/* ---- what a guest sends ---- */

#define VOLUME "{\"event\": \"volume\", \"kind\": \"xfs\", \"block_bytes\": 4096"
#define RESULT "{\"event\": \"result\", \"source\": \"walk\""
#define OPENED "[\"/a\",7,8192,8192,2,2,8192,0,0,0,4096,4096,0,0,0,0,1,1,0,0]"

static const struct frag_settings guest_settings = {
	.sort = &frag_sorts[0], .worst_count = 3, .with_map = true, .cancel_fd = -1
};

/* The answer to the last of the lines. */
static int receive(struct frag_result *result, const char *const lines[])
{
	struct frag_guest guest = { .settings = &guest_settings, .result = result };
	int r = frag_result_init(result, &guest_settings);

	for (size_t i = 0; r == 0 && lines[i]; i++)
		r = frag_guest_receive(&guest, lines[i]);
	frag_guest_clear(&guest);
	return r;
}

static void a_guest_is_not_trusted(void **state)
{
	static const struct {
		const char *lines[4];
		int answer;
	} rows[] = {
		{ { OPENED }, -EPROTO },
		{ { VOLUME "}" }, 0 },
		{ { VOLUME "}", VOLUME "}" }, -EPROTO },
		{ { VOLUME ", \"volume_bytes\": 9000000000000000000}" }, -EPROTO },
		{ { "{\"event\": \"volume\", \"kind\": \"xfs\"}" }, -EPROTO },
		{ { VOLUME ", \"free\": {\"largest\": 1, \"classes\": [[1, 1]]}}" }, 0 },
		{ { VOLUME ", \"free\": {\"largest\": 2, \"classes\": [[1, 1]]}}" }, -EPROTO },
		{ { VOLUME ", \"free\": {\"largest\": 1, \"classes\": [[2, 1]]}}" }, -EPROTO },
		{ { VOLUME "}", OPENED }, 0 },
		{ { VOLUME "}", "[\"/a\",7,8192,8192]" }, -EPROTO },
		{ { RESULT "}" }, -EPROTO },
		{ { VOLUME "}", RESULT "}" }, 1 },
		{ { VOLUME "}", RESULT ", \"map\": {\"bin_bytes\": 4096}}" }, 1 },
		{ { VOLUME "}", RESULT ", \"map\": {\"bin_bytes\": 4097}}" }, -EPROTO },
		{ { VOLUME "}", "{\"event\": \"result\", \"source\": \"other\"}" }, -EPROTO },
		{ { "{\"event\": \"failed\", \"stage\": \"mount\", \"error\": 5}" }, 1 },
		{ { "{\"event\": \"failed\", \"stage\": \"\\u001b[2J\", \"error\": 5}" }, -EPROTO },
		{ { "{\"event\": \"tick\"}" }, 0 },
		{ { "{\"event\": \"tock\"}" }, -EPROTO },
		{ { "no JSON" }, -EPROTO },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(frag_result_clear) struct frag_result result = { 0 };

		if (receive(&result, rows[i].lines) != rows[i].answer)
			fail_msg("row %zu: not %d", i, rows[i].answer);
	}
}

static void a_guest_cannot_count_what_it_does_not_list(void **state)
{
	static const char *const lines[] = {
		VOLUME "}",
		RESULT ", \"unreadable_count\": 50, \"unreadable\": [[\"/b\", 5]], "
		       "\"note\": \"a\\tb\"}",
		NULL,
	};
	CLEANUP(frag_result_clear) struct frag_result result = { 0 };
	(void)state;

	assert_int_equal(receive(&result, lines), 1);
	assert_int_equal(result.totals.unreadable_count, 1);
	assert_string_equal(result.totals.unreadable[0].path, "/b");
	assert_null(result.note);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_quoted),
		cmocka_unit_test(json_gets_valid_utf8),
		cmocka_unit_test(inodes_are_seen_once),
		cmocka_unit_test(a_full_set_says_so),
		cmocka_unit_test(ranges_count_once),
		cmocka_unit_test(ranges_are_bounded),
		cmocka_unit_test(directories_in_circles_are_read_once),
		cmocka_unit_test(the_worst_are_looked_for_no_farther_than_needed),
		cmocka_unit_test(names_are_bounded),
		cmocka_unit_test(breaks_cost_more_the_farther),
		cmocka_unit_test(only_what_matters_is_worth_it),
		cmocka_unit_test(a_target_is_where_a_break_hardly_matters),
		cmocka_unit_test(a_file_in_pieces),
		cmocka_unit_test(a_hole_at_the_end_is_one),
		cmocka_unit_test(what_has_no_address_is_not_known),
		cmocka_unit_test(encoded_files_have_bounds_or_are_exact),
		cmocka_unit_test(no_verdict_over_what_is_not_known),
		cmocka_unit_test(unknown_figures_are_no_numbers),
		cmocka_unit_test(classes_have_no_gaps),
		cmocka_unit_test(files_land_in_their_classes),
		cmocka_unit_test(the_worst_are_kept),
		cmocka_unit_test(the_rest_is_what_the_profile_makes_of_it),
		cmocka_unit_test(threads_leave_no_trace),
		cmocka_unit_test(extensions_are_bounded),
		cmocka_unit_test(maps_grow_and_lose_nothing),
		cmocka_unit_test(free_runs_that_touch_are_one),
		cmocka_unit_test(a_file_is_worth_rewriting_where_there_is_room),
		cmocka_unit_test(the_table_is_that_of_filefrag),
		cmocka_unit_test(json_keeps_odd_names),
		cmocka_unit_test(csv_quotes_names),
		cmocka_unit_test(a_guest_is_not_trusted),
		cmocka_unit_test(a_guest_cannot_count_what_it_does_not_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
