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
	CONNECTION_CONSOLE_BYTES = 4096, /* the end of the console, about its last twenty lines */
	CONNECTION_END_SECONDS = 10,	 /* from the last line to the end of the agent */
};

struct connection {
	struct testbed_process *process;
	int cancel_fd;
	uint64_t deadline_ns; /* on the clock of io_now_ns() */
	/* Called per line.  A non-zero value ends the reading. */
	int (*line)(const char *line, void *context);
	void (*tick)(void *context); /* called about five times a second; may be NULL */
	void *context;

	char *text; /* the part of the next line that was received */
	size_t used;
	char console[CONNECTION_CONSOLE_BYTES + 1]; /* the end of it */
	size_t console_used;
};

uint64_t connection_seconds_from_now(uint64_t seconds);

/*
 * Reads lines.  Returns the value of `line`, -ECANCELED, -EPIPE (the agent closed the connection,
 * and the console was read to its end), -ETIME (the deadline has passed), -EMSGSIZE (a line is too
 * long) or -errno.
 */
int connection_read_lines(struct connection *connection);

/* The last complete lines of the console.  The text belongs to the connection. */
const char *connection_console_end(struct connection *connection);

/* The kernel's panic message; NULL: there was no panic.  The caller frees it. */
char *connection_panic(struct connection *connection);

void connection_clear(struct connection *connection);

/*
 * Sends the request and waits for the record.  0 or -ECANCELED.  *record has the members that the
 * agent reported.  If the agent exited, timed out or sent invalid output, it has status, stage,
 * reason and console.
 */
int connection_run_trial(const struct testbed_session *session, struct testbed_process *process,
			 const struct trial_request *request, struct record *record);

#endif
