/* SPDX-License-Identifier: MIT */
/*
 * Listening to the agent: lines with a longest length, its console, and a deadline.  The
 * other end may be a guest that panics, hangs or prints rubbish.
 */
#ifndef TESTBED_TALK_H
#define TESTBED_TALK_H

#include "testbed/testbed.h"

enum {
	TALK_LINE_BYTES = 1 << 20,
	TALK_CONSOLE_BYTES = 4096, /* of the end of the console; about its last twenty lines */
	TALK_END_SECONDS = 10,	   /* from the last line to the end of the agent */
};

struct talk {
	struct testbed_process *process;
	int cancel_fd;
	uint64_t deadline_ns; /* on the clock of io_now_ns() */
	/* Sees each line; non-zero ends the talk. */
	int (*line)(const char *line, void *context);
	void (*tick)(void *context); /* about five times a second; may be NULL */
	void *context;

	char *text; /* what has come of the next line */
	size_t used;
	char console[TALK_CONSOLE_BYTES + 1]; /* the end of it */
	size_t console_used;
};

uint64_t talk_seconds_from_now(uint64_t seconds);

/*
 * Returns what `line` returned, -ECANCELED, -EPIPE (the agent closed its line, and the
 * console is read to its end), -ETIME (the deadline is over), -EMSGSIZE (a line is too
 * long) or -errno.
 */
int talk_listen(struct talk *talk);

/* The last lines of the console, without the rest of a cut one; lives in `talk`. */
const char *talk_console_end(struct talk *talk);

/* What the kernel said when it panicked; NULL: it did not.  The caller frees it. */
char *talk_panic(struct talk *talk);

void talk_clear(struct talk *talk);

#endif
