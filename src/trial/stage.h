/* SPDX-License-Identifier: MIT */
/* A running trial, and common helpers of its stages; private to src/trial/. */
#ifndef TRIAL_STAGE_H
#define TRIAL_STAGE_H

#include "method/method.h"
#include "trial/cost.h"
#include "trial/trial.h"
#include "workload/phase.h"
#include "workload/workload.h"
#include "results/record.h"

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

/* Concludes the trial as failed, by that call.  Returns -error. */
int trial_failed(struct trial *trial, const char *what, int error);

/* The same for a call that may not be supported. */
int trial_refused(struct trial *trial, const char *call, int error);

/* Whether the caches were dropped, for which a process needs privileges: 1 or 0. */
int trial_drop_caches(void);

/* 0 or -errno. */
int trial_open_files(struct trial *trial, int flags);
int trial_close_files(struct trial *trial);

/* 0, or -errno with the trial concluded.  After a remount the files are open. */
int trial_unmount(struct trial *trial);
int trial_remount(struct trial *trial, int flags);

/*
 * Requests the host to flush the storage of the device, and adds its time.  0, or -errno with the
 * trial concluded.
 */
int trial_flush_below(struct trial *trial, int64_t *wall_ns);

/* ---- phases.c: the stages of a workload ---- */

int phases_run(struct trial *trial);
int phases_verify(struct trial *trial);

/* ---- layout: inspect.c ---- */

/*
 * Sets counts and sizes of the extents of all files together, and the layout of the first one.
 * `largest_run` is that of the request.  0, or -errno of extent_walk() with only extent_source set.
 */
int inspect_files(const struct workload_set *files, int64_t largest_run, struct record *record);

/* Counts only; FIELD_UNKNOWN if the file system does not report extents. */
void inspect_count(const struct workload_set *files, int64_t *ret_extents, int64_t *ret_fragments);

#endif
