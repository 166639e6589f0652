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
static int flush(const struct state_entry *entry)
{
	return strcmp(entry->type, TYPE_NAME_DEVICE) == 0 ? fsync(entry->fd) : syncfs(entry->fd);
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
	/* Whoever ends the hold looks at the states after it has said so. */
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

/* The error number that a child ended with, negative; -EINTR: it was killed. */
static int result_of(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}

int act_freeze(struct state_file *state, struct state_entry *entry, uint64_t deadline_ns)
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

static void sync_all(const struct state_file *state)
{
	for (size_t i = 0; i < state->count; i++)
		if (state->entries[i].kind == ENTRY_SUPERBLOCK ||
		    state->entries[i].kind == ENTRY_SYNC)
			flush(&state->entries[i]);
}

int act_presync(const struct state_file *state, uint64_t deadline_ns)
{
	CLEANUP(fd_closep) int pidfd = -1;
	pid_t pid = process_fork(&pidfd);

	if (pid < 0)
		return pid;
	if (pid == 0) {
		sync_all(state);
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
		entry_set_status(entry, ENTRY_DONE); /* not frozen; somebody else was first */
}

/* Here only if there can be no child.  0: it ended; -EINTR: it was killed; -ETIMEDOUT. */
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
	/* A cgroup that is gone has nobody left to thaw. */
	if (written < 0 && errno != ENODEV && errno != ENOENT)
		return;
	if (entry->kind == ENTRY_CGROUP && *entry->value)
		gather_release(entry->value);
	entry_set_status(entry, ENTRY_DONE);
}

/*
 * What lies in another one waits for that when it is thawed, so this is the exact reverse of
 * freezing, and begins with the one at which freezing stopped, which may be frozen.
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

size_t act_undo(struct state_file *state, bool sure)
{
	undo_superblocks(state, sure);
	for (size_t i = state->count; i > 0; i--) {
		struct state_entry *entry = &state->entries[i - 1];

		if (entry->kind != ENTRY_SUPERBLOCK && entry_is_pending(entry))
			put_back(entry);
	}
	/* It may have been the others that a process which is freezing has waited for. */
	undo_superblocks(state, sure);
	return state_file_pending(state);
}
