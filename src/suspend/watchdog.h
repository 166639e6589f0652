/* SPDX-License-Identifier: MIT */
/* The process that undoes a hold when the one that made it dies or takes too long. */
#ifndef SUSPEND_WATCHDOG_H
#define SUSPEND_WATCHDOG_H

#include <stdint.h>

#include "suspend/state_file.h"

struct watchdog {
	pid_t pid; /* 0: none */
	int pidfd;
	/*
	 * Held by the parent and whatever process it freezes by, so that the watchdog knows when
	 * the last of them is gone.
	 */
	int alive_fd;
};

#define WATCHDOG_NONE ((struct watchdog) { .pidfd = -1, .alive_fd = -1 })

/*
 * Starts one for a published hold whose entries are open, and waits until it is ready.
 * `deadline_ns` is on CLOCK_MONOTONIC, which stands still while the machine sleeps.  0 or -errno.
 */
int watchdog_start(struct watchdog *ret, struct state_file *state, uint64_t deadline_ns);

/* Whether it has died. */
bool watchdog_is_gone(const struct watchdog *watchdog);

/* Kills it: nothing is pending any more. */
void watchdog_stop(struct watchdog *watchdog);

#endif
