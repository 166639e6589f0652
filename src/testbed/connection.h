/* SPDX-License-Identifier: MIT */
/*
 * The connection to an agent: lines of limited length, its console, and a deadline.  The agent may
 * run in a guest that panics, hangs or sends invalid output, so nothing it sends is trusted.
 */
#ifndef TESTBED_CONNECTION_H
#define TESTBED_CONNECTION_H

#include "testbed/testbed.h"

enum {
	CONNECTION_LINE_BYTES = 1 << 20,
	CONNECTION_CONSOLE_BYTES =
		4096,		     /* of the end of the console; about its last twenty lines */
	CONNECTION_END_SECONDS = 10, /* from the last line to the end of the agent */
};

struct connection {
	struct testbed_process *process;
	int cancel_fd;
	uint64_t deadline_ns; /* on the clock of io_now_ns() */
	/* Sees each line; non-zero ends the connection. */
	int (*line)(const char *line, void *context);
	void (*tick)(void *context); /* about five times a second; may be NULL */
	void *context;

	char *text; /* what has come of the next line */
	size_t used;
	char console[CONNECTION_CONSOLE_BYTES + 1]; /* the end of it */
	size_t console_used;
};

uint64_t connection_seconds_from_now(uint64_t seconds);

/*
 * Returns what `line` returned, -ECANCELED, -EPIPE (the agent closed its line, and the
 * console is read to its end), -ETIME (the deadline is over), -EMSGSIZE (a line is too
 * long) or -errno.
 */
int connection_read_lines(struct connection *connection);

/* The last lines of the console, without the rest of a cut one; lives in `talk`. */
const char *connection_console_end(struct connection *connection);

/* What the kernel said when it panicked; NULL: it did not.  The caller frees it. */
char *connection_panic(struct connection *connection);

void connection_clear(struct connection *connection);

/*
 * Hands over the request and waits for the record.  Returns 0 with the members
 * of *record that the agent knows, or, if it ended, hung or babbled, with
 * status, stage, reason and console filled; -ECANCELED.
 */
int connection_run_trial(const struct testbed_session *session, struct testbed_process *process,
			 const struct trial_request *request, struct record *record);

#endif
