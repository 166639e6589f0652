/* SPDX-License-Identifier: MIT */
/*
 * A result file has one writer: it is locked before it is truncated or extended, and an existing
 * one is overwritten only with --force.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "base/strbuf.h"
#include "cmd/cmd.h"
#include "report/report.h"
#include "cmd/run.h"

static char *default_path(void)
{
	time_t now = time(NULL);
	char name[64];

	strftime(name, sizeof(name), "alloc-perf-%Y%m%d-%H%M%S.jsonl", localtime(&now));
	return strdup(name);
}

/* The suffix of a table or page: those are created from a result file by `report`. */
static int check_ending(const char *path, struct problem *problem)
{
	const char *format = output_format(path);
	int is_ours = !format || strcmp(format, "table") == 0 || strcmp(format, "json") == 0;

	if (is_ours && !chart_is_picture(path))
		return 0;
	return problem_set(problem, PROBLEM_USAGE, EINVAL,
			   "run writes JSON Lines; use a name that ends in .jsonl instead of %s, "
			   "and then alloc-perf report -o %s",
			   path, path);
}

static int check_inputs(const struct run *run, struct problem *problem)
{
	const char *plan = run->options->plan;
	int r = plan ? output_check_input(run->path, plan, problem) : 0;

	for (size_t i = 0; r == 0 && i < run->trials.kernel_count; i++) {
		const char *kernel = run->trials.kernels[i].name, *path = strchr(kernel, '=');

		r = output_check_input(run->path, path ? path + 1 : kernel, problem);
	}
	return r;
}

static int open_new(struct run *run, struct problem *problem)
{
	const char *wanted = run->options->output;
	int r;

	if (wanted && strcmp(wanted, "-") == 0) {
		run->fd = STDOUT_FILENO;
		return 0;
	}
	run->path = wanted ? strdup(wanted) : default_path();
	if (!run->path)
		return -ENOMEM;
	r = check_ending(run->path, problem);
	if (r == 0)
		r = check_inputs(run, problem);
	/* Without --force no file is replaced. */
	if (r == 0)
		r = output_check(run->path, 1, problem);
	if (r < 0)
		return r;
	run->fd =
		open(run->path,
		     O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC | (run->options->force ? 0 : O_EXCL),
		     0666);
	if (run->fd >= 0)
		return 0;
	if (errno == EEXIST)
		return problem_set(problem, PROBLEM_USAGE, EEXIST,
				   "%s exists; overwrite it with --force, or %s", run->path,
				   run->can_resume ? "continue it with --resume"
						   : "choose another one with --output");
	return problem_set(problem, PROBLEM_USAGE, errno, "cannot write %s: %s", run->path,
			   strerror(errno));
}

static int open_earlier(struct run *run, struct problem *problem)
{
	run->path = strdup(run->options->resume);
	if (!run->path)
		return -ENOMEM;
	run->fd = open(run->path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (run->fd < 0)
		return problem_set(problem, PROBLEM_USAGE, errno, "cannot write %s: %s", run->path,
				   strerror(errno));
	return 0;
}

/* Only the owner of the lock may truncate the file. */
static int claim(struct run *run, struct problem *problem)
{
	off_t length = run->options->resume ? (off_t)run->results.whole_bytes : 0;
	struct stat status;

	if (!run->path)
		return 0;
	if (flock(run->fd, LOCK_EX | LOCK_NB) < 0)
		return problem_set(problem, PROBLEM_USAGE, errno,
				   "%s is in use by another run; wait for it, or choose another "
				   "file with --output",
				   run->path);
	if (fstat(run->fd, &status) == 0 && S_ISREG(status.st_mode) &&
	    ftruncate(run->fd, length) < 0)
		return problem_set(problem, PROBLEM_USAGE, errno, "cannot write %s: %s", run->path,
				   strerror(errno));
	return 0;
}

int run_open(struct run *run, struct problem *problem)
{
	int r = run->options->resume ? open_earlier(run, problem) : open_new(run, problem);

	return r < 0 ? r : claim(run, problem);
}

/* Only if `path` is this file: not a link to it, and not another file that replaced it. */
static bool is_empty_file(int fd, const char *path)
{
	struct stat opened, named;

	return fstat(fd, &opened) == 0 && lstat(path, &named) == 0 && S_ISREG(named.st_mode) &&
	       opened.st_dev == named.st_dev && opened.st_ino == named.st_ino &&
	       opened.st_size == 0;
}

void run_close(struct run *run)
{
	if (run->fd < 0 || run->fd == STDOUT_FILENO)
		return;
	if (!run->options->resume && is_empty_file(run->fd, run->path))
		unlink(run->path);
	run->fd = fd_close(run->fd);
}

/* Quoted for a shell. */
static char *command_line(int argc, char **argv)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };

	strbuf_puts(&text, argv[0]);
	for (int i = 1; i < argc; i++) {
		CLEANUP(freep) char *word = quote_name(argv[i]);

		if (!word)
			return NULL;
		strbuf_join(&text, " ", word);
	}
	return strbuf_take(&text);
}

int run_write_environment(struct run *run, int argc, char **argv, bool resumable,
			  struct problem *problem)
{
	CLEANUP(environment_clear) struct environment environment;
	int r;

	environment_init(&environment);
	r = testbed_describe(&run->session, &run->trials, &environment);
	if (r == 0)
		r = field_set_text(&environment.label, run->plan.label);
	environment.plan = resumable ? plan_text(&run->plan) : NULL;
	environment.command = command_line(argc, argv);
	if (r == 0)
		r = run_describe_hooks(run, &environment);
	if (r < 0 || (resumable && !environment.plan) || !environment.command)
		return -ENOMEM;
	r = resultfile_append(run->fd, environment_to_json(&environment));
	if (r < 0 && r != -ENOMEM)
		return problem_set(problem, PROBLEM_VERDICT, -r, "cannot write %s: %s",
				   run->path ? run->path : "the results", strerror(-r));
	return r < 0 ? r : results_keep_environment(&run->results, &environment);
}

int run_save(struct run *run, struct record *record, struct problem *problem)
{
	int r = field_set_text(&record->label, run->plan.label);

	if (r == 0)
		r = field_set_text(&record->scenario,
				   run->plan.program ? run->plan.program : run->plan.scenario);
	if (r == 0)
		r = resultfile_append(run->fd, record_to_json(record));
	if (r < 0 && r != -ENOMEM)
		return problem_set(problem, PROBLEM_VERDICT, -r, "cannot write %s: %s",
				   run->path ? run->path : "the results", strerror(-r));
	return r < 0 ? r : results_keep(&run->results, record);
}
