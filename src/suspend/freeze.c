/* SPDX-License-Identifier: MIT */
/*
 * FIFREEZE waits for writers and FITHAW for the disk, and no signal interrupts either.  So each
 * runs in a child process.  The child records its result in the mapped state file right away.
 * A child that blocks is left behind.
 *
 * A child that is killed during FIFREEZE may still freeze the file system.  Its entry keeps the
 * status "freezing", which is thawed like "frozen".  FITHAW of a file system that is not frozen
 * fails with EINVAL and does no harm.
 *
 * One case remains: a child is killed after FIFREEZE failed with EBUSY and before it recorded
 * that another program had frozen the file system.  Then that freeze is undone.  Only FIFREEZE
 * can determine without waiting whether a file system is frozen.  EBUSY is returned at once,
 * whereas freezing takes time, so a killed child is assumed to have frozen it.  Leaving a file
 * system frozen would be worse.
 *
 * FITHAW needs an open file of the file system.  If the file system is no longer mounted
 * (umount of a frozen file system succeeds, and its superblock remains), mounting the device
 * again leads to the same superblock.  That mount is made in a private mount namespace, so that
 * it ends with this process.
 */
#include "suspend/freeze.h"

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
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"
#include "blockdev/mounts.h"
#include "suspend/cgroups.h"
#include "suspend/targets.h"

enum {
	THAW_WAIT_NS = 3000000000,
	TRY_WAIT_NS = 300000000, /* while a process may still be freezing, which can block FITHAW */
	CHILDREN_MAX = 5,	 /* attempts, if a child is killed before it has thawed */
};

/* ---- freezing, in the child ---- */

/* For a device, syncfs() would sync the file system of the device node. */
static int flush(const struct state_entry *entry)
{
	return strcmp(entry->type, TARGET_DEVICE_NAME) == 0 ? fsync(entry->fd) : syncfs(entry->fd);
}

static int write_out(struct state_entry *entry, enum entry_status then)
{
	if (flush(entry) < 0)
		return errno;
	entry_set_status(entry, then);
	return 0;
}

static int freeze_here(struct state_file *state, struct state_entry *entry)
{
	if (entry->kind == ENTRY_SYNC)
		return write_out(entry, ENTRY_DONE);
	entry_set_status(entry, ENTRY_FREEZING);
	/* Whoever starts thawing sets the phase first and then reads the status. */
	if (state_file_is_ending(state)) {
		entry_set_status(entry, ENTRY_PLANNED);
		return ECANCELED;
	}
	if (ioctl(entry->fd, FIFREEZE, 0) == 0) {
		entry_set_status(entry, ENTRY_FROZEN);
		if (state_file_is_ending(state) && ioctl(entry->fd, FITHAW, 0) == 0)
			entry_set_status(entry, ENTRY_DONE);
		return 0;
	}
	if (errno == EBUSY) {
		entry_set_status(entry, ENTRY_FOREIGN);
		return 0;
	}
	if (errno == EOPNOTSUPP)
		return write_out(entry, ENTRY_REFUSED);
	entry_set_status(entry, ENTRY_PLANNED);
	return errno;
}

/* ---- children ---- */

/* The negative error number of a child; -EINTR: it was killed. */
static int result_of(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}

int freeze_entry(struct state_file *state, struct state_entry *entry, uint64_t deadline_ns)
{
	CLEANUP(fd_closep) int pidfd = -1;
	pid_t pid = process_fork(&pidfd);

	if (pid < 0)
		return pid;
	if (pid == 0)
		_exit(freeze_here(state, entry));
	if (process_wait(pidfd, deadline_ns) < 0)
		return -ETIMEDOUT;
	return result_of(pid);
}

static void sync_superblocks(const struct state_file *state)
{
	for (size_t i = 0; i < state->count; i++)
		if (state->entries[i].kind == ENTRY_SUPERBLOCK ||
		    state->entries[i].kind == ENTRY_SYNC)
			flush(&state->entries[i]);
}

int freeze_sync_all(const struct state_file *state, uint64_t deadline_ns)
{
	CLEANUP(fd_closep) int pidfd = -1;
	pid_t pid = process_fork(&pidfd);

	if (pid < 0)
		return pid;
	if (pid == 0) {
		sync_superblocks(state);
		_exit(0);
	}
	if (process_wait(pidfd, deadline_ns) < 0)
		return -ETIMEDOUT;
	result_of(pid);
	return 0;
}

/* ---- undoing ---- */

static void thaw_here(struct state_entry *entry, bool sure)
{
	enum entry_status before = entry_status(entry);

	if (ioctl(entry->fd, FITHAW, 0) == 0)
		entry_set_status(entry, ENTRY_DONE);
	else if (errno == EINVAL && (sure || before == ENTRY_FROZEN))
		entry_set_status(entry,
				 ENTRY_DONE); /* not frozen: another process thawed it first */
}

/*
 * Thaws in this process only if no child can be created.  0: the child ended; -EINTR: it was
 * killed; -ETIMEDOUT.
 */
static int thaw_in_child(struct state_entry *entry, bool sure, uint64_t wait_ns)
{
	CLEANUP(fd_closep) int pidfd = -1;
	pid_t pid = process_fork(&pidfd);

	if (pid == 0) {
		thaw_here(entry, sure);
		_exit(0);
	}
	if (pid < 0) {
		thaw_here(entry, sure);
		return 0;
	}
	return process_wait(pidfd, io_now_ns() + wait_ns) < 0 ? -ETIMEDOUT : result_of(pid);
}

static void thaw(struct state_entry *entry, bool sure, uint64_t wait_ns)
{
	int r = entry->fd < 0 ? 0 : -EINTR;

	for (size_t i = 0; r == -EINTR && i < CHILDREN_MAX; i++)
		r = thaw_in_child(entry, sure, wait_ns);
}

static void put_back(struct state_entry *entry)
{
	const char *value = entry->kind == ENTRY_CGROUP ? "0" : entry->value;
	ssize_t written;

	if (entry->fd < 0)
		return;
	written = pwrite(entry->fd, value, strlen(value), 0);
	/* A cgroup that is gone has no processes to thaw. */
	if (written < 0 && errno != ENODEV && errno != ENOENT)
		return;
	if (entry->kind == ENTRY_CGROUP && *entry->value)
		cgroups_move_back(entry->value);
	entry_set_status(entry, ENTRY_DONE);
}

/*
 * Thaws in the reverse order of freezing, because a file system that is stored in another one
 * waits for that one.  Starts with the one at which freezing stopped, which may be frozen.
 */
static void undo_superblocks(struct state_file *state, bool sure)
{
	for (size_t i = state->count; i > 0; i--) {
		struct state_entry *entry = &state->entries[i - 1];
		bool trying = !sure && entry_status(entry) == ENTRY_FREEZING;

		if (entry->kind == ENTRY_SUPERBLOCK && entry_is_pending(entry))
			thaw(entry, sure, trying ? TRY_WAIT_NS : THAW_WAIT_NS);
	}
}

size_t freeze_undo(struct state_file *state, bool sure)
{
	undo_superblocks(state, sure);
	for (size_t i = state->count; i > 0; i--) {
		struct state_entry *entry = &state->entries[i - 1];

		if (entry->kind != ENTRY_SUPERBLOCK && entry_is_pending(entry))
			put_back(entry);
	}
	/* A process that is freezing may have waited for those that are thawed now. */
	undo_superblocks(state, sure);
	return state_file_pending(state);
}

/* ---- opening what a killed process left frozen ---- */

/* Opens any mount of the superblock.  -ENOENT: there is none. */
static int open_mounted(const struct mounts *mounts, const struct state_entry *entry)
{
	int r = -ENOENT;

	for (size_t i = 0; i < mounts->count; i++) {
		const struct mount *mount = &mounts->all[i];

		if (mount->device != entry->device || strcmp(mount->type, entry->type) != 0)
			continue;
		r = target_open(mount);
		if (r >= 0)
			return r;
	}
	return r;
}

/* Hides the mounts made from now on from other processes. */
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
	/* The open file keeps the mount. */
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

/* -ENOENT: the cgroup is gone. */
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

int freeze_reopen(struct state_file *state, const char *directory, struct problem *problem)
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

/* ---- a device that is in no state file ---- */

/* Tries all types of file systems on devices, as mount(8) does without blkid. */
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

int freeze_thaw_device(const char *device, const char *directory, struct problem *problem)
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
