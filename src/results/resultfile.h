/* SPDX-License-Identifier: MIT */
/*
 * Result files: JSON Lines, first the environment, then one line per trial, which is fsynced before
 * the next trial.  A killed run can leave one incomplete line at the end, which is ignored when the
 * file is read or continued.
 */
#ifndef RECORD_RESULTFILE_H
#define RECORD_RESULTFILE_H

#include "base/problem.h"
#include "results/record.h"

/*
 * The contents of result files.  Records and warnings belong to the environment line before them.
 */
struct results {
	struct environment *environments;
	size_t environment_count;
	struct record *records;
	size_t record_count;
	size_t *environment_of; /* per record: index into environments */
	struct warning *warnings;
	size_t warning_count;
	size_t *warning_of; /* per warning: index into environments */
	/* of the last file: */
	int torn;	      /* 1: its last line is incomplete and was ignored */
	uint64_t whole_bytes; /* its length without that line */
};

void results_clear(struct results *results);

/*
 * Adds the contents of a file to *results, which is zeroed before the first call.  "-" is standard
 * input.  0, or -errno with *problem set, which names file and line: -EINVAL if it is not a result
 * file, -EPROTO for the schema of a later version.  *results must then be cleared as well.
 *
 * Each added record has a file system, a method, a file size and one of the STATUS_ words.
 */
int results_read(struct results *results, const char *path, struct problem *problem);

/* Whether the file exists and its first line describes a run. */
int results_is_file(const char *path);

/*
 * Adds a record, or the description of the run for the next records, and clears the argument.  0,
 * or -ENOMEM, and then nothing has changed.
 */
int results_keep_environment(struct results *results, struct environment *environment);
int results_keep(struct results *results, struct record *record);
int results_keep_warning(struct results *results, struct warning *warning);

/* How many of the records are measurements; the others test promises. */
size_t results_measurements(const struct results *results);

/* Appends one line, and syncs it unless it is a pipe or terminal.  Takes over the reference. */
int resultfile_append(int fd, json_t *json);

#endif
