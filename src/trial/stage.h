/* SPDX-License-Identifier: MIT */
/* A trial under way, and what its stages share; private to this directory. */
#ifndef TRIAL_STAGE_H
#define TRIAL_STAGE_H

#include "method/method.h"
#include "trial/cost.h"
#include "trial/trial.h"
#include "workload/phase.h"
#include "workload/workload.h"

struct trial {
	const struct trial_request *request;
	const struct trial_host *host;
	struct record *record;
	struct method_choice choice;
	struct phase_chain chain; /* empty: the allocation alone */
	struct workload_set files;
	int counters_fd;	    /* of the device; -1: none */
	struct cost_reading border; /* at the end of the last stage */
	int mounted;
};

/* Concludes with a failed call, and returns -error. */
int trial_failed(struct trial *trial, const char *what, int error);

/* The same with one that may not be supported here. */
int trial_refused(struct trial *trial, const char *call, int error);

/* 1: they are, 0: that takes rights that this process lacks. */
int trial_drop_caches(void);

/* 0 or -errno. */
int trial_open_files(struct trial *trial, int flags);
int trial_close_files(struct trial *trial);

/* 0, or -errno and the trial is concluded.  After a remount the files are open. */
int trial_unmount(struct trial *trial);
int trial_remount(struct trial *trial, int flags);

/* Asks the host to flush what is below the device, and adds its time.  0, or -errno and the trial
 * is concluded. */
int trial_flush_below(struct trial *trial, int64_t *wall_ns);

/* ---- phases.c: stages of trials with a workload ---- */

int phases_run(struct trial *trial);
int phases_verify(struct trial *trial);

#endif
