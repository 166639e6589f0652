/* SPDX-License-Identifier: MIT */
/*
 * A trend is a grid whose rows are points in time, so everything that makes and
 * draws grids serves.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/terminal.h"
#include "cmd/choice.h"
#include "base/cleanup.h"
#include "cmd/cmd.h"
#include "cmd/cmd_history.h"
#include "method/method.h"
#include "cmd/output.h"
#include "base/command.h"
#include "report/report.h"
#include "base/size.h"
#include "cmd/trend_points.h"
#include "base/words.h"
#include "results/resultfile.h"

enum { KEY_STORE = 256, KEY_FS, KEY_BY, KEY_ON, KEY_CHART, KEY_FORCE };
enum { KEY_METHOD = 'm', KEY_MEASURE = 'M', KEY_SIZE = 's', KEY_OUTPUT = 'o' };

struct options {
	const char *store;
	const char *filesystem;
	char **methods; /* ends with NULL; NULL: all */
	const char *testbed;
	uint64_t file_bytes; /* 0: any */
	const struct measure *measure;
	enum record_key by; /* one of `points_in_time` */
	const char *output; /* NULL: a table */
	int chart;	    /* on the terminal */
	int force;
	struct problem problem;
};

static void options_clear(struct options *options)
{
	free(options->methods);
	problem_clear(&options->problem);
}

static const struct option_row option_table[] = {
	{ "fs", KEY_FS, "NAME", "The file system, by its name in the results",
	  .values = "`list --names filesystems`" },
	{ "method", KEY_METHOD, "NAME,...", "The methods (default: all)",
	  .values = "`list --names methods`," },
	{ "measure", KEY_MEASURE, "NAME",
	  "The measure, see alloc-perf report --list-measures (default: time)",
	  .values = "`report --list-measures`" },
	{ "by", KEY_BY, "kernel|date|label", "One line per kernel (the default), date or label",
	  .values = "kernel date label" },
	{ "on", KEY_ON, "TESTBED", "Only results of this testbed", .values = "<testbed>" },
	{ "size", KEY_SIZE, "SIZE", "Only files of this size", .values = "256M 512M 1G 4G" },
	{ "chart", KEY_CHART, NULL, "Draw on the terminal with gnuplot" },
	{ "output", KEY_OUTPUT, "FILE", "Draw to FILE, which ends in .svg, .png or .pdf",
	  .values = "<file>" },
	{ "force", KEY_FORCE, NULL, "Also replace a result file" },
	{ "store", KEY_STORE, "FILE",
	  "The history (default: $XDG_DATA_HOME/alloc-perf/history.sqlite)", .values = "<file>" },
	{ 0 },
};

/* The keys that can be points in time. */
static const unsigned points_in_time = KEY_SET(KERNEL) | KEY_SET(DATE) | KEY_SET(LABEL);

static int take_by(struct options *options, const char *name)
{
	options->by = record_key_find(name);
	if (options->by < RECORD_KEY_COUNT && (1u << options->by & points_in_time))
		return 0;
	return problem_set(&options->problem, PROBLEM_USAGE, EINVAL,
			   "invalid value \"%s\" for --by: use kernel, date or label", name);
}

static int take_size(struct options *options, const char *text)
{
	if (size_parse(text, &options->file_bytes) == 0 && options->file_bytes > 0)
		return 0;
	return problem_set(&options->problem, PROBLEM_USAGE, EINVAL,
			   "invalid file size \"%s\": use a size such as 256M or 4G", text);
}

static int take_output(struct options *options, const char *path)
{
	options->output = path;
	if (chart_is_picture(path))
		return 0;
	return problem_set(&options->problem, PROBLEM_USAGE, EINVAL,
			   "the name of a chart must end in .svg, .png or .pdf: %s", path);
}

static error_t take_option(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case KEY_STORE:
		options->store = argument;
		return 0;
	case KEY_FS:
		options->filesystem = argument;
		return 0;
	case KEY_METHOD:
		free(options->methods);
		options->methods = words_split(argument, ",");
		return options->methods ? 0 : ENOMEM;
	case KEY_MEASURE:
		return -choice_measure(argument, &options->measure, &options->problem);
	case KEY_BY:
		return -take_by(options, argument);
	case KEY_ON:
		options->testbed = argument;
		return 0;
	case KEY_SIZE:
		return -take_size(options, argument);
	case KEY_OUTPUT:
		return -take_output(options, argument);
	case KEY_FORCE:
		options->force = 1;
		return 0;
	case KEY_CHART:
		options->chart = 1;
		return 0;
	case ARGP_KEY_ARG:
		return -problem_set(&options->problem, PROBLEM_USAGE, EINVAL,
				    "unexpected argument \"%s\"; history trend takes none",
				    argument);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int settle(struct options *options)
{
	if (!options->filesystem)
		return problem_set(&options->problem, PROBLEM_USAGE, EINVAL,
				   "give a file system with --fs NAME");
	if (options->chart && options->output)
		return problem_set(
			&options->problem, PROBLEM_USAGE, EINVAL,
			"--chart draws on the terminal, --output to a file; use only one");
	options->measure = options->measure ? options->measure : measure_find("time");
	return 0;
}

static int check_output(struct options *options)
{
	CLEANUP(freep)
	char *store = options->store ? strdup(options->store) : history_default_path();
	int r = 0;

	if (options->output && store)
		r = output_check_input(options->output, store, &options->problem);
	if (r == 0 && options->output)
		r = output_check(options->output, options->force, &options->problem);
	return r;
}

/* ---- from the store to grids ---- */

/* By the key of the method, however it was typed; that of a later version is taken as it is. */
static int read_method(struct history *history, const char *typed, struct history_filter *filter,
		       struct results *results, struct problem *problem)
{
	struct method_choice choice;

	filter->method = method_parse(typed, &choice, NULL) == 0 ? choice.name : typed;
	return history_read(history, filter, results, problem);
}

static int read_trials(const struct options *options, struct results *results,
		       struct problem *problem)
{
	CLEANUP(history_closep) struct history *history = NULL;
	struct history_filter filter = { .filesystem = options->filesystem,
					 .testbed = options->testbed,
					 .file_bytes = (int64_t)options->file_bytes };
	int r = cmd_history_open(options->store, HISTORY_READ, &history, problem);

	if (r == 0 && !options->methods)
		r = history_read(history, &filter, results, problem);
	for (char **method = options->methods; r == 0 && method && *method; method++) {
		r = read_method(history, *method, &filter, results, problem);
	}
	if (r < 0)
		return r;
	if (results->record_count == 0)
		return problem_set(problem, PROBLEM_VERDICT, ENODATA,
				   "the history contains no such trial on %s", options->filesystem);
	return 0;
}

/* ---- to the user ---- */

/* For cmd_print(). */
struct printing {
	const struct options *options;
	const struct grids *grids;
	struct trend_options trend;
};

static int print(FILE *to, void *context, struct problem *problem)
{
	const struct printing *printing = context;
	const struct chart_options chart = { .measure = printing->options->measure,
					     .columns = terminal_size(STDOUT_FILENO).columns,
					     .ascii = !terminal_is_utf8() };

	if (printing->options->output)
		return trend_draw(to, printing->grids, &printing->trend, problem);
	if (printing->options->chart)
		return chart_draw(to, printing->grids, &chart, problem);
	return trend_print(to, printing->grids, &printing->trend);
}

static int trend(const struct options *options, struct problem *problem)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(trend_points_clear) struct trend_points points = { 0 };
	CLEANUP(grids_clear) struct grids grids = { 0 };
	struct printing printing = { options,
				     &grids,
				     { .measure = options->measure,
				       .filesystem = options->filesystem,
				       .by = record_keys[options->by].name,
				       .output = options->output } };
	int r = read_trials(options, &results, problem);

	if (r == 0)
		r = trend_points_make(&results, options->by, &points);
	if (r == 0)
		r = grids_gather(&results, points.entries, points.count, &grids);
	return r < 0 ? r : cmd_print(options->output, print, &printing, problem);
}

static int run_trend(const struct command *self, int argc, char **argv)
{
	CLEANUP(options_clear) struct options options = { .by = RECORD_KEY_KERNEL };
	int r;

	r = -command_parse_by(self, take_option, argc, argv, &options);
	if (r == 0)
		r = settle(&options);
	if (r == 0)
		r = check_output(&options);
	if (r == 0)
		r = trend(&options, &options.problem);
	return r < 0 ? cmd_complain(&options.problem, r) : 0;
}

const struct command cmd_history_trend = {
	.name = "trend",
	.summary = "show how a statistic changed over time",
	.purpose = "Show how a statistic changed over time.",
	.notes = "Results of different testbeds or sizes are shown separately. Each change is "
		 "relative to the line above.",
	.examples = "  alloc-perf history trend --fs ext4 --method fallocate\n"
		    "  alloc-perf history trend --fs ext4 --measure fragments --by date\n"
		    "  alloc-perf history trend --fs xfs --method mmap,fallocate -o xfs.svg\n",
	.options = option_table,
	.run = run_trend,
};
