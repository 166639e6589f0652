/* SPDX-License-Identifier: MIT */
/*
 * FIFREEZE waits for writers, and FITHAW for the disk, neither of which a signal
 * interrupts.  So each happens in a child, which tells its result by the mapped
 * state before anything else can go wrong, and is left behind where it blocks.
 *
 * A child that is killed while it waits in FIFREEZE may still freeze: its state
 * stays "freezing", which is undone like "frozen".  FITHAW of what is not frozen
 * is EINVAL and harmless.
 *
 * Left is a child killed between FIFREEZE's EBUSY and noting that it was somebody
 * else: their freeze is undone.  Nothing but FIFREEZE tells that a file system is
 * frozen without waiting for it.  EBUSY comes at once, but freezing takes its time, so
 * that one who was killed has rather frozen; and leaving that frozen would be worse.
 */
#include "suspend/act.h"

#include <errno.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "suspend/gather.h"
#include "base/io.h"
#include "suspend/types.h"

enum {
	THAW_WAIT_NS = 3000000000,
	TRY_WAIT_NS = 300000000, /* of what is perhaps still being frozen, which can block FITHAW */
	CHILDREN_MAX = 5,	 /* that are killed before they have thawed */
};

/* ---- freezing, in the child ---- */

/* A device has no file system of its own: syncfs() would be of the one that has its name. */
static int flush(const struct hold_entry *entry)
{
	return strcmp(entry->type, TYPE_NAME_DEVICE) == 0 ? fsync(entry->fd) : syncfs(entry->fd);
}

static int write_out(struct hold_entry *entry, enum hold_state then)
{
	if (flush(entry) < 0)
		return errno;
	hold_set(entry, then);
	return 0;
}

static int freeze_here(struct hold *hold, struct hold_entry *entry)
{
	if (entry->kind == HOLD_SYNC)
		return write_out(entry, HOLD_DONE);
	hold_set(entry, HOLD_FREEZING);
	/* Whoever ends the hold looks at the states after it has said so. */
	if (hold_is_ending(hold)) {
		hold_set(entry, HOLD_PLANNED);
		return ECANCELED;
	}
	if (ioctl(entry->fd, FIFREEZE, 0) == 0) {
		hold_set(entry, HOLD_FROZEN);
		if (hold_is_ending(hold) && ioctl(entry->fd, FITHAW, 0) == 0)
			hold_set(entry, HOLD_DONE);
		return 0;
	}
	if (errno == EBUSY) {
		hold_set(entry, HOLD_FOREIGN);
		return 0;
	}
	if (errno == EOPNOTSUPP)
		return write_out(entry, HOLD_REFUSED);
	hold_set(entry, HOLD_PLANNED);
	return errno;
}

/* ---- children ---- */

/* The error number that a child ended with, negative; -EINTR: it was killed. */
static int result_of(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}

int act_freeze(struct hold *hold, struct hold_entry *entry, uint64_t deadline_ns)
{
	CLEANUP(fd_closep) int pidfd = -1;
	pid_t pid = process_fork(&pidfd);

	if (pid < 0)
		return pid;
	if (pid == 0)
		_exit(freeze_here(hold, entry));
	if (process_wait(pidfd, deadline_ns) < 0)
		return -ETIMEDOUT;
	return result_of(pid);
}

static void sync_all(const struct hold *hold)
{
	for (size_t i = 0; i < hold->count; i++)
		if (hold->entries[i].kind == HOLD_SUPERBLOCK || hold->entries[i].kind == HOLD_SYNC)
			flush(&hold->entries[i]);
}

int act_presync(const struct hold *hold, uint64_t deadline_ns)
{
	CLEANUP(fd_closep) int pidfd = -1;
	pid_t pid = process_fork(&pidfd);

	if (pid < 0)
		return pid;
	if (pid == 0) {
		sync_all(hold);
		_exit(0);
	}
	if (process_wait(pidfd, deadline_ns) < 0)
		return -ETIMEDOUT;
	result_of(pid);
	return 0;
}

/* ---- undoing ---- */

static void thaw_here(struct hold_entry *entry, bool sure)
{
	enum hold_state before = hold_state(entry);

	if (ioctl(entry->fd, FITHAW, 0) == 0)
		hold_set(entry, HOLD_DONE);
	else if (errno == EINVAL && (sure || before == HOLD_FROZEN))
		hold_set(entry, HOLD_DONE); /* not frozen; somebody else was first */
}

/* Here only if there can be no child.  0: it ended; -EINTR: it was killed; -ETIMEDOUT. */
static int thaw_in_child(struct hold_entry *entry, bool sure, uint64_t wait_ns)
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

static void thaw(struct hold_entry *entry, bool sure, uint64_t wait_ns)
{
	int r = entry->fd < 0 ? 0 : -EINTR;

	for (size_t i = 0; r == -EINTR && i < CHILDREN_MAX; i++)
		r = thaw_in_child(entry, sure, wait_ns);
}

static void put_back(struct hold_entry *entry)
{
	const char *value = entry->kind == HOLD_CGROUP ? "0" : entry->value;
	ssize_t written;

	if (entry->fd < 0)
		return;
	written = pwrite(entry->fd, value, strlen(value), 0);
	/* A cgroup that is gone has nobody left to thaw. */
	if (written < 0 && errno != ENODEV && errno != ENOENT)
		return;
	if (entry->kind == HOLD_CGROUP && *entry->value)
		gather_release(entry->value);
	hold_set(entry, HOLD_DONE);
}

/*
 * What lies in another one waits for that when it is thawed, so this is the exact reverse of
 * freezing, and begins with the one at which freezing stopped, which may be frozen.
 */
static void undo_superblocks(struct hold *hold, bool sure)
{
	for (size_t i = hold->count; i > 0; i--) {
		struct hold_entry *entry = &hold->entries[i - 1];
		bool trying = !sure && hold_state(entry) == HOLD_FREEZING;

		if (entry->kind == HOLD_SUPERBLOCK && hold_is_pending(entry))
			thaw(entry, sure, trying ? TRY_WAIT_NS : THAW_WAIT_NS);
	}
}

size_t act_undo(struct hold *hold, bool sure)
{
	undo_superblocks(hold, sure);
	for (size_t i = hold->count; i > 0; i--) {
		struct hold_entry *entry = &hold->entries[i - 1];

		if (entry->kind != HOLD_SUPERBLOCK && hold_is_pending(entry))
			put_back(entry);
	}
	/* It may have been the others that a process which is freezing has waited for. */
	undo_superblocks(hold, sure);
	return hold_pending(hold);
}
