/* SPDX-License-Identifier: MIT */
/*
 * A crash case from its recording to its verdicts: the trial is recorded in a guest, each state
 * that a power cut can leave is made in an image below another guest, and judged by what that
 * guest finds.
 */
#ifndef CRASH_RUN_H
#define CRASH_RUN_H

#include "promise/promise.h"
#include "testbed/testbed.h"

struct crash_settings {
	unsigned promises; /* set of 1u << enum promise: those to be judged */
	size_t states_max; /* examined at most; 0: all */
	/*
	 * Only this one, in the form of crash/states.h; NULL: all.  Up to five recordings are made
	 * until it is broken, since the kernel need not write in the same order each time.
	 */
	const char *state;
	const char *keep; /* directory that gets log and images; NULL: nothing is kept */
	/* Called about five times a second while states are examined. */
	void (*progress)(uint64_t done, uint64_t count, void *context);
	/*
	 * Called with each verdict, and the state that is its counterexample (NULL: there is none).
	 * 0 or -errno, which ends the run.
	 */
	int (*record)(struct record *record, const char *state, void *context);
	void *context;
};

/*
 * trial->promise_name names one of the promises of the case; its seed determines which states are
 * examined.  0, also if the trial failed, which its records report; -ECANCELED; or -errno with
 * *problem set if nothing can be recorded.
 */
int crash_run(const struct testbed_session *session, const struct plan_trial *trial,
	      const struct promise_case *promise_case, const struct crash_settings *settings,
	      struct problem *problem);

#endif
