/* SPDX-License-Identifier: MIT */
/*
 * Plans of one word: a scenario is what is done to a file in its life, a program how one that
 * exists allocates, with the scenario in which it does.  Both are sections of compiled-in files,
 * data/scenarios.ini and data/programs.ini, whose keys are those of [plan] and a few for people.
 */
#ifndef PLAN_SCENARIO_H
#define PLAN_SCENARIO_H

#include <stddef.h>

#include "plan/plan.h"

/* What a section says to people. */
#define SCENARIO_TEXTS(X)                                         \
	X(summary)                                                \
	X(source)  /* of a scenario: where its pattern is from */ \
	X(program) /* its name in full */                         \
	X(version) /* that was read: a commit, */                 \
	X(date)	   /* its date, */                                \
	X(file)	   /* and the file in it */                       \
	X(shape)   /* in two or three words */

#define SCENARIO_TEXT_MEMBER(name) char *name;
#define SCENARIO_TEXT_NUMBER(name) SCENARIO_TEXT_##name,
enum { SCENARIO_TEXTS(SCENARIO_TEXT_NUMBER) SCENARIO_TEXT_COUNT };

struct scenario {
	char *name;
	union {
		struct {
			SCENARIO_TEXTS(SCENARIO_TEXT_MEMBER)
		};
		char *texts[SCENARIO_TEXT_COUNT]; /* the same; NULL: not there */
	};
	char *values[PLAN_KEY_COUNT]; /* NULL: it does not set this key */
};

struct scenario_list {
	struct scenario *scenario;
	size_t count;
};

enum scenario_kind { SCENARIO_USE, SCENARIO_PROGRAM };

/* Those that are compiled in.  0 or -ENOMEM. */
int scenario_list_init(enum scenario_kind kind, struct scenario_list *ret);

/* The same of a text.  -EINVAL with a sentence: an unknown key, a line that is none. */
int scenario_list_read(const char *text, const char *source, struct scenario_list *ret,
		       struct problem *problem);

void scenario_list_clear(struct scenario_list *list); /* for CLEANUP(), too */

#endif
