/* SPDX-License-Identifier: MIT */
/*
 * alloc-perf verify: what a successful allocation guarantees.  Testbeds, kernels and the result
 * file are those of `run`; a trial tests a promise instead of measuring.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "base/text.h"
#include "base/words.h"
#include "cmd/cmd.h"
#include "cmd/run.h"
#include "cmd/verify.h"
#include "promise/promise.h"
#include "testbed/recording.h"
#include "testbed/testbed.h"

enum { CASE_SECONDS = 600, SEED = 1 };
#define FILE_LEAST (64 << 10)

static const char filesystems[] = "ext2,ext3-ordered,ext3-writeback,ext3-journal,ext4,xfs,btrfs";
static const char methods[] = "fallocate,posix-fallocate,prealloc,chunk-64K";
static const char sizes[] = "16M"; /* of the file; those of single cases are their own */

struct verify_options {
	struct run_options run;
	char **promises;
	uint64_t size_bytes;
	unsigned seed;
	unsigned states_max;
	const char *state, *keep;
};

static void options_clear(struct verify_options *options)
{
	free(options->promises);
}

static void verify_clear(struct verify *verify)
{
	for (size_t i = 0; i < verify->count; i++)
		verify_step_clear(&verify->steps[i]);
	free(verify->steps);
}

/* ---- options ---- */

#define SETS(option_kind, member) OPTION_INTO(option_kind, struct verify_options, member)

static int take_kernel(void *input, const struct option_row *row, const char *argument,
		       struct problem *problem)
{
	return run_take_kernel(&((struct verify_options *)input)->run, row, argument, problem);
}

static const struct option_row option_table[] = {
	{ .help = "What to test:", .group = 1 },
	{ "fs", 'f', "NAME,...", "file systems; `alloc-perf list filesystems` shows them",
	  .fallback = filesystems, .group = 1, .values = "`list --names filesystems`,",
	  SETS(OPTION_TEXT, run.given.filesystems) },
	{ "methods", 'm', "NAME,...", "methods; `alloc-perf list methods` shows them",
	  .fallback = methods, .group = 1, .values = "`list --names methods`,",
	  SETS(OPTION_TEXT, run.given.methods) },
	{ "promise", 'p', "NAME,...",
	  "promises, or cases of them such as reserved:overwrite; `alloc-perf list promises` shows "
	  "them",
	  .fallback = "all", .group = 1, .values = "`list --names promises`,",
	  SETS(OPTION_WORDS, promises) },
	{ "size", 's', "SIZE", "size of the file", .fallback = "as small as a case allows",
	  .group = 1, .least = FILE_LEAST, .values = "16M 64M", SETS(OPTION_SIZE, size_bytes) },
	{ "seed", 0, "N", "seed of random orders and contents", .fallback = "1", .group = 1,
	  SETS(OPTION_NUMBER, seed) },
	{ "max-states", 0, "N", "states of the disk to be examined per crash case; 0: all",
	  .fallback = "200", .group = 1, SETS(OPTION_NUMBER, states_max) },
	{ "state", 0, "STATE", "examine only this state, as a counterexample names it", .group = 1,
	  SETS(OPTION_TEXT, state) },
	{ .help = "Where:", .group = 2 },
	{ "on", 0, "TESTBED",
	  "uml[:KERNEL] (default), qemu[:KERNEL], loop or dir:PATH, whose file system is filled; "
	  "power cuts are tested on uml and qemu only; auto: as alloc-perf-run(1)",
	  .group = 2, .values = "<testbed>", SETS(OPTION_TEXT, run.given.on) },
	{ "kernel", 0, "[NAME=]KERNEL",
	  "on qemu, a kernel in /boot or the path of a bzImage; on uml, the path of a linux.uml; "
	  "can be given several times",
	  .group = 2, .values = "<kernel>", .repeats = true, .take = take_kernel },
	{ "modules", 0, "DIR",
	  "modules of these kernels (default: next to the kernel, or those of the machine)",
	  .group = 2, .values = "<directory>", SETS(OPTION_TEXT, run.given.modules) },
	{ "scratch", 0, "DIR", "directory for images (default: $TMPDIR or /var/tmp)", .group = 2,
	  .values = "<directory>", SETS(OPTION_TEXT, run.scratch) },
	{ "timeout", 0, "DURATION", "time limit of a case", .fallback = "10m", .group = 2,
	  .least = 1, .most = 10000000, SETS(OPTION_DURATION, run.trial_seconds) },
	{ .help = "Results:", .group = 3 },
	{ "output", 'o', "FILE", "result file, - for stdout (default: alloc-perf-DATE-TIME.jsonl)",
	  .group = 3, .values = "<file>", SETS(OPTION_TEXT, run.output) },
	{ "keep", 0, "DIR",
	  "keep the log of a crash case, the volume before it, and the state of its "
	  "counterexample",
	  .group = 3, .values = "<directory>", SETS(OPTION_TEXT, keep) },
	{ "force", 0, NULL, "overwrite an existing result file", .group = 3,
	  SETS(OPTION_FLAG, run.force) },
	{ "all", 0, NULL, "also list each case", .group = 3, SETS(OPTION_FLAG, run.all) },
	{ "quiet", 'q', NULL, "no progress and no table", .group = 3,
	  SETS(OPTION_FLAG, run.quiet) },
	{ 0 },
};

/* ---- what is to be done ---- */

static int fill_plan(const struct verify *verify, struct plan *plan, struct problem *problem)
{
	uint64_t bytes = verify->size_bytes;
	char size[SIZE_TEXT_MAX];
	const struct {
		const char *key, *value;
	} defaults[] = {
		{ "sizes", bytes ? size_name(bytes, size) : sizes },
		{ "filesystems", plan->filesystems ? plan->filesystems : filesystems },
		{ "methods", plan->methods ? plan->methods : methods },
		{ "runs", "1" },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(defaults); i++)
		r = plan_set(plan, defaults[i].key, defaults[i].value, problem);
	return r;
}

/* Only the writes of a guest are recorded, without which there are no power cuts. */
static int prefer_guest(struct run *run, struct problem *problem)
{
	const struct testbed_options options = { 0 };

	if (run->plan.on || testbed_uml.probe(&options, NULL) < 0)
		return 0;
	return plan_set(&run->plan, "on", testbed_uml.name, problem);
}

static int check_testbed(const struct run *run, struct problem *problem)
{
	if (!run->session.testbed->claim)
		return 0;
	return problem_set(problem, PROBLEM_USAGE, EINVAL,
			   "verify tests on images and in directories, not on the testbed %s; use "
			   "--on loop",
			   run->session.testbed->name);
}

/* A state is one of a single recording. */
static int check_state(const struct verify *verify, struct problem *problem)
{
	if (!verify->state || (verify->count == 1 && verify->steps[0].promise_case->crash))
		return 0;
	return problem_set(problem, PROBLEM_USAGE, EINVAL,
			   "--state %s is a state of one crash case: name one file system, one "
			   "method and one case, as in --promise durable:synced",
			   verify->state);
}

/* Files are kept only at the end of a case. */
static int check_keep(const struct verify *verify, struct problem *problem)
{
	CLEANUP(freep) char *inside = NULL;

	if (!verify->keep)
		return 0;
	inside = text_path(verify->keep, ".");
	if (!inside)
		return -ENOMEM;
	if (access(inside, W_OK) == 0)
		return 0;
	return problem_set(problem, PROBLEM_USAGE, errno,
			   "cannot write into %s: %s; create it, or choose another directory with "
			   "--keep",
			   verify->keep, strerror(errno));
}

/* A crash case has the volume twice: as it was before the recorded writes, too. */
static int check_room(const struct verify *verify, struct problem *problem)
{
	uint64_t most = 0;

	for (size_t i = 0; i < verify->count; i++) {
		const struct plan_trial *trial = &verify->steps[i].trial;
		uint64_t bytes = trial->filesystem ? trial->volume_bytes : trial->file_bytes;

		if (verify->steps[i].promise_case->crash)
			bytes *= 2;
		most = bytes > most ? bytes : most;
	}
	return testbed_check_bytes(&verify->run->session, most * verify_workers(verify), problem);
}

static int prepare(struct verify *verify, struct problem *problem)
{
	struct run *run = verify->run;
	int r = verify_check_promises(verify, problem);

	if (r == 0)
		r = check_keep(verify, problem);
	if (r == 0)
		r = plan_init(&run->plan);
	if (r == 0)
		r = plan_apply(&run->plan, &run->options->given, problem);
	if (r == 0)
		r = fill_plan(verify, &run->plan, problem);
	if (r == 0)
		r = prefer_guest(run, problem);
	if (r == 0)
		r = run_choose_testbed(run, problem);
	if (r == 0)
		r = check_testbed(run, problem);
	if (r == 0)
		r = plan_expand(&run->plan, run->session.testbed->in_directory, &run->trials,
				problem);
	if (r == 0)
		r = run_check_testbed(run, problem);
	if (r == 0)
		r = verify_check_directory(verify, problem);
	if (r == 0)
		r = verify_expand(verify, problem);
	if (r == 0)
		r = check_state(verify, problem);
	if (r == 0)
		r = check_room(verify, problem);
	return r;
}

static int carry_out(struct verify *verify, int argc, char **argv, struct problem *problem)
{
	struct run *run = verify->run;
	int r = run_open(run, problem);

	if (r == 0)
		r = verify_check_output(verify, problem);
	if (r == 0)
		r = run->session.cancel_fd = cmd_catch_signals();
	if (r >= 0)
		r = run_prepare_testbed(run, problem);
	if (r >= 0)
		r = run_write_environment(run, argc, argv, false, problem);
	if (r >= 0)
		r = verify_run(verify, problem);
	return r;
}

/* ---- how it ended ---- */

static int say_interrupted(const struct verify *verify)
{
	const struct run *run = verify->run;
	size_t done = run->progress.done;

	fprintf(stderr, "alloc-perf: interrupted; %zu of %zu cases are done, %zu are missing", done,
		verify->count, verify->count - done);
	if (run->path && run->results.record_count)
		fprintf(stderr, "; show the results with: alloc-perf report %s", run->path);
	fputc('\n', stderr);
	return PROBLEM_INTERRUPT;
}

/* The table has the details. */
static int judge(const struct results *results)
{
	size_t broken = 0, failed = 0;

	for (size_t i = 0; i < results->record_count; i++) {
		const struct record *record = &results->records[i];

		broken += record->verdict && strcmp(record->verdict, VERDICT_BROKEN) == 0;
		failed += strcmp(record->status, STATUS_FAILED) == 0;
	}
	if (broken)
		fprintf(stderr, "alloc-perf: %zu of %zu cases show a broken promise\n", broken,
			results->record_count);
	if (failed)
		fprintf(stderr, "alloc-perf: %zu of %zu cases could not be tested\n", failed,
			results->record_count);
	return broken || failed ? PROBLEM_VERDICT : 0;
}

static void note_missing_states(const struct verify *verify)
{
	CLEANUP(problem_clear) struct problem problem = { 0 };

	(void)testbed_records(verify->run->session.testbed, &problem);
	fprintf(stderr, "Not tested: %s\n", problem.message ? problem.message : "");
}

static int conclude(struct verify *verify, int r, struct problem *problem)
{
	struct run *run = verify->run;

	if (r == -ECANCELED)
		return say_interrupted(verify);
	if (r == 0 && run->path && !run->options->quiet)
		r = run_print_table(run);
	if (r == 0 && verify->lacks_states && !run->options->quiet)
		note_missing_states(verify);
	fflush(stdout);
	return r < 0 ? cmd_complain(problem, r) : judge(&run->results);
}

static int run_verify(const struct command *self, int argc, char **argv)
{
	CLEANUP(problem_clear) struct problem problem = { 0 };
	CLEANUP(options_clear)
	struct verify_options wanted = { .run.trial_seconds = CASE_SECONDS,
					 .seed = SEED,
					 .states_max = 200 };
	CLEANUP(run_clear) struct run run = RUN_NONE(&wanted.run);
	CLEANUP(verify_clear) struct verify verify = { .run = &run };
	int r;

	command_parse(self, argc, argv, &wanted);
	wanted.run.given.kernels = wanted.run.kernels;
	verify.promises = wanted.promises;
	verify.size_bytes = wanted.size_bytes;
	verify.seed = wanted.seed;
	verify.states_max = wanted.states_max;
	verify.state = wanted.state;
	verify.keep = wanted.keep;
	r = prepare(&verify, &problem);
	if (r == 0)
		r = carry_out(&verify, argc, argv, &problem);
	return conclude(&verify, r, &problem);
}

const struct command cmd_verify = {
	.name = "verify",
	.summary = "test what a successful allocation guarantees",
	.stray = "choose file systems with --fs and methods with --methods",
	.purpose = "Test what programs rely on after a successful allocation: that a later write "
		   "cannot run out of space, that no old data of others appear, that it survives "
		   "a power cut, and that a failed call leaves the file as it was.",
	.notes = "Each case runs on a freshly formatted small volume, which it fills. A promise is "
		 "kept, broken, not promised by the method, or n/a (it cannot be tested there).",
	.examples = "  alloc-perf verify                              all cases, no root needed\n"
		    "  alloc-perf verify --on uml --fs btrfs,xfs --methods fallocate --all\n"
		    "  alloc-perf verify --promise reserved -o reserved.jsonl\n"
		    "  alloc-perf verify --kernel 6.1.0-9-amd64 --kernel new=bzImage --fs ext4\n"
		    "  alloc-perf verify --on uml --fs btrfs --methods fallocate "
		    "--promise reserved:overwrite\n"
		    "  alloc-perf diff old.jsonl new.jsonl            which verdicts changed?\n",
	.exit_status = "0 every promise that is made is kept, 1 one is broken or could not be "
		       "tested, 2 invalid usage, 3 a prerequisite is missing, 130 interrupted.",
	.options = option_table,
	.run = run_verify,
};
