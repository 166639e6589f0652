/* SPDX-License-Identifier: MIT */
/*
 * Progress on stderr: on a terminal one line that is rewritten, below the table of results if it
 * fits; otherwise one line per trial.
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
	char (*rows)[48]; /* names, with the size if there are several */
	size_t row_count;
	const char **columns; /* refer into the trials */
	size_t column_count;
	char (*text)[MATRIX_TEXT_MAX]; /* by plan_trial.place, which is row by row */
	size_t present;		       /* place of the running trial; SIZE_MAX: none */
};

/* `name` is shown for trials without a file system.  0 or -ENOMEM. */
int matrix_build(struct matrix *ret, const struct trial_list *trials, const char *name);

/* An empty text is "unknown". */
void matrix_set(struct matrix *matrix, size_t place, const char *text);

/* Its width in columns of the terminal; SIZE_MAX: out of memory. */
size_t matrix_width(const struct matrix *matrix);

/* Prints a heading and one line per row, each followed by `line_end`. */
void matrix_print(FILE *to, const struct matrix *matrix, const char *line_end);

void matrix_clear(struct matrix *matrix);

/* ---- progress: progress.c ---- */

struct progress {
	struct progress_line line;
	int quiet;
	size_t done; /* trials */
	size_t total;
	const char *title; /* of the running trial; NULL: none */
	char stage[32];
	uint64_t start_ns, trial_ns, stage_ns; /* their starts */
	uint64_t end_ns;		       /* the time limit for the start of trials; 0: none */
	struct matrix matrix;
	size_t drawn; /* lines of the table on the screen, above the line of progress */
	/*
	 * The bytes that the running trial has written to the disk; negative: unknown.  Called
	 * about once per second, and only on a terminal.
	 */
	int64_t (*written_bytes)(void *context);
	void *context;
	uint64_t sample_ns; /* the last sample */
	int64_t sample_bytes;
	double rate; /* bytes per second, from the last two; negative: unknown */
};

/* The caller sets all other members afterwards, before the first trial. */
void progress_start(struct progress *progress, size_t total, int quiet);

/* Changes the number of trials. */
void progress_total(struct progress *progress, size_t total);
void progress_trial(struct progress *progress, const char *title);

/* As testbed_session.stage and .tick: the context is the progress. */
void progress_stage(const char *stage, void *progress);
void progress_tick(void *progress);

/* The trial has ended; `outcome` is for the log: "1.27 s", "failed in mount: ...". */
void progress_done(struct progress *progress, const char *outcome);

/* Clears the screen of progress and table. */
void progress_end(struct progress *progress);

#endif
