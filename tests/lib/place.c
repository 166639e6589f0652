/* SPDX-License-Identifier: MIT */
#include "place.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "lack.h"
#include "loop.h"

static const uint64_t volume_bytes = 320 << 20; /* the least that mkfs.xfs takes is 300 MiB */

static const struct place_kind kinds[] = {
	{ "ext2",
	  "ext2",
	  { "mkfs.ext2", "-q", "-F" },
	  512,
	  PLACE_EXTENTS | PLACE_PUNCHES | PLACE_IN_PLACE | PLACE_COUNTS | PLACE_SHOWS },
	{ "ext2-1k",
	  "ext2",
	  { "mkfs.ext2", "-q", "-F", "-b", "1024" },
	  512,
	  PLACE_EXTENTS | PLACE_PUNCHES | PLACE_IN_PLACE | PLACE_COUNTS | PLACE_SHOWS },
	{ "ext3-4k-sectors",
	  "ext3",
	  { "mkfs.ext3", "-q", "-F" },
	  4096,
	  PLACE_EXTENTS | PLACE_PUNCHES | PLACE_IN_PLACE | PLACE_COUNTS | PLACE_SHOWS },
	{ "ext4",
	  "ext4",
	  { "mkfs.ext4", "-q", "-F" },
	  512,
	  PLACE_NATIVE | PLACE_EXTENTS | PLACE_PUNCHES | PLACE_IN_PLACE | PLACE_COUNTS |
		  PLACE_SHOWS },
	{ "xfs",
	  "xfs",
	  { "mkfs.xfs", "-q", "-f" },
	  512,
	  PLACE_NATIVE | PLACE_EXTENTS | PLACE_PUNCHES | PLACE_IN_PLACE | PLACE_HUGE |
		  PLACE_SHOWS },
	{ "btrfs",
	  "btrfs",
	  { "mkfs.btrfs", "-q", "-f" },
	  512,
	  PLACE_NATIVE | PLACE_EXTENTS | PLACE_PUNCHES | PLACE_HUGE | PLACE_SHOWS },
	{ "tmpfs",
	  "tmpfs",
	  { NULL },
	  0,
	  PLACE_NATIVE | PLACE_PUNCHES | PLACE_IN_PLACE | PLACE_COUNTS | PLACE_SHOWS },
	{ "fuse", "fuse", { NULL }, 0, 0 },
	{ "fuse-sized", "fuse", { NULL }, 0, PLACE_SIZED },
};

static struct place places[ARRAY_SIZE(kinds)];

static int format(const struct place_kind *kind, const char *device)
{
	const char *argv[ARRAY_SIZE(kind->mkfs) + 2] = { 0 };
	size_t count = 0;

	for (; kind->mkfs[count]; count++)
		argv[count] = kind->mkfs[count];
	argv[count] = device;
	return child_run(argv, -1, NULL);
}

static int mount_loop(struct place *place)
{
	char device[LOOP_PATH_MAX];
	CLEANUP(fd_closep)
	int loop_fd = loop_open("/var/tmp", volume_bytes, place->kind->sector_bytes, device);
	int r = loop_fd < 0 ? loop_fd : format(place->kind, device);

	if (r != 0)
		return r < 0 ? r : -EIO;
	return mount(device, place->directory, place->kind->type, 0, NULL) < 0 ? -errno : 0;
}

/* PLAINFS is the program built beside; its files lie in a tmpfs under the mount. */
static int mount_fuse(struct place *place)
{
#ifdef PLAINFS
	const char *argv[] = { PLAINFS, place->directory, NULL, NULL };
	struct child_command command = { .argv = argv, -1, -1, -1, NULL, 0 };
	struct statfs volume;
	int r;

	if (place->kind->traits & PLACE_SIZED)
		argv[2] = "sized";
	r = child_spawn(&place->server, &command);
	for (int i = 0; r == 0 && i < 500; i++) {
		if (statfs(place->directory, &volume) == 0 && volume.f_type == 0x65735546)
			return 0;
		usleep(10000);
	}
	return r < 0 ? r : -ETIMEDOUT;
#else
	(void)place;
	return -EOPNOTSUPP;
#endif
}

static int place_mount(struct place *place)
{
	char options[32];

	if (!strcmp(place->kind->type, "fuse"))
		return mount_fuse(place);
	if (strcmp(place->kind->type, "tmpfs"))
		return mount_loop(place);
	snprintf(options, sizeof(options), "size=%llu", (unsigned long long)volume_bytes);
	return mount("tmpfs", place->directory, "tmpfs", 0, options) < 0 ? -errno : 0;
}

static int place_open(struct place *place, const struct place_kind *kind)
{
	int r = loop_enter_namespace();

	*place = (struct place) { .kind = kind, .server = CHILD_NONE };
	place->directory = strdup("/var/tmp/prealloc-test-XXXXXX");
	if (r < 0 || !place->directory || !mkdtemp(place->directory))
		return r < 0 ? r : -errno;
	r = place_mount(place);
	if (r < 0)
		rmdir(place->directory);
	return r;
}

static void place_close(struct place *place)
{
	if (place->directory && umount2(place->directory, MNT_DETACH) == 0)
		rmdir(place->directory);
	child_kill(&place->server);
	free(place->directory);
	place->directory = NULL;
}

/* Why there is none. */
static void lack_place(const struct place_kind *kind, int r)
{
	if (kind->mkfs[0])
		require_program(kind->mkfs[0]);
#ifndef PLAINFS
	if (!strcmp(kind->type, "fuse"))
		lack("programs", "built without fuse3");
#endif
	if (r == -ENODEV || (!strcmp(kind->type, "fuse") && access("/dev/fuse", F_OK) < 0))
		skip_because("this kernel has no %s", kind->type);
	lack("loop", "no %s here: %s", kind->name, strerror(-r));
}

/* The volume of a kind, mounted by the first that comes. */
static struct place *place_once(const struct place_kind *kind)
{
	struct place *place = &places[kind - kinds];
	static int outcomes[ARRAY_SIZE(kinds)];
	int *r = &outcomes[kind - kinds];

	if (!place->kind && *r == 0)
		*r = place_open(place, kind);
	if (*r < 0)
		lack_place(kind, *r);
	return place;
}

struct pair {
	const struct place_kind *kind;
	const struct place_test *test;
};

/* Nothing may be skipped in a setup, so each test goes through this. */
static void run_one(void **state)
{
	const struct pair *pair = *state;
	void *place = place_once(pair->kind);

	pair->test->run(&place);
}

int places_run(const struct place_test *tests, size_t count)
{
	struct pair pairs[ARRAY_SIZE(kinds) * count];
	struct CMUnitTest rows[ARRAY_SIZE(kinds) * count];
	const char *only = getenv("PLACES");
	size_t used = 0;
	int r;

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
		for (size_t t = 0; t < count; t++) {
			char *name;

			if (tests[t].needs & ~kinds[k].traits)
				continue;
			if (only && !strstr(only, kinds[k].name))
				continue;
			if (asprintf(&name, "%s: %s", kinds[k].name, tests[t].name) < 0)
				return 99;
			pairs[used] = (struct pair) { &kinds[k], &tests[t] };
			rows[used] =
				(struct CMUnitTest) { name, run_one, NULL, NULL, &pairs[used] };
			used++;
		}
	r = _cmocka_run_group_tests("prealloc", rows, used, NULL, NULL);
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
		place_close(&places[k]);
	for (size_t i = 0; i < used; i++)
		free((char *)rows[i].name);
	return r;
}
