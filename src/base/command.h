/* SPDX-License-Identifier: MIT */
/*
 * The commands of a program and their options: one table.  Dispatch, --help, shell completion and
 * the OPTIONS of the manual pages come from it; scripts/command-table creates the last two.
 */
#ifndef BASE_COMMAND_H
#define BASE_COMMAND_H

#include <stdbool.h>

#include "base/option.h"
#include "base/problem.h"

struct command {
	const char *name;
	const char *summary;   /* one line for the list of commands */
	const char *arguments; /* for the usage, one line per form; NULL: it takes none */
	const char *stray;     /* if it takes none: what to do instead; NULL: no advice */
	const char *values;    /* as in struct option_row */
	const char *purpose;   /* whole sentences */
	const char *notes;     /* printed below the options; NULL: none */
	const char *examples;  /* whole lines, indented by two blanks */
	const char *exit_status;
	const char *page; /* its manual page, such as "name(1)" */
	const struct option_row
		*options; /* terminated by an empty row, as is `shared`; NULL: none */
	const struct option_row *shared; /* options of several commands */
	const struct command *const *subcommands;
	bool in_order; /* options end at the first argument */
	/* Returns the exit status; argv[0] is "PROGRAM COMMAND". */
	int (*run)(const struct command *self, int argc, char **argv);
};

/*
 * For main(): finds the command, runs it, and flushes its output.  Returns the exit status, which
 * is not 0 if the output could not be written.
 */
int command_main(const struct command *program, int argc, char **argv);

/*
 * Parses the options into `input`.  Returns the arguments, terminated by NULL.  Ends the process
 * for --help, --usage, --version and invalid usage.
 */
char **command_parse(const struct command *command, int argc, char **argv, void *input);

/*
 * Prints the problem on stderr and returns the exit status for it.  `error` is the -errno of
 * problems without a message.
 */
int command_complain(const char *program, const struct problem *problem, int error);

#endif
