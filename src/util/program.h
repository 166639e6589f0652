/* SPDX-License-Identifier: MIT */
/* The frame of a program of verbs, as git is one: each verb has options and a help of its own. */
#ifndef UTIL_PROGRAM_H
#define UTIL_PROGRAM_H

#include "problem.h"

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

/* For main(): finds the verb and hands over.  Returns the exit status. */
int program_run(const struct program *program, int argc, char **argv);

/*
 * Says on stderr what went wrong, and returns the exit status for it.  `error` is the -errno
 * that came along, for problems without a sentence of their own.
 */
int program_complain(const struct program *program, const struct problem *problem, int error);

/*
 * Writes out what was printed.  0, also if nobody reads it any more (whoever closes a pipe has
 * seen enough), or -errno with a sentence.
 */
int program_flush(struct problem *problem);

#endif
