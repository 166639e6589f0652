/* SPDX-License-Identifier: MIT */
/*
 * alloc-perf run.  Everything that can be wrong is found before the first volume
 * is made: an unknown name, a missing mkfs, a size that does not fit, an output
 * file that exists.  After that each trial is on the disk before the next one
 * starts, so an interrupted run has lost nothing.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "cell.h"
#include "cleanup.h"
#include "cmd.h"
#include "progress.h"
#include "report.h"
#include "resultfile.h"
#include "size.h"
#include "testbed.h"

enum { TRIAL_SECONDS = 3600 };

/* ---- options ---- */

enum option_key {
	OPTION_FS = 'f',
	OPTION_METHODS = 'm',
	OPTION_SIZE = 's',
	OPTION_VOLUME = 'v',
	OPTION_RUNS = 'r',
	OPTION_OUTPUT = 'o',
	OPTION_QUIET = 'q',
	OPTION_DRY_RUN = 'n',
	OPTION_ON = 256,
	OPTION_LABEL,
	OPTION_PRESET,
	OPTION_PLAN,
	OPTION_FORCE,
	OPTION_RESUME,
	OPTION_KEEP_IMAGES,
	OPTION_SCRATCH,
	OPTION_TIMEOUT,
};

static const struct argp_option options[] = {
	{ NULL, 0, NULL, 0, "What to measure:", 1 },
	{ "fs", OPTION_FS, "NAME,...", 0, "file systems; `alloc-perf list filesystems` shows them",
	  1 },
	{ "methods", OPTION_METHODS, "NAME,...", 0, "methods; `alloc-perf list methods` shows them",
	  1 },
	{ "size", OPTION_SIZE, "SIZE,...", 0, "sizes of the file, as 64M or 4G (binary units)", 1 },
	{ "volume", OPTION_VOLUME, "SIZE", 0,
	  "size of the volume (default: 5 times the file, at least 512M)", 1 },
	{ "runs", OPTION_RUNS, "N", 0, "rounds; figures are medians (default: 1)", 1 },
	{ "preset", OPTION_PRESET, "NAME", 0, "2009 (the original experiment), demo or default",
	  1 },
	{ "plan", OPTION_PLAN, "FILE", 0, "plan with file systems or wishes of your own", 1 },
	{ "label", OPTION_LABEL, "TEXT", 0, "conditions to remember, as \"desktop on\"", 1 },
	{ NULL, 0, NULL, 0, "Where:", 2 },
	{ "on", OPTION_ON, "TESTBED", 0, "uml (default), loop, or dir:PATH", 2 },
	{ "scratch", OPTION_SCRATCH, "DIR", 0,
	  "directory for images (default: $TMPDIR or /var/tmp)", 2 },
	{ "keep-images", OPTION_KEEP_IMAGES, "DIR", 0, "keep the image of each trial there", 2 },
	{ "timeout", OPTION_TIMEOUT, "SECONDS", 0, "longest time of a trial (default: 3600)", 2 },
	{ NULL, 0, NULL, 0, "Results:", 3 },
	{ "output", OPTION_OUTPUT, "FILE", 0,
	  "result file, - for stdout (default: alloc-perf-DATE-TIME.jsonl)", 3 },
	{ "force", OPTION_FORCE, NULL, 0, "overwrite an existing result file", 3 },
	{ "resume", OPTION_RESUME, "FILE", 0, "go on with an interrupted run", 3 },
	{ "dry-run", OPTION_DRY_RUN, NULL, 0, "print the trials and touch nothing", 3 },
	{ "quiet", OPTION_QUIET, NULL, 0, "no progress and no table", 3 },
	{ 0 },
};

static const char help[] =
	"Measures how files get their disk space: every method on every file system, each trial on "
	"a "
	"freshly formatted volume.\v"
	"Examples:\n"
	"  alloc-perf run                                    a first look, no root needed\n"
	"  alloc-perf run --fs ext4,xfs,btrfs --size 1G      others than the default\n"
	"  sudo alloc-perf run --on loop --runs 5 --fs ext4  the running kernel, five rounds\n"
	"  alloc-perf run --on dir:/srv -m fallocate,chunk-4K\n"
	"  alloc-perf run --preset 2009 -o 2009.jsonl        4 GiB files; takes an hour or more\n"
	"  alloc-perf run --resume 2009.jsonl\n\n"
	"Exit status: 0 done, 1 a trial failed, 2 wrong usage or plan, 3 something is missing on "
	"this "
	"machine, 130 interrupted.";

struct run_options {
	const char *preset, *plan, *output, *resume, *keep_images, *scratch;
	/* Keys of a plan that the command line sets. */
	const char *filesystems, *methods, *sizes, *volume, *runs, *testbed, *label;
	uint64_t trial_seconds;
	int force, dry_run, quiet;
};

static void parse_timeout(const char *text, struct argp_state *state, uint64_t *ret_seconds)
{
	if (size_parse(text, ret_seconds) < 0 || *ret_seconds == 0 || *ret_seconds > 10000000)
		argp_error(state, "\"%s\" is no number of seconds for --timeout", text);
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct run_options *run = state->input;
	const struct {
		int key;
		const char **member;
	} texts[] = {
		{ OPTION_FS, &run->filesystems },  { OPTION_METHODS, &run->methods },
		{ OPTION_SIZE, &run->sizes },	   { OPTION_VOLUME, &run->volume },
		{ OPTION_RUNS, &run->runs },	   { OPTION_ON, &run->testbed },
		{ OPTION_LABEL, &run->label },	   { OPTION_PRESET, &run->preset },
		{ OPTION_PLAN, &run->plan },	   { OPTION_OUTPUT, &run->output },
		{ OPTION_RESUME, &run->resume },   { OPTION_KEEP_IMAGES, &run->keep_images },
		{ OPTION_SCRATCH, &run->scratch },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (texts[i].key == key) {
			*texts[i].member = argument;
			return 0;
		}
	switch (key) {
	case OPTION_TIMEOUT:
		parse_timeout(argument, state, &run->trial_seconds);
		return 0;
	case OPTION_FORCE:
		run->force = 1;
		return 0;
	case OPTION_DRY_RUN:
		run->dry_run = 1;
		return 0;
	case OPTION_QUIET:
		run->quiet = 1;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "\"%s\" is no option; file systems are chosen by --fs", argument);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* ---- the run ---- */

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

static void run_clear(struct run *run)
{
	trial_list_clear(&run->trials);
	plan_clear(&run->plan);
	results_clear(&run->earlier);
	free(run->path);
	if (run->fd != STDOUT_FILENO)
		fd_close(run->fd);
	fd_close(run->session.cancel_fd);
}

static int apply_options(struct run *run, struct problem *problem)
{
	const struct run_options *wanted = run->options;
	const struct {
		const char *key, *value;
	} keys[] = {
		{ "filesystems", wanted->filesystems },
		{ "methods", wanted->methods },
		{ "sizes", wanted->sizes },
		{ "volume", wanted->volume },
		{ "runs", wanted->runs },
		{ "on", wanted->testbed },
		{ "label", wanted->label },
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		int r = keys[i].value ? plan_set(&run->plan, keys[i].key, keys[i].value, problem)
				      : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

/* The catalogue, then the preset, then the plan file, then the command line. */
static int make_plan(struct run *run, struct problem *problem)
{
	const struct run_options *wanted = run->options;
	int r = plan_init(&run->plan);

	if (r == 0)
		r = plan_read_preset(&run->plan, wanted->preset ? wanted->preset : "default",
				     problem);
	if (r == 0 && wanted->plan)
		r = plan_read_file(&run->plan, wanted->plan, problem);
	return r < 0 ? r : apply_options(run, problem);
}

static int load_earlier(struct run *run, struct problem *problem)
{
	const struct run_options *wanted = run->options;
	const struct environment *environment;
	int r;

	if (wanted->filesystems || wanted->methods || wanted->sizes || wanted->volume ||
	    wanted->runs || wanted->testbed || wanted->label || wanted->preset || wanted->plan ||
	    wanted->output)
		return problem_set(
			problem, PROBLEM_USAGE, EINVAL,
			"--resume goes on with the plan that the file holds; leave out the "
			"options that choose another");
	r = results_read(&run->earlier, wanted->resume, problem);
	if (r < 0)
		return r;
	environment = &run->earlier.environments[run->earlier.environment_count - 1];
	if (!environment->plan)
		return problem_set(problem, PROBLEM_USAGE, EINVAL, "%s holds no plan to go on with",
				   wanted->resume);
	return plan_read(&run->plan, environment->plan, wanted->resume, problem);
}

static const char *scratch_directory(const struct run_options *wanted)
{
	const char *from_environment = getenv("TMPDIR");

	if (wanted->scratch)
		return wanted->scratch;
	return from_environment && *from_environment ? from_environment : "/var/tmp";
}

static int choose_testbed(struct run *run, struct problem *problem)
{
	struct testbed_session *session = &run->session;
	const char *spec = run->plan.testbed ? run->plan.testbed : "uml";
	int r = testbed_parse(spec, &session->testbed, &session->argument, problem);

	session->scratch = scratch_directory(run->options);
	session->keep_images = run->options->keep_images;
	session->trial_seconds = run->options->trial_seconds;
	session->stage = progress_stage;
	session->tick = progress_tick;
	session->context = &run->progress;
	if (r == 0 && session->testbed->in_directory && session->keep_images)
		return problem_set(
			problem, PROBLEM_USAGE, EINVAL,
			"--keep-images needs a testbed that makes images; dir makes none");
	return r;
}

/* What the user named himself has to be there; a preset's others become rows of "-". */
static int check_named(struct run *run, struct problem *problem)
{
	const struct filesystem *before = NULL;

	for (size_t i = 0; run->options->filesystems && i < run->trials.count; i++) {
		const struct filesystem *filesystem = run->trials.trial[i].filesystem;
		int r = 0;

		if (filesystem && filesystem != before)
			r = testbed_usable(run->session.testbed, filesystem, problem);
		before = filesystem;
		if (r < 0)
			return r;
	}
	return 0;
}

static int prepare(struct run *run, struct problem *problem)
{
	int r = run->options->resume ? load_earlier(run, problem) : make_plan(run, problem);

	if (r == 0)
		r = choose_testbed(run, problem);
	if (r == 0)
		r = plan_expand(&run->plan, run->session.testbed->in_directory, &run->trials,
				problem);
	if (r == 0)
		r = run->session.testbed->probe(run->session.argument, problem);
	if (r == 0)
		r = check_named(run, problem);
	if (r == 0)
		r = testbed_check_room(&run->session, &run->trials, problem);
	return r;
}

/* ---- the result file ---- */

static char *default_path(void)
{
	time_t now = time(NULL);
	char name[64];

	strftime(name, sizeof(name), "alloc-perf-%Y%m%d-%H%M%S.jsonl", localtime(&now));
	return strdup(name);
}

static int open_new(struct run *run, struct problem *problem)
{
	const char *wanted = run->options->output;

	if (wanted && strcmp(wanted, "-") == 0) {
		run->fd = STDOUT_FILENO;
		return 0;
	}
	run->path = wanted ? strdup(wanted) : default_path();
	if (!run->path)
		return -ENOMEM;
	run->fd =
		open(run->path,
		     O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC | (run->options->force ? 0 : O_EXCL),
		     0666);
	if (run->fd >= 0)
		return 0;
	if (errno == EEXIST)
		return problem_set(
			problem, PROBLEM_USAGE, EEXIST,
			"%s exists; overwrite it with --force, or go on with it by --resume",
			run->path);
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

/* Only the owner of the lock may cut the file. */
static int claim(struct run *run, struct problem *problem)
{
	off_t length = run->options->resume ? (off_t)run->earlier.whole_bytes : 0;
	struct stat status;

	if (!run->path)
		return 0;
	if (flock(run->fd, LOCK_EX | LOCK_NB) < 0)
		return problem_set(problem, PROBLEM_USAGE, errno, "%s is in use by another run",
				   run->path);
	if (fstat(run->fd, &status) == 0 && S_ISREG(status.st_mode) &&
	    ftruncate(run->fd, length) < 0)
		return problem_set(problem, PROBLEM_USAGE, errno, "cannot write %s: %s", run->path,
				   strerror(errno));
	return 0;
}

static void print_quoted(FILE *to, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "-_./,:=@%+";

	if (*word && strspn(word, plain) == strlen(word)) {
		fputs(word, to);
		return;
	}
	putc('\'', to);
	for (; *word; word++)
		fputs(*word == '\'' ? "'\\''" : (char[]) { *word, '\0' }, to);
	putc('\'', to);
}

/* As the user may paste it into a shell. */
static char *command_line(int argc, char **argv)
{
	char *text = NULL;
	size_t bytes;
	FILE *to = open_memstream(&text, &bytes);

	if (!to)
		return NULL;
	fputs(argv[0], to);
	for (int i = 1; i < argc; i++) {
		putc(' ', to);
		print_quoted(to, argv[i]);
	}
	return fclose(to) == 0 ? text : NULL;
}

static int write_environment(struct run *run, int argc, char **argv)
{
	CLEANUP(environment_clear) struct environment environment;
	int r;

	environment_init(&environment);
	r = testbed_describe(&run->session, &run->trials, &environment);
	if (r == 0)
		r = field_set_text(&environment.label, run->plan.label);
	environment.plan = plan_text(&run->plan);
	environment.command = command_line(argc, argv);
	if (r < 0 || !environment.plan || !environment.command)
		return -ENOMEM;
	return resultfile_append(run->fd, environment_to_json(&environment));
}

/* ---- trials ---- */

static int same_text(const char *one, const char *other)
{
	return one && other && strcmp(one, other) == 0;
}

static int is_done(const struct run *run, const struct plan_trial *trial)
{
	const char *filesystem =
		trial->filesystem ? trial->filesystem->name : run->session.testbed->name;

	for (size_t i = 0; i < run->earlier.record_count; i++) {
		const struct record *record = &run->earlier.records[i];

		if (same_text(record->filesystem, filesystem) &&
		    same_text(record->method, trial->method.name) &&
		    record->file_bytes == (int64_t)trial->file_bytes && record->run == trial->run)
			return 1;
	}
	return 0;
}

static size_t count_left(const struct run *run)
{
	size_t left = 0;

	for (size_t i = 0; i < run->trials.count; i++)
		left += !is_done(run, &run->trials.trial[i]);
	return left;
}

static int run_trial(struct run *run, const struct plan_trial *trial, struct problem *problem)
{
	CLEANUP(record_clear) struct record record;
	const char *filesystem =
		trial->filesystem ? trial->filesystem->name : run->session.argument;
	char title[128];
	int r;

	record_init(&record);
	snprintf(title, sizeof(title), "%s %s", filesystem, trial->method.name);
	progress_trial(&run->progress, title);
	r = testbed_run(&run->session, trial, &record, problem);
	progress_done(&run->progress);
	if (r < 0)
		return r;
	run->failed += same_text(record.status, STATUS_FAILED);
	r = field_set_text(&record.label, run->plan.label);
	if (r == 0)
		r = resultfile_append(run->fd, record_to_json(&record));
	if (r < 0 && r != -ENOMEM)
		return problem_set(problem, PROBLEM_VERDICT, -r, "cannot write %s: %s",
				   run->path ? run->path : "the results", strerror(-r));
	return r;
}

static int run_trials(struct run *run, struct problem *problem)
{
	int r = 0;

	progress_start(&run->progress, count_left(run), run->options->quiet);
	for (size_t i = 0; r == 0 && i < run->trials.count; i++)
		if (!is_done(run, &run->trials.trial[i]))
			r = run_trial(run, &run->trials.trial[i], problem);
	progress_end(&run->progress);
	return r;
}

/* ---- what the user sees at the end ---- */

static int print_table(const struct run *run, struct problem *problem)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(grids_clear) struct grids grids = { 0 };
	const struct report_options plain = { 0 };
	int r = results_read(&results, run->path, problem);

	if (r == 0)
		r = grids_build(&results, &grids);
	if (r == 0)
		r = report_format_find("table")->print(stdout, &grids, &plain);
	return r;
}

static int say_interrupted(const struct run *run)
{
	fprintf(stderr, "alloc-perf: interrupted; %zu of %zu trials are done",
		run->progress.done - 1, run->progress.total);
	if (run->path)
		fprintf(stderr, "; go on with: alloc-perf run --resume %s", run->path);
	fputc('\n', stderr);
	return PROBLEM_INTERRUPT;
}

static int finish(const struct run *run, struct problem *problem)
{
	int r = 0;

	if (run->path && !run->options->quiet) {
		r = print_table(run, problem);
		if (r == 0)
			printf("\nresults: %s\n", run->path);
	}
	if (fflush(stdout) != 0 && errno != EPIPE && r == 0)
		r = problem_set(problem, PROBLEM_VERDICT, errno, "cannot print: %s",
				strerror(errno));
	if (r < 0)
		return cmd_complain(problem, r);
	if (run->failed)
		fprintf(stderr, "alloc-perf: %zu of %zu trials failed\n", run->failed,
			run->progress.total);
	return run->failed ? PROBLEM_VERDICT : 0;
}

static void print_trials(const struct run *run)
{
	char file[SIZE_TEXT_MAX], volume[SIZE_TEXT_MAX];

	for (size_t i = 0; i < run->trials.count; i++) {
		const struct plan_trial *trial = &run->trials.trial[i];
		const struct filesystem *filesystem = trial->filesystem;

		if (is_done(run, trial))
			continue;
		size_name(trial->file_bytes, file);
		if (!filesystem)
			printf("%s %s in %s, run %u\n", trial->method.name, file,
			       run->session.argument, trial->run);
		else
			printf("%s %s %s, run %u: %s IMAGE; mount -t %s%s%s; volume of %s\n",
			       filesystem->name, trial->method.name, file, trial->run,
			       filesystem->mkfs, filesystem->type,
			       filesystem->mount_options ? " -o " : "",
			       filesystem->mount_options ? filesystem->mount_options : "",
			       size_name(trial->volume_bytes, volume));
	}
	printf("%zu trials on %s; nothing was touched\n", count_left(run),
	       run->session.testbed->name);
}

static int carry_out(struct run *run, int argc, char **argv, struct problem *problem)
{
	int r = run->options->resume ? open_earlier(run, problem) : open_new(run, problem);

	if (r == 0)
		r = claim(run, problem);
	if (r == 0)
		r = run->session.cancel_fd = cmd_catch_signals();
	if (r >= 0)
		r = write_environment(run, argc, argv);
	if (r >= 0)
		r = run_trials(run, problem);
	return r;
}

int cmd_run(int argc, char **argv)
{
	const struct argp argp = { options, parse_option, NULL, help, NULL, NULL, NULL };
	struct run_options wanted = { .trial_seconds = TRIAL_SECONDS };
	CLEANUP(problem_clear) struct problem problem = { 0 };
	CLEANUP(run_clear)
	struct run run = { .options = &wanted, .fd = -1, .session.cancel_fd = -1 };
	int r;

	argp_parse(&argp, argc, argv, 0, NULL, &wanted);
	r = prepare(&run, &problem);
	if (r == 0 && wanted.dry_run) {
		print_trials(&run);
		return 0;
	}
	if (r == 0)
		r = carry_out(&run, argc, argv, &problem);
	if (r == -ECANCELED)
		return say_interrupted(&run);
	return r < 0 ? cmd_complain(&problem, r) : finish(&run, &problem);
}
