/* SPDX-License-Identifier: MIT */
/*
 * Who uses a device, by tables of a kernel that the test writes: two disks, sda
 * with two partitions, and whatever a case adds.  Their numbers are none that a real
 * device has, for some cases have one of this machine as well.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "testbed/device_facts.h"
#include "lack.h"
#include "tree.h"

/* Their minor numbers. */
enum device { SDA = 0, SDA1, SDA2, SDA4 = 4, SDB = 16, UNKNOWN = 99 };

static const char *const no_system[] = { NULL };

static char *root_sys, *root_proc, *root_dev, *root_etc;
static struct device_roots roots;

/* One with its number; `path` below sys/devices. */
static void put_device(const char *path, const char *number)
{
	char name[256], target[256];

	snprintf(name, sizeof(name), "sys/devices/%s/dev", path);
	tree_put(name, number);
	snprintf(name, sizeof(name), "sys/devices/%s/holders", path);
	tree_put_folder(name);
	snprintf(name, sizeof(name), "sys/dev/block/%s", number);
	snprintf(target, sizeof(target), "../../devices/%s", path);
	tree_put_link(name, target);
	if (strchr(path, '/'))
		return;
	snprintf(name, sizeof(name), "sys/block/%s", path);
	snprintf(target, sizeof(target), "../devices/%s", path);
	tree_put_link(name, target);
}

static void put_partition(int index, const char *start, const char *sectors)
{
	char path[128], number[32], name[256], text[16];
	const struct {
		const char *name, *text;
	} files[] = { { "partition", text }, { "start", start }, { "size", sectors } };

	snprintf(path, sizeof(path), "sda/sda%d", index);
	snprintf(number, sizeof(number), "4000:%d", index);
	snprintf(text, sizeof(text), "%d\n", index);
	put_device(path, number);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(name, sizeof(name), "sys/devices/%s/%s", path, files[i].name);
		tree_put(name, files[i].text);
	}
}

static int setup(void **state)
{
	if (tree_make(state) < 0)
		return -1;
	root_sys = tree_path("sys");
	root_proc = tree_path("proc");
	root_dev = tree_path("dev");
	root_etc = tree_path("etc");
	roots = (struct device_roots) { root_sys, root_proc, root_dev, root_etc };
	put_device("sda", "4000:0");
	put_device("sdb", "4000:16");
	put_partition(1, "2048\n", "1000\n");
	put_partition(2, "4096\n", "1000\n");
	tree_put("sys/devices/sda/size", "8192\n");
	tree_put("sys/devices/sdb/size", "8192\n");
	tree_put("sys/devices/sda/queue/zoned", "none\n");
	tree_put("proc/self/ns/mnt", "");
	tree_put("proc/self/mountinfo", "");
	return 0;
}

static int teardown(void **state)
{
	freep(&root_sys);
	freep(&root_proc);
	freep(&root_dev);
	freep(&root_etc);
	return tree_remove(state);
}

static struct device_facts gather(dev_t number, const char *const *system)
{
	struct device_facts facts = { .number = number };

	assert_int_equal(device_uses_gather(&roots, system, &facts), 0);
	return facts;
}

static struct device_facts gather_made(enum device device)
{
	return gather(makedev(4000, device), no_system);
}

/* ---- what the tables say ---- */

/* One of the texts among the facts. */
#define FACT(member) offsetof(struct device_facts, member)

static void two_partitions_more(void)
{
	/* sda3 ends one sector within sda2, sda4 ends where that begins. */
	put_partition(3, "5095\n", "10\n");
	put_partition(4, "3048\n", "1048\n");
}

static void page_with_serial(void)
{
	static const char page[] = "\0\200\0\10  S3Z8NB0K ";

	tree_put_bytes("sys/devices/sda/device/vpd_pg80", page, sizeof(page) - 1);
}

static const struct use {
	const char *name;
	struct {
		const char *name, *text;
	} files[6];
	void (*put)(void); /* what is no plain file; may be NULL */
	struct {
		enum device device;
		size_t fact;	  /* 0, which is that of the path, ends them */
		const char *says; /* NULL: nothing */
	} facts[6];
} uses[] = {
	{ "a number that the kernel does not know", .facts = { { UNKNOWN, FACT(name), NULL } } },
	{ "partitions", .facts = { { SDA, FACT(partitions), "sda1, sda2" },
				   { SDA2, FACT(partitions), NULL },
				   { SDA2, FACT(disk), "sda" },
				   { SDA2, FACT(overlap), NULL } } },
	{ "partitions that overlap, and one that only touches", .put = two_partitions_more,
	  .facts = { { SDA2, FACT(overlap), "sda3" }, { SDA4, FACT(overlap), NULL } } },
	{ "holders",
	  .files = { { "sys/devices/sda/sda1/holders/dm-0", "" },
		     { "sys/devices/sdb/holders/md127", "" },
		     { "sys/devices/sdb/bcache/state", "" } },
	  .facts = { { SDA, FACT(holders), "dm-0 (its partition sda1)" },
		     { SDA1, FACT(holders), "dm-0" },
		     { SDA2, FACT(holders), NULL },
		     { SDB, FACT(holders), "md127" },
		     { SDB, FACT(registered), "bcache" } } },
	/* multipath or md, and the kernel still shows the partitions */
	{ "a holder of the whole disk", .files = { { "sys/devices/sda/holders/md0", "" } },
	  .facts = { { SDA2, FACT(holders), "md0 (its disk sda)" } } },
	{ "btrfs", .files = { { "sys/fs/btrfs/1234/devices/sda2/x", "" } },
	  .facts = { { SDA, FACT(registered), "a mounted btrfs (its partition sda2)" },
		     { SDA1, FACT(registered), NULL },
		     { SDA2, FACT(registered), "a mounted btrfs" } } },
	{ "mounts, here and in another namespace",
	  .files = { { "proc/self/mountinfo",
		       "20 1 4001:1 / / rw - ext4 /dev/md1 rw\n"
		       "21 20 4000:16 / /data\\040x rw - xfs /dev/else rw\n" },
		     { "proc/77/ns/mnt", "" },
		     { "proc/77/mountinfo",
		       "20 1 4000:1 /deep /elsewhere ro shared:7 - ext4 /dev/renamed ro\n" },
		     { "proc/78/mountinfo",
		       "20 1 4000:2 / /unreadable rw - ext4 /dev/sda2 rw\n" } },
	  .facts = { { SDA, FACT(mounted),
		       "/elsewhere (its partition sda1), in the mount namespace of process 77" },
		     { SDA1, FACT(mounted), "/elsewhere, in the mount namespace of process 77" },
		     { SDA2, FACT(mounted), NULL },
		     { SDB, FACT(mounted), "/data x" } } },
	{ "zones", .files = { { "sys/devices/sda/queue/zoned", "host-managed\n" } },
	  .facts = { { SDA, FACT(zoned), "host-managed" },
		     { SDA1, FACT(zoned), "host-managed" },
		     { SDB, FACT(zoned), NULL } } },
	{ "model and serial number",
	  .files = { { "sys/devices/sda/device/model", "ACME Disk       \n" },
		     { "sys/devices/sdb/serial", "virtual\n" } },
	  .put = page_with_serial,
	  .facts = { { SDA, FACT(model), "ACME Disk" },
		     { SDA, FACT(serial), "S3Z8NB0K" },
		     { SDA2, FACT(serial), "S3Z8NB0K-part2" },
		     { SDB, FACT(serial), "virtual" } } },
	{ "a serial number that two have names neither",
	  .files = { { "sys/devices/sdb/serial", "S3Z8NB0K\n" } }, .put = page_with_serial,
	  .facts = { { SDA, FACT(serial), NULL }, { SDB, FACT(serial), NULL } } },
	{ "two disks",
	  .files = { { "sys/devices/sda/device/wwid", "naa.5000\n" },
		     { "sys/devices/sdb/device/wwid", "naa.5001\n" } },
	  .facts = { { SDA, FACT(twin), NULL } } },
	{ "one disk by two ways",
	  .files = { { "sys/devices/sda/device/wwid", "naa.5000\n" },
		     { "sys/devices/sdb/device/wwid", "naa.5000\n" } },
	  .facts = { { SDA, FACT(twin), "sdb" }, { SDA1, FACT(twin), "sdb" } } },
	{ "a path of NVMe below the disk",
	  .files = { { "sys/devices/sda/device/wwid", "naa.5000\n" },
		     { "sys/devices/sdb/device/wwid", "naa.5000\n" },
		     { "sys/devices/sdb/hidden", "1\n" } },
	  .facts = { { SDA, FACT(twin), NULL } } },
};

static void check_use(void **state)
{
	const struct use *use = *state;

	for (size_t i = 0; i < ARRAY_SIZE(use->files) && use->files[i].name; i++)
		tree_put(use->files[i].name, use->files[i].text);
	if (use->put)
		use->put();
	for (size_t i = 0; i < ARRAY_SIZE(use->facts) && use->facts[i].fact; i++) {
		CLEANUP(device_facts_clear)
		struct device_facts facts = gather_made(use->facts[i].device);
		const char *wanted = use->facts[i].says;
		const char *said = *(char **)((char *)&facts + use->facts[i].fact);

		if (!said != !wanted || (said && strcmp(said, wanted) != 0))
			fail_msg("fact %zu of \"%s\": \"%s\" instead of \"%s\"", i, use->name,
				 said ? said : "nothing", wanted ? wanted : "nothing");
	}
}

static void an_unused_disk(void **state)
{
	CLEANUP(device_facts_clear) struct device_facts facts = gather_made(SDB);
	char *const texts[] = { facts.mounted, facts.swap,	 facts.holders, facts.registered,
				facts.opened,  facts.exported,	 facts.looped,	facts.fstab,
				facts.zoned,   facts.partitions, facts.overlap, facts.twin,
				facts.below,   facts.holds,	 facts.serial };
	(void)state;

	assert_string_equal(facts.name, "sdb");
	assert_string_equal(facts.disk, "sdb");
	assert_false(facts.is_partition);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_null(texts[i]);
	assert_null(facts.by_id[0]);
}

static void a_partition_is_no_disk(void **state)
{
	CLEANUP(device_facts_clear) struct device_facts facts = gather_made(SDA2);
	(void)state;

	assert_string_equal(facts.name, "sda2");
	assert_true(facts.is_partition);
}

/* What cannot be looked at is not taken for unused. */
static void without_tables_of_mounts(void **state)
{
	static const char *const files[] = { "proc/self/mountinfo", "proc/self/ns/mnt" };
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		CLEANUP(device_facts_clear)
		struct device_facts facts = { .number = makedev(4000, SDB) };
		CLEANUP(freep) char *path = tree_path(files[i]);

		assert_int_equal(unlink(path), 0);
		assert_int_equal(device_uses_gather(&roots, no_system, &facts), -ENOENT);
	}
}

/* By the signature, where nothing in /dev leads to it. */
static void lines_of_fstab_and_crypttab(void **state)
{
	static const struct {
		const char *file, *text, *says;
	} rows[] = {
		{ "etc/fstab", "# UUID=1 /x\nUUID=2 /y ext4\n\nLABEL=b\n", NULL },
		{ "etc/fstab", "UUID=2 /y ext4\n  UUID=1 /x ext4 defaults 0 0\n", "fstab: UUID=1" },
		{ "etc/fstab", "UUID=\"1\" /x ext4\n", "fstab: UUID=1" },
		{ "etc/fstab", "LABEL=a /x ext4", "fstab: LABEL=a" },
		{ "etc/crypttab", "x UUID=1 none luks\n", "crypttab: UUID=1" },
		{ "etc/crypttab", "UUID=1\n", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(device_facts_clear)
		struct device_facts facts = { .number = makedev(4000, SDB),
					      .found.uuid = strdup("1"),
					      .found.label = strdup("a") };

		tree_put("etc/fstab", "");
		tree_put("etc/crypttab", "");
		tree_put(rows[i].file, rows[i].text);
		assert_int_equal(device_uses_gather(&roots, no_system, &facts), 0);
		if (!rows[i].says)
			assert_null(facts.fstab);
		else if (!facts.fstab || !strstr(facts.fstab, rows[i].says))
			fail_msg("row %zu: %s", i, facts.fstab ? facts.fstab : "nothing");
	}
}

/* ---- devices of this machine ---- */

/* A device by a path: one that is made here if that is permitted, else any of /dev. */
static char *block_device(dev_t *ret_number)
{
	CLEANUP(freep) char *made = tree_path("node");
	char *found = NULL;
	struct stat status;
	glob_t nodes;

	if (mknod(made, S_IFBLK | 0600, makedev(4002, 7)) == 0) {
		*ret_number = makedev(4002, 7);
		return TAKE_PTR(made);
	}
	assert_int_equal(glob("/dev/*", 0, NULL, &nodes), 0);
	for (size_t i = 0; i < nodes.gl_pathc && !found; i++)
		if (stat(nodes.gl_pathv[i], &status) == 0 && S_ISBLK(status.st_mode)) {
			found = strdup(nodes.gl_pathv[i]);
			*ret_number = status.st_rdev;
		}
	globfree(&nodes);
	return found;
}

/* Nothing opens it. */
static void paths_lead_to_it(void **state)
{
	dev_t number = 0;
	CLEANUP(freep) char *node = block_device(&number);
	char text[512];
	(void)state;

	if (!node)
		lack("loop", "there is no block device here, and making one needs root");
	snprintf(text, sizeof(text), "%u:%u", major(number), minor(number));
	put_device("sdz", text);
	tree_put("sys/kernel/config/target/core/iblock_0/x/udev_path", node);
	snprintf(text, sizeof(text), "Filename Type Size Used Priority\n%s partition 8188 0 -2\n",
		 node);
	tree_put("proc/swaps", text);
	snprintf(text, sizeof(text), "%s /x ext4\n", node);
	tree_put("etc/fstab", text);
	tree_put_link("dev/disk/by-id/acme-1", node);
	tree_put_link("dev/disk/by-id/a b, c", node);
	{
		CLEANUP(device_facts_clear) struct device_facts facts = gather(number, no_system);
		CLEANUP(device_facts_clear) struct device_facts other = gather_made(SDB);

		assert_non_null(strstr(facts.exported, "iblock_0"));
		assert_string_equal(facts.swap, node);
		assert_non_null(strstr(facts.fstab, node));
		assert_true(strcmp(facts.by_id[0], "acme-1") == 0 ||
			    strcmp(facts.by_id[1], "acme-1") == 0);
		assert_true(strcmp(facts.by_id[0], "a b, c") == 0 ||
			    strcmp(facts.by_id[1], "a b, c") == 0);
		assert_null(facts.by_id[2]);
		assert_null(other.exported);
		assert_null(other.swap);
		assert_null(other.fstab);
		assert_null(other.by_id[0]);
	}
}

/* Down to the disk, through what is in between. */
static void the_system_is_on_it(void **state)
{
	const char *const system[] = { "/", NULL };
	struct stat status;
	char number[32];
	(void)state;

	assert_int_equal(stat("/", &status), 0);
	if (major(status.st_dev) == 0)
		skip_because("/ is on no device with a number");
	snprintf(number, sizeof(number), "%u:%u", major(status.st_dev), minor(status.st_dev));
	put_device("dm-9", number);
	tree_put("sys/devices/dm-9/slaves/sda1/dev", "4000:1\n");
	{
		CLEANUP(device_facts_clear)
		struct device_facts two = gather(makedev(4000, SDA2), system);
		CLEANUP(device_facts_clear)
		struct device_facts other = gather(makedev(4000, SDB), system);

		assert_string_equal(two.holds, "/");
		assert_null(other.holds);
	}
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest others[] = {
		CASE(an_unused_disk),		CASE(a_partition_is_no_disk),
		CASE(without_tables_of_mounts), CASE(lines_of_fstab_and_crypttab),
		CASE(paths_lead_to_it),		CASE(the_system_is_on_it),
	};
	struct CMUnitTest tests[ARRAY_SIZE(uses) + ARRAY_SIZE(others)];

	for (size_t i = 0; i < ARRAY_SIZE(uses); i++)
		tests[i] = (struct CMUnitTest) { uses[i].name, check_use, setup, teardown,
						 (void *)&uses[i] };
	memcpy(tests + ARRAY_SIZE(uses), others, sizeof(others));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
