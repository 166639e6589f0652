/* SPDX-License-Identifier: MIT */
/* The parts of `alloc-perf run`. */
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

/* Commands of the user: before the run, before each trial, after the run. */
enum run_hook { RUN_SETUP, RUN_PREPARE, RUN_CLEANUP, RUN_HOOKS };

struct run_options {
	const char *hooks[RUN_HOOKS]; /* for sh -c; NULL: none */
	const char *preset, *plan, *output, *resume, *keep_images, *scratch;
	struct plan_request given;
	char *vary; /* --vary, one KEY=LIST per line; NULL: none */
	/* from it: values for methods; NULL: those of their names */
	char **vary_parameters[METHOD_VARY_DEPTH + 1];
	char *varied[PLAN_KEY_COUNT]; /* from it: keys of `given`, owned */
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
	int runs_defaulted; /* the default: as many as fit into a short time */
	struct trial_list trials;
	struct testbed_session session;
	const struct testbed *prepared; /* the testbed whose prepare() was called; NULL: none */
	struct results results;		/* all results of the file, also those before --resume */
	char *path;			/* of the result file; NULL: stdout */
	int fd;
	bool can_resume; /* the command has --resume */
	bool hooks_started;
	struct progress progress;
	int image_fd; /* of the running trial; -1: none */
	struct watch watch;
	size_t failed;
	uint64_t end_ns; /* the time limit of auto, on the clock of io_now_ns(); 0: none
			  */
};

/* A run before anything is known of it. */
#define RUN_NONE(wanted)                         \
	((struct run) { .options = (wanted),     \
			.fd = -1,                \
			.image_fd = -1,          \
			.session.cancel_fd = -1, \
			.watch = WATCH_NONE })

/* ---- run.c ---- */

void run_clear(struct run *run); /* for CLEANUP(), too */

/* Prints the results and the name of their file.  0 or -ENOMEM. */
int run_print_table(const struct run *run);

/* ---- run_options.c ---- */

/* Ends the process after invalid usage, as argp does. */
void run_parse(const struct command *self, int argc, char **argv, struct run_options *ret);

/* The take() of --kernel, for a struct run_options: they become a list. */
int run_take_kernel(void *input, const struct option_row *row, const char *argument,
		    struct problem *problem);

extern const struct option_row run_option_rows[];

/* ---- run_vary.c ---- */

/* Parses --vary into `given` and into lists for the methods.  0, or -errno with *problem set. */
int run_take_vary(struct run_options *options, struct problem *problem);

/* Sets the parameters of the plan's methods.  0, or -errno with *problem set. */
int run_vary_methods(struct run *run, struct problem *problem);

void run_vary_clear(const struct run_options *options);

/* ---- run_testbed.c ---- */

/* The choice of `--on auto` for these trials.  NULL: it is known only after booting a guest. */
const struct testbed *run_foresee_testbed(const struct trial_list *trials);

/* Sets the testbed and its options in the session, by the plan. */
int run_choose_testbed(struct run *run, struct problem *problem);

/* Checks that the testbed supports the plan, and sets the labels of the kernels. */
int run_check_testbed(struct run *run, struct problem *problem);

/* Checks that a resumed run is on the same kernels. */
int run_check_resumed(const struct run *run, struct problem *problem);

/* Prepares the testbed, and prints its remarks. */
int run_prepare_testbed(struct run *run, struct problem *problem);

/* ---- run_file.c ---- */

/* Opens and locks the result file, and truncates what a resumed run does not keep. */
int run_open(struct run *run, struct problem *problem);

/* Closes it; a new file is removed if it is empty. */
void run_close(struct run *run);

/* Writes the line that describes the run, with its plan if it can be resumed. */
int run_write_environment(struct run *run, int argc, char **argv, bool resumable,
			  struct problem *problem);

/* Appends the record of a trial, and moves it to run->results.  0, or -errno with a sentence. */
int run_save(struct run *run, struct record *record, struct problem *problem);

/* ---- run_warnings.c ---- */

/*
 * Writes warnings about events that distort results to the result file, to run->results, and to
 * stderr if `is_printed`.  0, or -errno with *problem set.
 */
int run_warn(struct run *run, const struct grids *grids, bool is_printed, struct problem *problem);

/* ---- run_hooks.c ---- */

/*
 * Checks that the commands of the user are those in the resumed file, which are never run: another
 * user may have written it.  0, or -EINVAL with *problem set.
 */
int run_check_hooks(const struct run *run, struct problem *problem);

/* Adds the commands to the description of the run.  0 or -ENOMEM. */
int run_describe_hooks(const struct run *run, struct environment *environment);

/* Runs --setup, and lets the session run --prepare.  0, -ECANCELED, or -errno with *problem set. */
int run_start_hooks(struct run *run, struct problem *problem);

/* Runs --cleanup if run_start_hooks() was called, also after a failure.  Returns the same. */
int run_end_hooks(struct run *run, struct problem *problem);

/* Prints the commands, for --dry-run. */
void run_print_hooks(const struct run *run);

/* " --prepare 'COMMAND'": the options, for a command line with --resume. */
void run_print_hook_options(const struct run *run, FILE *to);

/* ---- run_trials.c ---- */

/* Sets the callbacks of the session that report progress. */
void run_follow(struct run *run);

/* Whether the trial is in the results. */
int run_is_done(const struct run *run, const struct plan_trial *trial);
size_t run_count_left(const struct run *run);

/* Whether all trials of the plan are made and, with --runs auto, precise.  1, 0, or -ENOMEM. */
int run_is_finished(const struct run *run);

/* One cell of a grid: `index` into grid->cells, and the statistic of its time. */
typedef void (*run_cell_fn)(const struct grid *grid, size_t index, const struct figure *figure,
			    void *context);

/*
 * Calls `each` (may be NULL) per cell whose time is less precise than required.  Returns their
 * number.
 */
size_t run_imprecise_cells(const struct run *run, const struct grid *grid, run_cell_fn each,
			   void *context);

/* Runs and records the remaining trials; with --runs auto as many rounds as necessary. */
int run_trials(struct run *run, struct problem *problem);

#endif
