/* SPDX-License-Identifier: MIT */
/*
 * The commands of a program, as git has them, and their options: one table.  Dispatch, --help, the
 * shells' completion and the OPTIONS of the manual pages come from it; scripts/command-table makes
 * the last two.
 */
#ifndef BASE_COMMAND_H
#define BASE_COMMAND_H

#include <stdbool.h>

#include "base/option.h"
#include "base/problem.h"

struct command {
	const char *name;
	const char *summary;   /* its line in the list of commands */
	const char *arguments; /* for the usage; several usages are lines; NULL: takes none */
	const char *stray;     /* where it takes none: what to do instead; NULL: nothing to say */
	const char *values;    /* as in struct option_row */
	const char *purpose;   /* whole sentences */
	const char *notes;     /* below the options; NULL: none */
	const char *examples;  /* whole lines, indented by two blanks */
	const char *exit_status;
	const char *page; /* of the manual: "name(1)"; for commands that have some */
	const struct option_row *options; /* these three end with an empty one; NULL: none */
	const struct option_row *shared;  /* options of several commands */
	const struct command *const *subcommands;
	bool in_order; /* options end at the first argument */
	/* Returns the exit status; argv[0] is "PROGRAM COMMAND". */
	int (*run)(const struct command *self, int argc, char **argv);
};

/*
 * For main(): finds the command, runs it, and writes out what it printed.  Returns the exit status,
 * which is not 0 where the output could not be written.
 */
int command_main(const struct command *program, int argc, char **argv);

/*
 * Sets what the options say in `input`.  Returns the arguments, which end with NULL.  Ends the
 * process for --help, --usage, --version and wrong usage.
 */
char **command_parse(const struct command *command, int argc, char **argv, void *input);

/*
 * Says on stderr what went wrong, and returns the exit status for it.  `error` is the -errno
 * that came along, for problems without a sentence of their own.
 */
int command_complain(const char *program, const struct problem *problem, int error);

#endif
