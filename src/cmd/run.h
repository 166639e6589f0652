/* SPDX-License-Identifier: MIT */
/* The parts of `alloc-perf run`; private to its files. */
#ifndef CMD_RUN_H
#define CMD_RUN_H

#include <stdio.h>

#include "base/command.h"
#include "stats/cell.h"
#include "plan/plan.h"
#include "base/problem.h"
#include "cmd/cmd.h"
#include "cmd/progress.h"
#include "results/resultfile.h"
#include "testbed/testbed.h"
#include "testbed/watch.h"

/* Commands of the user: before everything, before each trial, at the end. */
enum run_hook { RUN_SETUP, RUN_PREPARE, RUN_CLEANUP, RUN_HOOKS };

struct run_options {
	const char *hooks[RUN_HOOKS]; /* for sh -c; NULL: none */
	const char *preset, *plan, *output, *resume, *keep_images, *scratch;
	struct plan_request given;
	char *vary; /* --vary, one KEY=LIST per line; NULL: none */
	/* of that: values for methods; NULL: as their names have it */
	char **vary_parameters[METHOD_VARY_DEPTH + 1];
	char *varied[PLAN_KEY_COUNT];				 /* of that: of `given`, owned */
	char *kernels, *mount_options, *mkfs_options, *workload; /* those of `given`, owned */
	struct guard_consent consent;
	uint64_t trial_seconds;
	bool force, dry_run, quiet;
	bool all;		      /* of the results: see report_options */
	struct measure_list measures; /* the same */
};

struct run {
	const struct run_options *options;
	struct plan plan;
	int runs_defaulted; /* nobody said how often: as often as fits into a short time */
	struct trial_list trials;
	struct testbed_session session;
	const struct testbed *prepared; /* its prepare() has been called; NULL: none's was */
	struct results results; /* all that the file holds, also what a resumed run found in it */
	char *path;		/* of the result file; NULL: stdout */
	int fd;
	bool hooks_started;
	struct progress progress;
	int image_fd; /* of the present trial; -1: it has none */
	struct watch watch;
	size_t failed;
	uint64_t end_ns; /* on the clock of io_now_ns(): when the time for auto is used up; 0: never
			  */
};

/* ---- run_options.c ---- */

/* Ends the process where the usage is wrong, as argp does. */
void run_parse(const struct command *self, int argc, char **argv, struct run_options *ret);

extern const struct option_row run_option_rows[];

/* ---- run_vary.c ---- */

/* Takes --vary apart: into `given`, and lists for the methods.  0 or -errno with a sentence. */
int run_take_vary(struct run_options *options, struct problem *problem);

/* Gives the methods of the plan their parameters.  0 or -errno with a sentence. */
int run_vary_methods(struct run *run, struct problem *problem);

void run_vary_clear(const struct run_options *options);

/* ---- run_testbed.c ---- */

/*
 * What `--on auto` takes for these trials.  NULL: that depends on how well a guest runs, which
 * takes booting one.
 */
const struct testbed *run_foresee_testbed(const struct trial_list *trials);

/* Settles the testbed by the plan, and what the session is told of it. */
int run_choose_testbed(struct run *run, struct problem *problem);

/* Can it do the trials of the plan?  Finds the labels of their kernels. */
int run_check_testbed(struct run *run, struct problem *problem);

/* Is it, for a run that is resumed, on the kernels that it was begun with? */
int run_check_resumed(const struct run *run, struct problem *problem);

/* Makes it ready, and says what is to be said about that. */
int run_prepare_testbed(struct run *run, struct problem *problem);

/* ---- run_file.c ---- */

/* Opens the result file, locks it, and cuts what a resumed run is not to keep. */
int run_open(struct run *run, struct problem *problem);

/* Closes it; a new file into which nothing was written is removed. */
void run_close(struct run *run);

/* Writes the line that describes the run. */
int run_write_environment(struct run *run, int argc, char **argv, struct problem *problem);

/* ---- run_warnings.c ---- */

/*
 * Writes what distorts the results to the result file, and adds it to run->results; also to stderr
 * if `is_printed`.  0 or -errno with a sentence.
 */
int run_warn(struct run *run, const struct grids *grids, bool is_printed, struct problem *problem);

/* ---- run_hooks.c ---- */

/*
 * Are the commands of the user those that the resumed file was made with?  Those in the file are
 * never run: another user may have written it.  0 or -EINVAL with a sentence.
 */
int run_check_hooks(const struct run *run, struct problem *problem);

/* Writes them to the description of the run.  0 or -ENOMEM. */
int run_describe_hooks(const struct run *run, struct environment *environment);

/* Has the session run --prepare, and runs --setup.  0, -ECANCELED, or -errno with a sentence. */
int run_start_hooks(struct run *run, struct problem *problem);

/* Runs --cleanup if run_start_hooks() was called, however the run ended.  The same. */
int run_end_hooks(struct run *run, struct problem *problem);

/* What is run when, for --dry-run. */
void run_print_hooks(const struct run *run);

/* " --prepare 'COMMAND'": the options again, for a command line that resumes the run. */
void run_print_hook_options(const struct run *run, FILE *to);

/* ---- run_trials.c ---- */

/* Has the session tell how each trial goes. */
void run_follow(struct run *run);

/* Is it in the results? */
int run_is_done(const struct run *run, const struct plan_trial *trial);
size_t run_count_left(const struct run *run);

/* Are all trials of the plan made, and with --runs auto, is it precise?  1, 0, or -ENOMEM. */
int run_is_finished(const struct run *run);

/* One cell of a grid: `index` into grid->cells, and its figure of the time. */
typedef void (*run_cell_fn)(const struct grid *grid, size_t index, const struct figure *figure,
			    void *context);

/* Calls `told` (may be NULL) for each cell whose time is not as precise as wished; how many. */
size_t run_imprecise_cells(const struct run *run, const struct grid *grid, run_cell_fn told,
			   void *context);

/* Runs and records what is left; with --runs auto as many rounds as it takes. */
int run_trials(struct run *run, struct problem *problem);

#endif
