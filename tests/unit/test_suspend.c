/* SPDX-License-Identifier: MIT */
/*
 * The parts of suspend-freeze that freeze nothing: the mount table, the devices,
 * the plan and its order, which cgroups, the state file.  On recorded tables, and
 * on ones that nobody would record.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cgroups.h"
#include "cleanup.h"
#include "devices.h"
#include "gather.h"
#include "hold.h"
#include "io.h"
#include "knob.h"
#include "lack.h"
#include "loose.h"
#include "mounts.h"
#include "plan.h"
#include "tree.h"
#include "types.h"

/* A laptop: LUKS and LVM, vfat, a loop device, overlay, bind mounts, FUSE, NFS, a read-only one. */
static const char laptop[] =
	"22 28 0:21 / /proc rw,nosuid shared:1 - proc proc rw\n"
	"23 28 0:22 / /sys rw,nosuid shared:2 - sysfs sysfs rw\n"
	"24 28 0:5 / /dev rw shared:3 - devtmpfs udev rw,size=1k\n"
	"26 28 0:24 / /run rw shared:4 - tmpfs tmpfs rw\n"
	"28 1 253:1 / / rw,relatime shared:5 - ext4 /dev/mapper/vg-root rw,errors=remount-ro\n"
	"30 28 8:1 / /boot rw shared:6 - ext4 /dev/sda1 rw\n"
	"31 30 8:2 / /boot/efi rw shared:7 - vfat /dev/sda2 rw,fmask=0077\n"
	"32 28 253:2 / /home rw shared:8 - xfs /dev/mapper/vg-home rw\n"
	"33 32 7:0 / /home/u/My\\040Disk rw - ext4 /dev/loop0 rw\n"
	"34 28 253:2 /srv /srv rw shared:8 - xfs /dev/mapper/vg-home rw\n"
	"35 28 0:40 / /var/lib/docker/overlay2/m rw - overlay overlay "
	"rw,lowerdir=/l1:/l2,upperdir=/home/docker/up,workdir=/home/docker/work\n"
	"36 32 0:41 / /home/u/ssh rw - fuse.sshfs host: rw,user_id=1000\n"
	"37 28 0:42 / /mnt/nfs rw - nfs4 server:/x rw,vers=4.2\n"
	"38 28 11:0 / /media/cd ro - iso9660 /dev/sr0 ro\n"
	"39 36 8:17 / /home/u/ssh/inner rw - ext4 /dev/sdb1 rw\n";

static void add(struct devices *devices, unsigned major_number, unsigned minor_number,
		const char *name, const char *mapped_name, const char *file)
{
	assert_int_equal(0, devices_add(devices, makedev(major_number, minor_number), name,
					mapped_name, file));
}

static void laptop_devices(struct devices *ret)
{
	*ret = (struct devices) { 0 };
	add(ret, 8, 0, "sda", NULL, NULL);
	add(ret, 8, 1, "sda1", NULL, NULL);
	add(ret, 8, 2, "sda2", NULL, NULL);
	add(ret, 8, 3, "sda3", NULL, NULL);
	add(ret, 253, 0, "dm-0", "crypt", NULL);
	add(ret, 253, 1, "dm-1", "vg-root", NULL);
	add(ret, 253, 2, "dm-2", "vg-home", NULL);
	add(ret, 7, 0, "loop0", NULL, "/home/u/disk image");
	assert_int_equal(0, devices_add_below(ret, "sda1", "sda"));
	assert_int_equal(0, devices_add_below(ret, "sda2", "sda"));
	assert_int_equal(0, devices_add_below(ret, "sda3", "sda"));
	assert_int_equal(0, devices_add_below(ret, "dm-0", "sda3"));
	assert_int_equal(0, devices_add_below(ret, "dm-1", "dm-0"));
	assert_int_equal(0, devices_add_below(ret, "dm-2", "dm-0"));
}

struct scene {
	struct mounts mounts;
	struct devices devices;
	struct plan plan;
	struct problem problem;
};

static void scene_clear(struct scene *scene)
{
	plan_clear(&scene->plan);
	devices_clear(&scene->devices);
	mounts_clear(&scene->mounts);
	problem_clear(&scene->problem);
}

static int plan_text(struct scene *scene, const char *text, const struct plan_wish *wish)
{
	assert_int_equal(0, mounts_parse(text, &scene->mounts));
	return plan_make(&scene->mounts, &scene->devices, wish, &scene->plan, &scene->problem);
}

/* The place of what is mounted there. */
static size_t place_of(const struct plan *plan, const char *point)
{
	for (size_t i = 0; i < plan->count; i++)
		if (strcmp(plan->items[i].mount->point, point) == 0)
			return i;
	fail_msg("%s is not in the plan", point);
	return SIZE_MAX;
}

static const struct plan_item *item_at(const struct plan *plan, const char *point)
{
	return &plan->items[place_of(plan, point)];
}

/* ---- mount table ---- */

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

/* A container: its own /data, and what is ours already. */
static void test_mounts_elsewhere(void **state)
{
	CLEANUP(scene_clear) struct scene scene = { 0 };
	CLEANUP(plan_clear) struct plan plan = { 0 };
	static const char *const only[] = { "/proc/9/root/data", NULL };
	(void)state;

	assert_int_equal(0,
			 mounts_parse("1 1 8:1 / / rw - ext4 a rw\n2 1 0:9 / /t rw - tmpfs t rw\n",
				      &scene.mounts));
	assert_int_equal(0, mounts_add_elsewhere(&scene.mounts,
						 "50 49 0:70 / / rw - overlay o rw\n"
						 "51 50 8:1 /x /bind rw - ext4 a rw\n"
						 "52 50 8:2 / /data rw - ext4 b rw\n"
						 "53 50 8:2 /y /twice rw - ext4 b rw\n"
						 "54 50 8:3 / /hidden rw - ext4 c rw\n"
						 "55 54 0:71 / /hidden rw - tmpfs c rw\n",
						 "/proc/9/root"));
	assert_int_equal(3, scene.mounts.count);
	assert_string_equal("/data", scene.mounts.all[2].point);
	assert_int_equal(1, mounts_find(&scene.mounts, "/data")->id);
	assert_int_equal(0, plan_make(&scene.mounts, &scene.devices,
				      &(struct plan_wish) { .only = only }, &plan, NULL));
	assert_int_equal(PLAN_FREEZE, item_at(&plan, "/data")->kind);
	assert_int_equal(PLAN_LEAVE, item_at(&plan, "/")->kind);
	assert_int_equal(-EBADMSG, mounts_add_elsewhere(&scene.mounts, "nonsense", "/proc/9/root"));
	assert_int_equal(3, scene.mounts.count);
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

/* ---- plan ---- */

static void test_plan_laptop(void **state)
{
	CLEANUP(scene_clear) struct scene scene = { 0 };
	const struct plan *plan = &scene.plan;
	(void)state;

	laptop_devices(&scene.devices);
	assert_int_equal(0, plan_text(&scene, laptop, &(struct plan_wish) { 0 }));
	/* /home and /srv are one. */
	assert_int_equal(14, plan->count);
	assert_int_equal(2, item_at(plan, "/home")->mounts);
	assert_int_equal(PLAN_FREEZE, item_at(plan, "/home")->kind);
	assert_int_equal(PLAN_FREEZE, item_at(plan, "/")->kind);
	assert_int_equal(PLAN_SYNC, item_at(plan, "/boot/efi")->kind);
	assert_int_equal(PLAN_LEAVE, item_at(plan, "/home/u/ssh")->kind);
	assert_int_equal(PLAN_LEAVE, item_at(plan, "/mnt/nfs")->kind);
	assert_int_equal(PLAN_LEAVE, item_at(plan, "/media/cd")->kind);
	assert_int_equal(PLAN_LEAVE, item_at(plan, "/proc")->kind);
	assert_false(item_at(plan, "/proc")->on_disk);
	assert_true(item_at(plan, "/media/cd")->on_disk);
	/* The image before what holds it. */
	assert_true(place_of(plan, "/home/u/My Disk") < place_of(plan, "/home"));
	assert_non_null(strstr(item_at(plan, "/home/u/My Disk")->reason, "xfs on /home"));
	/* Whoever is mounted last is frozen first, where nothing else decides. */
	assert_true(place_of(plan, "/home") < place_of(plan, "/boot"));
	assert_true(place_of(plan, "/boot") < place_of(plan, "/"));
	assert_non_null(
		strstr(item_at(plan, "/var/lib/docker/overlay2/m")->reason, "xfs on /home"));
	assert_true(plan->kernel_agrees);
}

/* To open it, one would have to go through sshfs. */
static void test_plan_way_through_fuse(void **state)
{
	CLEANUP(scene_clear) struct scene scene = { 0 };
	(void)state;

	laptop_devices(&scene.devices);
	assert_int_equal(0, plan_text(&scene, laptop, &(struct plan_wish) { 0 }));
	assert_int_equal(PLAN_LEAVE, item_at(&scene.plan, "/home/u/ssh/inner")->kind);
	assert_non_null(
		strstr(item_at(&scene.plan, "/home/u/ssh/inner")->reason, "cannot be reached"));
}

/* Root on NFS, autofs that has mounted, and a folder that is gone. */
static void test_plan_ways_that_do(void **state)
{
	CLEANUP(scene_clear) struct scene scene = { 0 };
	(void)state;

	assert_int_equal(0, plan_text(&scene,
				      "1 1 0:9 / / rw - nfs4 server:/ rw\n"
				      "2 1 0:10 / /boot rw - autofs systemd-1 rw,direct\n"
				      "3 2 8:1 / /boot rw - ext4 a rw\n"
				      "4 1 8:2 / /gone//deleted rw - ext4 b rw\n",
				      &(struct plan_wish) { 0 }));
	assert_int_equal(4, scene.plan.count);
	for (size_t i = 0; i < scene.plan.count; i++)
		assert_int_equal(scene.plan.items[i].device == makedev(8, 1) ? PLAN_FREEZE
									     : PLAN_LEAVE,
				 scene.plan.items[i].kind);
}

/* Hidden at its first mount, in reach at its second. */
static void test_plan_takes_the_mount_in_reach(void **state)
{
	CLEANUP(scene_clear) struct scene scene = { 0 };
	(void)state;

	assert_int_equal(0, plan_text(&scene,
				      "1 1 8:1 / / rw - ext4 a rw\n"
				      "2 1 8:2 / /a rw - ext4 b rw\n"
				      "3 1 8:2 / /b rw - ext4 b rw\n"
				      "4 2 8:3 / /a rw - ext4 c rw\n"
				      "5 1 8:4 / /c rw - ext4 d rw\n"
				      "6 5 0:9 / /c rw - tmpfs d rw\n",
				      &(struct plan_wish) { 0 }));
	assert_int_equal(PLAN_FREEZE, item_at(&scene.plan, "/b")->kind);
	assert_int_equal(PLAN_FREEZE, item_at(&scene.plan, "/a")->kind);
	assert_int_equal(makedev(8, 3), item_at(&scene.plan, "/a")->device);
	for (size_t i = 0; i < scene.plan.count; i++)
		if (scene.plan.items[i].device == makedev(8, 4))
			assert_int_equal(PLAN_LEAVE, scene.plan.items[i].kind);
}

static void test_plan_only_and_except(void **state)
{
	static const char *const home[] = { "/srv", NULL }, *const nowhere[] = { "/nowhere", NULL };
	CLEANUP(scene_clear) struct scene only = { 0 };
	CLEANUP(scene_clear) struct scene except = { 0 };
	CLEANUP(scene_clear) struct scene wrong = { 0 };
	(void)state;

	assert_int_equal(0, plan_text(&only, laptop, &(struct plan_wish) { .only = home }));
	assert_int_equal(PLAN_FREEZE, item_at(&only.plan, "/home")->kind);
	assert_int_equal(PLAN_LEAVE, item_at(&only.plan, "/")->kind);
	assert_int_equal(PLAN_LEAVE, item_at(&only.plan, "/boot/efi")->kind);
	assert_int_equal(0, plan_text(&except, laptop, &(struct plan_wish) { .except = home }));
	assert_int_equal(PLAN_LEAVE, item_at(&except.plan, "/home")->kind);
	assert_int_equal(PLAN_FREEZE, item_at(&except.plan, "/")->kind);
	assert_int_equal(-EINVAL,
			 plan_text(&wrong, laptop, &(struct plan_wish) { .only = nowhere }));
	assert_int_equal(PROBLEM_USAGE, wrong.problem.kind);
	assert_null(wrong.plan.items);
}

static void test_plan_spares_the_system(void **state)
{
	CLEANUP(scene_clear) struct scene scene = { 0 };
	(void)state;

	assert_int_equal(0, plan_text(&scene,
				      "1 1 8:1 / / rw - ext4 a rw\n"
				      "2 1 8:2 / /var rw - xfs b rw\n"
				      "3 1 8:3 / /home rw - xfs c rw\n"
				      "4 2 8:4 / /var/log rw - xfs c ro\n",
				      &(struct plan_wish) { .spare_system = "they write" }));
	assert_int_equal(PLAN_SYNC, item_at(&scene.plan, "/")->kind);
	assert_string_equal("they write", item_at(&scene.plan, "/")->reason);
	assert_int_equal(PLAN_SYNC, item_at(&scene.plan, "/var")->kind);
	assert_int_equal(PLAN_FREEZE, item_at(&scene.plan, "/home")->kind);
	assert_int_equal(PLAN_LEAVE, item_at(&scene.plan, "/var/log")->kind);
}

/* The lower one is mounted last: remounted elsewhere, say.  The kernel would take it first. */
static void test_plan_kernel_disagrees(void **state)
{
	CLEANUP(scene_clear) struct scene scene = { 0 };
	(void)state;

	add(&scene.devices, 7, 0, "loop0", NULL, "/b/image");
	assert_int_equal(0, plan_text(&scene,
				      "1 1 8:1 / / rw - ext4 a rw\n"
				      "2 1 7:0 / /a rw - ext4 b rw\n"
				      "3 1 8:2 / /b rw - ext4 c rw\n",
				      &(struct plan_wish) { 0 }));
	assert_true(place_of(&scene.plan, "/a") < place_of(&scene.plan, "/b"));
	assert_false(scene.plan.kernel_agrees);
}

/* dm over md over two loop devices whose files are on two file systems; a partition of a loop
 * device. */
static void test_plan_deep_stack(void **state)
{
	CLEANUP(scene_clear) struct scene scene = { 0 };
	struct devices *devices = &scene.devices;
	(void)state;

	add(devices, 7, 0, "loop0", NULL, "/x/1");
	add(devices, 7, 1, "loop1", NULL, "/y/2 (deleted)");
	add(devices, 9, 0, "md0", NULL, NULL);
	add(devices, 253, 0, "dm-0", "top", NULL);
	add(devices, 259, 0, "loop0p1", NULL, NULL);
	devices_add_below(devices, "md0", "loop0");
	devices_add_below(devices, "md0", "loop1");
	devices_add_below(devices, "dm-0", "md0");
	devices_add_below(devices, "loop0p1", "loop0");
	assert_int_equal(0, plan_text(&scene,
				      "1 1 8:1 / / rw - ext4 a rw\n"
				      "2 1 253:0 / /top rw - ext4 /dev/mapper/top rw\n"
				      "3 1 259:0 / /part rw - ext4 /dev/loop0p1 rw\n"
				      "4 1 8:2 / /x rw - ext4 c rw\n"
				      "5 1 8:3 / /y rw - ext4 c rw\n",
				      &(struct plan_wish) { 0 }));
	assert_true(place_of(&scene.plan, "/top") < place_of(&scene.plan, "/x"));
	assert_true(place_of(&scene.plan, "/top") < place_of(&scene.plan, "/y"));
	assert_true(place_of(&scene.plan, "/part") < place_of(&scene.plan, "/x"));
	assert_int_equal(2, item_at(&scene.plan, "/top")->on_count);
}

/* btrfs hides its devices behind an anonymous one; xfs has its log elsewhere. */
/* Images that are open and not mounted, one of them by the device mapper; and one that is mounted.
 */
static void test_plan_loose_devices(void **state)
{
	CLEANUP(scene_clear) struct scene scene = { 0 };
	static const char *const only[] = { "/b", NULL };
	static const char text[] = "1 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
				   "2 1 8:2 / /b rw - xfs /dev/sda2 rw\n"
				   "3 1 7:3 / /m rw - ext4 /dev/loop3 rw\n"
				   "4 1 8:3 / /efi rw - vfat /dev/sda3 rw\n";
	(void)state;

	add(&scene.devices, 8, 1, "sda1", NULL, NULL);
	add(&scene.devices, 7, 0, "loop0", NULL, "/b/image");
	add(&scene.devices, 7, 1, "loop1", NULL, "/image (deleted)");
	add(&scene.devices, 253, 0, "dm-0", "upper", NULL);
	add(&scene.devices, 7, 2, "loop2", NULL, "/efi/image");
	add(&scene.devices, 7, 3, "loop3", NULL, "/b/mounted");
	assert_int_equal(0, devices_add_below(&scene.devices, "dm-0", "loop1"));
	assert_int_equal(0, mounts_parse(text, &scene.mounts));
	assert_int_equal(0, loose_add(&scene.mounts, &scene.devices));
	assert_int_equal(8, scene.mounts.count);
	assert_int_equal(0, plan_make(&scene.mounts, &scene.devices, &(struct plan_wish) { 0 },
				      &scene.plan, NULL));
	assert_int_equal(PLAN_SYNC, item_at(&scene.plan, "/dev/loop0")->kind);
	assert_non_null(strstr(item_at(&scene.plan, "/dev/loop0")->reason, "lies in xfs on /b"));
	assert_true(place_of(&scene.plan, "/dev/loop0") < place_of(&scene.plan, "/b"));
	assert_true(place_of(&scene.plan, "/dev/dm-0") < place_of(&scene.plan, "/dev/loop1"));
	assert_true(place_of(&scene.plan, "/dev/loop1") < place_of(&scene.plan, "/"));
	assert_string_equal("/dev/mapper/upper", item_at(&scene.plan, "/dev/dm-0")->mount->source);
	/* What it lies in is not frozen, and so does not block it. */
	assert_int_equal(PLAN_LEAVE, item_at(&scene.plan, "/dev/loop2")->kind);
	assert_false(item_at(&scene.plan, "/dev/loop2")->on_disk);
	assert_int_equal(PLAN_FREEZE, item_at(&scene.plan, "/b")->kind);
	plan_clear(&scene.plan);
	assert_int_equal(0, plan_make(&scene.mounts, &scene.devices,
				      &(struct plan_wish) { .only = only }, &scene.plan, NULL));
	assert_int_equal(PLAN_SYNC, item_at(&scene.plan, "/dev/loop0")->kind);
	assert_int_equal(PLAN_LEAVE, item_at(&scene.plan, "/dev/loop1")->kind);
}

static void test_plan_several_devices(void **state)
{
	CLEANUP(scene_clear) struct scene scene = { 0 };
	struct devices *devices = &scene.devices;
	(void)state;

	add(devices, 8, 1, "sda1", NULL, NULL);
	add(devices, 7, 0, "loop0", NULL, "/x/image");
	add(devices, 7, 1, "loop1", NULL, "/y/log");
	assert_int_equal(0, devices_add_member(devices, 0, "sda1"));
	assert_int_equal(0, devices_add_member(devices, 0, "loop0"));
	assert_int_equal(0, plan_text(&scene,
				      "1 1 8:9 / / rw - ext4 a rw\n"
				      "2 1 0:50 /@ /data rw - btrfs /dev/sda1 rw,subvol=/@\n"
				      "3 1 0:50 /@h /data2 rw - btrfs /dev/sda1 rw,subvol=/@h\n"
				      "4 1 8:3 / /fast rw - xfs /dev/sdc rw,logdev=/dev/loop1\n"
				      "5 1 8:2 / /x rw - ext4 c rw\n"
				      "6 1 8:4 / /y rw - ext4 c rw\n",
				      &(struct plan_wish) { 0 }));
	assert_int_equal(PLAN_FREEZE, item_at(&scene.plan, "/data")->kind);
	assert_int_equal(2, item_at(&scene.plan, "/data")->mounts);
	assert_true(place_of(&scene.plan, "/data") < place_of(&scene.plan, "/x"));
	assert_true(place_of(&scene.plan, "/fast") < place_of(&scene.plan, "/y"));
}

/* An image on overlay lies in overlay's upper layer. */
static void test_plan_image_on_overlay(void **state)
{
	CLEANUP(scene_clear) struct scene scene = { 0 };
	(void)state;

	add(&scene.devices, 7, 0, "loop0", NULL, "/merged/image");
	assert_int_equal(
		0, plan_text(&scene,
			     "1 1 8:1 / / rw - ext4 a rw\n"
			     "2 1 7:0 / /image rw - ext4 /dev/loop0 rw\n"
			     "3 1 8:2 / /up rw - ext4 c rw\n"
			     "4 1 0:50 / /merged rw - overlay o rw,upperdir=/up/u,workdir=/up/w\n"
			     "5 1 0:51 / /lower rw - overlay o ro,lowerdir=/up/u:/x\n",
			     &(struct plan_wish) { 0 }));
	assert_true(place_of(&scene.plan, "/image") < place_of(&scene.plan, "/up"));
	assert_string_equal("nothing is written to it", item_at(&scene.plan, "/lower")->reason);
}

static void test_plan_circle(void **state)
{
	CLEANUP(scene_clear) struct scene scene = { 0 };
	(void)state;

	add(&scene.devices, 7, 0, "loop0", NULL, "/b/image");
	add(&scene.devices, 7, 1, "loop1", NULL, "/a/image");
	add(&scene.devices, 7, 2, "loop2", NULL, "/c/image");
	add(&scene.devices, 7, 3, "loop3", NULL, "/a/other");
	devices_add_below(&scene.devices, "loop3", "loop3");
	assert_int_equal(0, plan_text(&scene,
				      "1 1 8:1 / / rw - ext4 a rw\n"
				      "2 1 7:0 / /a rw - ext4 b rw\n"
				      "3 1 7:1 / /b rw - ext4 c rw\n"
				      "4 1 7:2 / /c rw - ext4 c rw\n"
				      "5 1 7:3 / /d rw - ext4 c rw\n",
				      &(struct plan_wish) { 0 }));
	assert_int_equal(PLAN_LEAVE, item_at(&scene.plan, "/a")->kind);
	assert_int_equal(PLAN_LEAVE, item_at(&scene.plan, "/b")->kind);
	assert_int_equal(PLAN_LEAVE, item_at(&scene.plan, "/c")->kind);
	assert_int_equal(PLAN_FREEZE, item_at(&scene.plan, "/d")->kind);
	assert_int_equal(PLAN_FREEZE, item_at(&scene.plan, "/")->kind);
}

/* An image whose mount is hidden goes on being written: nothing below it is frozen. */
static void test_plan_hidden(void **state)
{
	static const char text[] = "1 1 8:1 / / rw - ext4 a rw\n"
				   "2 1 8:2 / /low rw - ext4 b rw\n"
				   "3 2 7:0 / /low/mid rw - ext4 c rw\n"
				   "4 1 7:1 / /over/top rw - ext4 d rw\n"
				   "5 1 0:9 / /over rw - tmpfs none rw\n";
	CLEANUP(scene_clear) struct scene all = { 0 };
	CLEANUP(scene_clear) struct scene named = { 0 };
	(void)state;

	add(&all.devices, 7, 0, "loop0", NULL, "/low/image");
	add(&all.devices, 7, 1, "loop1", NULL, "/low/mid/image");
	add(&named.devices, 7, 1, "loop1", NULL, "/low/mid/image");
	assert_int_equal(0, plan_text(&all, text, &(struct plan_wish) { 0 }));
	assert_int_equal(PLAN_LEAVE, item_at(&all.plan, "/over/top")->kind);
	assert_true(item_at(&all.plan, "/over/top")->missed);
	assert_int_equal(PLAN_SYNC, item_at(&all.plan, "/low/mid")->kind);
	assert_int_equal(PLAN_SYNC, item_at(&all.plan, "/low")->kind);
	assert_true(item_at(&all.plan, "/low")->missed);
	assert_int_equal(PLAN_FREEZE, item_at(&all.plan, "/")->kind);
	assert_false(item_at(&all.plan, "/")->missed);

	assert_int_equal(0, plan_text(&named, text,
				      &(struct plan_wish) { .only = (const char *const[]) {
								    "/low/mid", NULL } }));
	assert_int_equal(PLAN_FREEZE, item_at(&named.plan, "/low/mid")->kind);
	assert_false(item_at(&named.plan, "/over/top")->missed);
}

/* A number that two devices have, devices nobody knows, none at all. */
static void test_plan_without_devices(void **state)
{
	CLEANUP(scene_clear) struct scene bare = { 0 };
	CLEANUP(scene_clear) struct scene twice = { 0 };
	(void)state;

	assert_int_equal(0, plan_text(&bare, laptop, &(struct plan_wish) { 0 }));
	assert_int_equal(PLAN_FREEZE, item_at(&bare.plan, "/home/u/My Disk")->kind);
	add(&twice.devices, 7, 0, "loop0", NULL, "/home/one");
	add(&twice.devices, 7, 0, "loop9", NULL, "/two");
	devices_add_below(&twice.devices, "loop0", "gone");
	assert_int_equal(0, plan_text(&twice, laptop, &(struct plan_wish) { 0 }));
	assert_true(place_of(&twice.plan, "/home/u/My Disk") < place_of(&twice.plan, "/home"));
}

static void test_plan_of_nothing(void **state)
{
	CLEANUP(scene_clear) struct scene scene = { 0 };
	(void)state;

	assert_int_equal(0, plan_text(&scene, "", &(struct plan_wish) { 0 }));
	assert_int_equal(0, scene.plan.count);
}

/* Each loop device's image on the one before: as deep as a walk can get. */
static void test_plan_thousands(void **state)
{
	enum { MANY = 3000 };
	CLEANUP(scene_clear) struct scene scene = { 0 };
	CLEANUP(freep) char *text = NULL;
	size_t bytes, frozen = 0;
	FILE *to = open_memstream(&text, &bytes);
	(void)state;

	fprintf(to, "1 1 8:1 / / rw - ext4 a rw\n");
	for (unsigned i = 0; i < MANY; i++) {
		char name[32], file[32];

		snprintf(name, sizeof(name), "loop%u", i);
		snprintf(file, sizeof(file), "/m%u/image", i + 1);
		add(&scene.devices, 7, i, name, NULL, file);
		fprintf(to, "%u 1 7:%u / /m%u rw - ext4 /dev/loop%u rw\n", i + 2, i, i, i);
		fprintf(to, "%u 1 7:%u /sub /bind%u rw - ext4 /dev/loop%u rw\n", MANY + i + 2, i, i,
			i);
	}
	fclose(to);
	assert_int_equal(0, plan_text(&scene, text, &(struct plan_wish) { 0 }));
	assert_int_equal(MANY + 1, scene.plan.count);
	for (size_t i = 0; i < scene.plan.count; i++) {
		const struct plan_item *item = &scene.plan.items[i];

		frozen += item->kind == PLAN_FREEZE;
		for (size_t j = 0; j < item->on_count; j++)
			assert_true(item->on[j] > i);
	}
	assert_int_equal(MANY + 1, frozen);
	assert_false(scene.plan.kernel_agrees);
}

static void test_types(void **state)
{
	(void)state;

	assert_int_equal(TYPE_DISK, type_nature("ext4", true));
	assert_int_equal(TYPE_DISK, type_nature("some-new-fs", true));
	assert_int_equal(TYPE_VIRTUAL, type_nature("tmpfs", false));
	assert_int_equal(TYPE_DISK, type_nature("btrfs", false));
	assert_int_equal(TYPE_SYNC, type_nature("vfat", true));
	assert_int_equal(TYPE_UNTOUCHED, type_nature("fuse.anything", false));
	assert_int_equal(TYPE_UNTOUCHED, type_nature("fuseblk", true));
	assert_int_equal(TYPE_VIRTUAL, type_nature("fusectl", false));
	assert_int_equal(TYPE_UNTOUCHED, type_nature("autofs", false));
	assert_int_equal(TYPE_SHARED, type_nature("gfs2", true));
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

/* ---- cgroups ---- */

static int is_chosen(const struct cgroups *chosen, const char *path)
{
	for (size_t i = 0; i < chosen->count; i++)
		if (strcmp(chosen->paths[i], path) == 0)
			return 1;
	return 0;
}

static void test_cgroups_choose(void **state)
{
	static const char *const paths[] = {
		"/init.scope",
		"/system.slice",
		"/system.slice/cron.service",
		"/system.slice/dbus.service",
		"/system.slice/systemd-logind.service",
		"/system.slice/systemd-logind.service/inner",
		"/system.slice/systemd-suspend.service",
		"/system.slice/systemd-suspend.service/below",
		"/system.slice/systemd-suspend.service-not",
		"/user.slice",
		"/user.slice/user-1000.slice",
	};
	CLEANUP(cgroups_clear) struct cgroups all = { 0 };
	CLEANUP(cgroups_clear) struct cgroups chosen = { 0 };
	CLEANUP(cgroups_clear) struct cgroups in_session = { 0 };
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		cgroups_add(&all, paths[i]);
	assert_int_equal(0, cgroups_choose(&all, "/system.slice/systemd-suspend.service", &chosen));
	assert_int_equal(3, chosen.count);
	assert_true(is_chosen(&chosen, "/user.slice"));
	assert_true(is_chosen(&chosen, "/system.slice/cron.service"));
	assert_true(is_chosen(&chosen, "/system.slice/systemd-suspend.service-not"));

	assert_int_equal(0, cgroups_choose(&all, "/user.slice/user-1000.slice", &in_session));
	assert_int_equal(2, in_session.count);
	assert_false(is_chosen(&in_session, "/user.slice"));
}

static void test_cgroups_from_the_root(void **state)
{
	CLEANUP(cgroups_clear) struct cgroups all = { 0 };
	CLEANUP(cgroups_clear) struct cgroups chosen = { 0 };
	(void)state;

	cgroups_add(&all, "/a");
	cgroups_add(&all, "/a/b");
	cgroups_add(&all, "/c");
	assert_int_equal(0, cgroups_choose(&all, "/", &chosen));
	assert_int_equal(2, chosen.count);
	assert_true(is_chosen(&chosen, "/a"));
}

static void test_cgroups_own(void **state)
{
	CLEANUP(freep)
	char *hybrid = cgroups_own("12:pids:/x\n0::/user.slice/a b\n1:name=systemd:/y\n");
	CLEANUP(freep) char *only = cgroups_own("0::/\n");
	CLEANUP(freep) char *none = cgroups_own("1:cpu:/0::/x\n");
	(void)state;

	assert_string_equal("/user.slice/a b", hybrid);
	assert_string_equal("/", only);
	assert_null(none);
}

static void test_cgroups_tree(void **state)
{
	CLEANUP(cgroups_clear) struct cgroups all = { 0 };
	CLEANUP(fd_closep) int fd = -1;
	bool frozen;
	(void)state;

	tree_put("a.slice/cgroup.freeze", "0\n");
	tree_put("a.slice/cgroup.events", "populated 1\nfrozen 0\n");
	tree_put("a.slice/b.service/cgroup.freeze", "1\n");
	tree_put("a.slice/b.service/cgroup.events", "populated 1\nfrozen 1\n");
	assert_int_equal(0, cgroups_read(tree, &all));
	assert_int_equal(2, all.count);
	assert_string_equal("/a.slice", all.paths[0]);
	assert_string_equal("/a.slice/b.service", all.paths[1]);
	fd = cgroups_open(tree, "/a.slice", &frozen);
	assert_true(fd >= 0);
	assert_false(frozen);
	close(fd);
	fd = cgroups_open(tree, "/a.slice/b.service", &frozen);
	assert_true(frozen);
	assert_false(cgroups_is_frozen(tree, "/a.slice"));
	assert_true(cgroups_is_frozen(tree, "/a.slice/b.service"));
	assert_int_equal(-ENOENT, cgroups_open(tree, "/gone", &frozen));
}

/* A process that is neither our child nor our ancestor, and ends when we do. */
static pid_t start_stranger(void)
{
	static int lifeline[2] = { -1, -1 };
	int ends[2];
	pid_t stranger = 0, between;

	assert_true(lifeline[1] >= 0 || pipe2(lifeline, O_CLOEXEC) == 0);
	assert_int_equal(0, pipe2(ends, O_CLOEXEC));
	between = fork();
	if (between == 0) {
		stranger = fork();
		if (stranger == 0) {
			close(lifeline[1]);
			_exit((int)read(lifeline[0], &(char) { 0 }, 1));
		}
		_exit(write(ends[1], &stranger, sizeof(stranger)) != sizeof(stranger));
	}
	assert_int_equal(sizeof(stranger), read(ends[0], &stranger, sizeof(stranger)));
	waitpid(between, NULL, 0);
	close(ends[0]);
	close(ends[1]);
	return stranger;
}

/* In a container that may be anybody's number. */
static bool is_kernel_thread(pid_t pid)
{
	CLEANUP(freep) char *name = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	return io_read_file(path, 64, &name, NULL) == 0 && strcmp(name, "kthreadd\n") == 0;
}

/* Ourselves and kernel threads do not count; anybody else does. */
static void test_cgroups_running(void **state)
{
	CLEANUP(cgroups_clear) struct cgroups all = { 0 };
	CLEANUP(cgroups_clear) struct cgroups frozen = { 0 };
	char name[64] = "", procs[64];
	pid_t stranger = start_stranger();
	(void)state;

	snprintf(procs, sizeof(procs), "%d\n", stranger);
	tree_put("cgroup.procs", procs);
	tree_put("suspend-freeze/cgroup.procs", procs);
	tree_put("a/cgroup.procs", "");
	tree_put("init.scope/cgroup.procs", "1\n");
	tree_put("b/cgroup.procs", procs);
	snprintf(procs, sizeof(procs), "1\n%d\n%d\n%s", getpid(), getppid(),
		 is_kernel_thread(2) ? "2\n" : "");
	tree_put("c/cgroup.procs", procs);
	assert_int_equal(0, cgroups_read(tree, &all));
	assert_int_equal(1, cgroups_running(tree, &all, &frozen, name));
	assert_int_equal(0, strncmp(name, "test-suspend", 12));
	cgroups_add(&frozen, "/b");
	assert_int_equal(0, cgroups_running(tree, &all, &frozen, name));
	kill(stranger, SIGKILL);
}

/* The kernel would take the process out of the one when it is written into the other. */
static void test_gather(void **state)
{
	CLEANUP(freep) char *moved = NULL;
	CLEANUP(freep) char *path = NULL;
	char name[64] = "", procs[64];
	pid_t stranger = start_stranger();
	(void)state;

	snprintf(procs, sizeof(procs), "1\n%d\n%d\n", getpid(), stranger);
	tree_put("cgroup.procs", procs);
	assert_int_equal(1, gather_count(tree, name));
	assert_int_equal(-ENOENT, gather_all(tree));
	assert_int_equal(0, gather_prepare(tree));
	assert_int_equal(0, gather_prepare(tree));
	tree_put("suspend-freeze/cgroup.procs", "");
	assert_int_equal(0, gather_all(tree));
	path = tree_path("suspend-freeze/cgroup.procs");
	assert_int_equal(0, io_read_file(path, 4096, &moved, NULL));
	assert_int_equal(stranger, strtol(moved, NULL, 10));
	snprintf(procs, sizeof(procs), "\n%d\n", getpid());
	assert_null(strstr(moved, procs));
	kill(stranger, SIGKILL);
}

/* ---- the kernel ---- */

static void test_kernel(void **state)
{
	struct kernel debian = kernel_parse("6.1.0-18-amd64"), odd = kernel_parse("what");
	(void)state;

	assert_int_equal(6, debian.major);
	assert_int_equal(1, debian.minor);
	assert_int_equal(0, odd.major);
	assert_true(kernel_is_before(debian, 6, 16));
	assert_false(kernel_is_before(kernel_parse("6.16.0-rc1"), 6, 16));
	assert_false(kernel_is_before(kernel_parse("7.0"), 6, 16));
	assert_true(kernel_is_before(kernel_parse("5.19.1"), 6, 16));
}

static void test_knob_defect(void **state)
{
	(void)state;

	assert_null(knob_defect(kernel_parse("6.17.9")));
	assert_non_null(knob_defect(kernel_parse("6.18.0-1-amd64")));
	assert_non_null(knob_defect(kernel_parse("6.18.2")));
	assert_null(knob_defect(kernel_parse("6.18.3")));
	assert_null(knob_defect(kernel_parse("6.19.0")));
}

static void test_knob_open(void **state)
{
	CLEANUP(freep) char *path = tree_path("knob");
	CLEANUP(fd_closep) int fd = -1;
	char value[2];
	(void)state;

	assert_int_equal(-ENOENT, knob_open(path, value));
	tree_put("knob", "1\n");
	fd = knob_open(path, value);
	assert_true(fd >= 0);
	assert_string_equal("1", value);
}

/* ---- state file ---- */

/* The folder without its checks, which want tmpfs. */
static void hold_in_tree(struct hold *hold)
{
	*hold = HOLD_NONE;
	assert_int_equal(0, hold_look(hold, tree));
}

static void test_hold_is_read_back(void **state)
{
	CLEANUP(hold_clear) struct hold written = HOLD_NONE;
	CLEANUP(hold_clear) struct hold read = HOLD_NONE;
	const struct process holder = { 4711, 1234567890123 };
	(void)state;

	hold_in_tree(&written);
	assert_int_equal(0, hold_add(&written, &(struct hold_entry) { .kind = HOLD_CGROUP,
								      .fd = -1,
								      .path = (char *)"/a b" }));
	assert_int_equal(0,
			 hold_add(&written, &(struct hold_entry) { .kind = HOLD_SUPERBLOCK,
								   .fd = -1,
								   .device = makedev(8, 1),
								   .type = (char *)"ext4",
								   .source = (char *)"-",
								   .path = (char *)"/new\nline" }));
	assert_int_equal(0, hold_add(&written, &(struct hold_entry) { .kind = HOLD_KNOB,
								      .fd = -1,
								      .path = (char *)"/k",
								      .value = (char *)"0" }));
	assert_int_equal(0, hold_publish(&written));
	hold_set_process(&written, HOLD_HOLDER, &holder);
	hold_set(&written.entries[1], HOLD_FROZEN);

	hold_in_tree(&read);
	assert_int_equal(0, hold_read(&read));
	assert_int_equal(3, read.count);
	assert_string_equal("/a b", read.entries[0].path);
	assert_string_equal("", read.entries[0].source);
	assert_int_equal(HOLD_SUPERBLOCK, read.entries[1].kind);
	assert_int_equal(makedev(8, 1), read.entries[1].device);
	assert_string_equal("-", read.entries[1].source);
	assert_string_equal("/new\nline", read.entries[1].path);
	assert_string_equal("0", read.entries[2].value);
	assert_int_equal(HOLD_PLANNED, hold_state(&read.entries[0]));
	assert_true(hold_is_pending(&read.entries[1]));
	assert_false(hold_is_pending(&read.entries[0]));
	assert_int_equal(4711, hold_process(&read, HOLD_HOLDER).pid);
	assert_int_equal(1234567890123, hold_process(&read, HOLD_HOLDER).start);
	assert_int_equal(0, hold_process(&read, HOLD_WATCHDOG).pid);

	/* Both see what either changes. */
	hold_set(&read.entries[1], HOLD_DONE);
	hold_set_ending(&read);
	assert_int_equal(HOLD_DONE, hold_state(&written.entries[1]));
	assert_true(hold_is_ending(&written));
	hold_withdraw(&written);
	hold_clear(&read);
	hold_in_tree(&read);
	assert_int_equal(-ENOENT, hold_read(&read));
}

static void test_hold_refuses_what_it_did_not_write(void **state)
{
	static const char head[] = "suspend-freeze 1\nphase h\n"
				   "holder            0                    0\n"
				   "watchdog          0                    0\n";
	static const char *const bad[] = {
		"x superblock 1:1 a b c -\n",	"F superblock 1:1 a b c\n",
		"F superblock 1 a b c -\n",	"F what 1:1 a b c -\n",
		"F superblock 1:1 a b c - d\n", "F superblock 1:1 a b c -",
		"\nF superblock 1:1 a b c -\n", "F\n"
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		CLEANUP(hold_clear) struct hold hold = HOLD_NONE;
		char text[512];

		snprintf(text, sizeof(text), "%s%s", head, bad[i]);
		tree_put("state", text);
		hold_in_tree(&hold);
		assert_int_equal(-EBADMSG, hold_read(&hold));
	}
	for (size_t bytes = 0; bytes < strlen(head); bytes += 7) {
		CLEANUP(hold_clear) struct hold hold = HOLD_NONE;
		char text[512];

		snprintf(text, sizeof(text), "%.*s", (int)bytes, head);
		tree_put("state", text);
		hold_in_tree(&hold);
		assert_int_equal(-EBADMSG, hold_read(&hold));
	}
}

static void test_hold_lock(void **state)
{
	CLEANUP(hold_clear) struct hold first = HOLD_NONE;
	CLEANUP(hold_clear) struct hold second = HOLD_NONE;
	CLEANUP(hold_clear) struct hold none = HOLD_NONE;
	CLEANUP(problem_clear) struct problem problem = { 0 };
	char folder[] = "/dev/shm/suspend-test.XXXXXX", lock[64];
	int r;
	(void)state;

	assert_int_equal(-ENOENT, hold_lock(&none, "/nowhere/at/all", false, &problem));
	if (!mkdtemp(folder))
		skip_because("no folder in /dev/shm: %s", strerror(errno));
	snprintf(lock, sizeof(lock), "%s/lock", folder);
	r = hold_lock(&first, folder, true, &problem);
	assert_int_equal(0, r);
	assert_int_equal(-EBUSY, hold_lock(&second, folder, true, &problem));
	hold_clear(&second);
	hold_clear(&first);
	assert_int_equal(0, hold_lock(&second, folder, false, &problem));
	hold_clear(&second);
	chmod(folder, 0777);
	assert_int_equal(-EPERM, hold_lock(&second, folder, false, &problem));
	assert_non_null(strstr(problem.message, "could be changed by others"));
	unlink(lock);
	rmdir(folder);
}

static void test_process(void **state)
{
	struct process self, other;
	(void)state;

	assert_int_equal(0, process_read(getpid(), &self));
	assert_true(process_is_alive(&self));
	other = self;
	other.start++;
	assert_false(process_is_alive(&other));
	assert_int_equal(-ESRCH, process_open(&other));
	assert_int_equal(-ESRCH, process_open(&(struct process) { 0 }));
	assert_false(process_is_alive(&(struct process) { 0x7ffffff, 1 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mounts_fields),
		cmocka_unit_test(test_mounts_odd_names),
		cmocka_unit_test(test_mounts_refused),
		cmocka_unit_test(test_mounts_find),
		cmocka_unit_test(test_mounts_find_ends),
		cmocka_unit_test(test_mounts_elsewhere),
		cmocka_unit_test(test_mount_options),
		cmocka_unit_test(test_escape_is_read_back),
		cmocka_unit_test(test_plan_laptop),
		cmocka_unit_test(test_plan_way_through_fuse),
		cmocka_unit_test(test_plan_ways_that_do),
		cmocka_unit_test(test_plan_takes_the_mount_in_reach),
		cmocka_unit_test(test_plan_only_and_except),
		cmocka_unit_test(test_plan_spares_the_system),
		cmocka_unit_test(test_plan_hidden),
		cmocka_unit_test(test_plan_kernel_disagrees),
		cmocka_unit_test(test_plan_deep_stack),
		cmocka_unit_test(test_plan_loose_devices),
		cmocka_unit_test(test_plan_several_devices),
		cmocka_unit_test(test_plan_image_on_overlay),
		cmocka_unit_test(test_plan_circle),
		cmocka_unit_test(test_plan_without_devices),
		cmocka_unit_test(test_plan_of_nothing),
		cmocka_unit_test(test_plan_thousands),
		cmocka_unit_test(test_types),
		cmocka_unit_test_setup_teardown(test_devices_from_sysfs, tree_make, tree_remove),
		cmocka_unit_test(test_devices_without_sysfs),
		cmocka_unit_test(test_cgroups_choose),
		cmocka_unit_test(test_cgroups_from_the_root),
		cmocka_unit_test(test_cgroups_own),
		cmocka_unit_test_setup_teardown(test_cgroups_tree, tree_make, tree_remove),
		cmocka_unit_test_setup_teardown(test_cgroups_running, tree_make, tree_remove),
		cmocka_unit_test_setup_teardown(test_gather, tree_make, tree_remove),
		cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_knob_defect),
		cmocka_unit_test_setup_teardown(test_knob_open, tree_make, tree_remove),
		cmocka_unit_test_setup_teardown(test_hold_is_read_back, tree_make, tree_remove),
		cmocka_unit_test_setup_teardown(test_hold_refuses_what_it_did_not_write, tree_make,
						tree_remove),
		cmocka_unit_test(test_hold_lock),
		cmocka_unit_test(test_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
