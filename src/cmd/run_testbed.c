/* SPDX-License-Identifier: MIT */
/* Which testbed a run is on, with which kernels, and whether they will do. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "run.h"

/* ---- as the user wants it ---- */

static const char *scratch_directory(const struct run_options *wanted)
{
	const char *from_environment = getenv("TMPDIR");

	if (wanted->scratch)
		return wanted->scratch;
	return from_environment && *from_environment ? from_environment : "/var/tmp";
}

/* A kernel may stand behind the testbed's name; then it is a list of one. */
static int settle_kernels(struct run *run, struct problem *problem)
{
	const struct testbed_session *session = &run->session;
	struct plan *plan = &run->plan;
	const char *argument = session->options.argument;
	int r;

	if (!session->testbed->boots_kernels &&
	    (plan->kernels || plan->modules || plan->drive_throttle))
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "--%s is for guests of the testbed qemu; the testbed is %s",
				   plan->kernels   ? "kernel"
				   : plan->modules ? "modules"
						   : "drive-throttle",
				   session->testbed->name);
	if (!session->testbed->boots_kernels)
		return 0;
	if (argument && plan->kernels)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "the kernel is named twice, by --on %s:%s and by --kernel; give "
				   "each by --kernel",
				   session->testbed->name, argument);
	r = plan->kernels ? 0 : plan_set(plan, "kernels", argument ? argument : "", problem);
	run->session.options = (struct testbed_options) {
		.modules = plan->modules,
		.drive_throttle = plan->drive_throttle,
		.accelerated = session->options.accelerated,
	};
	return r < 0 ? r : plan_set(plan, "on", session->testbed->name, problem);
}

int run_choose_testbed(struct run *run, struct problem *problem)
{
	struct testbed_session *session = &run->session;
	const struct plan *plan = &run->plan;
	int guest = plan->kernels || plan->modules || plan->drive_throttle;
	const char *spec = plan->testbed ? plan->testbed : guest ? testbed_qemu.name : "uml";
	int r = testbed_parse(spec, &session->testbed, &session->options.argument, problem);

	session->scratch = scratch_directory(run->options);
	session->keep_images = run->options->keep_images;
	session->trial_seconds = run->options->trial_seconds;
	session->results = run->options->resume ? run->options->resume : run->options->output;
	run_follow(run);
	if (r == 0 && session->testbed->in_directory && session->keep_images)
		return problem_set(
			problem, PROBLEM_USAGE, EINVAL,
			"--keep-images needs a testbed that makes images; dir makes none");
	return r < 0 ? r : settle_kernels(run, problem);
}

/* ---- can it do what the plan says ---- */

/* What the user named himself has to be there; a preset's others become rows of "-". */
static int check_filesystems(const struct run *run, const struct testbed_options *options,
			     struct problem *problem)
{
	const struct trial_list *trials = &run->trials;

	for (size_t i = 0; run->options->filesystems && i < trials->round_count; i++) {
		const struct filesystem *filesystem = trials->trial[i].filesystem;
		int r = 0;

		if (filesystem && trial_list_is_first(trials, i))
			r = testbed_usable(run->session.testbed, options, filesystem, problem);
		if (r < 0)
			return r;
	}
	return 0;
}

static int label_kernel(const struct run *run, const struct testbed_options *options,
			struct plan_kernel *kernel, struct problem *problem)
{
	const struct trial_list *trials = &run->trials;

	kernel->label = run->session.testbed->guest_kernel(options);
	if (!kernel->label)
		return -ENOMEM;
	for (const struct plan_kernel *other = trials->kernels; other < kernel; other++)
		if (strcmp(other->label, kernel->label) == 0)
			return problem_set(problem, PROBLEM_USAGE, EINVAL,
					   "the kernels %s and %s are both %s; name them apart, as "
					   "in --kernel NAME=%s",
					   other->name, kernel->name, kernel->label, kernel->name);
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
			r = label_kernel(run, &options, &trials->kernels[i], problem);
		if (r == 0)
			r = check_filesystems(run, &options, problem);
	}
	return r;
}

int run_prepare_testbed(struct run *run, struct problem *problem)
{
	struct testbed_options *options = &run->session.options;
	CLEANUP(freep) char *remark = NULL;
	int r;

	if (!run->session.testbed->prepare)
		return 0;
	options->argument = run->trials.kernel_count ? run->trials.kernels[0].name : NULL;
	r = run->session.testbed->prepare(options, run->session.cancel_fd, &remark, problem);
	options->argument = NULL;
	if (remark && !run->options->quiet)
		fprintf(stderr, "alloc-perf: %s\n", remark);
	return r;
}
