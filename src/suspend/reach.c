/* SPDX-License-Identifier: MIT */
/*
 * A mount point is a name, and something else may be mounted there by the time
 * it is opened.  The number of a mount tells them apart; the number of the device
 * would not, since btrfs shows another one in stat() than in mountinfo.
 */
#include "suspend/reach.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "blockdev/mounts.h"
#include "suspend/types.h"

/* ---- which mounts can be opened by their mount points ---- */

static bool is_behind_one_that_hangs(const struct mounts *mounts, const struct mount *mount)
{
	const struct mount *above = mount;

	for (size_t steps = 0; steps < mounts->count; steps++) {
		above = mounts_by_id(mounts, above->parent_id);
		if (!above || above == mount || strcmp(above->point, "/") == 0)
			return false;
		if (strcmp(above->type, "autofs") != 0 &&
		    type_nature(above->type, false) == TYPE_UNTOUCHED)
			return true;
	}
	return false;
}

/* The kernel's way to show the place of a mount whose directory was removed. */
static bool is_deleted(const struct mount *mount)
{
	static const char mark[] = "//deleted";
	size_t length = strlen(mount->point);

	return length > strlen(mark) && strcmp(mount->point + length - strlen(mark), mark) == 0;
}

bool reach_is_open(const struct mounts *mounts, const struct mount *mount)
{
	return !is_deleted(mount) && mounts_find(mounts, mount->point) == mount &&
	       !is_behind_one_that_hangs(mounts, mount);
}

/* ---- other namespaces ---- */

static bool has_superblock(const struct mounts *mounts, dev_t device)
{
	for (size_t i = 0; i < mounts->count; i++)
		if (mounts->all[i].device == device)
			return true;
	return false;
}

static bool is_on_device(const struct mount *mount)
{
	return major(mount->device) != 0 || type_has_hidden_device(mount->type);
}

int reach_add_elsewhere(struct mounts *mounts, const char *text, const char *through)
{
	CLEANUP(mounts_clear) struct mounts other = { 0 };
	CLEANUP(freep) bool *wanted = NULL;
	int r = mounts_parse(text, &other);

	wanted = r == 0 ? calloc(other.count + 1, sizeof(*wanted)) : NULL;
	if (!wanted)
		return r < 0 ? r : -ENOMEM;
	/* All questions are asked first, since moving takes the other table apart. */
	for (size_t i = 0; i < other.count; i++)
		wanted[i] = is_on_device(&other.all[i]) && reach_is_open(&other, &other.all[i]);
	for (size_t i = 0; r == 0 && i < other.count; i++)
		if (wanted[i] && !has_superblock(mounts, other.all[i].device)) {
			other.all[i].through = strdup(through);
			r = other.all[i].through ? mounts_add(mounts, &other.all[i]) : -ENOMEM;
		}
	return r;
}

/* ---- opening ---- */

char *reach_name(const struct mount *mount)
{
	return text_format("%s%s", mount->through ? mount->through : "", mount->point);
}

static int open_mount(const struct mount *mount)
{
	CLEANUP(freep) char *name = reach_name(mount);
	/* O_PATH first: what a file is mounted on may be a device or a pipe. */
	CLEANUP(fd_closep) int place = name ? open(name, O_PATH | O_CLOEXEC | O_NOFOLLOW) : -1;
	struct stat status;
	char path[64];
	uint64_t id;
	int r, fd;

	if (!name)
		return -ENOMEM;
	if (place < 0 || fstat(place, &status) < 0)
		return -errno;
	r = mount_id_of_fd(place, &id);
	if (r < 0)
		return r;
	if (id != mount->id)
		return -ESTALE;
	if (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode))
		return -EINVAL;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", place);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOATIME);
	return fd < 0 ? -errno : fd;
}

/* A device that nothing is mounted from. */
static int open_device(const struct mount *mount)
{
	CLEANUP(fd_closep) int fd = open(mount->point, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISBLK(status.st_mode) || status.st_rdev != mount->device)
		return -ESTALE;
	return TAKE_FD(fd);
}

int reach_open(const struct mount *mount)
{
	return strcmp(mount->type, TYPE_NAME_DEVICE) == 0 ? open_device(mount) : open_mount(mount);
}
