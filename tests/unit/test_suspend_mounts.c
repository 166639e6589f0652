/* SPDX-License-Identifier: MIT */
/* How suspend-freeze reads the table of mounts: recorded ones, and ones that nobody would record.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/sysmacros.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "laptop.h"
#include "suspend/mounts.h"

static void test_mounts_fields(void **state)
{
	CLEANUP(mounts_clear) struct mounts mounts = { 0 };
	(void)state;

	assert_int_equal(0, mounts_parse(laptop, &mounts));
	assert_int_equal(15, mounts.count);
	assert_string_equal("/home/u/My Disk", mounts.all[8].point);
	assert_int_equal(makedev(7, 0), mounts.all[8].device);
	assert_string_equal("/srv", mounts.all[9].root);
	assert_string_equal("xfs", mounts.all[9].type);
	assert_string_equal("/dev/mapper/vg-home", mounts.all[9].source);
	assert_int_equal(33, mounts.all[8].id);
	assert_int_equal(32, mounts.all[8].parent_id);
}

static void test_mounts_odd_names(void **state)
{
	CLEANUP(mounts_clear) struct mounts mounts = { 0 };
	(void)state;

	assert_int_equal(
		0, mounts_parse("1 1 8:1 / / rw - ext4  rw\n"
				"2 1 8:2 / /a\\012b\\134c rw master:1 shared:2 - ext4 x\\011y rw\n"
				"3 1 8:3 / /\\000\\777\\08 rw - ext4 # rw",
				&mounts));
	assert_int_equal(3, mounts.count);
	assert_string_equal("", mounts.all[0].source);
	assert_string_equal("/a\nb\\c", mounts.all[1].point);
	assert_string_equal("x\ty", mounts.all[1].source);
	assert_string_equal("/??\\08", mounts.all[2].point);
}

static void test_mounts_refused(void **state)
{
	static const char *const lines[] = {
		"1",
		"1 2 8:1 / /",
		"x 2 8:1 / / rw - ext4 a rw",
		"1 2 8 / / rw - ext4 a rw",
		"1 2 8:1x / / rw - ext4 a rw",
		"1 2 99999999999:1 / / rw - ext4 a rw",
		"99999999999999999999999 2 8:1 / / rw - ext4 a rw",
		"1 2 8:1 / / rw ext4 a rw",
		"1 2 8:1 / / rw - ext4 a",
		"1 2 8:1 / / rw - ext4",
		"1 -2 8:1 / / rw - ext4 a rw",
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct mounts mounts = { 0 };

		assert_int_equal(-EBADMSG, mounts_parse(lines[i], &mounts));
		assert_null(mounts.all);
	}
}

static void test_mounts_find(void **state)
{
	CLEANUP(mounts_clear) struct mounts mounts = { 0 };
	(void)state;

	assert_int_equal(0, mounts_parse("1 1 8:1 / / rw - ext4 a rw\n"
					 "2 1 8:2 / /a rw - ext4 b rw\n"
					 "3 2 8:3 / /a/b rw - ext4 c rw\n"
					 "4 2 8:4 / /a rw - ext4 d rw\n",
					 &mounts));
	assert_int_equal(1, mounts_find(&mounts, "/ab")->id);
	/* 4 is mounted over 2, so that 3 is out of reach. */
	assert_int_equal(4, mounts_find(&mounts, "/a/b")->id);
	assert_int_equal(4, mounts_find(&mounts, "/a")->id);
	assert_int_equal(1, mounts_find(&mounts, "/")->id);
}

/* Parents that go in circles, and no root at all. */
static void test_mounts_find_ends(void **state)
{
	CLEANUP(mounts_clear) struct mounts circle = { 0 };
	CLEANUP(mounts_clear) struct mounts headless = { 0 };
	(void)state;

	assert_int_equal(0, mounts_parse("1 1 8:1 / / rw - ext4 a rw\n"
					 "2 1 8:2 / /a rw - ext4 b rw\n"
					 "2 2 8:2 / /a rw - ext4 b rw\n"
					 "1 2 8:2 / /a rw - ext4 b rw\n",
					 &circle));
	assert_non_null(mounts_find(&circle, "/a/b/c"));
	assert_int_equal(0, mounts_parse("2 1 8:2 / /a rw - ext4 b rw\n", &headless));
	assert_null(mounts_find(&headless, "/a"));
}

static void test_mount_options(void **state)
{
	CLEANUP(mounts_clear) struct mounts mounts = { 0 };
	CLEANUP(freep) char *upper = NULL;
	CLEANUP(freep) char *none = NULL;
	(void)state;

	assert_int_equal(0,
			 mounts_parse("1 1 0:1 / / rw - overlay o "
				      "rw,xupperdir=/no,upperdir=/a\\040b\\054c,workdir=/w,row\n",
				      &mounts));
	upper = mounts_option(&mounts.all[0], "upperdir");
	assert_string_equal("/a b,c", upper);
	none = mounts_option(&mounts.all[0], "lowerdir");
	assert_null(none);
	assert_true(mounts_has_option(&mounts.all[0], "rw"));
	assert_false(mounts_has_option(&mounts.all[0], "ro"));
}

static void test_escape_is_read_back(void **state)
{
	static const char *const texts[] = { "", "-", "--", "a b", "a\\040b", "\n\t#", "/x-y" };
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		CLEANUP(freep) char *word = escape_make(texts[i]);

		assert_null(strpbrk(word, " \t\n"));
		assert_string_not_equal("-", word);
		escape_resolve(word);
		assert_string_equal(texts[i], word);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mounts_fields),	    cmocka_unit_test(test_mounts_odd_names),
		cmocka_unit_test(test_mounts_refused),	    cmocka_unit_test(test_mounts_find),
		cmocka_unit_test(test_mounts_find_ends),    cmocka_unit_test(test_mount_options),
		cmocka_unit_test(test_escape_is_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
