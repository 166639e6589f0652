/* SPDX-License-Identifier: MIT */
/* A freeze session: freezing everything in a plan, waiting, and thawing. */
#ifndef SUSPEND_SESSION_H
#define SUSPEND_SESSION_H

#include <stdint.h>

#include "suspend/state_file.h"
#include "suspend/machine.h"
#include "suspend/plan.h"
#include "suspend/freeze.h"

struct session_limits {
	uint64_t frozen_ns; /* limit on the time that anything stays frozen; time suspended is not
			       counted */
	uint64_t step_ns;   /* limit on each step of freezing */
};

enum thaw_reason {
	THAW_NOT_YET,
	THAW_COMMAND_ENDED,
	THAW_RESUMED,	  /* the machine was suspended and has resumed */
	THAW_SIGNAL,	  /* SIGINT, SIGTERM, SIGHUP */
	THAW_REQUESTED,	  /* SIGUSR1, from `suspend-freeze thaw` */
	THAW_TIMEOUT,	  /* the time limit expired */
	THAW_NO_WATCHDOG, /* the watchdog was killed, and no new one could be started */
};

struct session {
	struct state_file state;
	struct watchdog watchdog;
	struct session_limits limits;
	uint64_t deadline_ns;
	const char *cgroup_root; /* NULL: no cgroups are frozen */
	bool blocked;		 /* a process hangs in FIFREEZE */

	int signal_fd;		 /* signals that end the session */
	int wake_fd;		 /* readable when the clock is set, as on a resume */
	int64_t asleep_ns;	 /* time suspended before the session */
	pid_t command;		 /* 0: none */
	int command_pidfd;	 /* -1: none */
	enum thaw_reason reason; /* why it was thawed */
};

#define SESSION_NONE                                   \
	((struct session) { .state = STATE_FILE_NONE,  \
			    .watchdog = WATCHDOG_NONE, \
			    .signal_fd = -1,           \
			    .wake_fd = -1,             \
			    .command_pidfd = -1 })

/* Blocks the signals that end the session.  To be called before anything is frozen.  0 or -errno.
 */
int session_watch_events(struct session *session);

/*
 * Opens what the plan freezes, writes the state file and starts the watchdog.  Freezes nothing
 * yet. 0, or -errno with *problem set.
 */
int session_prepare(struct session *session, const struct machine *machine, const struct plan *plan,
		    enum way way, const struct session_limits *limits, struct problem *problem);

/*
 * Freezes. 0 or -errno; after an error everything has been thawed, as far as that does not block.
 * From then on nothing may be printed, opened or started.
 */
int session_freeze(struct session *session, struct problem *problem);

/* Starts a program as session->command.  0 or -errno. */
int session_start_command(struct session *session, const char *program, char **argv);

/*
 * Waits, and thaws as soon as there is a reason.  With a command, returns when the command has
 * ended; without one, after thawing.  *ret_status is the command's exit status as in a shell.
 * Returns the result of session_thaw().
 */
int session_wait(struct session *session, int *ret_status, struct problem *problem);

/*
 * Thaws everything and ends the watchdog. 0; -EINPROGRESS with *problem set: something is still
 * blocked, and the watchdog continues.
 */
int session_thaw(struct session *session, struct problem *problem);

/* Starts a new watchdog if the old one died. 0 or -errno. */
int session_guard(struct session *session);

/* Whether the time limit expired and the watchdog has thawed everything. */
bool session_has_expired(const struct session *session);

void session_clear(struct session *session);

#endif
