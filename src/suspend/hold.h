/* SPDX-License-Identifier: MIT */
/*
 * What is being held frozen: a file in /run that every process of the program
 * has mapped, and that outlives them all.  Each entry is a line that begins with
 * the letter of its state, which is changed in place.
 */
#ifndef SUSPEND_HOLD_H
#define SUSPEND_HOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/problem.h"
#include "suspend/process.h"

#define HOLD_FOLDER "/run/suspend-freeze"

enum hold_kind { HOLD_KNOB, HOLD_CGROUP, HOLD_SYNC, HOLD_SUPERBLOCK };

enum hold_state {
	HOLD_PLANNED = 'p',
	HOLD_FREEZING = 'f', /* under way, or nobody lived to tell how it ended */
	HOLD_FROZEN = 'F',
	HOLD_FOREIGN = 'o', /* somebody else froze it before, and has to thaw it */
	HOLD_REFUSED = 'r', /* could not be frozen, and was written out */
	HOLD_DONE = 'd',    /* thawed; of what is only written out: written */
};

struct hold_entry {
	enum hold_kind kind;
	dev_t device;
	char *type, *source; /* of a superblock */
	char *path;	     /* mount point; folder of a cgroup; file of a knob */
	char *value;	     /* what a knob held before */
	volatile char *state;
	int fd; /* of the mount point, cgroup.freeze or the knob; -1: not open */
};

struct hold {
	struct hold_entry *entries; /* in the order of freezing */
	size_t count;
	char *map;
	size_t map_bytes;
	int folder_fd, lock_fd;
};

#define HOLD_NONE ((struct hold) { .folder_fd = -1, .lock_fd = -1 })

/* Adds a planned entry; takes over fd.  Texts are copied.  0 or -ENOMEM. */
int hold_add(struct hold *hold, const struct hold_entry *entry);

/*
 * Opens (and if `create`, makes) the folder and takes the lock, which children inherit, so that it
 * is free when the last process is gone.  0; -EBUSY: somebody has it; -ENOENT; others with a
 * sentence.
 */
int hold_lock(struct hold *hold, const char *folder, bool create, struct problem *problem);

/* Opens the folder without the lock. */
int hold_look(struct hold *hold, const char *folder);

/* Writes the entries as the file and maps it.  0 or -errno. */
int hold_publish(struct hold *hold);

/* Reads and maps what somebody published: -ENOENT (nothing), -EBADMSG or -errno. */
int hold_read(struct hold *hold);

/* Removes the file. */
void hold_withdraw(struct hold *hold);

enum hold_state hold_state(const struct hold_entry *entry);
void hold_set(struct hold_entry *entry, enum hold_state state);

/* Frozen by us, or perhaps. */
bool hold_is_pending(const struct hold_entry *entry);
size_t hold_pending(const struct hold *hold);

/* Set once it is being undone: nothing may be frozen any more. */
bool hold_is_ending(const struct hold *hold);
void hold_set_ending(struct hold *hold);

enum hold_role { HOLD_HOLDER, HOLD_WATCHDOG };
void hold_set_process(struct hold *hold, enum hold_role role, const struct process *process);
struct process hold_process(const struct hold *hold, enum hold_role role);

void hold_clear(struct hold *hold);

#endif
