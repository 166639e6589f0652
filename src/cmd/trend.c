/* SPDX-License-Identifier: MIT */
/* alloc-perf history trend.  A trend is a grid whose rows are points in time. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/terminal.h"
#include "base/cleanup.h"
#include "cmd/cmd.h"
#include "cmd/history.h"
#include "method/method.h"
#include "base/command.h"
#include "report/report.h"
#include "results/resultfile.h"
#include "stats/cell.h"

struct options {
	const char *store;
	const char *filesystem;
	char **methods; /* terminated by NULL; NULL: all */
	const char *testbed;
	uint64_t file_bytes;	       /* 0: any */
	const struct measure *measure; /* NULL: the default of each grid */
	enum record_key by;	       /* one of `points_in_time` */
	const char *output;	       /* NULL: a table */
	bool chart;		       /* on the terminal */
	bool force;
};

static void options_clear(struct options *options)
{
	free(options->methods);
}

static const struct option_choices points_in_time = { record_keys, sizeof(record_keys[0]),
						      &(const size_t) { RECORD_KEY_COUNT }, NULL,
						      KEY_SET(KERNEL) | KEY_SET(DATE) |
							      KEY_SET(LABEL) };

#define SETS(kind, member) OPTION_INTO(kind, struct options, member)

static const struct option_row option_table[] = {
	{ "fs", 0, "NAME", "the file system, by its name in the results",
	  .values = "`list --names filesystems`", SETS(OPTION_TEXT, filesystem) },
	{ "method", 'm', "NAME,...", "the methods", .fallback = "all",
	  .values = "`list --names methods`,", SETS(OPTION_WORDS, methods) },
	{ "measure", 'M', "NAME", "the measure; `alloc-perf report --list-measures` shows them",
	  .fallback = "time; of a workload life", .choices = &choice_of_measures,
	  SETS(OPTION_CHOICE, measure) },
	{ "by", 0, "WHAT", "what has a line of its own", .fallback = "kernel",
	  .choices = &points_in_time, SETS(OPTION_WORD, by) },
	{ "on", 0, "TESTBED", "only results of this testbed", .values = "<testbed>",
	  SETS(OPTION_TEXT, testbed) },
	{ "size", 's', "SIZE", "only files of this size", .values = "256M 512M 1G 4G", .least = 1,
	  SETS(OPTION_SIZE, file_bytes) },
	{ "chart", 0, NULL, "draw on the terminal with gnuplot", SETS(OPTION_FLAG, chart) },
	{ "output", 'o', "FILE", "draw to FILE, which ends in .svg, .png or .pdf",
	  .values = "<file>", SETS(OPTION_TEXT, output) },
	{ "force", 0, NULL, "also replace a result file", SETS(OPTION_FLAG, force) },
	{ "store", 0, "FILE", "the history", .values = "<file>",
	  .fallback = "$XDG_DATA_HOME/alloc-perf/history.sqlite", SETS(OPTION_TEXT, store) },
	{ 0 },
};

/* Checks the combination of options. */
static int check(const struct options *options, struct problem *problem)
{
	CLEANUP(freep)
	char *store = options->store ? strdup(options->store) : history_default_path();
	int r = 0;

	if (!options->filesystem)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "give a file system with --fs NAME");
	if (!options->output)
		return 0;
	if (options->chart)
		return problem_set(
			problem, PROBLEM_USAGE, EINVAL,
			"--chart draws on the terminal, --output to a file; use only one");
	if (!chart_is_picture(options->output))
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "the name of a chart must end in .svg, .png or .pdf: %s",
				   options->output);
	if (store)
		r = output_check_input(options->output, store, problem);
	return r < 0 ? r : output_check(options->output, options->force, problem);
}

/* ---- from the store to grids ---- */

/* By the canonical name of the method; an unknown one, of a later version, is unchanged. */
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
		return problem_set(
			problem, PROBLEM_VERDICT, ENODATA,
			"the history contains no such trial on %s; check --method, --on and "
			"--size, or add results with `alloc-perf history add`",
			options->filesystem);
	return 0;
}

/* ---- output ---- */

/* For cmd_print(). */
struct printing {
	const struct options *options;
	const struct grids *grids;
	struct trend_options trend;
};

/* Each by itself: what has a workload has another measure. */
static int draw(FILE *to, const struct printing *printing, struct problem *problem)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < printing->grids->count; i++) {
		struct grid *grid = &printing->grids->grid[i];
		const struct chart_options chart = {
			.measure = grid_measure(grid, printing->options->measure),
			.columns = terminal_size(STDOUT_FILENO).columns,
			.ascii = !terminal_is_utf8(),
		};

		r = chart_draw(to, &(struct grids) { .grid = grid, .count = 1 }, &chart, problem);
	}
	return r;
}

static int print(FILE *to, void *context, struct problem *problem)
{
	const struct printing *printing = context;

	if (printing->options->output)
		return trend_draw(to, printing->grids, &printing->trend, problem);
	if (printing->options->chart)
		return draw(to, printing, problem);
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
	CLEANUP(problem_clear) struct problem problem = { 0 };
	CLEANUP(options_clear)
	struct options options = { .by = RECORD_KEY_KERNEL };
	int r;

	command_parse(self, argc, argv, &options);
	r = check(&options, &problem);
	if (r == 0)
		r = trend(&options, &problem);
	return r < 0 ? cmd_complain(&problem, r) : 0;
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
