/* SPDX-License-Identifier: MIT */
/* Freezing everything by a plan, holding it, and undoing it. */
#ifndef SUSPEND_SESSION_H
#define SUSPEND_SESSION_H

#include <stdint.h>

#include "suspend/state_file.h"
#include "suspend/machine.h"
#include "suspend/plan.h"
#include "suspend/watchdog.h"

struct session_limits {
	uint64_t frozen_ns; /* the longest that anything stays frozen, time asleep not counted */
	uint64_t step_ns;   /* the longest that each step of freezing may take */
};

struct session {
	struct state_file state;
	struct watchdog watchdog;
	struct session_limits limits;
	uint64_t deadline_ns;
	const char *cgroup_root; /* NULL: no cgroups are frozen */
	bool blocked;		 /* a process hangs in FIFREEZE */
};

#define SESSION_NONE ((struct session) { .state = STATE_FILE_NONE, .watchdog = WATCHDOG_NONE })

/*
 * Opens what is to be frozen, writes down the state and starts the watchdog.  Nothing is frozen
 * yet. 0 or -errno with a sentence.
 */
int session_prepare(struct session *session, const struct machine *machine, const struct plan *plan,
		    enum way way, const struct session_limits *limits, struct problem *problem);

/*
 * Freezes.  0; after an error everything has been undone, as far as that does not block.
 * Prints nothing and neither opens nor starts anything from then on.
 */
int session_freeze(struct session *session, struct problem *problem);

/*
 * Undoes everything and ends the watchdog.  0; -EINPROGRESS with a sentence: something is still
 * blocked, and the watchdog goes on.
 */
int session_thaw(struct session *session, struct problem *problem);

/* A new watchdog if the old one died.  0 or -errno. */
int session_guard(struct session *session);

/* Whether the time was up and it was thawed by the watchdog. */
bool session_has_expired(const struct session *session);

void session_clear(struct session *session);

#endif
