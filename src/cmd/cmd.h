/* SPDX-License-Identifier: MIT */
/* The commands of alloc-perf, and their common parts. */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include <stddef.h>
#include <stdio.h>

#include "base/command.h"
#include "base/problem.h"
#include "stats/measure.h"
#include "base/option.h"

struct results;

extern const struct command cmd_create, cmd_diff, cmd_frag, cmd_history, cmd_list, cmd_report,
	cmd_run, cmd_verify;

/*
 * Prints an error to stderr and returns its exit status.  `error` is the -errno, for a problem
 * without a message.
 */
int cmd_complain(const struct problem *problem, int error);

/*
 * Calls `print` with a stream to memory, and then writes the text to the file, or to standard
 * output if `path` is NULL: if it fails, an existing file is unchanged.  0, the result of `print`,
 * or -errno with *problem set.
 */
typedef int (*cmd_print_fn)(FILE *to, void *context, struct problem *problem);
int cmd_print(const char *path, cmd_print_fn print, void *context, struct problem *problem);

/* Calls results_read(), and prints a note to stderr about an incomplete line. */
int cmd_read_results(const char *path, struct results *results, struct problem *problem);

/*
 * Prints a sentence that starts at column `used`.  On a terminal it is wrapped at blanks and
 * continues at column `indent`.
 */
void cmd_print_sentence(const char *text, int used, int indent);

/*
 * Prints the command that shows these result files as markdown, quoted for a shell, unless one of
 * them is standard input.  0 or -ENOMEM.
 */
int cmd_put_patch_hint(FILE *to, char *const *files, size_t count);

/*
 * After this call SIGINT, SIGTERM and SIGHUP do not end the process but make the returned
 * descriptor readable.  fd or -errno.
 */
int cmd_catch_signals(void);

/* ---- choices: choice.c ---- */

extern const struct option_choices choice_of_measures;

struct measure_list {
	const struct measure **list; /* terminated by NULL; NULL: none is given */
	size_t count;
};

/*
 * option_row.take for a struct measure_list: adds the measures of "time,written".  0, -ENOMEM, or
 * -EINVAL with *problem set.
 */
int choice_take_measures(void *input, const struct option_row *row, const char *argument,
			 struct problem *problem);

/* ---- outputs: output.c ---- */

/*
 * The name of the format for the suffix of a file name, as of `report --format`; "table" for .txt
 * and without a suffix.  NULL: the suffix is unknown.
 */
const char *output_format(const char *path);

/*
 * Checks an output, which may not exist.  0, or -errno with *problem set.
 *
 * Block devices are rejected.  Without `force`, files that cannot be recreated from others are
 * rejected as well: result files, histories, and JSON of `frag`.
 */
int output_check(const char *path, int force, struct problem *problem);

/*
 * Rejects an output that is the same file as the input, under any name.  A `path` of NULL is
 * standard output, an `input` of "-" is standard input.  0, or -errno with *problem set.
 */
int output_check_input(const char *path, const char *input, struct problem *problem);

#endif
