/* SPDX-License-Identifier: MIT */
/*
 * What is going on, on stderr: on a terminal one line that is rewritten, with the
 * table filling in above it where there is room; elsewhere one line a trial.
 */
#ifndef CMD_PROGRESS_H
#define CMD_PROGRESS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/terminal.h"
#include "plan/plan.h"

/* ---- the table: matrix.c ---- */

enum { MATRIX_TEXT_MAX = 32 };

struct matrix {
	char (*rows)[48]; /* names, with the size where there are several */
	size_t row_count;
	const char **columns; /* refer into the trials */
	size_t column_count;
	char (*text)[MATRIX_TEXT_MAX]; /* row by row, which is by plan_trial.place */
	size_t present; /* place of the cell that is being measured; SIZE_MAX: none */
};

/* `name` is shown for trials without a file system.  0 or -ENOMEM. */
int matrix_build(struct matrix *ret, const struct trial_list *trials, const char *name);

/* An empty text: nothing is known. */
void matrix_set(struct matrix *matrix, size_t place, const char *text);

/* Columns of the terminal that it takes; SIZE_MAX: out of memory. */
size_t matrix_width(const struct matrix *matrix);

/* A heading and a line for each row, each ended by `line_end`. */
void matrix_print(FILE *to, const struct matrix *matrix, const char *line_end);

void matrix_clear(struct matrix *matrix);

/* ---- progress: progress.c ---- */

struct progress {
	struct progress_line line;
	int quiet;
	size_t done; /* trials */
	size_t total;
	const char *title; /* of the present trial; NULL: none */
	char stage[32];
	uint64_t start_ns, trial_ns, stage_ns; /* when these began */
	uint64_t end_ns; /* when no further trial will be begun; 0: not known */
	struct matrix matrix;
	size_t drawn; /* lines of it on the screen, above the line of progress */
	/*
	 * Bytes that the present trial has put on the disk so far, negative if that is
	 * not known; asked about once a second, and only on a terminal.
	 */
	int64_t (*written_bytes)(void *context);
	void *context;
	uint64_t sample_ns; /* the last answer */
	int64_t sample_bytes;
	double rate; /* bytes a second, from the last two; negative: not known */
};

/* Members that are not mentioned here are to be set afterwards, before the first trial. */
void progress_start(struct progress *progress, size_t total, int quiet);

/* There are more trials, or fewer, than was known. */
void progress_total(struct progress *progress, size_t total);
void progress_trial(struct progress *progress, const char *title);

/* As testbed_session.stage and .tick: the context is the progress. */
void progress_stage(const char *stage, void *progress);
void progress_tick(void *progress);

/* The trial is over; `outcome` is for the log: "1.27 s", "failed in mount: ...". */
void progress_done(struct progress *progress, const char *outcome);

/* Takes everything off the screen. */
void progress_end(struct progress *progress);

#endif
