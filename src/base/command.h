/* SPDX-License-Identifier: MIT */
/*
 * The commands of a program, as git has them, and their options: one table.  Dispatch, --help, the
 * shells' completion and the OPTIONS of the manual pages come from it; scripts/command-table makes
 * the last two.
 */
#ifndef BASE_COMMAND_H
#define BASE_COMMAND_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/problem.h"

/* What an option does with the command's input, a struct. */
enum option_kind {
	OPTION_TAKEN,  /* calls take() */
	OPTION_TEXT,   /* sets a const char * */
	OPTION_FLAG,   /* sets a bool */
	OPTION_SIZE,   /* sets a uint64_t, by size_parse() */
	OPTION_NUMBER, /* sets an unsigned to a number up to `value` */
};

struct option_row {
	const char *name;     /* long; NULL: `help` is the heading of its group */
	int letter;	      /* 0: none; beyond 255: a number for a parser of argp */
	const char *argument; /* in capitals; literal words in small letters; NULL: takes none */
	const char *help;     /* one sentence, without the default */
	enum option_kind kind;
	size_t offset; /* in the input; not for OPTION_TAKEN */
	/* 0, or -errno with a sentence. */
	int (*take)(void *input, const struct option_row *row, const char *argument,
		    struct problem *problem);
	unsigned long value;  /* for take(); of OPTION_NUMBER the largest */
	const char *fallback; /* the default, for --help and the manual; NULL: none is printed */
	bool repeats;	      /* it can be given several times */
	int group;	      /* those of one group stand together */
	const char *key;      /* the same in a plan file; NULL: it has none */
	/*
	 * How a shell completes its argument.  "auto self": one of these words.  "<file>": by the
	 * shell's function of that name (completion/).  "`list --names methods`": first words of
	 * the lines that the program prints then.  A comma at the end: several, separated by
	 * commas.  NULL: not at all.
	 */
	const char *values;
};

#define OPTION_INTO(option_kind, type, member) \
	.kind = (option_kind), .offset = offsetof(type, member)

struct command {
	const char *name;
	const char *summary;   /* its line in the list of commands */
	const char *arguments; /* for the usage; several usages are lines; NULL: takes none */
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
 * The same with a parser of argp, which gets the letters or numbers of the rows as keys.  Returns 0
 * or a positive errno of the parser.
 */
error_t command_parse_by(const struct command *command, argp_parser_t parser, int argc, char **argv,
			 void *input);

/*
 * Says on stderr what went wrong, and returns the exit status for it.  `error` is the -errno
 * that came along, for problems without a sentence of their own.
 */
int command_complain(const char *program, const struct problem *problem, int error);

#endif
