/* SPDX-License-Identifier: MIT */
/* Freezing and thawing the entries of a state file. */
#ifndef SUSPEND_FREEZE_H
#define SUSPEND_FREEZE_H

#include <stdint.h>

#include "suspend/state_file.h"

/*
 * Calls FIFREEZE in a child process; syncfs() for ENTRY_SYNC and for a file system that cannot be
 * frozen.  Sets the entry's status.  0; -ETIMEDOUT: the child is still blocked, and what it
 * freezes later must be thawed; -ECANCELED: thawing has started; -EINTR: the child was killed; or
 * the error of the kernel.
 */
int freeze_entry(struct state_file *state, struct state_entry *entry, uint64_t deadline_ns);

/*
 * Calls syncfs() for all superblocks, in one child process.  0 or -ETIMEDOUT.  Other errors are
 * not reported here: freezing reports them.
 */
int freeze_sync_all(const struct state_file *state, uint64_t deadline_ns);

/*
 * Thaws what is frozen, in reverse order.  `sure` means that no process is freezing any more: then
 * entries that may be frozen are thawed as well, and count as thawed if they were not frozen.
 * Returns the number of entries that are still pending.
 */
size_t freeze_undo(struct state_file *state, bool sure);

/*
 * Opens the pending entries of a state file that was read.  A superblock without a mount is
 * mounted again, in `directory`, where no other process sees it.  The fd of an entry that cannot
 * be opened stays -1, and *problem is set.  0 or -errno.
 */
int freeze_reopen(struct state_file *state, const char *directory, struct problem *problem);

/*
 * Thaws the file system on a device that is not mounted, whoever froze it.  0 or -errno with
 * *problem set.
 */
int freeze_thaw_device(const char *device, const char *directory, struct problem *problem);

/* ---- watchdog.c ---- */

/* The process that thaws when the holder dies or exceeds the time limit. */
struct watchdog {
	pid_t pid; /* 0: none */
	int pidfd;
	/*
	 * Open in the parent and in each process that freezes, so that the watchdog knows when the
	 * last of them has ended.
	 */
	int alive_fd;
};

#define WATCHDOG_NONE ((struct watchdog) { .pidfd = -1, .alive_fd = -1 })

/*
 * Starts a watchdog for a published state file whose entries are open, and waits until it is
 * ready.  `deadline_ns` is on CLOCK_MONOTONIC, which stops during a suspend. 0 or -errno.
 */
int watchdog_start(struct watchdog *ret, struct state_file *state, uint64_t deadline_ns);

/* Whether the watchdog has died. */
bool watchdog_is_gone(const struct watchdog *watchdog);

/* Kills the watchdog.  To be called when nothing is pending. */
void watchdog_stop(struct watchdog *watchdog);

#endif
