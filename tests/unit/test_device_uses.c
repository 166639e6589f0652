/* SPDX-License-Identifier: MIT */
/*
 * Who uses a device, by tables of a kernel that the test writes: two disks, sda
 * with three partitions, and whatever a case adds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "child.h"
#include "cleanup.h"
#include "device_facts.h"
#include "io.h"
#include "lack.h"

static const char *const no_system[] = { NULL };

static char root[] = "/tmp/device-uses-XXXXXX", sys[64], proc[64], dev[64], etc[64];
static const struct device_roots roots = { sys, proc, dev, etc };

/* Makes the folders of `path`, below the root. */
static void make_folders(const char *path)
{
	char whole[512];

	snprintf(whole, sizeof(whole), "%s/%s", root, path);
	for (char *slash = strchr(whole + strlen(root) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		assert_true(mkdir(whole, 0700) == 0 || errno == EEXIST);
		*slash = '/';
	}
}

static void put_bytes(const char *path, const void *data, size_t bytes)
{
	CLEANUP(fd_closep) int fd = -1;
	char whole[512];

	make_folders(path);
	snprintf(whole, sizeof(whole), "%s/%s", root, path);
	fd = open(whole, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(io_write_all(fd, data, bytes), 0);
}

static void put(const char *path, const char *text)
{
	put_bytes(path, text, strlen(text));
}

/* A device with its number; `path` below sys/devices. */
static void put_device(const char *path, const char *number)
{
	char file[256], link[256], target[256];

	snprintf(file, sizeof(file), "sys/devices/%s/dev", path);
	put(file, number);
	snprintf(file, sizeof(file), "sys/devices/%s/holders/", path);
	make_folders(file);
	make_folders("sys/dev/block/");
	snprintf(link, sizeof(link), "%s/dev/block/%s", sys, number);
	snprintf(target, sizeof(target), "../../devices/%s", path);
	assert_int_equal(symlink(target, link), 0);
	if (strchr(path, '/'))
		return;
	make_folders("sys/block/");
	snprintf(link, sizeof(link), "%s/block/%s", sys, path);
	snprintf(target, sizeof(target), "../devices/%s", path);
	assert_int_equal(symlink(target, link), 0);
}

static void put_partition(const char *disk, int index, const char *number, const char *start,
			  const char *sectors)
{
	char path[128], file[256], text[16];

	snprintf(path, sizeof(path), "%s/%s%d", disk, disk, index);
	put_device(path, number);
	snprintf(file, sizeof(file), "sys/devices/%s/partition", path);
	snprintf(text, sizeof(text), "%d\n", index);
	put(file, text);
	snprintf(file, sizeof(file), "sys/devices/%s/start", path);
	put(file, start);
	snprintf(file, sizeof(file), "sys/devices/%s/size", path);
	put(file, sectors);
}

static int setup(void **state)
{
	(void)state;
	strcpy(root + strlen(root) - 6, "XXXXXX");
	if (!mkdtemp(root))
		return -1;
	snprintf(sys, sizeof(sys), "%s/sys", root);
	snprintf(proc, sizeof(proc), "%s/proc", root);
	snprintf(dev, sizeof(dev), "%s/dev", root);
	snprintf(etc, sizeof(etc), "%s/etc", root);
	put_device("sda", "8:0");
	put_device("sdb", "8:16");
	put_partition("sda", 1, "8:1", "2048\n", "1000\n");
	put_partition("sda", 2, "8:2", "4096\n", "1000\n");
	put("sys/devices/sda/size", "8192\n");
	put("sys/devices/sdb/size", "8192\n");
	put("sys/devices/sda/queue/zoned", "none\n");
	put("proc/self/ns/mnt", "");
	put("proc/self/mountinfo", "");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return child_run((const char *[]) { "rm", "-rf", root, NULL }, -1, NULL);
}

static struct device_facts gather(dev_t number)
{
	struct device_facts facts = { .number = number };

	assert_int_equal(device_uses_gather(&roots, no_system, &facts), 0);
	return facts;
}

static void expect(const char *found, const char *wanted)
{
	if (!wanted)
		assert_null(found);
	else
		assert_non_null(found);
	if (wanted)
		assert_string_equal(found, wanted);
}

static void test_unused(void **state)
{
	CLEANUP(device_facts_clear) struct device_facts facts = gather(makedev(8, 16));

	(void)state;
	expect(facts.name, "sdb");
	expect(facts.disk, "sdb");
	assert_false(facts.is_partition);
	char *const uses[] = { facts.mounted, facts.swap,	facts.holders, facts.registered,
			       facts.opened,  facts.exported,	facts.looped,  facts.fstab,
			       facts.zoned,   facts.partitions, facts.overlap, facts.twin,
			       facts.below,   facts.holds,	facts.serial };

	for (size_t i = 0; i < ARRAY_SIZE(uses); i++)
		expect(uses[i], NULL);
	assert_null(facts.by_id[0]);
}

static void test_unknown(void **state)
{
	CLEANUP(device_facts_clear) struct device_facts facts = gather(makedev(99, 7));

	(void)state;
	expect(facts.name, NULL);
}

static void test_partitions(void **state)
{
	CLEANUP(device_facts_clear) struct device_facts disk = gather(makedev(8, 0));
	CLEANUP(device_facts_clear) struct device_facts partition = gather(makedev(8, 2));

	(void)state;
	expect(disk.partitions, "sda1, sda2");
	expect(partition.partitions, NULL);
	expect(partition.disk, "sda");
	assert_true(partition.is_partition);
	expect(partition.overlap, NULL);
}

/* Row by row: where the first ends and the other begins. */
static void test_overlap(void **state)
{
	(void)state;
	put_partition("sda", 3, "8:3", "5095\n", "10\n");
	put_partition("sda", 4, "8:4", "3048\n", "1048\n");
	{
		CLEANUP(device_facts_clear) struct device_facts second = gather(makedev(8, 2));
		CLEANUP(device_facts_clear) struct device_facts fourth = gather(makedev(8, 4));

		expect(second.overlap, "sda3");
		expect(fourth.overlap, NULL);
	}
}

static void test_holders(void **state)
{
	(void)state;
	put("sys/devices/sda/sda1/holders/dm-0", "");
	put("sys/devices/sdb/holders/md127", "");
	put("sys/devices/sdb/bcache/state", "");
	{
		CLEANUP(device_facts_clear) struct device_facts disk = gather(makedev(8, 0));
		CLEANUP(device_facts_clear) struct device_facts one = gather(makedev(8, 1));
		CLEANUP(device_facts_clear) struct device_facts other = gather(makedev(8, 2));
		CLEANUP(device_facts_clear) struct device_facts second = gather(makedev(8, 16));

		expect(disk.holders, "dm-0 (its partition sda1)");
		expect(one.holders, "dm-0");
		expect(other.holders, NULL);
		expect(second.holders, "md127");
		expect(second.registered, "bcache");
	}
	/* multipath or md on the whole disk, of which the kernel still shows the partitions */
	put("sys/devices/sda/holders/md0", "");
	{
		CLEANUP(device_facts_clear) struct device_facts other = gather(makedev(8, 2));

		expect(other.holders, "md0 (its disk sda)");
	}
}

static void test_btrfs(void **state)
{
	(void)state;
	put("sys/fs/btrfs/1234/devices/sda2/x", "");
	{
		CLEANUP(device_facts_clear) struct device_facts disk = gather(makedev(8, 0));
		CLEANUP(device_facts_clear) struct device_facts one = gather(makedev(8, 1));
		CLEANUP(device_facts_clear) struct device_facts two = gather(makedev(8, 2));

		expect(disk.registered, "a mounted btrfs (its partition sda2)");
		expect(one.registered, NULL);
		expect(two.registered, "a mounted btrfs");
	}
}

/* What cannot be looked at is not taken for unused. */
static void test_no_mounts(void **state)
{
	CLEANUP(device_facts_clear) struct device_facts facts = { .number = makedev(8, 16) };
	CLEANUP(device_facts_clear) struct device_facts again = { .number = makedev(8, 16) };
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/self/mountinfo", proc);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(device_uses_gather(&roots, no_system, &facts), -ENOENT);
	snprintf(path, sizeof(path), "%s/self/ns/mnt", proc);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(device_uses_gather(&roots, no_system, &again), -ENOENT);
}

static void test_mounts(void **state)
{
	(void)state;
	put("proc/self/mountinfo",
	    "20 1 9:1 / / rw - ext4 /dev/md1 rw\n21 20 8:16 / /data\\040x rw - xfs /dev/else rw\n");
	put("proc/77/ns/mnt", "");
	put("proc/77/mountinfo", "20 1 8:1 /deep /elsewhere ro shared:7 - ext4 /dev/renamed ro\n");
	put("proc/78/mountinfo", "20 1 8:2 / /unreadable rw - ext4 /dev/sda2 rw\n");
	{
		CLEANUP(device_facts_clear) struct device_facts disk = gather(makedev(8, 0));
		CLEANUP(device_facts_clear) struct device_facts one = gather(makedev(8, 1));
		CLEANUP(device_facts_clear) struct device_facts two = gather(makedev(8, 2));
		CLEANUP(device_facts_clear) struct device_facts second = gather(makedev(8, 16));

		expect(disk.mounted,
		       "/elsewhere (its partition sda1), in the mount namespace of process 77");
		expect(one.mounted, "/elsewhere, in the mount namespace of process 77");
		expect(two.mounted, NULL);
		expect(second.mounted, "/data x");
	}
}

static void test_zoned(void **state)
{
	(void)state;
	put("sys/devices/sda/queue/zoned", "host-managed\n");
	{
		CLEANUP(device_facts_clear) struct device_facts disk = gather(makedev(8, 0));
		CLEANUP(device_facts_clear) struct device_facts partition = gather(makedev(8, 1));

		expect(disk.zoned, "host-managed");
		expect(partition.zoned, "host-managed");
	}
}

static void test_names(void **state)
{
	static const char page[] = "\0\200\0\10  S3Z8NB0K ";

	(void)state;
	put("sys/devices/sda/device/model", "ACME Disk       \n");
	put_bytes("sys/devices/sda/device/vpd_pg80", page, sizeof(page) - 1);
	put("sys/devices/sdb/serial", "virtual\n");
	{
		CLEANUP(device_facts_clear) struct device_facts disk = gather(makedev(8, 0));
		CLEANUP(device_facts_clear) struct device_facts partition = gather(makedev(8, 2));
		CLEANUP(device_facts_clear) struct device_facts second = gather(makedev(8, 16));

		expect(disk.model, "ACME Disk");
		expect(disk.serial, "S3Z8NB0K");
		expect(partition.serial, "S3Z8NB0K-part2");
		expect(second.serial, "virtual");
	}
	/* What two have names neither. */
	put("sys/devices/sdb/serial", "S3Z8NB0K\n");
	{
		CLEANUP(device_facts_clear) struct device_facts disk = gather(makedev(8, 0));

		expect(disk.serial, NULL);
	}
}

static void test_twin(void **state)
{
	(void)state;
	put("sys/devices/sda/device/wwid", "naa.5000\n");
	put("sys/devices/sdb/device/wwid", "naa.5001\n");
	{
		CLEANUP(device_facts_clear) struct device_facts disk = gather(makedev(8, 0));

		expect(disk.twin, NULL);
	}
	put("sys/devices/sdb/device/wwid", "naa.5000\n");
	{
		CLEANUP(device_facts_clear) struct device_facts disk = gather(makedev(8, 0));
		CLEANUP(device_facts_clear) struct device_facts partition = gather(makedev(8, 1));

		expect(disk.twin, "sdb");
		expect(partition.twin, "sdb");
	}
	/* A path of NVMe below the disk. */
	put("sys/devices/sdb/hidden", "1\n");
	{
		CLEANUP(device_facts_clear) struct device_facts disk = gather(makedev(8, 0));

		expect(disk.twin, NULL);
	}
}

/* By the signature, where nothing in /dev leads to it. */
static void test_fstab(void **state)
{
	static const struct {
		const char *file, *text, *says;
	} rows[] = {
		{ "fstab", "# UUID=1 /x\nUUID=2 /y ext4\n\nLABEL=b\n", NULL },
		{ "fstab", "UUID=2 /y ext4\n  UUID=1 /x ext4 defaults 0 0\n", "fstab: UUID=1" },
		{ "fstab", "UUID=\"1\" /x ext4\n", "fstab: UUID=1" },
		{ "fstab", "LABEL=a /x ext4", "fstab: LABEL=a" },
		{ "crypttab", "x UUID=1 none luks\n", "crypttab: UUID=1" },
		{ "crypttab", "UUID=1\n", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(device_facts_clear)
		struct device_facts facts = { .number = makedev(8, 16),
					      .found.uuid = strdup("1"),
					      .found.label = strdup("a") };
		char path[64];

		put("etc/fstab", "");
		put("etc/crypttab", "");
		snprintf(path, sizeof(path), "etc/%s", rows[i].file);
		put(path, rows[i].text);
		assert_int_equal(device_uses_gather(&roots, no_system, &facts), 0);
		if (!rows[i].says)
			expect(facts.fstab, NULL);
		else if (!facts.fstab || !strstr(facts.fstab, rows[i].says))
			fail_msg("row %zu: %s", i, facts.fstab ? facts.fstab : "nothing");
	}
}

/* What leads to a device by a path needs a real one; any will do, since nothing opens it. */
static void test_paths(void **state)
{
	static const char *const nodes[] = { "/dev/vda", "/dev/sda", "/dev/nvme0n1", "/dev/loop0" };
	char number[32], text[128];
	struct stat status;
	size_t i = 0;

	(void)state;
	while (i < ARRAY_SIZE(nodes) && (stat(nodes[i], &status) < 0 || !S_ISBLK(status.st_mode)))
		i++;
	if (i == ARRAY_SIZE(nodes))
		lack("loop", "there is no block device here");
	snprintf(number, sizeof(number), "%u:%u", major(status.st_rdev), minor(status.st_rdev));
	put_device("sdz", number);
	put("sys/kernel/config/target/core/iblock_0/x/udev_path", nodes[i]);
	snprintf(text, sizeof(text), "Filename Type Size Used Priority\n%s partition 8188 0 -2\n",
		 nodes[i]);
	put("proc/swaps", text);
	snprintf(text, sizeof(text), "%s /x ext4\n", nodes[i]);
	put("etc/fstab", text);
	make_folders("dev/disk/by-id/");
	snprintf(text, sizeof(text), "%s/disk/by-id/acme-1", dev);
	assert_int_equal(symlink(nodes[i], text), 0);
	snprintf(text, sizeof(text), "%s/disk/by-id/a b, c", dev);
	assert_int_equal(symlink(nodes[i], text), 0);
	{
		CLEANUP(device_facts_clear) struct device_facts facts = gather(status.st_rdev);
		CLEANUP(device_facts_clear) struct device_facts other = gather(makedev(8, 16));

		assert_non_null(strstr(facts.exported, "iblock_0"));
		expect(facts.swap, nodes[i]);
		assert_non_null(strstr(facts.fstab, nodes[i]));
		assert_true(strcmp(facts.by_id[0], "acme-1") == 0 ||
			    strcmp(facts.by_id[1], "acme-1") == 0);
		assert_true(strcmp(facts.by_id[0], "a b, c") == 0 ||
			    strcmp(facts.by_id[1], "a b, c") == 0);
		assert_null(facts.by_id[2]);
		expect(other.exported, NULL);
		expect(other.swap, NULL);
		expect(other.fstab, NULL);
		assert_null(other.by_id[0]);
	}
}

/* Down to the disk, through what is in between. */
static void test_system(void **state)
{
	const char *const system[] = { "/", NULL };
	char number[32], text[64];
	struct stat status;

	(void)state;
	assert_int_equal(stat("/", &status), 0);
	if (major(status.st_dev) == 0)
		skip_because("/ is on no device with a number");
	snprintf(number, sizeof(number), "%u:%u", major(status.st_dev), minor(status.st_dev));
	put_device("dm-9", number);
	snprintf(text, sizeof(text), "sys/devices/dm-9/slaves/sda1/dev");
	put(text, "8:1\n");
	{
		CLEANUP(device_facts_clear) struct device_facts two = { .number = makedev(8, 2) };
		CLEANUP(device_facts_clear)
		struct device_facts other = { .number = makedev(8, 16) };

		assert_int_equal(device_uses_gather(&roots, system, &two), 0);
		assert_int_equal(device_uses_gather(&roots, system, &other), 0);
		expect(two.holds, "/");
		expect(other.holds, NULL);
	}
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_unused),  CASE(test_unknown), CASE(test_partitions), CASE(test_overlap),
		CASE(test_holders), CASE(test_btrfs),	CASE(test_no_mounts),  CASE(test_mounts),
		CASE(test_zoned),   CASE(test_names),	CASE(test_twin),       CASE(test_fstab),
		CASE(test_paths),   CASE(test_system),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
