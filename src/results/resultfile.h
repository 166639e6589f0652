/* SPDX-License-Identifier: MIT */
/*
 * Result files: JSON Lines, the environment first, a trial a line after it,
 * each fsynced before the next trial begins.  A killed run can leave at most
 * one torn line at the end, which both readers and `--resume` drop.
 */
#ifndef RECORD_RESULTFILE_H
#define RECORD_RESULTFILE_H

#include "base/problem.h"
#include "results/record.h"

/* What a file holds.  Records and warnings refer to the environment line before them. */
struct results {
	struct environment *environments;
	size_t environment_count;
	struct record *records;
	size_t record_count;
	size_t *environment_of; /* per record: index into environments */
	struct warning *warnings;
	size_t warning_count;
	size_t *warning_of; /* per warning: index into environments */
	/* of the file that was read last: */
	int torn;	      /* 1: the file's last line was cut and has been left out */
	uint64_t whole_bytes; /* length of the file without that line */
};

void results_clear(struct results *results);

/*
 * Adds the contents of the file to *results (zeroed before the first call, so
 * that several files can be read into one).  "-" is standard input.  Returns 0
 * or -errno with a sentence that names file and line: -EINVAL for what is no
 * result file, -EPROTO for a schema of a later version.  *results then holds
 * what was read before, and has to be cleared as well.
 *
 * A record that is added has a file system, a method, a file size, and one of
 * the STATUS_ words.
 */
int results_read(struct results *results, const char *path, struct problem *problem);

/* Does the file exist, and does its first line describe a run? */
int results_is_file(const char *path);

/*
 * Adds a record, or the description of the run that the records after it belong
 * to, and leaves the argument empty.  0 or -ENOMEM, then nothing has changed.
 */
int results_keep_environment(struct results *results, struct environment *environment);
int results_keep(struct results *results, struct record *record);
int results_keep_warning(struct results *results, struct warning *warning);

/* Appends one line and fsyncs (a pipe or terminal is only written).  Takes over the reference. */
int resultfile_append(int fd, json_t *json);

#endif
