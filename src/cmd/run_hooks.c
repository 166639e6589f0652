/* SPDX-License-Identifier: MIT */
/*
 * Commands of the user before and after the trials.  They run on the host, in their own process
 * group, which Ctrl-C ends.  Their output is printed only if they fail.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/array.h"
#include "base/child.h"
#include "base/cleanup.h"
#include "base/quote.h"
#include "base/text.h"
#include "cmd/run.h"
#include "testbed/volume.h"

static const char *const names[RUN_HOOKS] = { "setup", "prepare", "cleanup" };

static void recorded(struct environment *environment, char **ret[RUN_HOOKS])
{
	ret[RUN_SETUP] = &environment->setup_command;
	ret[RUN_PREPARE] = &environment->prepare_command;
	ret[RUN_CLEANUP] = &environment->cleanup_command;
}

int run_describe_hooks(const struct run *run, struct environment *environment)
{
	char **members[RUN_HOOKS];
	int r = 0;

	recorded(environment, members);
	for (size_t i = 0; r == 0 && i < RUN_HOOKS; i++)
		r = field_set_text(members[i], run->options->hooks[i]);
	return r;
}

static int check_hook(const char *file, const char *name, const char *then, const char *now,
		      struct problem *problem)
{
	CLEANUP(freep) char *earlier = quote_name(then ? then : "");
	CLEANUP(freep) char *given = quote_name(now ? now : "");

	if (!earlier || !given)
		return -ENOMEM;
	if ((!then && !now) || (then && now && strcmp(then, now) == 0))
		return 0;
	if (!then)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "%s was started without --%s; omit it, or start a new run", file,
				   name);
	if (!now)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "%s was started with --%s %s; commands in a file are not run "
				   "by themselves: if you trust this one, add the option again",
				   file, name, earlier);
	return problem_set(problem, PROBLEM_USAGE, EINVAL,
			   "%s was started with --%s %s, not with %s; use the same command, or "
			   "start a new run",
			   file, name, earlier, given);
}

int run_check_hooks(const struct run *run, struct problem *problem)
{
	const struct results *results = &run->results;
	char **members[RUN_HOOKS];
	int r = 0;

	recorded(&results->environments[results->environment_count - 1], members);
	for (size_t i = 0; r == 0 && i < RUN_HOOKS; i++)
		r = check_hook(run->options->resume, names[i], *members[i], run->options->hooks[i],
			       problem);
	return r;
}

/* ---- environment variables ---- */

struct variables {
	char **list; /* terminated by NULL */
	size_t count;
};

static void variables_clear(struct variables *variables)
{
	for (size_t i = 0; i < variables->count; i++)
		free(variables->list[i]);
	free(variables->list);
}

/* The list takes over `text`, which may be NULL (out of memory). */
static int add_variable(struct variables *variables, char *text)
{
	if (text && ARRAY_ADD(variables->list, variables->count, text) == 0)
		return 0;
	free(text);
	return -ENOMEM;
}

/* Adds nothing if there is no value. */
static int add_text(struct variables *variables, const char *name, const char *value)
{
	return value ? add_variable(variables, text_format("ALLOC_PERF_%s=%s", name, value)) : 0;
}

static int add_number(struct variables *variables, const char *name, uint64_t value)
{
	return add_variable(variables, text_format("ALLOC_PERF_%s=%" PRIu64, name, value));
}

static int add_session(struct variables *variables, const struct testbed_session *session)
{
	int r = add_text(variables, "TESTBED", session->testbed->name);

	if (r == 0 && session->testbed->in_directory)
		r = add_text(variables, "DIRECTORY", session->options.argument);
	return r;
}

static int add_trial(struct variables *variables, const struct plan_trial *trial)
{
	const struct filesystem *filesystem = trial->filesystem;
	int r = add_text(variables, "METHOD", trial->method.name);

	if (r == 0)
		r = add_number(variables, "SIZE", trial->file_bytes);
	if (r == 0)
		r = add_number(variables, "RUN", trial->run);
	if (r == 0 && trial->volume_bytes)
		r = add_number(variables, "VOLUME_SIZE", trial->volume_bytes);
	if (r == 0 && trial->kernel)
		r = add_text(variables, "KERNEL", trial->kernel->label);
	if (r == 0 && filesystem)
		r = add_text(variables, "FILESYSTEM", filesystem->name);
	if (r == 0 && filesystem)
		r = add_text(variables, "TYPE", filesystem->type);
	if (r == 0 && filesystem)
		r = add_text(variables, "MOUNT_OPTIONS", filesystem->mount_options);
	return r;
}

static int make_variables(const struct run *run, const struct plan_trial *trial,
			  const struct volume *volume, struct variables *ret)
{
	int r = add_session(ret, &run->session);

	if (r == 0 && trial)
		r = add_trial(ret, trial);
	if (r == 0 && volume)
		r = add_text(ret, "VOLUME", volume->path);
	return r == 0 ? ARRAY_ADD(ret->list, ret->count, NULL) : r;
}

/* ---- execution ---- */

/* The last line that is not blank; modifies `output`. */
static const char *last_line(char *output)
{
	const char *last = "it printed nothing";
	char *line;

	while (output && (line = strsep(&output, "\n")))
		if (line[strspn(line, " \t")])
			last = line;
	return last;
}

/* " before ext4 fallocate, run 1" */
static char *name_trial(const struct plan_trial *trial)
{
	if (!trial)
		return strdup("");
	return text_format(" before %s%s%s, run %u",
			   trial->filesystem ? trial->filesystem->name : "",
			   trial->filesystem ? " " : "", trial->method.title, trial->run);
}

static int report_failure(const char *name, const char *command, const struct plan_trial *trial,
			  int status, char *output, struct problem *problem)
{
	CLEANUP(freep) char *title = name_trial(trial);
	CLEANUP(freep) char *quoted = quote_name(command);

	if (!title || !quoted)
		return -ENOMEM;
	return problem_set(problem, PROBLEM_VERDICT, EIO, "--%s %s exited with status %d%s: %s",
			   name, quoted, status, title, last_line(output));
}

static int run_hook(const struct run *run, enum run_hook hook, const struct plan_trial *trial,
		    const struct volume *volume, struct problem *problem)
{
	const char *command = run->options->hooks[hook];
	CLEANUP(variables_clear) struct variables variables = { 0 };
	CLEANUP(freep) char *output = NULL;
	int r = command ? make_variables(run, trial, volume, &variables) : 0;

	if (r < 0 || !command)
		return r;
	r = child_run_command(
		&(struct child_command) { .argv = (const char *[]) { "sh", "-c", command, NULL },
					  .in_fd = -1,
					  .variables = (const char *const *)variables.list,
					  .flags = CHILD_GROUP },
		run->session.cancel_fd, &output);
	if (r > 0)
		return report_failure(names[hook], command, trial, r, output, problem);
	if (r < 0 && r != -ECANCELED)
		return problem_set(problem, PROBLEM_LACK, -r, "cannot run sh for --%s: %s",
				   names[hook], strerror(-r));
	return r;
}

static int before_trial(const struct plan_trial *trial, const struct volume *volume, void *context,
			struct problem *problem)
{
	return run_hook(context, RUN_PREPARE, trial, volume, problem);
}

int run_start_hooks(struct run *run, struct problem *problem)
{
	run->hooks_started = true;
	if (run->options->hooks[RUN_PREPARE])
		run->session.before_trial = before_trial;
	return run_hook(run, RUN_SETUP, NULL, NULL, problem);
}

/* The signal that ended the run is consumed, so that --cleanup is ended only by another one. */
int run_end_hooks(struct run *run, struct problem *problem)
{
	struct signalfd_siginfo taken;

	if (!run->hooks_started)
		return 0;
	while (read(run->session.cancel_fd, &taken, sizeof(taken)) > 0)
		;
	return run_hook(run, RUN_CLEANUP, NULL, NULL, problem);
}

void run_print_hooks(const struct run *run)
{
	static const char *const times[RUN_HOOKS] = { "once before everything", "before each trial",
						      "once at the end" };

	for (size_t i = 0; i < RUN_HOOKS; i++) {
		const char *command = run->options->hooks[i];
		CLEANUP(freep) char *quoted = command ? quote_name(command) : NULL;

		if (quoted)
			printf("%s, %s: sh -c %s\n", names[i], times[i], quoted);
	}
}

void run_print_hook_options(const struct run *run, FILE *to)
{
	for (size_t i = 0; i < RUN_HOOKS; i++) {
		const char *command = run->options->hooks[i];
		CLEANUP(freep) char *quoted = command ? quote_name(command) : NULL;

		if (quoted)
			fprintf(to, " --%s %s", names[i], quoted);
	}
}
