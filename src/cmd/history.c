/* SPDX-License-Identifier: MIT */
/*
 * alloc-perf history and its subcommands, all with --store.  Files are read completely before the
 * store is opened, so that an invalid file changes nothing.
 */
#include "cmd/history.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cmd/cmd.h"
#include "base/command.h"
#include "report/report.h"
#include "base/terminal.h"
#include "base/text_table.h"
#include "base/text.h"
#include "base/words.h"
#include "results/resultfile.h"
#include "stats/cell.h"

struct options {
	const char *store; /* NULL: the default */
	const struct report_format *format;
	char **arguments; /* terminated by NULL */
};

#define STORE_ROW                                                               \
	{                                                                       \
		"store", 0, "FILE", "the history",                              \
			.values = "<file>",                                     \
			.fallback = "$XDG_DATA_HOME/alloc-perf/history.sqlite", \
			OPTION_INTO(OPTION_TEXT, struct options, store)         \
	}

static const struct option_row store_option[] = { STORE_ROW, { 0 } };

static const struct option_row show_options[] = {
	{ "format", 'f', "FORM", "a format of alloc-perf report", .fallback = "table",
	  OPTION_FROM(report_formats, report_format_count, struct options, format) },
	STORE_ROW,
	{ 0 },
};

int cmd_history_open(const char *store, enum history_mode mode, struct history **ret,
		     struct problem *problem)
{
	CLEANUP(freep) char *path = store ? strdup(store) : history_default_path();

	if (!path)
		return problem_set(problem, PROBLEM_USAGE, ENOENT,
				   "HOME is not set; choose a file for the history with --store");
	return history_open(path, mode, ret, problem);
}

/* ---- add ---- */

static int add(struct options *options, struct problem *problem)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(history_closep) struct history *history = NULL;
	struct history_added added;
	int r = 0;

	if (!*options->arguments)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "no result file given; see alloc-perf history add --help");
	for (char **file = options->arguments; r == 0 && *file; file++)
		r = cmd_read_results(*file, &results, problem);
	if (r == 0 && results.record_count && results_measurements(&results) == 0)
		r = problem_set(problem, PROBLEM_USAGE, EINVAL,
				"nothing to add: these are results of alloc-perf verify, and the "
				"history stores measurements; compare them with alloc-perf diff");
	if (r == 0)
		r = cmd_history_open(options->store, HISTORY_ADD, &history, problem);
	if (r == 0)
		r = history_add(history, &results, &added, problem);
	if (r < 0)
		return r;
	printf("%zu run%s and %zu trial%s added", added.runs, added.runs == 1 ? "" : "s",
	       added.trials, added.trials == 1 ? "" : "s");
	if (added.known_trials)
		printf("; %zu trial%s already stored", added.known_trials,
		       added.known_trials == 1 ? " was" : "s were");
	putchar('\n');
	return 0;
}

/* ---- list ---- */

enum { DATE_LETTERS = 10 };

static int list_run(const struct history_run *run, void *context)
{
	struct text_table *table = context;

	text_table_printf(table, "%" PRId64, run->id);
	text_table_add(table, run->started ? run->started : "");
	text_table_printf(table, "%.*s", DATE_LETTERS, run->added);
	text_table_add(table, run->testbed ? run->testbed : "");
	text_table_add(table, run->kernel ? run->kernel : "");
	text_table_printf(table, "%" PRId64, run->trials);
	text_table_add(table, run->label ? run->label : "");
	return 0;
}

static int list(struct options *options, struct problem *problem)
{
	CLEANUP(history_closep) struct history *history = NULL;
	static const char *const heading[] = { "id",	 "started", "added", "testbed",
					       "kernel", "trials",  "label" };
	CLEANUP(text_table_clear)
	struct text_table table = { .columns = ARRAY_SIZE(heading), .align = "rllllrl" };
	int r = cmd_history_open(options->store, HISTORY_READ, &history, problem);

	text_table_add_row(&table, heading);
	if (r == 0)
		r = history_list(history, list_run, &table, problem);
	if (r == 0)
		r = text_table_check(&table);
	if (r == 0 && text_table_rows(&table) > 1)
		text_table_print(stdout, &table);
	return r;
}

/* ---- show ---- */

static int parse_id(const struct options *options, int64_t *ret, struct problem *problem)
{
	char *end;

	if (words_count(options->arguments) != 1)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "give one ID; `alloc-perf history list` shows them");
	errno = 0;
	*ret = strtoll(options->arguments[0], &end, 10);
	if (errno || *end || end == options->arguments[0] || *ret < 1)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "invalid ID \"%s\"; `alloc-perf history list` shows valid ones",
				   options->arguments[0]);
	return 0;
}

static int show_results(const struct options *options, const struct results *results)
{
	const struct report_options fit = { .columns = terminal_size(STDOUT_FILENO).columns };
	CLEANUP(grids_clear) struct grids grids = { 0 };
	int r = grids_build(results, &grids);

	return r < 0 ? r : options->format->print(stdout, &grids, &fit);
}

static int show(struct options *options, struct problem *problem)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(history_closep) struct history *history = NULL;
	struct history_filter filter = { .with_layout = 1 };
	int r = parse_id(options, &filter.run, problem);

	if (r == 0)
		r = cmd_history_open(options->store, HISTORY_READ, &history, problem);
	if (r == 0)
		r = history_read(history, &filter, &results, problem);
	if (r < 0)
		return r;
	if (results.record_count == 0)
		return problem_set(problem, PROBLEM_VERDICT, ENODATA,
				   "the history contains no run %" PRId64
				   "; `alloc-perf history list` shows the stored runs",
				   filter.run);
	return show_results(options, &results);
}

/* ---- the commands ---- */

static int run_with(int (*run)(struct options *options, struct problem *problem),
		    const struct command *self, int argc, char **argv)
{
	CLEANUP(problem_clear) struct problem problem = { 0 };
	struct options options = { .format = &report_formats[0] };
	int r;

	options.arguments = command_parse(self, argc, argv, &options);
	r = run(&options, &problem);
	return r < 0 ? cmd_complain(&problem, r) : 0;
}

static int run_add(const struct command *self, int argc, char **argv)
{
	return run_with(add, self, argc, argv);
}

static int run_list(const struct command *self, int argc, char **argv)
{
	return run_with(list, self, argc, argv);
}

static int run_show(const struct command *self, int argc, char **argv)
{
	return run_with(show, self, argc, argv);
}

static const struct command add_command = {
	.name = "add",
	.summary = "add the contents of result files",
	.arguments = "FILE...",
	.values = "<file>",
	.purpose = "Add the contents of result files to the history.",
	.notes = "Trials that are already stored are skipped, so that a file that has grown can be "
		 "added again.",
	.examples = "  alloc-perf history add results.jsonl\n",
	.options = store_option,
	.run = run_add,
};

static const struct command list_command = {
	.name = "list",
	.summary = "show the stored runs",
	.purpose = "Show the runs in the history.",
	.examples = "  alloc-perf history list\n",
	.options = store_option,
	.run = run_list,
};

static const struct command show_command = {
	.name = "show",
	.summary = "show one run",
	.arguments = "ID",
	.purpose = "Show one run as alloc-perf report shows a result file.",
	.examples = "  alloc-perf history show 3\n"
		    "  alloc-perf history show 3 --format html > run-3.html\n",
	.options = show_options,
	.run = run_show,
};

static const struct command *const commands[] = { &add_command, &list_command, &show_command,
						  &cmd_history_trend, NULL };

const struct command cmd_history = {
	.name = "history",
	.summary = "store results and show how they changed over time",
	.purpose = "Store results and show how they changed over time.",
	.examples = "  alloc-perf history add results.jsonl\n"
		    "  alloc-perf history trend --fs ext4 --method fallocate --by kernel\n",
	.page = "alloc-perf-history(1)",
	.subcommands = commands,
};
