/* SPDX-License-Identifier: MIT */
/*
 * FITHAW needs an open file of the file system.  Where nothing of it is mounted
 * any more (umount of a frozen file system succeeds, and leaves its superblock
 * behind), mounting the device again leads to the same superblock.  That mount is
 * made in a mount namespace of its own, so that it goes with this process.
 */
#include "suspend/recover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suspend/cgroups.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"
#include "blockdev/mounts.h"
#include "suspend/reach.h"

/* By any mount of it; -ENOENT: there is none. */
static int open_mounted(const struct mounts *mounts, const struct state_entry *entry)
{
	int r = -ENOENT;

	for (size_t i = 0; i < mounts->count; i++) {
		const struct mount *mount = &mounts->all[i];

		if (mount->device != entry->device || strcmp(mount->type, entry->type) != 0)
			continue;
		r = reach_open(mount);
		if (r >= 0)
			return r;
	}
	return r;
}

/* Mounts that are made from now on are seen by nobody else. */
static int hide_mounts(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	return 0;
}

static int open_by_mounting(const char *source, const char *type, const char *directory)
{
	CLEANUP(freep) char *point = text_path(directory, "mount");
	int fd;

	if (!point)
		return -ENOMEM;
	if (mkdir(point, 0700) < 0 && errno != EEXIST)
		return -errno;
	if (mount(source, point, type, MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return -errno;
	fd = open(point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	/* The open file keeps it. */
	umount2(point, MNT_DETACH);
	rmdir(point);
	return fd;
}

static int open_superblock(const struct mounts *mounts, struct state_entry *entry,
			   const char *directory)
{
	int r = open_mounted(mounts, entry);

	if (r == -ENOENT && *entry->source == '/')
		r = hide_mounts();
	else
		return r;
	return r < 0 ? r : open_by_mounting(entry->source, entry->type, directory);
}

static int open_cgroup(const struct mounts *mounts, const struct state_entry *entry)
{
	const char *root = cgroups_root(mounts);
	bool frozen;

	return root ? cgroups_open(root, entry->path, &frozen) : -ENOENT;
}

/* A cgroup that is gone has nobody in it. */
static int open_entry(const struct mounts *mounts, struct state_entry *entry, const char *directory)
{
	switch (entry->kind) {
	case ENTRY_SUPERBLOCK:
		return open_superblock(mounts, entry, directory);
	case ENTRY_CGROUP:
		return open_cgroup(mounts, entry);
	default:
		return open(entry->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	}
}

int recover_open(struct state_file *state, const char *directory, struct problem *problem)
{
	CLEANUP(mounts_clear) struct mounts mounts = { 0 };
	int r = mounts_read("/proc/self/mountinfo", &mounts);

	for (size_t i = 0; r == 0 && i < state->count; i++) {
		struct state_entry *entry = &state->entries[i];

		if (!entry_is_pending(entry))
			continue;
		entry->fd = open_entry(&mounts, entry, directory);
		if (entry->fd >= 0)
			continue;
		if (entry->kind == ENTRY_CGROUP && entry->fd == -ENOENT)
			entry_set_status(entry, ENTRY_DONE);
		else
			problem_set(problem, PROBLEM_VERDICT, -entry->fd,
				    "cannot open %s (%s) to thaw it: %s", entry->path,
				    entry->source, strerror(-entry->fd));
		entry->fd = -1;
	}
	return r;
}

/* ---- a device that no state tells of ---- */

/* Types of file systems that live on devices, tried in turn as mount(8) does without blkid. */
static int open_by_trying(const char *device, const char *directory)
{
	CLEANUP(freep) char *text = NULL;
	char *rest, *line;
	int fd = -EINVAL, r = io_read_file("/proc/filesystems", 1 << 16, &text, NULL);

	if (r < 0)
		return r;
	for (rest = text; fd < 0 && (line = strsep(&rest, "\n"));)
		if (*line == '\t')
			fd = open_by_mounting(device, line + 1, directory);
	return fd;
}

int recover_device(const char *device, const char *directory, struct problem *problem)
{
	CLEANUP(fd_closep) int fd = -1;
	int r = hide_mounts();

	fd = r < 0 ? r : open_by_trying(device, directory);
	if (fd < 0)
		return problem_set(problem, PROBLEM_VERDICT, -fd, "cannot mount %s: %s", device,
				   strerror(-fd));
	if (ioctl(fd, FITHAW, 0) < 0)
		return problem_set(problem, PROBLEM_VERDICT, errno, "cannot thaw what is on %s: %s",
				   device, errno == EINVAL ? "it is not frozen" : strerror(errno));
	return 0;
}
