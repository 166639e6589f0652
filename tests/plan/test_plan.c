/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "plan/plan.h"
#include "base/words.h"

static int set_up(void **state)
{
	static struct plan plan;

	*state = &plan;
	return plan_init(&plan);
}

static int tear_down(void **state)
{
	plan_clear(*state);
	return 0;
}

static void words_are_split(void **state)
{
	CLEANUP(freep) char **words = words_split(",ext4,, xfs,", ", ");
	CLEANUP(freep) char **none = words_split("", ",");
	(void)state;

	assert_int_equal(words_count(words), 2);
	assert_string_equal(words[0], "ext4");
	assert_string_equal(words[1], "xfs");
	assert_int_equal(words_count(none), 0);
}

static void catalogue_is_whole(void **state)
{
	static const char *const names[] = {
		"ext2",
		"ext3-ordered",
		"ext3-writeback",
		"ext3-journal",
		"ext3-guarded",
		"ext4",
		"xfs",
		"reiserfs",
		"btrfs",
		"jfs",
		"f2fs",
		"nilfs2",
		"ext4-nodelalloc",
		"ext4-bigalloc",
		"ext4-no-extents",
		"xfs-extsize",
		"btrfs-nocow",
		"btrfs-compress",
	};
	struct plan *plan = *state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_non_null(plan_find_filesystem(plan, names[i]));
	for (size_t i = 0; i < plan->catalogue_count; i++) {
		assert_non_null(plan->catalogue[i].summary);
		assert_non_null(plan->catalogue[i].package);
	}
}

static void presets_expand(void **state)
{
	struct plan *plan = *state;

	for (const char *const *name = plan_presets; *name; name++) {
		struct trial_list trials = { 0 };

		assert_int_equal(plan_read_preset(plan, *name, NULL), 0);
		assert_int_equal(plan_expand(plan, 0, &trials, NULL), 0);
		assert_true(trials.count > 0);
		trial_list_clear(&trials);
	}
	assert_int_equal(plan_read_preset(plan, "2008", NULL), -EINVAL);
}

static void the_2009_preset_is_that_of_2009(void **state)
{
	struct plan *plan = *state;
	struct trial_list trials = { 0 };

	assert_int_equal(plan_read_preset(plan, "2009", NULL), 0);
	assert_int_equal(plan_expand(plan, 0, &trials, NULL), 0);
	assert_int_equal(trials.count, 8 * 4);
	assert_string_equal(trials.trial[0].filesystem->name, "ext2");
	assert_string_equal(trials.trial[1].method.name, "mmap");
	assert_string_equal(trials.trial[31].filesystem->name, "btrfs");
	assert_int_equal(trials.trial[0].file_bytes, 4ull << 30);
	assert_int_equal(trials.trial[0].volume_bytes, 20ull << 30);
	trial_list_clear(&trials);
}

static void rounds_are_outermost(void **state)
{
	struct plan *plan = *state;
	struct trial_list trials = { 0 };

	plan_set(plan, "filesystems", "xfs,ext4", NULL);
	plan_set(plan, "methods", "fallocate,chunk-4K", NULL);
	plan_set(plan, "sizes", "1M,1G", NULL);
	plan_set(plan, "runs", "2", NULL);
	assert_int_equal(plan_expand(plan, 0, &trials, NULL), 0);
	assert_int_equal(trials.count, 16);
	for (size_t i = 0; i < trials.count; i++) {
		assert_int_equal(trials.trial[i].run, i / 8 + 1);
		assert_int_equal(trials.trial[i].file_bytes, i / 4 % 2 ? 1 << 30 : 1 << 20);
		assert_string_equal(trials.trial[i].filesystem->name, i / 2 % 2 ? "ext4" : "xfs");
		assert_string_equal(trials.trial[i].method.name,
				    i % 2 ? "chunk-4096" : "fallocate");
	}
	assert_int_equal(trials.trial[0].volume_bytes, 512 << 20);
	assert_int_equal(trials.trial[4].volume_bytes, 5ull << 30);
	trial_list_clear(&trials);

	assert_int_equal(plan_expand(plan, 1, &trials, NULL), 0);
	assert_int_equal(trials.count, 8);
	assert_null(trials.trial[0].filesystem);
	trial_list_clear(&trials);
}

static void each_kernel_has_its_trials(void **state)
{
	struct plan *plan = *state;
	struct trial_list trials = { 0 };
	CLEANUP(problem_clear) struct problem problem = { 0 };

	plan_set(plan, "filesystems", "xfs,ext4", NULL);
	plan_set(plan, "methods", "fallocate,mmap", NULL);
	plan_set(plan, "sizes", "1M", NULL);
	plan_set(plan, "runs", "2", NULL);
	plan_set(plan, "kernels", "6.1.0,new=/my src/bzImage", NULL);
	assert_int_equal(plan_expand(plan, 0, &trials, NULL), 0);
	assert_int_equal(trials.count, 16);
	assert_int_equal(trials.kernel_count, 2);
	for (size_t i = 0; i < trials.count; i++) {
		assert_string_equal(trials.trial[i].filesystem->name, i / 4 % 2 ? "ext4" : "xfs");
		assert_string_equal(trials.trial[i].kernel->name,
				    i / 2 % 2 ? "new=/my src/bzImage" : "6.1.0");
		assert_string_equal(trials.trial[i].method.name, i % 2 ? "mmap" : "fallocate");
	}
	trial_list_clear(&trials);

	plan_set(plan, "kernels", "", NULL);
	assert_int_equal(plan_expand(plan, 0, &trials, NULL), 0);
	assert_int_equal(trials.kernel_count, 1);
	assert_string_equal(trials.trial[0].kernel->name, "");
	trial_list_clear(&trials);

	plan_set(plan, "kernels", "a,b,a", NULL);
	assert_int_equal(plan_expand(plan, 0, &trials, &problem), -EINVAL);
	assert_string_equal(problem.message, "the kernel \"a\" is given twice");
}

static void options_make_variants(void **state)
{
	static const char *const names[] = { "ext4", "ext4+-b1024", "ext4+nodelalloc+data=journal",
					     "ext4+nodelalloc+data=journal+-b1024" };
	struct plan *plan = *state;
	struct trial_list trials = { 0 };

	plan_set(plan, "filesystems", "ext4,ext3-journal", NULL);
	plan_set(plan, "methods", "mmap", NULL);
	plan_set(plan, "sizes", "1M", NULL);
	assert_int_equal(plan_set(plan, "mount_options", "\"\"\nnodelalloc,data=journal", NULL), 0);
	assert_int_equal(plan_set(plan, "mkfs_options", "\"\"\n-b 1024", NULL), 0);
	assert_int_equal(plan_expand(plan, 0, &trials, NULL), 0);
	assert_int_equal(trials.count, 8);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct filesystem *variant = trials.trial[i].filesystem;

		assert_string_equal(variant->name, names[i]);
		assert_string_equal(variant->base, "ext4");
		assert_int_equal(!variant->added_mount_options, i < 2);
		assert_int_equal(!variant->added_mkfs_options, i % 2 == 0);
	}
	assert_string_equal(trials.trial[3].filesystem->mount_options, "nodelalloc,data=journal");
	assert_string_equal(trials.trial[3].filesystem->mkfs,
			    "mkfs.ext4 -F -q -E lazy_itable_init=0,lazy_journal_init=0 -b 1024");
	/* After those of the catalogue, so that they take precedence. */
	assert_string_equal(trials.trial[7].filesystem->mount_options,
			    "data=journal,nodelalloc,data=journal");
	assert_string_equal(trials.trial[7].filesystem->name,
			    "ext3-journal+nodelalloc+data=journal+-b1024");
	trial_list_clear(&trials);
}

/* Adds one set of options to a file system; the caller clears the list. */
static int make_variant(const char *filesystem, const char *key, const char *options,
			struct trial_list *ret, struct problem *problem)
{
	CLEANUP(plan_clear) struct plan plan;

	assert_int_equal(plan_init(&plan), 0);
	plan_set(&plan, "filesystems", filesystem, NULL);
	plan_set(&plan, "methods", "mmap", NULL);
	plan_set(&plan, "sizes", "1M", NULL);
	assert_int_equal(plan_set(&plan, key, options, NULL), 0);
	return plan_expand(&plan, 0, ret, problem);
}

static void variants_have_readable_names(void **state)
{
	static const struct {
		const char *filesystem, *key, *options, *name;
	} cases[] = {
		{ "ext4", "mount_options", "nodelalloc", "ext4+nodelalloc" },
		{ "btrfs", "mount_options", "compress=zstd:3", "btrfs+compress=zstd:3" },
		{ "ext4", "mount_options", "journal_path=/a+b%,sb=1",
		  "ext4+journal_path=%2Fa%2Bb%25+sb=1" },
		{ "ext4", "mkfs_options", "-O ^extents,^64bit -C  64K",
		  "ext4+-O^extents+^64bit+-C64K" },
		{ "ext4", "mkfs_options", "-O^extents,^64bit -C64K",
		  "ext4+-O^extents+^64bit+-C64K" },
		{ "xfs", "mkfs_options", "-m reflink=0", "xfs+-mreflink=0" },
		{ "btrfs", "mkfs_options", "--nodesize 4096 -K", "btrfs+--nodesize=4096+-K" },
		{ "btrfs", "mkfs_options", "--nodesize=4096", "btrfs+--nodesize=4096" },
		/* A list is never taken for two options. */
		{ "ext4", "mkfs_options", "-O a,-b", "ext4+-Oa%2C-b" },
		{ "ext4", "mkfs_options", "-O a -b", "ext4+-Oa+-b" },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct trial_list trials = { 0 };

		assert_int_equal(make_variant(cases[i].filesystem, cases[i].key, cases[i].options,
					      &trials, NULL),
				 0);
		assert_string_equal(trials.trial[0].filesystem->name, cases[i].name);
		trial_list_clear(&trials);
	}
}

static void lists_of_mke2fs_are_extended(void **state)
{
	static const struct {
		const char *filesystem, *options, *mkfs;
	} cases[] = {
		{ "ext4", "-E stride=4",
		  "mkfs.ext4 -F -q -E lazy_itable_init=0,lazy_journal_init=0,stride=4" },
		{ "ext4", "-Estride=4 -E nodiscard",
		  "mkfs.ext4 -F -q -E lazy_itable_init=0,lazy_journal_init=0,stride=4,nodiscard" },
		{ "ext4-bigalloc", "-O ^has_journal",
		  "mkfs.ext4 -F -q -O bigalloc,^has_journal -C 65536 -E "
		  "lazy_itable_init=0,lazy_journal_init=0" },
		{ "ext2", "-O filetype", "mkfs.ext2 -F -q -O filetype" },
		{ "xfs-extsize", "-d agcount=2",
		  "mkfs.xfs -f -q -d extszinherit=4096 -d agcount=2" },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct trial_list trials = { 0 };

		assert_int_equal(make_variant(cases[i].filesystem, "mkfs_options", cases[i].options,
					      &trials, NULL),
				 0);
		assert_string_equal(trials.trial[0].filesystem->mkfs, cases[i].mkfs);
		trial_list_clear(&trials);
	}
}

static void wrong_options_are_named(void **state)
{
	static const struct {
		const char *key, *value, *sentence;
	} cases[] = {
		{ "mount_options", "-o noatime",
		  "invalid mount options \"-o noatime\": separate them by commas, without -o, such "
		  "as nodelalloc,noatime" },
		{ "mount_options", "noatime,-x",
		  "invalid mount options \"noatime,-x\": separate them by commas, without -o, such "
		  "as nodelalloc,noatime" },
		{ "mount_options", "noatime\nnoatime",
		  "the variant \"ext4+noatime\" is given twice: mount options \"noatime\", mkfs "
		  "options \"\"" },
		{ "mkfs_options", "bigalloc",
		  "invalid mkfs options \"bigalloc\": \"bigalloc\" is neither an option nor the "
		  "value of one; use a form such as -O bigalloc -C 65536" },
		{ "mkfs_options", "-F /dev/x y",
		  "invalid mkfs options \"-F /dev/x y\": \"y\" is neither an option nor the "
		  "value of one; use a form such as -O bigalloc -C 65536" },
		{ "mkfs_options", "--nodesize=1 2",
		  "invalid mkfs options \"--nodesize=1 2\": \"2\" is neither an option nor the "
		  "value of one; use a form such as -O bigalloc -C 65536" },
		{ "mkfs_options",
		  "-L ////////////////////////////////////////////////////////////////",
		  "the options \"-L "
		  "////////////////////////////////////////////////////////////////\" make the "
		  "name of the variant longer than 128 characters; give it a short one as a "
		  "section of a plan file" },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(problem_clear) struct problem problem = { 0 };
		struct trial_list trials = { 0 };

		assert_int_equal(
			make_variant("ext4", cases[i].key, cases[i].value, &trials, &problem),
			-EINVAL);
		assert_string_equal(problem.message, cases[i].sentence);
	}
}

static void each_volume_has_its_trials(void **state)
{
	struct plan *plan = *state;
	struct trial_list trials = { 0 };

	plan_set(plan, "filesystems", "xfs,ext4", NULL);
	plan_set(plan, "methods", "mmap", NULL);
	plan_set(plan, "sizes", "1M,2M", NULL);
	plan_set(plan, "volume", "1G, 2G, 4G", NULL);
	assert_int_equal(plan_expand(plan, 0, &trials, NULL), 0);
	assert_int_equal(trials.count, 12);
	for (size_t i = 0; i < trials.count; i++) {
		assert_string_equal(trials.trial[i].filesystem->name, i % 2 ? "ext4" : "xfs");
		assert_int_equal(trials.trial[i].volume_bytes, 1ull << (30 + i / 2 % 3));
		assert_int_equal(trials.trial[i].file_bytes, i < 6 ? 1 << 20 : 2 << 20);
		assert_true(trials.trial[i].names_volume);
	}
	trial_list_clear(&trials);
	plan_set(plan, "volume", "1G", NULL);
	assert_int_equal(plan_expand(plan, 0, &trials, NULL), 0);
	assert_int_equal(trials.count, 4);
	assert_false(trials.trial[0].names_volume);
	trial_list_clear(&trials);
}

/* 2 file systems, 4 methods, 30 rounds. */
static void expand_with_seed(struct plan *plan, const char *seed, struct trial_list *ret)
{
	assert_int_equal(plan_set(plan, "filesystems", "xfs,ext4", NULL), 0);
	assert_int_equal(plan_set(plan, "methods", "mmap,fallocate,chunk-4K,chunk-8K", NULL), 0);
	assert_int_equal(plan_set(plan, "sizes", "1M", NULL), 0);
	assert_int_equal(plan_set(plan, "runs", "30", NULL), 0);
	assert_int_equal(plan_set(plan, "seed", seed, NULL), 0);
	assert_int_equal(plan_expand(plan, 0, ret, NULL), 0);
	assert_int_equal(ret->count, 240);
	assert_int_equal(ret->round_count, 8);
}

static void rounds_are_shuffled_and_stay_whole(void **state)
{
	struct trial_list trials = { 0 };
	size_t first[8] = { 0 }, ordered = 0;

	expand_with_seed(*state, "7", &trials);
	for (size_t round = 0; round < 30; round++) {
		unsigned seen = 0, in_order = 1;

		for (size_t i = 0; i < 8; i++) {
			const struct plan_trial *trial = &trials.trial[round * 8 + i];

			assert_int_equal(trial->run, round + 1);
			seen |= 1u << trial->place;
			in_order &= trial->place == i;
			/* The place is that of the plan. */
			assert_string_equal(trial->filesystem->name,
					    trial->place < 4 ? "xfs" : "ext4");
			assert_string_equal(trial->method.name,
					    ((const char *[]) { "mmap", "fallocate", "chunk-4096",
								"chunk-8192" })[trial->place % 4]);
		}
		assert_int_equal(seen, 0xff);
		ordered += in_order;
		first[trials.trial[round * 8].place]++;
	}
	assert_true(ordered <= 1);
	/* Each comes first at times, none always. */
	for (size_t i = 0; i < 8; i++)
		assert_true(first[i] >= 1 && first[i] <= 10);
	trial_list_clear(&trials);
}

static void the_seed_fixes_the_order(void **state)
{
	struct trial_list one = { 0 }, same = { 0 }, other = { 0 }, grown = { 0 };
	size_t differing = 0;

	expand_with_seed(*state, "7", &one);
	expand_with_seed(*state, "7", &same);
	expand_with_seed(*state, "8", &other);
	plan_set(*state, "seed", "7", NULL);
	plan_set(*state, "runs", "auto", NULL);
	assert_int_equal(plan_expand(*state, 0, &grown, NULL), 0);
	assert_int_equal(grown.count, 8);
	assert_int_equal(grown.automatic, 1);
	while (grown.count < one.count)
		assert_int_equal(trial_list_add_round(&grown), 0);
	for (size_t i = 0; i < one.count; i++) {
		assert_int_equal(one.trial[i].place, same.trial[i].place);
		assert_int_equal(one.trial[i].place, grown.trial[i].place);
		assert_int_equal(one.trial[i].run, grown.trial[i].run);
		differing += one.trial[i].place != other.trial[i].place;
	}
	assert_true(differing > 120);
	trial_list_clear(&one);
	trial_list_clear(&same);
	trial_list_clear(&other);
	trial_list_clear(&grown);
}

static void each_filesystem_is_first_once(void **state)
{
	struct trial_list trials = { 0 };
	size_t first = 0;

	expand_with_seed(*state, "7", &trials);
	for (size_t i = 0; i < trials.count; i++)
		first += (size_t)trial_list_is_first(&trials, i);
	assert_int_equal(first, 2);
	trial_list_clear(&trials);
}

static void keys_for_auto_are_read(void **state)
{
	struct plan *plan = *state;
	struct trial_list trials = { 0 };

	assert_int_equal(plan_read_preset(plan, "demo", NULL), 0);
	assert_int_equal(plan_expand(plan, 0, &trials, NULL), 0);
	assert_int_equal(trials.automatic, 0);
	assert_int_equal(trials.shuffled, 0);
	trial_list_clear(&trials);
	plan_set(plan, "runs", "auto", NULL);
	plan_set(plan, "precision", "2.5%", NULL);
	plan_set(plan, "max_time", "1h30m", NULL);
	assert_int_equal(plan_expand(plan, 0, &trials, NULL), 0);
	assert_int_equal(trials.automatic, 1);
	assert_true(trials.precision == 0.025);
	assert_int_equal(trials.seconds_most, 5400);
	trial_list_clear(&trials);
}

static void wrong_values_are_named(void **state)
{
	static const struct {
		const char *key, *value, *sentence;
	} cases[] = {
		{ "filesystems", "etx4", "unknown file system \"etx4\"; did you mean \"ext4\"?" },
		{ "filesystems", "qqqqqqqq",
		  "unknown file system \"qqqqqqqq\"; `alloc-perf list filesystems` shows them "
		  "all" },
		{ "filesystems", "xfs,xfs", "the file system \"xfs\" is given twice" },
		{ "filesystems", " , ", "no file system is given" },
		{ "methods", "chunk-4K,chunk-4096", "the method \"chunk-4096\" is given twice" },
		{ "methods", "", "no method is given" },
		{ "sizes", "4Q",
		  "invalid file size \"4Q\": use bytes or a number with K, M, G or T, such as "
		  "512M" },
		{ "sizes", "-1",
		  "invalid file size \"-1\": use bytes or a number with K, M, G or T, such as "
		  "512M" },
		{ "sizes", "0", "the file size must be larger than 0" },
		{ "sizes", "9E",
		  "the file size \"9E\" is larger than any file can be (8 EiB - 1)" },
		{ "sizes", "1M,1024K", "the file size \"1024K\" is given twice" },
		{ "volume", "1M",
		  "a file of 64M does not fit on a volume of 1M; use a larger --volume or a "
		  "smaller --size" },
		{ "volume", "1G,1024M", "the volume size \"1024M\" is given twice" },
		{ "volume", "1G,100M", "btrfs needs a volume of at least 128M; 100M is too small" },
		{ "volume", "100M", "btrfs needs a volume of at least 128M; 100M is too small" },
		{ "runs", "0", "invalid number of runs \"0\": use 1 to 10000, or auto" },
		{ "precision", "0", "invalid precision \"0\": use a percentage from 0.01 to 100" },
		{ "precision", "5x",
		  "invalid precision \"5x\": use a percentage from 0.01 to 100" },
		{ "precision", "nan",
		  "invalid precision \"nan\": use a percentage from 0.01 to 100" },
		{ "max_time", "0",
		  "invalid time limit \"0\": use seconds, or a time such as 90s, 10m or 1h30m" },
		{ "max_time", "soon",
		  "invalid time limit \"soon\": use seconds, or a time such as 90s, 10m or 1h30m" },
		{ "seed", "-1",
		  "invalid seed \"-1\": use a whole number from 0 to 9223372036854775807" },
		{ "seed", "9223372036854775808",
		  "invalid seed \"9223372036854775808\": use a whole number from 0 to "
		  "9223372036854775807" },
		{ "seed", "1x",
		  "invalid seed \"1x\": use a whole number from 0 to 9223372036854775807" },
		{ "runs", "many", "invalid number of runs \"many\": use 1 to 10000, or auto" },
	};
	struct plan *plan = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(problem_clear) struct problem problem = { 0 };
		CLEANUP(plan_clear) struct plan other;
		struct trial_list trials;

		assert_int_equal(plan_init(&other), 0);
		plan_set(&other, "filesystems", "btrfs", NULL);
		plan_set(&other, "methods", "fallocate", NULL);
		plan_set(&other, "sizes", "64M", NULL);
		assert_int_equal(plan_set(&other, cases[i].key, cases[i].value, NULL), 0);
		assert_int_equal(plan_expand(&other, 0, &trials, &problem), -EINVAL);
		assert_int_equal(problem.kind, PROBLEM_USAGE);
		assert_string_equal(problem.message, cases[i].sentence);
	}
	assert_int_equal(plan_set(plan, "fs", "ext4", NULL), -EINVAL);
}

static void plan_files_add_and_replace(void **state)
{
	static const char text[] = "# mine\n"
				   "[ext4]\n"
				   "mount = noatime\n"
				   "[my-xfs]\n"
				   "type = xfs\n"
				   "mkfs = mkfs.xfs -f\n"
				   "largest_run = volume/8\n"
				   "[plan]\n"
				   "filesystems = ext4,\n"
				   "\tmy-xfs\n"
				   "methods = fallocate\n"
				   "sizes = 16M\n";
	struct plan *plan = *state;
	struct trial_list trials = { 0 };

	assert_int_equal(plan_read(plan, text, "mine.ini", NULL), 0);
	assert_int_equal(plan_expand(plan, 0, &trials, NULL), 0);
	assert_int_equal(trials.count, 2);
	assert_string_equal(trials.trial[0].filesystem->mount_options, "noatime");
	assert_string_equal(trials.trial[0].filesystem->type, "ext4");
	assert_int_equal(filesystem_largest_run(trials.trial[1].filesystem, 1 << 30), 128 << 20);
	trial_list_clear(&trials);
}

static void wrong_plan_files_are_named_with_their_line(void **state)
{
	static const char long_line[] =
		"[plan]\nlabel = "
		"0123456789012345678901234567890123456789012345678901234567890123456789"
		"0123456789012345678901234567890123456789012345678901234567890123456789"
		"0123456789012345678901234567890123456789012345678901234567890123456789\n";
	static const struct {
		const char *text, *sentence;
	} cases[] = {
		{ "[x+y]\ntype = ext4\n",
		  "p:2: [x+y] is not a valid name of a file system; use letters and digits, and "
		  "after the first also - _ ." },
		{ "[plan]\nfs = ext4\n", "p:2: unknown key \"fs\" in [plan]; use filesystems, "
					 "mount_options, mkfs_options, methods, sizes, files, "
					 "workload, volume, "
					 "runs, seed, precision, max_time, "
					 "on, kernels, modules, drive_throttle, program, "
					 "scenario or label" },
		{ "\n[x]\ntype = ext4\nmkfss = y\n",
		  "p:4: unknown key \"mkfss\" in [x]; use type, mkfs, mount, package, largest_run, "
		  "min_volume or summary" },
		{ "[x]\nmin_volume = 4Q\n", "p:2: invalid size \"4Q\" for min_volume in [x]" },
		{ "[x]\ntype = ext4\n", "p: [x] has no mkfs" },
		{ "type = ext4\n", "p:1: \"type\" is before the first [section]" },
		{ "[plan]\nmethods\n", "p:2: expected [section] or key = value" },
		{ "[plan\n", "p:1: expected [section] or key = value" },
		{ long_line, "p:2: the line is longer than 198 characters; continue a list on the "
			     "next line, indented" },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(problem_clear) struct problem problem = { 0 };
		CLEANUP(plan_clear) struct plan plan;

		assert_int_equal(plan_init(&plan), 0);
		assert_int_equal(plan_read(&plan, cases[i].text, "p", &problem), -EINVAL);
		assert_string_equal(problem.message, cases[i].sentence);
	}
}

static void text_reads_back(void **state)
{
	CLEANUP(plan_clear) struct plan again = { 0 };
	CLEANUP(freep) char *text = NULL;
	CLEANUP(freep) char *second = NULL;
	struct trial_list one = { 0 }, other = { 0 };
	struct plan *plan = *state;

	assert_int_equal(plan_read_preset(plan, "2009", NULL), 0);
	plan_set(plan, "runs", "3", NULL);
	plan_set(plan, "seed", "12", NULL);
	plan_set(plan, "mount_options", "\"\"\nnoatime,lazytime\n", NULL);
	plan_set(plan, "mkfs_options", "\"\"\n-O ^has_journal", NULL);
	plan_set(plan, "precision", "2.5", NULL);
	plan_set(plan, "max_time", "10m", NULL);
	plan_set(plan, "on", "dir:/srv", NULL);
	plan_set(plan, "label", "desktop on", NULL);
	plan_set(plan, "kernels", "6.1.0,new=/src/of mine/bzImage", NULL);
	plan_set(plan, "modules", "/srv/m", NULL);
	plan_set(plan, "drive_throttle", "iops=100,bps=1M", NULL);
	text = plan_text(plan);
	assert_non_null(text);
	assert_int_equal(plan_read(&again, text, "text", NULL), 0);
	second = plan_text(&again);
	assert_string_equal(text, second);
	assert_int_equal(plan_expand(plan, 0, &one, NULL), 0);
	assert_int_equal(plan_expand(&again, 0, &other, NULL), 0);
	assert_int_equal(one.count, other.count);
	for (size_t i = 0; i < one.count; i++) {
		assert_string_equal(one.trial[i].filesystem->name, other.trial[i].filesystem->name);
		assert_string_equal(one.trial[i].filesystem->mkfs, other.trial[i].filesystem->mkfs);
	}
	trial_list_clear(&one);
	trial_list_clear(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_split),
		cmocka_unit_test_setup_teardown(catalogue_is_whole, set_up, tear_down),
		cmocka_unit_test_setup_teardown(presets_expand, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_2009_preset_is_that_of_2009, set_up, tear_down),
		cmocka_unit_test_setup_teardown(rounds_are_outermost, set_up, tear_down),
		cmocka_unit_test_setup_teardown(each_kernel_has_its_trials, set_up, tear_down),
		cmocka_unit_test_setup_teardown(each_volume_has_its_trials, set_up, tear_down),
		cmocka_unit_test_setup_teardown(options_make_variants, set_up, tear_down),
		cmocka_unit_test(variants_have_readable_names),
		cmocka_unit_test(lists_of_mke2fs_are_extended),
		cmocka_unit_test(wrong_options_are_named),
		cmocka_unit_test_setup_teardown(rounds_are_shuffled_and_stay_whole, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(the_seed_fixes_the_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(each_filesystem_is_first_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(keys_for_auto_are_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(wrong_values_are_named, set_up, tear_down),
		cmocka_unit_test_setup_teardown(plan_files_add_and_replace, set_up, tear_down),
		cmocka_unit_test(wrong_plan_files_are_named_with_their_line),
		cmocka_unit_test_setup_teardown(text_reads_back, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
