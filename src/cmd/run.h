/* SPDX-License-Identifier: MIT */
/* The parts of `alloc-perf run`; private to its files. */
#ifndef CMD_RUN_H
#define CMD_RUN_H

#include "plan.h"
#include "problem.h"
#include "progress.h"
#include "resultfile.h"
#include "testbed.h"

struct run_options {
	const char *preset, *plan, *output, *resume, *keep_images, *scratch;
	/* Keys of a plan that the command line sets. */
	const char *filesystems, *methods, *sizes, *volume, *runs, *seed, *precision, *max_time,
		*testbed, *label;
	uint64_t trial_seconds;
	int force, dry_run, quiet;
};

struct run {
	const struct run_options *options;
	struct plan plan;
	struct trial_list trials;
	struct testbed_session session;
	struct results earlier; /* of a resumed run */
	char *path;		/* of the result file; NULL: stdout */
	int fd;
	struct progress progress;
	size_t failed;
};

/* ---- run_options.c ---- */

/* Ends the process where the usage is wrong, as argp does. */
void run_parse(int argc, char **argv, struct run_options *ret);

/* ---- run_file.c ---- */

/* Opens the result file, locks it, and cuts what a resumed run is not to keep. */
int run_open(struct run *run, struct problem *problem);

/* Writes the line that describes the run. */
int run_write_environment(struct run *run, int argc, char **argv);

/* ---- run_trials.c ---- */

/* Does the file that is resumed hold it already? */
int run_is_done(const struct run *run, const struct plan_trial *trial);
size_t run_count_left(const struct run *run);

/* Runs and records what is left. */
int run_trials(struct run *run, struct problem *problem);

#endif
