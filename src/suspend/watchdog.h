/* SPDX-License-Identifier: MIT */
/* The process that thaws when the holder dies or exceeds the time limit. */
#ifndef SUSPEND_WATCHDOG_H
#define SUSPEND_WATCHDOG_H

#include <stdint.h>

#include "suspend/state_file.h"

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
