/* SPDX-License-Identifier: MIT */
/*
 * The state file in /run records what is frozen.  All processes of the program map it, and
 * it outlives them.  Each entry is a line.  The line starts with the letter of the entry's
 * status, which is changed in place.
 */
#ifndef SUSPEND_STATE_FILE_H
#define SUSPEND_STATE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/problem.h"
#include "suspend/process.h"

#define STATE_DIRECTORY "/run/suspend-freeze"

enum entry_kind { ENTRY_SETTING, ENTRY_CGROUP, ENTRY_SYNC, ENTRY_SUPERBLOCK };

enum entry_status {
	ENTRY_PLANNED = 'p',
	ENTRY_FREEZING = 'f', /* in progress, or the process was killed: may be frozen */
	ENTRY_FROZEN = 'F',
	ENTRY_FOREIGN = 'o', /* another program froze it before, and must thaw it */
	ENTRY_REFUSED = 'r', /* the kernel cannot freeze it: written out instead */
	ENTRY_DONE = 'd',    /* thawed; ENTRY_SYNC: written out */
};

struct state_entry {
	enum entry_kind kind;
	dev_t device;
	char *type, *source; /* of a superblock */
	char *path;	     /* mount point, cgroup, or file of the kernel's setting */
	char *value;	     /* of the kernel's setting before */
	volatile char *state;
	int fd; /* of the mount point, cgroup.freeze or the setting; -1: not open */
};

struct state_file {
	struct state_entry *entries; /* in the order of freezing */
	size_t count;
	char *map;
	size_t map_bytes;
	int directory_fd, lock_fd;
};

#define STATE_FILE_NONE ((struct state_file) { .directory_fd = -1, .lock_fd = -1 })

/* Adds a planned entry and takes over its fd.  Strings are copied.  0 or -ENOMEM. */
int state_file_add(struct state_file *state, const struct state_entry *entry);

/*
 * Opens the directory, creates it if `create`, and takes the lock.  Children inherit the lock, so
 * it is released when the last process ends.  0; -EBUSY: the lock is taken; -ENOENT: no
 * directory; other errors set *problem.
 */
int state_file_lock(struct state_file *state, const char *directory, bool create,
		    struct problem *problem);

/* Opens the directory without taking the lock.  0 or -errno. */
int state_file_open(struct state_file *state, const char *directory);

/* Writes the entries to the file and maps it.  0 or -errno. */
int state_file_publish(struct state_file *state);

/* Reads and maps an existing file.  0; -ENOENT: there is none; -EBADMSG or -errno. */
int state_file_read(struct state_file *state);

/* Removes the file.  The map stays. */
void state_file_remove(struct state_file *state);

enum entry_status entry_status(const struct state_entry *entry);
void entry_set_status(struct state_entry *entry, enum entry_status state);

/* Whether the entry is frozen by us, or may be. */
bool entry_is_pending(const struct state_entry *entry);
/* The number of such entries. */
size_t state_file_pending(const struct state_file *state);

/* Set when thawing starts: from then on nothing may be frozen. */
bool state_file_is_ending(const struct state_file *state);
void state_file_set_ending(struct state_file *state);

enum state_role { STATE_HOLDER, STATE_WATCHDOG };
void state_file_set_process(struct state_file *state, enum state_role role,
			    const struct process *process);
struct process state_file_process(const struct state_file *state, enum state_role role);

void state_file_clear(struct state_file *state);

#endif
