/* SPDX-License-Identifier: MIT */
/* What the holder of a freeze does while it lasts: waits for whatever ends it. */
#ifndef SUSPEND_KEEP_H
#define SUSPEND_KEEP_H

#include <stdbool.h>

#include "suspend/session.h"

enum keep_reason {
	KEEP_NOT_ENDED,
	KEEP_COMMAND, /* it has ended */
	KEEP_AWAKE,   /* the machine slept and is awake again */
	KEEP_SIGNAL,  /* SIGINT, SIGTERM, SIGHUP */
	KEEP_ASKED,   /* SIGUSR1: `thaw` */
	KEEP_TIME,    /* it was up */
	KEEP_GUARD,   /* the watchdog was killed, and no new one could be had */
};

struct keep {
	struct session *session;
	int signal_fd;
	int wake_fd;		 /* readable when a clock was set, which waking up does */
	int64_t asleep_ns;	 /* so far, when it began */
	pid_t command;		 /* 0: none */
	int command_pidfd;	 /* -1: none */
	enum keep_reason reason; /* why it was thawed */
};

#define KEEP_NONE ((struct keep) { .signal_fd = -1, .wake_fd = -1, .command_pidfd = -1 })

/* Blocks the signals that end it; to be called before anything is frozen.  0 or -errno. */
int keep_prepare(struct keep *keep, struct session *session);

/* Starts a program as keep->command.  0 or -errno. */
int keep_start_command(struct keep *keep, const char *program, char **argv);

/*
 * Waits, and thaws as soon as there is a reason.  With a command it returns when that has ended,
 * without one after thawing.  0, or session_thaw()'s error with its sentence.  *ret_status is of
 * the command, as a shell has it.
 */
int keep_until_end(struct keep *keep, int *ret_status, struct problem *problem);

void keep_clear(struct keep *keep);

#endif
