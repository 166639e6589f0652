/* SPDX-License-Identifier: MIT */
/* The parts of `alloc-perf verify`; private to its files. */
#ifndef CMD_VERIFY_H
#define CMD_VERIFY_H

#include <stdbool.h>

#include "plan/plan.h"
#include "promise/promise.h"

struct record;
struct run;

/* What one worker does: a case on a volume of its own. */
struct verify_step {
	struct plan_trial trial;
	const struct promise_case *promise_case;
	unsigned promises;	      /* set of 1u << enum promise, which it tests */
	char *promise_name;	      /* to which the trial refers */
	struct filesystem filesystem; /* likewise, with the options of the case */
	char *title;		      /* "ext4 fallocate reserved:overwrite" */
	char *repeat;		      /* the command that does this step alone */

	bool ended;
	struct record *records; /* its results */
	size_t record_count;
	struct problem problem; /* why no further step can be done */
	int error;		/* 0, or the -errno of that */
};

struct verify {
	struct run *run;
	char **promises;     /* as typed: promises, or cases as "reserved:overwrite"; NULL: all */
	uint64_t size_bytes; /* of the file; 0: by the case */
	uint64_t seed;
	size_t states_max;	   /* of a crash case, examined; 0: all */
	const char *state;	   /* the only one to be examined; NULL: all */
	const char *keep;	   /* directory for logs and images of crash cases; NULL: none */
	bool lacks_states;	   /* cases were left out, since the testbed records no writes */
	struct verify_step *steps; /* in the order of the results */
	size_t count;
};

/* ---- verify_steps.c ---- */

/* Are there such promises and cases?  0, or -errno with a sentence. */
int verify_check_promises(const struct verify *verify, struct problem *problem);

/* What is to be done, by the trials of the run and the promises.  0, or -errno with a sentence. */
int verify_expand(struct verify *verify, struct problem *problem);

/*
 * The command that repeats this case of a promise alone, and of its states only that one (NULL:
 * all), quoted for a shell.  The caller frees it; NULL: out of memory.
 */
char *verify_repeat(const struct verify *verify, const struct verify_step *step,
		    const char *promise_name, const char *state);

void verify_step_clear(struct verify_step *step);

/* ---- verify_directory.c ---- */

/* Refuses a directory whose file system must not be filled.  0, or -errno with a sentence. */
int verify_check_directory(const struct verify *verify, struct problem *problem);

/* Refuses a result file on it.  The same. */
int verify_check_output(const struct verify *verify, struct problem *problem);

/* Removes what cases left there.  Nothing if they run on volumes. */
void verify_empty_directory(const struct verify *verify);

/* ---- verify_workers.c ---- */

/* How many steps are done at a time. */
unsigned verify_workers(const struct verify *verify);

/*
 * Does all steps, and saves the records of each in their order.  0, -ECANCELED, or -errno with a
 * sentence.
 */
int verify_run(struct verify *verify, struct problem *problem);

#endif
