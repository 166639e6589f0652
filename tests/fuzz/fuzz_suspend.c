/* SPDX-License-Identifier: MIT */
/*
 * The input is a machine: the text of mountinfo, a zero byte, then a line for
 * each thing that sysfs could say of devices:
 *
 *	d MAJOR MINOR NAME [FILE]	a device; FILE: it is a loop device
 *	m NAME				the device before is /dev/mapper/NAME
 *	b NAME BELOW			one lies on the other
 *	p NUMBER NAME			one more device of a btrfs
 *
 * Whatever it says, there has to be a plan that keeps what plan.h promises.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "blockdev/devices.h"
#include "suspend/targets.h"
#include "blockdev/mounts.h"
#include "suspend/plan.h"

enum { DEVICES_MAX = 64, POOLS_MAX = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not assert(): it has to hold in a build without that, too. */
static void must(bool holds)
{
	if (!holds)
		abort();
}

static void take_line(char *line, struct devices *devices)
{
	char one[64] = "", other[64] = "";
	unsigned major_number, minor_number, pool;

	if (sscanf(line, "d %u %u %63s %63s", &major_number, &minor_number, one, other) >= 3 &&
	    devices->count < DEVICES_MAX)
		devices_add(devices, makedev(major_number, minor_number), one, NULL,
			    *other ? other : NULL);
	else if (sscanf(line, "m %63s", one) == 1 && devices->count < DEVICES_MAX)
		devices_add(devices, makedev(253, (unsigned)devices->count), "dm", one, NULL);
	else if (sscanf(line, "b %63s %63s", one, other) == 2)
		devices_add_below(devices, one, other);
	else if (sscanf(line, "p %u %63s", &pool, one) == 2 && pool < POOLS_MAX &&
		 pool <= devices->pool_count)
		devices_add_member(devices, pool, one);
}

static void take_devices(char *text, struct devices *devices)
{
	char *line;

	while ((line = strsep(&text, "\n")))
		take_line(line, devices);
}

static void check(const struct plan *plan, const struct mounts *mounts)
{
	size_t mounted = 0;

	must(plan->count <= mounts->count);
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_item *item = &plan->items[i];

		mounted += item->mounts;
		must(item->mounts > 0 && item->reason);
		must(item->mount >= mounts->all && item->mount < mounts->all + mounts->count);
		must(item->mount->device == item->device);
		for (size_t j = 0; j < i; j++)
			must(plan->items[j].device != item->device);
		for (size_t j = 0; j < item->dependency_count; j++) {
			must(item->depends_on[j] < plan->count);
			/* Frozen before what it lies in. */
			must(item->kind != PLAN_FREEZE || item->depends_on[j] > i);
		}
	}
	must(mounted == mounts->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(mounts_clear) struct mounts mounts = { 0 };
	CLEANUP(devices_clear) struct devices devices = { 0 };
	CLEANUP(plan_clear) struct plan plan = { 0 };
	CLEANUP(freep) char *text = malloc(size + 2);
	size_t first;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = text[size + 1] = '\0';
	first = strlen(text);
	if (mounts_parse(text, &mounts) < 0)
		return 0;
	take_devices(text + first + 1, &devices);
	if (targets_add_unmounted(&mounts, &devices) < 0)
		return 0;
	if (plan_make(&mounts, &devices, &(struct plan_selection) { .downgrade_system = "x" },
		      &plan, NULL) == 0)
		check(&plan, &mounts);
	return 0;
}
