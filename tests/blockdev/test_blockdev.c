/* SPDX-License-Identifier: MIT */
/* The mount table: recorded ones, ones that nobody would record, and this machine's; and sysfs. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "blockdev/devices.h"
#include "blockdev/mounts.h"
#include "blockdev/storage.h"
#include "blockdev/sysfs.h"
#include "laptop.h"
#include "tree.h"

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
	upper = mount_option(&mounts.all[0], "upperdir");
	assert_string_equal("/a b,c", upper);
	none = mount_option(&mounts.all[0], "lowerdir");
	assert_null(none);
	assert_true(mount_has_option(&mounts.all[0], "rw"));
	assert_false(mount_has_option(&mounts.all[0], "ro"));
}

static void test_all_options(void **state)
{
	static const char *const lines[][2] = {
		{ "1 1 8:1 / / rw,noatime - ext4 a rw,errors=x\\040y", "rw,noatime,errors=x y" },
		{ "1 1 8:1 / / rw,noatime - ext4 a ro,errors=y", "ro,noatime,errors=y" },
		{ "1 1 8:1 / / ro,noatime - ext4 a rw", "ro,noatime" },
		{ "1 1 8:1 / / nonsense - ext4 a nonsense", "nonsense" },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		CLEANUP(mounts_clear) struct mounts mounts = { 0 };
		CLEANUP(freep) char *all = NULL;

		assert_int_equal(0, mounts_parse(lines[i][0], &mounts));
		all = mount_all_options(&mounts.all[0]);
		assert_string_equal(lines[i][1], all);
	}
}

/* What this machine's table says of /proc, which is mounted wherever tests run. */
static void test_mount_of_a_file(void **state)
{
	CLEANUP(mounts_clear) struct mounts mounts = { 0 };
	CLEANUP(fd_closep) int fd = open("/proc/self/status", O_PATH | O_CLOEXEC);
	CLEANUP(storage_clear) struct storage storage = { 0 };
	const struct mount *mount;
	(void)state;

	assert_int_equal(0, mounts_read("/proc/self/mountinfo", &mounts));
	mount = mounts_by_fd(&mounts, fd);
	assert_non_null(mount);
	assert_string_equal("proc", mount->type);
	assert_int_equal(0, mount_block_device(mount));
	assert_null(mounts_by_fd(&mounts, -1));
	assert_int_equal(0, storage_find("/proc/self", &storage));
	assert_string_equal("proc", storage.type);
	assert_int_equal(0, storage.number);
	assert_null(storage.counters);
	assert_int_equal(-ENOENT, storage_find("/nowhere/at/all", &storage));
	assert_int_equal(-ENOENT, mounts_read("/nowhere/at/all", &mounts));
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

/* ---- devices ---- */

static void test_devices_from_sysfs(void **state)
{
	CLEANUP(devices_clear) struct devices devices = { 0 };
	(void)state;

	tree_put("devices/sda/dev", "8:0\n");
	tree_put("devices/sda/sda1/dev", "8:1\n");
	tree_put("devices/sda/sda1/partition", "1\n");
	tree_put("devices/dm-0/dev", "253:0\n");
	tree_put("devices/dm-0/dm/name", "my disk\n");
	tree_put("devices/dm-0/slaves/sda1/x", "");
	tree_put("devices/loop0/dev", "7:0\n");
	tree_put("devices/loop0/loop/backing_file", "/two\nlines\n");
	tree_put("devices/broken/dev", "no number\n");
	tree_put("class/block/.keep", "");
	tree_put_link("class/block/sda", "../../devices/sda");
	tree_put_link("class/block/sda1", "../../devices/sda/sda1");
	tree_put_link("class/block/dm-0", "../../devices/dm-0");
	tree_put_link("class/block/loop0", "../../devices/loop0");
	tree_put_link("class/block/broken", "../../devices/broken");
	tree_put_link("class/block/gone", "../../devices/gone");
	tree_put("fs/btrfs/features/x", "");
	tree_put("fs/btrfs/uuid/devices/sda1/x", "");
	tree_put("fs/btrfs/uuid/devices/loop0/x", "");

	assert_int_equal(0, devices_read(tree, &devices));
	assert_int_equal(4, devices.count);
	assert_string_equal("sda", devices_by_name(&devices, "sda1")->below[0]);
	assert_string_equal("sda1", devices_by_name(&devices, "dm-0")->below[0]);
	assert_ptr_equal(devices_by_name(&devices, "dm-0"),
			 devices_by_path(&devices, "/dev/mapper/my disk"));
	assert_ptr_equal(devices_by_name(&devices, "sda1"), devices_by_path(&devices, "/dev/sda1"));
	assert_ptr_equal(devices_by_name(&devices, "sda"),
			 devices_by_number(&devices, makedev(8, 0)));
	assert_string_equal("/two\nlines", devices_by_name(&devices, "loop0")->backing_file);
	assert_int_equal(2, devices_pool_of(&devices, "sda1")->count);
	assert_null(devices_pool_of(&devices, "sda"));
	assert_null(devices_by_path(&devices, "tmpfs"));
}

static void test_devices_without_sysfs(void **state)
{
	CLEANUP(devices_clear) struct devices devices = { 0 };
	(void)state;

	assert_int_equal(0, devices_read("/nowhere/at/all", &devices));
	assert_int_equal(0, devices.count);
}

static void test_sysfs_attributes(void **state)
{
	const dev_t sda = makedev(8, 0), sda1 = makedev(8, 1);
	CLEANUP(freep) char *scheduler = NULL;
	CLEANUP(freep) char *model = NULL;
	CLEANUP(freep) char *name = NULL;
	CLEANUP(freep) char *none = NULL;
	(void)state;

	tree_put("devices/sda/dev", "8:0\n");
	tree_put("devices/sda/queue/scheduler", "[none] bfq\n");
	tree_put("devices/sda/model", "DISK 1   \nmore\n");
	tree_put("devices/sda/size", "2048\n");
	tree_put("devices/sda/sda1/dev", "8:1\n");
	tree_put("devices/sda/sda1/partition", "1\n");
	tree_put("dev/block/.keep", "");
	tree_put_link("dev/block/8:0", "../../devices/sda");
	tree_put_link("dev/block/8:1", "../../devices/sda/sda1");

	scheduler = sysfs_attribute(tree, sda1, "queue/scheduler");
	assert_string_equal("[none] bfq", scheduler);
	model = sysfs_attribute(tree, sda, "model");
	assert_string_equal("DISK 1", model);
	name = sysfs_name(tree, sda1);
	assert_string_equal("sda1", name);
	none = sysfs_attribute(tree, makedev(8, 9), "model");
	assert_null(none);
	assert_int_equal(2048, sysfs_count(tree, sda1, "size"));
	assert_true(sysfs_count(tree, sda1, "model") < 0);
	assert_true(sysfs_disk(tree, sda1) == sda && sysfs_disk(tree, sda) == sda);
	assert_true(sysfs_number("no number") == 0 && sysfs_number(NULL) == 0);
}

static void test_sysfs_zero(void **state)
{
	static const struct {
		const char *text;
		bool is_zero;
	} cases[] = { { "0\n", true }, { "4096\n", false }, { "00\n", false }, { "", false } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(fd_closep) int fd = memfd_create("counter", MFD_CLOEXEC);
		size_t bytes = strlen(cases[i].text);

		assert_int_equal(bytes, write(fd, cases[i].text, bytes));
		/* A counter is read again and again. */
		assert_int_equal(cases[i].is_zero, sysfs_is_zero(fd));
		assert_int_equal(cases[i].is_zero, sysfs_is_zero(fd));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mounts_fields),
		cmocka_unit_test(test_mounts_odd_names),
		cmocka_unit_test(test_mounts_refused),
		cmocka_unit_test(test_mounts_find),
		cmocka_unit_test(test_mounts_find_ends),
		cmocka_unit_test(test_mount_options),
		cmocka_unit_test(test_escape_is_read_back),
		cmocka_unit_test(test_all_options),
		cmocka_unit_test(test_mount_of_a_file),
		cmocka_unit_test(test_devices_without_sysfs),
		cmocka_unit_test_setup_teardown(test_devices_from_sysfs, tree_make, tree_remove),
		cmocka_unit_test_setup_teardown(test_sysfs_attributes, tree_make, tree_remove),
		cmocka_unit_test(test_sysfs_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
