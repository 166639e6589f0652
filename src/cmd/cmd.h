/* SPDX-License-Identifier: MIT */
/* The commands of alloc-perf, one file each.  Only this folder prints. */
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
	cmd_run;

/*
 * Says on stderr what went wrong, and returns the exit status for it.  `error`
 * is the -errno that came along, for problems without a sentence of their own.
 */
int cmd_complain(const struct problem *problem, int error);

/*
 * Has `print` print to memory, and writes that when it is whole, to the file, or to standard
 * output if it is NULL: a failure leaves an older file as it was.  0, what `print` returns, or
 * -errno with a sentence.
 */
typedef int (*cmd_print_fn)(FILE *to, void *context, struct problem *problem);
int cmd_print(const char *path, cmd_print_fn print, void *context, struct problem *problem);

/*
 * results_read(), and a word on stderr about a line that was cut.  `results` may hold those of
 * other files already.
 */
int cmd_read_results(const char *path, struct results *results, struct problem *problem);

/*
 * Prints a sentence that begins at column `used`.  Where the width is known it breaks at blanks,
 * and goes on at column `indent`; elsewhere it stays whole.
 */
void cmd_print_sentence(const char *text, int used, int indent);

/*
 * Prints the command that shows these result files as markdown, as the user can paste it; nothing
 * where one of them is standard input.  0 or -ENOMEM.
 */
int cmd_put_patch_hint(FILE *to, char *const *files, size_t count);

/*
 * From now on SIGINT, SIGTERM and SIGHUP do not end the process but make the
 * returned descriptor readable.  -errno if that cannot be had.
 */
int cmd_catch_signals(void);

/* ---- choices: choice.c ---- */

extern const struct option_choices choice_of_measures;

struct measure_list {
	const struct measure **list; /* ends with NULL; NULL: none was named */
	size_t count;
};

/* For a row whose member is a struct measure_list: adds those of "time,written".  0, -ENOMEM, or
 * -EINVAL with a sentence. */
int choice_take_measures(void *input, const struct option_row *row, const char *argument,
			 struct problem *problem);

/* ---- outputs: output.c ---- */

/*
 * The name of the format that the ending of a file's name asks for, as of `report --format`;
 * "table" for .txt and where there is no ending.  NULL: an ending that is not known.
 */
const char *output_format(const char *path);

/*
 * Each returns 0, or -errno with a sentence.  A path is a name, not a NULL pointer; one that does
 * not exist can be written.
 *
 * output_check() refuses a block device, and without `force` a file that can only be had again by
 * measuring: a result file of `run`, a store of `history`, a document that `frag --json` printed.
 */
int output_check(const char *path, int force, struct problem *problem);

/*
 * Refuses an output that is the input, by whatever name.  NULL as a path is standard output, "-"
 * as an input is standard input.
 */
int output_check_input(const char *path, const char *input, struct problem *problem);

#endif
