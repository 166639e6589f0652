/* SPDX-License-Identifier: MIT */
/*
 * What can be told by type and options alone is decided here, so that nothing has
 * to be opened to find out: opening may hang.  Whether a file system on a disk can
 * really be frozen, only the kernel knows, when it is asked.
 */
#include "suspend/plan_making.h"

#include <stdlib.h>
#include <sys/sysmacros.h>

#include "suspend/targets.h"

bool plan_has_device(const struct mount *mount)
{
	return major(mount->device) != 0;
}

static int classify(struct plan_item *item)
{
	const struct mount *mount = item->mount;
	enum target_type type = target_type(mount->type, plan_has_device(mount));

	item->on_disk = type != TARGET_VIRTUAL;
	item->written = (type == TARGET_MAY_HANG || type == TARGET_SHARED) &&
			!mount_has_option(mount, "ro");
	switch (type) {
	case TARGET_VIRTUAL:
		return plan_set_kind(item, PLAN_LEAVE, "it has no disk");
	case TARGET_MAY_HANG:
		return plan_set_kind(
			item, PLAN_LEAVE,
			"not opened: that can hang if its daemon or server does not answer");
	case TARGET_SHARED:
		return plan_set_kind(item, PLAN_LEAVE,
				     "shared with other machines, which would stop too");
	case TARGET_STACKED:
		return plan_set_kind(item, PLAN_LEAVE, "the kernel cannot freeze it");
	case TARGET_DEVICE:
		return plan_set_kind(
			item, PLAN_SYNC,
			"not mounted, but a process that has it open can have written to it");
	default:
		break;
	}
	if (mount_has_option(mount, "ro"))
		return plan_set_kind(item, PLAN_LEAVE, "read-only: nothing can change");
	if (type == TARGET_SYNC_ONLY)
		return plan_set_kind(item, PLAN_SYNC, "the kernel cannot freeze %s", mount->type);
	return plan_set_kind(item, PLAN_FREEZE, "%s", "");
}

bool plan_is_unmounted(const struct plan_item *item)
{
	return target_type(item->mount->type, true) == TARGET_DEVICE;
}

int plan_classify(struct making *making)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < making->count; i++)
		r = classify(&making->items[i]);
	return r;
}
