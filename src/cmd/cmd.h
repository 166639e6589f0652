/* SPDX-License-Identifier: MIT */
/* The commands of alloc-perf, one file each.  Only this folder prints. */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include <stddef.h>
#include <stdio.h>

#include "base/command.h"
#include "base/problem.h"

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

#endif
