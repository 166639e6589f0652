/* SPDX-License-Identifier: MIT */
/* One line on stderr that says what is going on, where that is a terminal. */
#ifndef CMD_PROGRESS_H
#define CMD_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

struct progress {
	int shown;   /* stderr is a terminal, and the user wants it */
	size_t done; /* trials */
	size_t total;
	const char *title; /* of the present trial; NULL: none */
	char stage[32];
	uint64_t start_ns, trial_ns, stage_ns; /* when these began */
};

void progress_start(struct progress *progress, size_t total, int quiet);
/* There are more trials, or fewer, than was known. */
void progress_total(struct progress *progress, size_t total);
void progress_trial(struct progress *progress, const char *title);

/* As testbed_session.stage and .tick: the context is the progress. */
void progress_stage(const char *stage, void *progress);
void progress_tick(void *progress);

/* The trial is over. */
void progress_done(struct progress *progress);

/* Takes the line away. */
void progress_end(struct progress *progress);

#endif
