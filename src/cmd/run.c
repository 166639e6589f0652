/* SPDX-License-Identifier: MIT */
/*
 * alloc-perf run.  Errors are detected before the first volume is created: an unknown name, a
 * missing mkfs, a size that does not fit, an output file that exists.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "stats/cell.h"
#include "base/cleanup.h"
#include "cmd/cmd.h"
#include "testbed/testbed.h"
#include "report/report.h"
#include "cmd/run.h"
#include "base/size.h"
#include "base/strbuf.h"
#include "base/terminal.h"

void run_clear(struct run *run)
{
	if (run->session.device)
		run->session.testbed->release(&run->session);
	trial_list_clear(&run->trials);
	plan_clear(&run->plan);
	results_clear(&run->results);
	free(run->options->kernels);
	free(run->options->workload);
	free(run->options->mount_options);
	free(run->options->mkfs_options);
	free(run->options->measures.list);
	run_vary_clear(run->options);
	run_close(run);
	free(run->path);
	fd_close(run->session.cancel_fd);
	matrix_clear(&run->progress.matrix);
	watch_clear(&run->watch);
}

/* A single run does not show the noise, so there are several by default. */
static int settle_runs(struct run *run, struct problem *problem)
{
	const char *from_environment = getenv("ALLOC_PERF_RUNS");

	if (run->plan.runs)
		return 0;
	run->runs_defaulted = !from_environment;
	return plan_set(&run->plan, "runs", from_environment ? from_environment : "auto", problem);
}

/* Long enough to distinguish the methods, but short. */
static int settle_time(struct run *run, struct problem *problem)
{
	const char *time = run->session.testbed->guest_kernel ? "100s" : "50s";

	if (!run->runs_defaulted || run->plan.max_time)
		return 0;
	if (!run->options->quiet && !run->options->dry_run)
		fprintf(stderr,
			"alloc-perf: repeats all trials for up to %s (--runs, --max-time)\n", time);
	return plan_set(&run->plan, "max_time", time, problem);
}

/* A dry run shows the order of the plan, unless a seed is given. */
static int settle_repetition(struct run *run, struct problem *problem)
{
	const struct run_options *wanted = run->options;
	const char *runs;
	uint32_t seed;
	char text[16];
	int r = settle_runs(run, problem);

	if (r < 0)
		return r;
	runs = run->plan.runs;
	if ((wanted->given.precision || wanted->given.max_time) && strcmp(runs, "auto") != 0)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "--%s applies to --runs auto, but the number of runs is %s; add "
				   "--runs auto",
				   wanted->given.precision ? "precision" : "max-time", runs);
	if (run->plan.seed || wanted->dry_run)
		return 0;
	if (getentropy(&seed, sizeof(seed)) < 0)
		return -errno;
	snprintf(text, sizeof(text), "%" PRIu32, seed);
	return plan_set(&run->plan, "seed", text, problem);
}

/* A scenario is a complete plan. */
static int check_preset(const struct run *run, struct problem *problem)
{
	const struct plan *plan = &run->plan;

	if (!run->options->preset || (!plan->program && !plan->scenario))
		return 0;
	return problem_set(problem, PROBLEM_USAGE, EINVAL,
			   "the preset \"%s\" and the %s \"%s\" are both a plan; use one of them",
			   run->options->preset, plan->program ? "program" : "scenario",
			   plan->program ? plan->program : plan->scenario);
}

/* The command line has priority over the plan file, the scenario and the preset, in this order. */
static int make_plan(struct run *run, struct problem *problem)
{
	const struct run_options *wanted = run->options;
	int r = plan_init(&run->plan);

	if (r == 0 && wanted->plan)
		r = plan_read_file(&run->plan, wanted->plan, problem);
	if (r == 0)
		r = plan_apply(&run->plan, &wanted->given, problem);
	if (r == 0)
		r = check_preset(run, problem);
	if (r == 0)
		r = plan_fill(&run->plan, wanted->preset ? wanted->preset : "default", problem);
	if (r == 0)
		r = run_vary_methods(run, problem);
	return r < 0 ? r : settle_repetition(run, problem);
}

static bool run_sets_key(const struct run_options *wanted)
{
	for (size_t i = 0; i < PLAN_KEY_COUNT; i++)
		if (wanted->given.values[i])
			return true;
	return false;
}

static int load_earlier(struct run *run, struct problem *problem)
{
	const struct run_options *wanted = run->options;
	const struct environment *environment;
	int r;

	if (run_sets_key(wanted) || wanted->vary || wanted->preset || wanted->plan ||
	    wanted->output || wanted->force)
		return problem_set(
			problem, PROBLEM_USAGE, EINVAL,
			"--resume uses the plan in the file; omit options that change the plan");
	r = results_read(&run->results, wanted->resume, problem);
	if (r < 0)
		return r;
	if (results_measurements(&run->results) < run->results.record_count)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "%s contains results of alloc-perf verify, which cannot be "
				   "resumed; start it again",
				   wanted->resume);
	environment = &run->results.environments[run->results.environment_count - 1];
	if (!environment->plan)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "%s contains no plan to resume; start a new run",
				   wanted->resume);
	r = run_check_hooks(run, problem);
	return r < 0 ? r : plan_read(&run->plan, environment->plan, wanted->resume, problem);
}

/* The size of an existing volume is fixed. */
static int claim_volume(struct run *run, struct problem *problem)
{
	struct testbed_session *session = &run->session;
	const struct guard_consent *consent = &run->options->consent;
	char size[SIZE_TEXT_MAX];
	int r;

	if (!session->testbed->claim && !consent->destroy && !consent->overwrite_signature &&
	    !consent->same_disk)
		return 0;
	if (!session->testbed->claim)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "--%s is for --on device:PATH; the testbed %s destroys nothing",
				   consent->destroy		  ? "destroy"
				   : consent->overwrite_signature ? "overwrite-signature"
								  : "same-disk",
				   session->testbed->name);
	if (run->options->given.volume || run->options->keep_images)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "--%s applies to images; the volume of the testbed %s is %s",
				   run->options->given.volume ? "volume" : "keep-images",
				   session->testbed->name, session->options.argument);
	if (run->trials.trial[0].names_volume)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "the plan has volumes of several sizes (%s), but that of the "
				   "testbed %s is %s; give the plan one, or use another testbed",
				   run->plan.volume, session->testbed->name,
				   session->options.argument);
	r = testbed_claim(session, &run->trials, problem);
	if (r < 0)
		return r;
	size_name(session->volume_bytes, size);
	if (run->options->resume && run->plan.volume && strcmp(run->plan.volume, size) != 0)
		return problem_set(
			problem, PROBLEM_USAGE, EINVAL,
			"%s was started on a volume of %s, but %s has %s; name the same device",
			run->options->resume, run->plan.volume, session->options.argument, size);
	return plan_set(&run->plan, "volume", size, problem);
}

/* 0, -errno with *problem set, or 1: nothing is left to do. */
static int prepare(struct run *run, struct problem *problem)
{
	int r = run->options->resume ? load_earlier(run, problem) : make_plan(run, problem);

	if (r == 0)
		r = run_choose_testbed(run, problem);
	if (r == 0)
		r = settle_time(run, problem);
	if (r == 0)
		r = plan_expand(&run->plan, run->session.testbed->in_directory, &run->trials,
				problem);
	if (r == 0)
		r = run_check_testbed(run, problem);
	if (r == 0 && run->options->resume)
		r = run_is_finished(run);
	if (r == 0)
		r = run_check_resumed(run, problem);
	if (r == 0)
		r = claim_volume(run, problem);
	if (r == 0)
		r = testbed_check_room(&run->session, &run->trials, problem);
	return r;
}

/* ---- the results ---- */

/* Only some of many cells are listed; the table shows the others. */
enum { IMPRECISE_NAMED = 5 };

struct imprecise {
	const struct run *run;
	size_t said;
};

static void print_imprecise(const struct grid *grid, size_t index, const struct figure *figure,
			    void *context)
{
	struct imprecise *imprecise = context;
	int several = imprecise->run->trials.kernel_count > 1 && grid->kernel;
	int volumes = imprecise->run->trials.trial[0].names_volume;
	char size[SIZE_TEXT_MAX], volume[SIZE_TEXT_MAX], text[FIGURE_TEXT_MAX];

	if (imprecise->said++ >= IMPRECISE_NAMED)
		return;
	fprintf(stderr, "%s%s %s%s%s %s%s%s", imprecise->said > 1 ? ", " : "",
		grid->filesystems[index / grid->method_count],
		grid->methods[index % grid->method_count], several ? " " : "",
		several ? grid->kernel : "", size_name((uint64_t)grid->file_bytes, size),
		volumes ? " on " : "",
		volumes ? size_name((uint64_t)grid->volume_bytes, volume) : "");
	if (figure->count < FIGURE_RUNS_LEAST)
		fprintf(stderr, " (%zu runs)", figure->count);
	else
		fprintf(stderr, ": %s", figure_text_local(figure, MEASURE_SECONDS, text));
}

/* One line with the cells that are not precise. */
static void print_precision(const struct run *run, const struct grids *grids)
{
	struct imprecise imprecise = { .run = run };
	size_t missed = 0, cells = 0;

	for (size_t i = 0; i < grids->count; i++) {
		missed += run_imprecise_cells(run, &grids->grid[i], NULL, NULL);
		cells += grids->grid[i].filesystem_count * grids->grid[i].method_count;
	}
	if (missed == 0)
		return;
	fprintf(stderr,
		"alloc-perf: the time limit was reached; of %zu cells, %zu did not get within %s%g "
		"%% (median of the time): ",
		cells, missed, plus_minus_local(), run->trials.precision * 100);
	for (size_t i = 0; i < grids->count; i++)
		run_imprecise_cells(run, &grids->grid[i], print_imprecise, &imprecise);
	if (missed > IMPRECISE_NAMED)
		fprintf(stderr, " and %zu more", missed - IMPRECISE_NAMED);
	fputc('\n', stderr);
}

int run_print_table(const struct run *run)
{
	const struct report_options options = {
		.measures = run->options->measures.list,
		.all = run->options->all,
		.columns = terminal_size(STDOUT_FILENO).columns,
	};
	CLEANUP(grids_clear) struct grids grids = { 0 };
	int r = grids_build(&run->results, &grids);

	if (r == 0)
		r = report_format_find("table")->print(stdout, &grids, &options);
	if (r < 0)
		return r;
	printf("\nresults: %s\n", run->path);
	return cmd_put_patch_hint(stdout, &run->path, 1);
}

/* The table includes the warnings. */
static int print_results(struct run *run, struct problem *problem)
{
	CLEANUP(grids_clear) struct grids grids = { 0 };
	bool is_quiet = run->options->quiet;
	int r = grids_build(&run->results, &grids);

	if (r == 0)
		r = run_warn(run, &grids, !is_quiet && !run->path, problem);
	if (r == 0 && run->path && !is_quiet)
		r = run_print_table(run);
	if (r == 0 && run->trials.automatic && !run->runs_defaulted)
		print_precision(run, &grids);
	return r;
}

static int report_interruption(struct run *run, struct problem *problem)
{
	CLEANUP(grids_clear) struct grids grids = { 0 };

	if (grids_build(&run->results, &grids) < 0 ||
	    run_warn(run, &grids, !run->options->quiet, problem) < 0)
		cmd_complain(problem, -ENOMEM);
	fprintf(stderr, "alloc-perf: interrupted; %zu of %zu trials are done", run->progress.done,
		run->progress.total);
	if (run->path && run->results.environment_count) {
		fprintf(stderr, "; continue with: alloc-perf run --resume %s", run->path);
		run_print_hook_options(run, stderr);
	}
	fputc('\n', stderr);
	return PROBLEM_INTERRUPT;
}

/* The file is not changed: warnings of now do not concern earlier trials. */
static int report_finished(const struct run *run)
{
	const char *file = run->options->resume;

	fprintf(stderr,
		"alloc-perf: nothing to do: %s contains all %zu trials of its plan and was not "
		"changed; show them with: alloc-perf report %s\n",
		file, run->results.record_count, file);
	return 0;
}

static int finish(struct run *run, struct problem *problem)
{
	int r = print_results(run, problem);

	if (r < 0)
		return cmd_complain(problem, r);
	if (run->failed)
		fprintf(stderr, "alloc-perf: %zu of %zu trials failed\n", run->failed,
			run->progress.total);
	return run->failed ? PROBLEM_VERDICT : 0;
}

/* How the volume of a trial is created. */
static void print_commands(const struct run *run, const struct filesystem *filesystem)
{
	const struct device *device = run->session.device;
	const char *volume = device ? run->session.options.argument : "IMAGE";

	if (device && device_discards(device))
		printf("blkdiscard %s; ", volume);
	if (device)
		printf("wipefs --all %s; ", volume);
	printf("%s %s; mount -t %s%s%s%s%s", filesystem->mkfs, volume, filesystem->type,
	       filesystem->mount_options ? " -o " : "",
	       filesystem->mount_options ? filesystem->mount_options : "", device ? " " : "",
	       device ? volume : "");
}

/* "8 x 32M, then write-seq-1M" */
static int describe_files(const struct plan_trial *trial, char **ret)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	const struct plan_workload *workload = trial->workload;
	char size[SIZE_TEXT_MAX];

	if (workload->files > 1)
		strbuf_printf(&text, "%zu %sx ", workload->files, workload->mixed ? "mixed " : "");
	strbuf_puts(&text, size_name(trial->file_bytes, size));
	for (size_t i = 0; i < workload->chain.count; i++)
		strbuf_printf(&text, ", then %s", workload->chain.phase[i].title);
	*ret = strbuf_take(&text);
	return *ret ? 0 : -ENOMEM;
}

static void print_trials(const struct run *run)
{
	char volume[SIZE_TEXT_MAX];

	run_print_hooks(run);
	for (size_t i = 0; i < run->trials.count; i++) {
		const struct plan_trial *trial = &run->trials.trial[i];
		const struct filesystem *filesystem = trial->filesystem;
		CLEANUP(freep) char *file = NULL;

		if (run_is_done(run, trial) || describe_files(trial, &file) < 0)
			continue;
		if (!filesystem)
			printf("%s %s in %s, run %u\n", trial->method.title, file,
			       run->session.options.argument, trial->run);
		if (!filesystem)
			continue;
		printf("%s%s%s %s %s, run %u: ", filesystem->name, trial->kernel ? " " : "",
		       trial->kernel ? trial->kernel->label : "", trial->method.title, file,
		       trial->run);
		print_commands(run, filesystem);
		printf("; volume of %s\n", size_name(trial->volume_bytes, volume));
	}
	if (run->session.device)
		printf("%s is empty again at the end\n", run->session.options.argument);
	if (run->trials.automatic)
		printf("more rounds follow until the results are precise\n");
	if (!run->trials.shuffled)
		printf("the order within a round is random; --seed fixes it\n");
	printf("%zu trials on %s; nothing was changed\n", run_count_left(run),
	       run->session.testbed->name);
}

static int carry_out(struct run *run, int argc, char **argv, struct problem *problem)
{
	int r = run_open(run, problem);

	if (r == 0)
		r = run->session.cancel_fd = cmd_catch_signals();
	if (r >= 0)
		r = run_start_hooks(run, problem);
	if (r >= 0)
		r = run_prepare_testbed(run, problem);
	if (r >= 0)
		r = run_write_environment(run, argc, argv, true, problem);
	if (r >= 0)
		r = watch_start(&run->watch, testbed_directory(&run->session));
	if (r >= 0)
		r = run_trials(run, problem);
	return r;
}

/* Reports the end of the run.  Returns the exit status. */
static int conclude(struct run *run, int r, struct problem *problem)
{
	if (r == -ECANCELED)
		return report_interruption(run, problem);
	return r < 0 ? cmd_complain(problem, r) : finish(run, problem);
}

static int run_run(const struct command *self, int argc, char **argv)
{
	struct run_options wanted;
	CLEANUP(problem_clear) struct problem problem = { 0 };
	CLEANUP(problem_clear) struct problem cleanup = { 0 };
	CLEANUP(run_clear) struct run run = RUN_NONE(&wanted);
	int cleaned, status, r;

	run_parse(self, argc, argv, &wanted);
	run.can_resume = true;
	r = run_take_vary(&wanted, &problem);
	if (r == 0)
		r = prepare(&run, &problem);
	if (r >= 0 && wanted.dry_run) {
		print_trials(&run);
		return 0;
	}
	if (r > 0)
		return report_finished(&run);
	if (r == 0 && run.session.device)
		r = run.session.testbed->confirm(&run.session, &problem);
	if (r == 0)
		r = carry_out(&run, argc, argv, &problem);
	cleaned = run_end_hooks(&run, &cleanup);
	status = conclude(&run, r, &problem);
	return cleaned < 0 ? cmd_complain(&cleanup, cleaned) : status;
}

const struct command cmd_run = {
	.name = "run",
	.summary = "measure methods on freshly formatted file systems",
	.stray = "choose file systems with --fs and methods with --methods",
	.purpose = "Measure the allocation of disk space: every method on every file system, each "
		   "trial on a freshly formatted volume.",
	.examples =
		"  alloc-perf run                                    a first look, no root needed\n"
		"  alloc-perf run --fs ext4,xfs,btrfs --size 1G      other file systems\n"
		"  sudo alloc-perf run --on loop --runs 5 --fs ext4  the running kernel, five "
		"rounds\n"
		"  alloc-perf run --runs auto --precision 3 --max-time 30m --fs xfs\n"
		"  alloc-perf run --on dir:/srv -m fallocate,chunk-4K\n"
		"  alloc-perf run --kernel 6.1.0-9-amd64 --kernel new=bzImage --runs 10 --fs ext4\n"
		"  sudo alloc-perf run --on device:/dev/sdb1 --destroy /dev/sdb1   its data is "
		"lost\n"
		"  alloc-perf run --scenario torrent                 what an allocation is worth "
		"later\n"
		"  alloc-perf run --as postgresql-wal --fs ext4      as a program does\n"
		"  alloc-perf run --preset 2009 -o 2009.jsonl        4 GiB files; takes an hour or "
		"more\n"
		"  alloc-perf run --resume 2009.jsonl\n",
	.exit_status = "0 success, 1 a trial failed, 2 invalid usage or plan, 3 a prerequisite is "
		       "missing, 130 interrupted.",
	.options = run_option_rows,
	.run = run_run,
};
