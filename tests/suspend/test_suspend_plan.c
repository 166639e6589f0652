/* SPDX-License-Identifier: MIT */
/*
 * The plan of suspend-freeze and its order, from tables of mounts and devices; it
 * freezes nothing.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "blockdev/devices.h"
#include "laptop.h"
#include "suspend/targets.h"
#include "blockdev/mounts.h"
#include "suspend/plan.h"

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

static int plan_text(struct scene *scene, const char *text, const struct plan_selection *selection)
{
	assert_int_equal(0, mounts_parse(text, &scene->mounts));
	return plan_make(&scene->mounts, &scene->devices, selection, &scene->plan, &scene->problem);
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

/* ---- what is frozen, and in which order ---- */

static void test_plan_laptop(void **state)
{
	CLEANUP(scene_clear) struct scene scene = { 0 };
	const struct plan *plan = &scene.plan;
	(void)state;

	laptop_devices(&scene.devices);
	assert_int_equal(0, plan_text(&scene, laptop, &(struct plan_selection) { 0 }));
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
	assert_int_equal(0, plan_text(&scene, laptop, &(struct plan_selection) { 0 }));
	assert_int_equal(PLAN_LEAVE, item_at(&scene.plan, "/home/u/ssh/inner")->kind);
	assert_non_null(
		strstr(item_at(&scene.plan, "/home/u/ssh/inner")->reason, "cannot be accessed"));
}

/* Root on NFS, autofs that has mounted, and a directory that is gone. */
static void test_plan_ways_that_do(void **state)
{
	CLEANUP(scene_clear) struct scene scene = { 0 };
	(void)state;

	assert_int_equal(0, plan_text(&scene,
				      "1 1 0:9 / / rw - nfs4 server:/ rw\n"
				      "2 1 0:10 / /boot rw - autofs systemd-1 rw,direct\n"
				      "3 2 8:1 / /boot rw - ext4 a rw\n"
				      "4 1 8:2 / /gone//deleted rw - ext4 b rw\n",
				      &(struct plan_selection) { 0 }));
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
				      &(struct plan_selection) { 0 }));
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

	assert_int_equal(0, plan_text(&only, laptop, &(struct plan_selection) { .only = home }));
	assert_int_equal(PLAN_FREEZE, item_at(&only.plan, "/home")->kind);
	assert_int_equal(PLAN_LEAVE, item_at(&only.plan, "/")->kind);
	assert_int_equal(PLAN_LEAVE, item_at(&only.plan, "/boot/efi")->kind);
	assert_int_equal(0,
			 plan_text(&except, laptop, &(struct plan_selection) { .except = home }));
	assert_int_equal(PLAN_LEAVE, item_at(&except.plan, "/home")->kind);
	assert_int_equal(PLAN_FREEZE, item_at(&except.plan, "/")->kind);
	assert_int_equal(-EINVAL,
			 plan_text(&wrong, laptop, &(struct plan_selection) { .only = nowhere }));
	assert_int_equal(PROBLEM_USAGE, wrong.problem.kind);
	assert_null(wrong.plan.items);
}

static void test_plan_spares_the_system(void **state)
{
	CLEANUP(scene_clear) struct scene scene = { 0 };
	(void)state;

	assert_int_equal(0,
			 plan_text(&scene,
				   "1 1 8:1 / / rw - ext4 a rw\n"
				   "2 1 8:2 / /var rw - xfs b rw\n"
				   "3 1 8:3 / /home rw - xfs c rw\n"
				   "4 2 8:4 / /var/log rw - xfs c ro\n",
				   &(struct plan_selection) { .downgrade_system = "they write" }));
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
				      &(struct plan_selection) { 0 }));
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
				      &(struct plan_selection) { 0 }));
	assert_true(place_of(&scene.plan, "/top") < place_of(&scene.plan, "/x"));
	assert_true(place_of(&scene.plan, "/top") < place_of(&scene.plan, "/y"));
	assert_true(place_of(&scene.plan, "/part") < place_of(&scene.plan, "/x"));
	assert_int_equal(2, item_at(&scene.plan, "/top")->dependency_count);
}

/* btrfs hides its devices behind an anonymous one; xfs has its log elsewhere. */
/* Images that are open and not mounted, one of them by the device mapper; and one that is mounted.
 */
static void test_plan_unmounted_devices(void **state)
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
	assert_int_equal(0, targets_add_unmounted(&scene.mounts, &scene.devices));
	assert_int_equal(8, scene.mounts.count);
	assert_int_equal(0, plan_make(&scene.mounts, &scene.devices, &(struct plan_selection) { 0 },
				      &scene.plan, NULL));
	assert_int_equal(PLAN_SYNC, item_at(&scene.plan, "/dev/loop0")->kind);
	assert_non_null(strstr(item_at(&scene.plan, "/dev/loop0")->reason, "stored in xfs on /b"));
	assert_true(place_of(&scene.plan, "/dev/loop0") < place_of(&scene.plan, "/b"));
	assert_true(place_of(&scene.plan, "/dev/dm-0") < place_of(&scene.plan, "/dev/loop1"));
	assert_true(place_of(&scene.plan, "/dev/loop1") < place_of(&scene.plan, "/"));
	assert_string_equal("/dev/mapper/upper", item_at(&scene.plan, "/dev/dm-0")->mount->source);
	/* What it lies in is not frozen, and so does not block it. */
	assert_int_equal(PLAN_LEAVE, item_at(&scene.plan, "/dev/loop2")->kind);
	assert_false(item_at(&scene.plan, "/dev/loop2")->on_disk);
	assert_int_equal(PLAN_FREEZE, item_at(&scene.plan, "/b")->kind);
	plan_clear(&scene.plan);
	assert_int_equal(0,
			 plan_make(&scene.mounts, &scene.devices,
				   &(struct plan_selection) { .only = only }, &scene.plan, NULL));
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
				      &(struct plan_selection) { 0 }));
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
			     &(struct plan_selection) { 0 }));
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
				      &(struct plan_selection) { 0 }));
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
	assert_int_equal(0, plan_text(&all, text, &(struct plan_selection) { 0 }));
	assert_int_equal(PLAN_LEAVE, item_at(&all.plan, "/over/top")->kind);
	assert_true(item_at(&all.plan, "/over/top")->downgraded);
	assert_int_equal(PLAN_SYNC, item_at(&all.plan, "/low/mid")->kind);
	assert_int_equal(PLAN_SYNC, item_at(&all.plan, "/low")->kind);
	assert_true(item_at(&all.plan, "/low")->downgraded);
	assert_int_equal(PLAN_FREEZE, item_at(&all.plan, "/")->kind);
	assert_false(item_at(&all.plan, "/")->downgraded);

	assert_int_equal(0, plan_text(&named, text,
				      &(struct plan_selection) { .only = (const char *const[]) {
									 "/low/mid", NULL } }));
	assert_int_equal(PLAN_FREEZE, item_at(&named.plan, "/low/mid")->kind);
	assert_false(item_at(&named.plan, "/over/top")->downgraded);
}

/* A number that two devices have, devices nobody knows, none at all. */
static void test_plan_without_devices(void **state)
{
	CLEANUP(scene_clear) struct scene bare = { 0 };
	CLEANUP(scene_clear) struct scene twice = { 0 };
	(void)state;

	assert_int_equal(0, plan_text(&bare, laptop, &(struct plan_selection) { 0 }));
	assert_int_equal(PLAN_FREEZE, item_at(&bare.plan, "/home/u/My Disk")->kind);
	add(&twice.devices, 7, 0, "loop0", NULL, "/home/one");
	add(&twice.devices, 7, 0, "loop9", NULL, "/two");
	devices_add_below(&twice.devices, "loop0", "gone");
	assert_int_equal(0, plan_text(&twice, laptop, &(struct plan_selection) { 0 }));
	assert_true(place_of(&twice.plan, "/home/u/My Disk") < place_of(&twice.plan, "/home"));
}

static void test_plan_of_nothing(void **state)
{
	CLEANUP(scene_clear) struct scene scene = { 0 };
	(void)state;

	assert_int_equal(0, plan_text(&scene, "", &(struct plan_selection) { 0 }));
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
	assert_int_equal(0, plan_text(&scene, text, &(struct plan_selection) { 0 }));
	assert_int_equal(MANY + 1, scene.plan.count);
	for (size_t i = 0; i < scene.plan.count; i++) {
		const struct plan_item *item = &scene.plan.items[i];

		frozen += item->kind == PLAN_FREEZE;
		for (size_t j = 0; j < item->dependency_count; j++)
			assert_true(item->depends_on[j] > i);
	}
	assert_int_equal(MANY + 1, frozen);
	assert_false(scene.plan.kernel_agrees);
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
	assert_int_equal(0, targets_add_namespace(&scene.mounts,
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
				      &(struct plan_selection) { .only = only }, &plan, NULL));
	assert_int_equal(PLAN_FREEZE, item_at(&plan, "/data")->kind);
	assert_int_equal(PLAN_LEAVE, item_at(&plan, "/")->kind);
	assert_int_equal(-EBADMSG,
			 targets_add_namespace(&scene.mounts, "nonsense", "/proc/9/root"));
	assert_int_equal(3, scene.mounts.count);
}

static void test_types(void **state)
{
	(void)state;

	assert_int_equal(TARGET_FREEZABLE, target_type("ext4", true));
	assert_int_equal(TARGET_FREEZABLE, target_type("some-new-fs", true));
	assert_int_equal(TARGET_VIRTUAL, target_type("tmpfs", false));
	assert_int_equal(TARGET_FREEZABLE, target_type("btrfs", false));
	assert_int_equal(TARGET_SYNC_ONLY, target_type("vfat", true));
	assert_int_equal(TARGET_MAY_HANG, target_type("fuse.anything", false));
	assert_int_equal(TARGET_MAY_HANG, target_type("fuseblk", true));
	assert_int_equal(TARGET_VIRTUAL, target_type("fusectl", false));
	assert_int_equal(TARGET_MAY_HANG, target_type("autofs", false));
	assert_int_equal(TARGET_SHARED, target_type("gfs2", true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mounts_elsewhere),
		cmocka_unit_test(test_plan_laptop),
		cmocka_unit_test(test_plan_way_through_fuse),
		cmocka_unit_test(test_plan_ways_that_do),
		cmocka_unit_test(test_plan_takes_the_mount_in_reach),
		cmocka_unit_test(test_plan_only_and_except),
		cmocka_unit_test(test_plan_spares_the_system),
		cmocka_unit_test(test_plan_hidden),
		cmocka_unit_test(test_plan_kernel_disagrees),
		cmocka_unit_test(test_plan_deep_stack),
		cmocka_unit_test(test_plan_unmounted_devices),
		cmocka_unit_test(test_plan_several_devices),
		cmocka_unit_test(test_plan_image_on_overlay),
		cmocka_unit_test(test_plan_circle),
		cmocka_unit_test(test_plan_without_devices),
		cmocka_unit_test(test_plan_of_nothing),
		cmocka_unit_test(test_plan_thousands),
		cmocka_unit_test(test_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
