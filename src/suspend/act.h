/* SPDX-License-Identifier: MIT */
/* Freezing and thawing of single entries of a state, by calls that may block for ever. */
#ifndef SUSPEND_ACT_H
#define SUSPEND_ACT_H

#include <stdint.h>

#include "suspend/state_file.h"

/*
 * FIFREEZE, or syncfs() for ENTRY_SYNC and what refuses to be frozen, in a process of its
 * own.  The state of the entry tells what came of it.  0; -ETIMEDOUT (the process is still
 * blocked; what it freezes in the end, somebody has to thaw); -ECANCELED (the hold is ending);
 * or what the kernel said.
 */
int act_freeze(struct state_file *state, struct state_entry *entry, uint64_t deadline_ns);

/* syncfs() of all superblocks, in one process.  0 or -ETIMEDOUT; what else fails, shows later. */
int act_presync(const struct state_file *state, uint64_t deadline_ns);

/*
 * Undoes, last first, what is frozen.  If `sure`, no process is freezing any more, so
 * that what is only perhaps frozen is undone, too, and what turns out not to be is done.
 * Returns how many entries are still pending.
 */
size_t act_undo(struct state_file *state, bool sure);

#endif
