/* SPDX-License-Identifier: MIT */
/*
 * The testbed of a run.  By default it is the one with the most realistic times: the running kernel
 * before a guest, hardware before emulation.  User-Mode Linux needs no prerequisites, so it is the
 * last choice, and the others are chosen only if they have all of its file systems.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "cmd/run.h"

/* ---- auto ---- */

static const struct candidate {
	const struct testbed *testbed;
	const char *merit;
} candidates[] = {
	{ &testbed_loop, "the running kernel" },
	{ &testbed_qemu, "a kernel at almost full speed, by KVM" },
	{ &testbed_uml, "the remaining testbed" },
};

/* A sentence about the file systems that it lacks compared to User-Mode Linux; NULL: none. */
static char *missing_there(const struct testbed *testbed, const struct testbed_options *options,
			   const struct trial_list *trials)
{
	const struct testbed_options plain = { 0 };

	for (size_t i = 0; i < trials->round_count; i++) {
		CLEANUP(problem_clear) struct problem lack = { 0 };
		const char *type = trials->trial[i].filesystem->type;

		if (trial_list_is_first(trials, i) && testbed->supports(options, type, &lack) < 0 &&
		    testbed_uml.supports(&plain, type, NULL) == 0)
			return TAKE_PTR(lack.message);
	}
	return NULL;
}

/* A sentence why it is not chosen; NULL: it is. */
static char *object_to(struct run *run, const struct testbed *testbed,
		       const struct trial_list *trials)
{
	CLEANUP(problem_clear) struct problem lack = { 0 };
	struct testbed_options *options = &run->session.options;
	char *remark;

	if (testbed->probe(options, &lack) < 0)
		return TAKE_PTR(lack.message);
	remark = missing_there(testbed, options, trials);
	if (remark || !testbed->prepare)
		return remark;
	if (testbed->prepare(options, -1, &remark, &lack) < 0)
		return TAKE_PTR(lack.message);
	run->prepared = testbed;
	return remark;
}

/* The last resort: any testbed that can be used. */
static const struct candidate *take_any(const struct run *run)
{
	const struct candidate *last = &candidates[ARRAY_SIZE(candidates) - 1];

	for (const struct candidate *candidate = last; candidate >= candidates; candidate--)
		if (candidate->testbed->probe(&run->session.options, NULL) == 0)
			return candidate;
	return last;
}

/* Adds to `to` why those before it were not chosen. */
static const struct candidate *take_truest(struct run *run, const struct trial_list *trials,
					   struct strbuf *to)
{
	for (size_t i = 0; i + 1 < ARRAY_SIZE(candidates); i++) {
		CLEANUP(freep) char *reason = object_to(run, candidates[i].testbed, trials);

		if (!reason)
			return &candidates[i];
		/* The advice follows the semicolon. */
		strbuf_printf(to, "; not %s: %.*s", candidates[i].testbed->name,
			      (int)strcspn(reason, ";"), reason);
	}
	return take_any(run);
}

const struct testbed *run_foresee_testbed(const struct trial_list *trials)
{
	const struct testbed_options plain = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(candidates); i++) {
		const struct testbed *testbed = candidates[i].testbed;
		CLEANUP(freep) char *missing = NULL;

		if (testbed->probe(&plain, NULL) < 0)
			continue;
		missing = missing_there(testbed, &plain, trials);
		if (!missing)
			return testbed->prepare ? NULL : testbed;
	}
	return NULL;
}

static int choose_automatically(struct run *run, struct problem *problem)
{
	CLEANUP(trial_list_clear) struct trial_list trials = { 0 };
	CLEANUP(strbuf_clear) struct strbuf reasons = { 0 };
	const struct candidate *taken;
	int r = plan_expand(&run->plan, 0, &trials, problem);

	if (r < 0)
		return r;
	taken = take_truest(run, &trials, &reasons);
	run->session.testbed = taken->testbed;
	if (reasons.failed)
		return -ENOMEM;
	if (!run->options->quiet)
		fprintf(stderr, "alloc-perf: testbed %s (%s%s)\n", taken->testbed->name,
			taken->merit, reasons.text ? reasons.text : "");
	return plan_set(&run->plan, "on", run->session.testbed->name, problem);
}

/* ---- options ---- */

static const char *scratch_directory(const struct run_options *wanted)
{
	const char *from_environment = getenv("TMPDIR");

	if (wanted->scratch)
		return wanted->scratch;
	return from_environment && *from_environment ? from_environment : "/var/tmp";
}

static int ask(const char *question, char **ret_answer, void *context)
{
	size_t bytes = 0;

	(void)context;
	fputs(question, stderr);
	if (getline(ret_answer, &bytes, stdin) > 0)
		(*ret_answer)[strcspn(*ret_answer, "\n")] = '\0';
	return 0;
}

static int check_guest_options(const struct testbed *testbed, const struct plan *plan,
			       struct problem *problem)
{
	if (plan->drive_throttle && !testbed->throttles)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "--drive-throttle is for guests of the testbed qemu; the "
				   "testbed is %s",
				   testbed->name);
	if ((plan->kernels || plan->modules) && !testbed->boots_kernels)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "--%s is for guests of the testbeds qemu and uml; the testbed "
				   "is %s",
				   plan->kernels ? "kernel" : "modules", testbed->name);
	return 0;
}

/* A kernel after the testbed's name is a list of one. */
static int settle_kernels(struct run *run, struct problem *problem)
{
	const struct testbed_session *session = &run->session;
	struct plan *plan = &run->plan;
	const char *argument = session->options.argument;
	int r = check_guest_options(session->testbed, plan, problem);

	if (r < 0 || !session->testbed->boots_kernels)
		return r;
	if (argument && plan->kernels)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "the kernel is given twice, by --on %s:%s and by --kernel; use "
				   "--kernel for each",
				   session->testbed->name, argument);
	if (!plan->kernels && (argument || session->testbed->chooses_kernel))
		r = plan_set(plan, "kernels", argument ? argument : "", problem);
	run->session.options = (struct testbed_options) {
		.modules = plan->modules,
		.drive_throttle = plan->drive_throttle,
		.accelerated = session->options.accelerated,
	};
	return r < 0 ? r : plan_set(plan, "on", session->testbed->name, problem);
}

/* Options about volumes are only for testbeds that create them. */
static int refuse_volumes(const struct run *run, struct problem *problem)
{
	const struct run_options *wanted = run->options;
	const struct {
		const char *name, *value;
	} options[] = {
		{ "fs", wanted->given.filesystems },
		{ "mount-options", wanted->given.mount_options },
		{ "mkfs-options", wanted->given.mkfs_options },
		{ "volume", wanted->given.volume },
		{ "keep-images", wanted->keep_images },
		{ "scratch", wanted->scratch },
	};

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (options[i].value)
			return problem_set(problem, PROBLEM_USAGE, EINVAL,
					   "--%s applies to testbeds that create file systems; "
					   "--on %s uses an existing one",
					   options[i].name, run->session.testbed->name);
	return 0;
}

int run_choose_testbed(struct run *run, struct problem *problem)
{
	struct testbed_session *session = &run->session;
	const struct plan *plan = &run->plan;
	int guest = plan->kernels || plan->modules || plan->drive_throttle;
	const char *spec = plan->on ? plan->on : guest ? testbed_qemu.name : "auto";
	int r;

	if (strcmp(spec, "auto") != 0)
		r = testbed_parse(spec, &session->testbed, &session->options.argument, problem);
	else
		r = choose_automatically(run, problem);
	session->options.consent = run->options->consent;
	session->ask = isatty(STDIN_FILENO) && isatty(STDERR_FILENO) ? ask : NULL;
	session->scratch = scratch_directory(run->options);
	session->keep_images = run->options->keep_images;
	session->trial_seconds = run->options->trial_seconds;
	session->results = run->options->resume ? run->options->resume : run->options->output;
	run_follow(run);
	if (r == 0 && session->testbed->in_directory)
		r = refuse_volumes(run, problem);
	return r < 0 ? r : settle_kernels(run, problem);
}

/* ---- support for the plan ---- */

/* File systems that the user named must be supported; others, of a preset, become rows of "-". */
static int check_filesystems(const struct run *run, const struct testbed_options *options,
			     struct problem *problem)
{
	const struct trial_list *trials = &run->trials;

	for (size_t i = 0; run->options->given.filesystems && i < trials->round_count; i++) {
		const struct filesystem *filesystem = trials->trial[i].filesystem;
		int r = 0;

		if (filesystem && trial_list_is_first(trials, i))
			r = testbed_usable(run->session.testbed, options, filesystem, problem);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Finds the kernel of the argument, and gives it a name that remains unique. */
static int identify_kernel(const struct run *run, struct testbed_options *options,
			   struct plan_kernel *kernel, struct problem *problem)
{
	CLEANUP(plan_kernel_clear) struct plan_kernel found = { 0 };
	const struct trial_list *trials = &run->trials;
	int r = run->session.testbed->guest_kernel(options, &found);

	if (r < 0)
		return r;
	kernel->label = TAKE_PTR(found.label);
	kernel->build = TAKE_PTR(found.build);
	if (found.name) {
		free(kernel->name);
		options->argument = kernel->name = TAKE_PTR(found.name);
	}
	for (const struct plan_kernel *other = trials->kernels; other < kernel; other++)
		if (strcmp(other->label, kernel->label) == 0)
			return problem_set(problem, PROBLEM_USAGE, EINVAL,
					   "the kernels %s and %s are both %s; give them different "
					   "names, such as --kernel NAME=%s",
					   other->name, kernel->name, kernel->label, kernel->name);
	return 0;
}

/* The names of the kernels that were found, for the result file. */
static int pin_kernels(struct run *run, struct problem *problem)
{
	CLEANUP(strbuf_clear) struct strbuf names = { 0 };

	if (run->trials.kernel_count == 0)
		return 0;
	for (size_t i = 0; i < run->trials.kernel_count; i++)
		strbuf_join(&names, ",", run->trials.kernels[i].name);
	if (names.failed)
		return -ENOMEM;
	return plan_set(&run->plan, "kernels", names.text, problem);
}

static int differ(const char *one, const char *other)
{
	return one && other && strcmp(one, other) != 0;
}

/* A run must be continued on the same kernels. */
int run_check_resumed(const struct run *run, struct problem *problem)
{
	CLEANUP(environment_clear) struct environment now;
	const struct results *results = &run->results;
	const struct environment *then;
	int guest, r;

	environment_init(&now);
	if (results->environment_count == 0)
		return 0;
	then = &results->environments[results->environment_count - 1];
	r = testbed_describe_kernels(&run->session, &run->trials, &now);
	if (r < 0)
		return r;
	guest = now.guest_kernel != NULL;
	if (guest ? differ(then->guest_kernel, now.guest_kernel) : differ(then->kernel, now.kernel))
		return problem_set(problem, PROBLEM_LACK, EINVAL,
				   "%s was started on Linux %s, but this is %s; use the same "
				   "kernel, or start a new run",
				   run->options->resume, guest ? then->guest_kernel : then->kernel,
				   guest ? now.guest_kernel : now.kernel);
	if (differ(then->kernel_build, now.kernel_build))
		return problem_set(problem, PROBLEM_LACK, EINVAL,
				   "%s was started on another build of Linux %s (%s, but this is "
				   "%s); use the same kernel, or start a new run",
				   run->options->resume, guest ? now.guest_kernel : now.kernel,
				   then->kernel_build, now.kernel_build);
	return 0;
}

int run_check_testbed(struct run *run, struct problem *problem)
{
	const struct testbed *testbed = run->session.testbed;
	struct trial_list *trials = &run->trials;
	struct testbed_options options = run->session.options;
	int r = 0;

	for (size_t i = 0; r == 0 && i < (trials->kernel_count ? trials->kernel_count : 1); i++) {
		if (trials->kernel_count)
			options.argument = trials->kernels[i].name;
		r = testbed->probe(&options, problem);
		if (r == 0 && trials->kernel_count)
			r = identify_kernel(run, &options, &trials->kernels[i], problem);
		if (r == 0)
			r = check_filesystems(run, &options, problem);
	}
	if (r == 0)
		r = pin_kernels(run, problem);
	return r;
}

int run_prepare_testbed(struct run *run, struct problem *problem)
{
	struct testbed_options *options = &run->session.options;
	CLEANUP(freep) char *remark = NULL;
	int r;

	if (!run->session.testbed->prepare || run->prepared == run->session.testbed)
		return 0;
	options->argument = run->trials.kernel_count ? run->trials.kernels[0].name : NULL;
	r = run->session.testbed->prepare(options, run->session.cancel_fd, &remark, problem);
	options->argument = NULL;
	if (remark && !run->options->quiet)
		fprintf(stderr, "alloc-perf: %s\n", remark);
	return r;
}
