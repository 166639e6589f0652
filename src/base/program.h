/* SPDX-License-Identifier: MIT */
/* The frame of a program of verbs, as git is one: each verb has options and a help of its own. */
#ifndef BASE_PROGRAM_H
#define BASE_PROGRAM_H

#include <argp.h>

#include "base/problem.h"

struct verb {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv); /* returns the exit status; argv[0] is "PROGRAM VERB" */
};

struct program {
	const char *name;
	const char *purpose;	  /* whole lines, as the next */
	const char *examples;	  /* indented by two blanks */
	const char *page;	  /* of the manual: "name(1)" */
	const struct verb *verbs; /* the last has no name */
};

/*
 * For main(): finds the verb, runs it, and writes out what it printed.  Returns the exit status,
 * which is not 0 where the output could not be written.
 */
int program_run(const struct program *program, int argc, char **argv);

/*
 * argp_parse() with --help, --usage and --version, which end the process with the status of
 * program_run().  Parsers may have two children.  Returns 0 or a positive errno.
 */
error_t program_parse(const struct argp *argp, int argc, char **argv, unsigned flags, void *input);

/* Is it one of the words that ask for help in the place of a verb? */
int program_is_help(const char *word);

/*
 * Says on stderr what went wrong, and returns the exit status for it.  `error` is the -errno
 * that came along, for problems without a sentence of their own.
 */
int program_complain(const struct program *program, const struct problem *problem, int error);

#endif
