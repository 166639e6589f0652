/* SPDX-License-Identifier: MIT */
/*
 * Every rule of the guard as a row: facts, what the user said, and what has to be
 * in the sentence; NULL: the device may be formatted.  What a row leaves open is
 * that of an unused disk of 64 MiB.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "testbed/guard.h"

#define TEXT(literal) ((char *)(literal))

struct row {
	struct device_facts facts;
	struct guard_consent consent;
	const char *says;
	int error;
	enum problem_kind kind; /* 0: PROBLEM_USAGE */
	int nameless;		/* leave .name NULL */
	int without_medium;	/* leave .bytes 0 */
};

static void fill_in(struct device_facts *facts, const struct row *row)
{
	facts->path = TEXT("/dev/sdb");
	if (!facts->name && !row->nameless)
		facts->name = TEXT("sdb");
	facts->disk = TEXT("sdb");
	if (!facts->bytes && !row->without_medium)
		facts->bytes = 64 << 20;
}

static void expect(int r, const struct problem *problem, const struct row *row, size_t index)
{
	if (!row->says && r == 0)
		return;
	if (!row->says || r == 0 || !problem->message || !strstr(problem->message, row->says))
		fail_msg("row %zu: %d, \"%s\" instead of \"%s\"", index, r,
			 problem->message ? problem->message : "", row->says ? row->says : "");
	assert_non_null(strstr(problem->message, "/dev/sdb"));
	if (row->error)
		assert_int_equal(r, -row->error);
	assert_int_equal(problem->kind, row->kind ? row->kind : PROBLEM_USAGE);
}

static const struct row devices[] = {
	{ .says = NULL },

	/* what the path names */
	{ { .kind = "a directory" },
	  .says = "is a directory, not a block device",
	  .error = ENOTBLK },
	{ { .error = ENOENT },
	  .nameless = 1,
	  .says = "cannot use the device /dev/sdb: No such file or directory",
	  .error = ENOENT,
	  .kind = PROBLEM_LACK },
	{ { .error = 0 }, .nameless = 1, .says = "no device with the number", .error = ENXIO },
	{ { .error = EACCES },
	  .says = "cannot use the device /dev/sdb: Permission denied",
	  .kind = PROBLEM_LACK },

	/* who uses it */
	{ { .changed = TEXT("sdc of 4 GiB") },
	  .says = "has changed since the start of the run; now it is sdc of 4 GiB" },
	{ { .mounted = TEXT("/home") }, .says = "is mounted on /home; unmount it", .error = EBUSY },
	{ { .swap = TEXT("sdb1") }, .says = "is in use as swap: sdb1; disable it" },
	{ { .holders = TEXT("dm-0") }, .says = "is part of dm-0; remove it" },
	{ { .registered = TEXT("bcache") }, .says = "is in use by bcache" },
	{ { .looped = TEXT("loop3") }, .says = "is also used through loop3" },
	{ { .below = TEXT("sda2") }, .says = "is only another name for sda2" },
	{ { .exported = TEXT("/sys/x") }, .says = "is exported by /sys/x" },
	{ { .opened = TEXT("qemu (process 7)") },
	  .says = "is open for writing in qemu (process 7)" },
	{ { .fstab = TEXT("/etc/fstab: LABEL=x") }, .says = "is listed in /etc/fstab: LABEL=x" },
	{ { .twin = TEXT("sdc") }, .says = "reports the same identity as sdc" },
	{ { .overlap = TEXT("sdb2") }, .says = "shares sectors with sdb2" },
	{ { .partitions = TEXT("sdb1, sdb2") }, .says = "has partitions: sdb1, sdb2" },
	{ { .zoned = TEXT("host-managed") }, .says = "is a zoned device: host-managed" },
	{ { .busy = 1 }, .says = "is in use by the kernel or by another program", .error = EBUSY },
	{ { .locked = EWOULDBLOCK }, .says = "the disk sdb is locked by another program" },
	{ { .locked = ENOENT }, .says = "the disk sdb cannot be locked", .error = ENOENT },

	/* Who uses it is said before what it is. */
	{ { .mounted = TEXT("/"), .error = EPERM, .busy = 1, .holds = TEXT("/"), .read_only = 1 },
	  .says = "is mounted on /;" },

	/* the system */
	{ { .holds = TEXT("/, /boot") }, .says = "contains /, /boot; choose another device" },
	{ { .holds = TEXT("/") }, { .same_disk = 1 }, .says = "contains /; choose another device" },
	{ { .holds = TEXT("/"), .is_partition = 1 },
	  .says = "is on sdb, the disk that contains /; choose another disk, or allow" },
	{ { .holds = TEXT("/"), .is_partition = 1 }, { .same_disk = 1 }, .says = NULL },
	{ { .holds = TEXT("/"), .is_partition = 1, .mounted = TEXT("/x") },
	  { .same_disk = 1 },
	  .says = "is mounted on /x" },

	/* room */
	{ { .sequence = 1 }, .without_medium = 1, .says = "has no medium", .error = ENOMEDIUM },
	{ { .read_only = 1 }, .says = "is read-only", .error = EROFS },
	{ { .least_bytes = 65 << 20 },
	  .says = "is too small: it has 64 MiB and the run needs 65 MiB",
	  .error = ENOSPC },
	{ { .least_bytes = 64 << 20 }, .says = NULL },

	/* what is on it */
	{ { .found.unreadable = EIO },
	  .says = "cannot read what is on /dev/sdb: Input/output error",
	  .error = EIO },
	{ { .disk_found.unreadable = ENOMEDIUM },
	  .says = "cannot read what is on /dev/sdb: No medium found" },
	{ { .found.ambivalent = 1 },
	  { .overwrite_signature = "ext4" },
	  .says = "several contradictory signatures" },
	{ { .found.table = TEXT("gpt") }, .says = "has a partition table (gpt)" },
	{ { .found.table = TEXT("dos") },
	  { .overwrite_signature = "dos" },
	  .says = "has a partition table (dos)" },
	{ { .found.table = TEXT("dos"), .found.type = TEXT("ext4") },
	  { .overwrite_signature = "ext4" },
	  .says = "has a partition table (dos)" },
	{ { .disk_found.type = TEXT("linux_raid_member") },
	  { .overwrite_signature = "linux_raid_member" },
	  .says = "a disk with a signature of its own (linux_raid_member)" },
	{ { .disk_found.ambivalent = 1 },
	  .says = "a disk with a signature of its own (several signatures)" },
	{ { .found.type = TEXT("ext4") },
	  .says = "is not empty (ext4); choose another device, or overwrite it with "
		  "--overwrite-signature ext4" },
	{ { .found.type = TEXT("ext4") },
	  { .overwrite_signature = "xfs" },
	  .says = "contains ext4, but --overwrite-signature names \"xfs\"" },
	{ { .found.type = TEXT("ext4") },
	  { .overwrite_signature = "" },
	  .says = "contains ext4, but --overwrite-signature names \"\"" },
	{ { .found.type = TEXT("ext4") },
	  { .overwrite_signature = "ext" },
	  .says = "contains ext4, but --overwrite-signature names \"ext\"" },
	{ { .found.type = TEXT("ext4") },
	  { .overwrite_signature = "EXT4" },
	  .says = "contains ext4, but --overwrite-signature names \"EXT4\"" },
	{ { .found = { .type = TEXT("ext4"), .usage = TEXT("filesystem") } },
	  { .overwrite_signature = "ext4" },
	  .says = NULL },
	{ { .found.type = TEXT("swap") }, { .overwrite_signature = "swap" }, .says = NULL },
	{ { .found.type = NULL }, { .overwrite_signature = "ext4" }, .says = NULL },

	/* members, whatever is said */
	{ { .found = { .type = TEXT("LVM2_member"), .usage = TEXT("raid") } },
	  { .overwrite_signature = "LVM2_member" },
	  .says = "is a member of a larger volume (LVM2_member)" },
	{ { .found = { .type = TEXT("isw_raid_member"), .usage = TEXT("raid") } },
	  { .overwrite_signature = "isw_raid_member" },
	  .says = "is a member" },
	{ { .found.type = TEXT("zfs_member") },
	  { .overwrite_signature = "zfs_member" },
	  .says = "is a member" },
	{ { .found.type = TEXT("bcache") },
	  { .overwrite_signature = "bcache" },
	  .says = "is a member" },
	{ { .found.type = TEXT("DM_verity_hash") },
	  { .overwrite_signature = "DM_verity_hash" },
	  .says = "is a member" },
	{ { .found.type = TEXT("stratis") },
	  { .overwrite_signature = "stratis" },
	  .says = "is a member" },
	{ { .found.type = TEXT("vdo") }, { .overwrite_signature = "vdo" }, .says = "is a member" },
	{ { .found.type = TEXT("ceph_bluestore") },
	  { .overwrite_signature = "ceph_bluestore" },
	  .says = "is a member" },
	{ { .found.type = TEXT("mpool") },
	  { .overwrite_signature = "mpool" },
	  .says = "is a member" },
	{ { .found.type = TEXT("swsuspend") },
	  { .overwrite_signature = "swsuspend" },
	  .says = "is a member" },
};

static void test_device(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
		CLEANUP(problem_clear) struct problem problem = { 0 };
		struct device_facts facts = devices[i].facts;

		fill_in(&facts, &devices[i]);
		expect(guard_device(&facts, &devices[i].consent, &problem), &problem, &devices[i],
		       i);
	}
}

static char *names[] = { TEXT("usb-ACME-1"), TEXT("wwn-0x1"), NULL };
static char *no_names[] = { NULL };

static const struct {
	struct row row;
	int on_terminal;
} consents[] = {
	{ { { .by_id = names }, { .destroy = "usb-ACME-1" } }, 0 },
	{ { { .by_id = names }, { .destroy = "wwn-0x1" } }, 0 },
	{ { { .by_id = names }, { .destroy = "/dev/disk/by-id/wwn-0x1" } }, 0 },
	{ { { .serial = TEXT("S1") }, { .destroy = "S1" } }, 0 },
	{ { { .by_id = no_names, .serial = TEXT("S1") }, { .destroy = "S1" } }, 0 },
	{ { { .serial = NULL }, { .destroy = "/dev/sdb" } }, 1 },
	{ { { .by_id = names }, { .destroy = "usb-ACME-1" } }, 1 },
	{ { { .by_id = names }, .says = "add --destroy 'usb-ACME-1'", .error = EPERM }, 0 },
	{ { { .serial = TEXT("S1") }, .says = "add --destroy 'S1'" }, 0 },
	{ { { .by_id = names }, .says = "add --destroy '/dev/sdb'" }, 1 },
	{ { { .by_id = no_names }, .says = "neither a name in" }, 0 },
	{ { { .by_id = NULL }, { .destroy = "/dev/sdb" }, .says = "neither a name in" }, 0 },
	{ { { .by_id = names },
	    { .destroy = "/dev/sdb" },
	    .says = "does not name /dev/sdb by its name in" },
	  0 },
	{ { { .by_id = names }, { .destroy = "sdb" }, .says = "does not name /dev/sdb; to" }, 1 },
	{ { { .by_id = names }, { .destroy = "usb-ACME" }, .says = "does not name" }, 0 },
	{ { { .by_id = names }, { .destroy = "usb-ACME-1-part1" }, .says = "does not name" }, 0 },
	{ { { .by_id = names }, { .destroy = "" }, .says = "does not name" }, 0 },
	{ { { .by_id = names }, { .destroy = "/dev/disk/by-id/" }, .says = "does not name" }, 1 },
	{ { { .serial = TEXT("S1") }, { .destroy = "S12" }, .says = "does not name" }, 0 },
	{ { { .serial = TEXT("S1") }, { .destroy = "/dev/sdb/" }, .says = "does not name" }, 1 },
};

static void test_consent(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(consents); i++) {
		CLEANUP(problem_clear) struct problem problem = { 0 };
		struct device_facts facts = consents[i].row.facts;

		fill_in(&facts, &consents[i].row);
		expect(guard_consent(&facts, &consents[i].row.consent, consents[i].on_terminal,
				     &problem),
		       &problem, &consents[i].row, i);
	}
}

static void test_typed(void **state)
{
	static const char *const wrong[] = { NULL,   "",   "y",	   "yes", "/dev/sdb",
					     "sdb ", "sd", "sdb1", "SDB" };
	const struct device_facts facts = { .path = TEXT("/dev/sdb"), .name = TEXT("sdb") };

	(void)state;
	assert_int_equal(guard_typed(&facts, "sdb", NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(guard_typed(&facts, wrong[i], NULL), -EPERM);
}

static void test_filesystem(void **state)
{
	static const struct {
		const char *mkfs, *mount;
		int r;
	} rows[] = {
		{ "mkfs.ext4 -F -q", NULL, 0 },
		{ "/opt/bin/mkfs.ext4 -F", "noatime,data=ordered", 0 },
		{ "mkfs.ext4 -J device=/dev/sdc", NULL, -EINVAL },
		{ "mkfs.btrfs -f /dev/sdc", NULL, -EINVAL },
		{ "mkfs.ext4 -J device=UUID=1", NULL, -EINVAL },
		{ "mkfs.ext4 -J device=LABEL=x", NULL, -EINVAL },
		{ "mkfs.xfs -f", "logdev=/dev/sdc", -EINVAL },
		{ "mkfs.btrfs -f", "noatime,device=/dev/sdc", -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct filesystem filesystem = { .name = TEXT("x"),
						       .mkfs = TEXT(rows[i].mkfs),
						       .mount_options = TEXT(rows[i].mount) };

		assert_int_equal(guard_filesystem(&filesystem, NULL), rows[i].r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_device),
		cmocka_unit_test(test_consent),
		cmocka_unit_test(test_typed),
		cmocka_unit_test(test_filesystem),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
