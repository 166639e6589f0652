/* SPDX-License-Identifier: MIT */
/* The options of a command: rows of a table.  The kind of a row defines what its argument sets. */
#ifndef BASE_OPTION_H
#define BASE_OPTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/problem.h"

/* What an option sets in the command's input, a struct. */
enum option_kind {
	OPTION_TAKEN,	 /* set by take() */
	OPTION_TEXT,	 /* a const char * */
	OPTION_FLAG,	 /* a bool, to true */
	OPTION_BITS,	 /* the bits `value` of an unsigned */
	OPTION_NUMBER,	 /* an unsigned, from `least` to `most` */
	OPTION_SIZE,	 /* a uint64_t, at least `least`, by size_parse() */
	OPTION_DURATION, /* a uint64_t of seconds, from `least` to `most`, by duration_parse(); of
			    smaller units if `value` of them are a second */
	OPTION_WORD,	 /* an unsigned: `least` plus the position in `choices`, or in the words of
			    `values` */
	OPTION_CHOICE,	 /* a const T *, to the entry of `choices`, a table of T */
	OPTION_WORDS,	 /* a char **, as by words_split(): the argument, split at commas */
};

/* A table whose entries start with their name, a const char *. */
struct option_choices {
	const void *entries;
	size_t entry_bytes;
	const size_t *count;
	const char *list; /* "PROGRAM COMMAND" that lists them; NULL: they are few */
	unsigned set;	  /* the entries that can be chosen, 1 << position; 0: all */
};

struct option_row {
	const char *name;     /* long; NULL: `help` is the heading of its group */
	int letter;	      /* 0: none */
	const char *argument; /* in capitals; literal words in small letters; NULL: takes none */
	const char *help;     /* one sentence, without the default, and without few choices */
	enum option_kind kind;
	size_t offset;			  /* in the input */
	unsigned long value, least, most; /* by the kind; most 0: no limit */
	const struct option_choices *choices;
	/* 0, or -errno with *problem set. */
	int (*take)(void *input, const struct option_row *row, const char *argument,
		    struct problem *problem);
	const char *fallback; /* the default, for --help and the manual; NULL: none is printed */
	bool repeats;	      /* it can be given several times */
	int group;	      /* options of one group are listed together */
	const char *key;      /* the same in a plan file; NULL: it has none */
	/*
	 * How a shell completes its argument.  "auto self": one of these words.  "<file>": by the
	 * shell's function of that name (completion/).  "`list --names methods`": first words of
	 * the lines that the program prints then.  A comma at the end: several, separated by
	 * commas.  NULL: by its choices, or not at all.
	 */
	const char *values;
};

enum { OPTION_NANOSECONDS = 1000000000 }; /* `value` of a duration */

#define OPTION_INTO(option_kind, type, member) \
	.kind = (option_kind), .offset = offsetof(type, member)

/* A member that an entry of a table is chosen for; `number` is the variable that counts them. */
#define OPTION_FROM(table, number, type, member)                                            \
	OPTION_INTO(OPTION_CHOICE, type, member), .choices = &(const struct option_choices) \
	{                                                                                   \
		.entries = (table), .entry_bytes = sizeof(*(table)), .count = &(number)     \
	}

/* Sets the member of `input`.  0, or -errno with *problem set. */
int option_set(const struct option_row *row, const char *argument, void *input,
	       struct problem *problem);

/*
 * Finds the entry of that name.  `option` is the option for the message; NULL: the word is an
 * argument.
 */
int option_choose(const struct option_choices *choices, const char *option, const char *word,
		  const void **ret, struct problem *problem);

/* Its help with few choices and the default, and its `values`.  Copies; NULL: out of memory. */
char *option_help(const struct option_row *row);
char *option_values(const struct option_row *row);

#endif
