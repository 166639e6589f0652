/* SPDX-License-Identifier: MIT */
/*
 * Named plans: a scenario is a workload in the life of a file, a program is how an existing program
 * allocates, with its scenario.  Both are sections of compiled-in files, data/scenarios.ini and
 * data/programs.ini, whose keys are those of [plan] and a few texts for users.
 */
#ifndef PLAN_SCENARIO_H
#define PLAN_SCENARIO_H

#include <stddef.h>

#include "plan/plan.h"

/* The texts for users. */
#define SCENARIO_TEXTS(X)                                         \
	X(summary)                                                \
	X(source)  /* of a scenario: the source of its pattern */ \
	X(program) /* its full name */                            \
	X(version) /* of its source that was read: commit, */     \
	X(date)	   /* date */                                     \
	X(file)	   /* and file */                                 \
	X(shape)   /* of the workload, in two or three words */

#define SCENARIO_TEXT_MEMBER(name) char *name;
#define SCENARIO_TEXT_NUMBER(name) SCENARIO_TEXT_##name,
enum { SCENARIO_TEXTS(SCENARIO_TEXT_NUMBER) SCENARIO_TEXT_COUNT };

struct scenario {
	char *name;
	union {
		struct {
			SCENARIO_TEXTS(SCENARIO_TEXT_MEMBER)
		};
		char *texts[SCENARIO_TEXT_COUNT]; /* the same; NULL: not set */
	};
	char *values[PLAN_KEY_COUNT]; /* NULL: it does not set this key */
};

struct scenario_list {
	struct scenario *scenario;
	size_t count;
};

enum scenario_kind { SCENARIO_USE, SCENARIO_PROGRAM };

/* Reads the compiled-in ones.  0 or -ENOMEM. */
int scenario_list_init(enum scenario_kind kind, struct scenario_list *ret);

/* Reads a text.  0, -ENOMEM, or -EINVAL with *problem set: an unknown key, or an invalid line. */
int scenario_list_read(const char *text, const char *source, struct scenario_list *ret,
		       struct problem *problem);

void scenario_list_clear(struct scenario_list *list); /* also for CLEANUP() */

#endif
