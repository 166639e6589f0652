/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "blockdev/mounts.h"
#include "frag/account/filesystem.h"

static int copy(const char *text, char **ret)
{
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

static int copy_mount(const struct mount *mount, struct filesystem_mount *ret)
{
	int r = copy(mount->point, &ret->point);

	ret->is_whole = strcmp(mount->root, "/") == 0;
	if (r == 0)
		r = copy(mount->type, &ret->type);
	if (r == 0 && mount->source[0] == '/' && mount_block_device(mount))
		r = copy(mount->source, &ret->device);
	return r;
}

int filesystem_mount(int fd, struct filesystem_mount *ret)
{
	CLEANUP(mounts_clear) struct mounts mounts = { 0 };
	CLEANUP(filesystem_mount_clear) struct filesystem_mount found = { 0 };
	const struct mount *mount;

	if (mounts_read("/proc/self/mountinfo", &mounts) == -ENOMEM)
		return -ENOMEM;
	mount = mounts_by_fd(&mounts, fd);
	if (mount && copy_mount(mount, &found) < 0)
		return -ENOMEM;
	*ret = found;
	found = (struct filesystem_mount) { 0 };
	return 0;
}
