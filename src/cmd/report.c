/* SPDX-License-Identifier: MIT */
/*
 * Options are checked before any file is read, and all files are read before
 * anything is printed: a wrong third file must not leave half a table.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/terminal.h"
#include "base/text.h"
#include "cmd/choice.h"
#include "base/cleanup.h"
#include "cmd/cmd.h"
#include "report/historic.h"
#include "cmd/output.h"
#include "base/command.h"
#include "report/report.h"
#include "stats/cell.h"

enum { KEY_FORMAT = 'f', KEY_MEASURE = 'm', KEY_CHART = 'c', KEY_OUTPUT = 'o', KEY_SCRIPT = 's' };
enum {
	KEY_LIST_MEASURES = 256,
	KEY_WITH,
	KEY_FORCE,
	KEY_TITLE,
	KEY_CHART_SIZE,
	KEY_ORDER,
	KEY_ALL
};

struct options {
	const struct report_format *format; /* NULL: as the output's name ends */
	struct measure_list measures;	    /* none: the default */
	int all;
	const struct measure *chart;
	const char *title;
	unsigned width, height; /* of the chart; 0: as it needs */
	enum chart_order order;
	const char *output;
	int script;
	int with_2009;
	int list_measures;
	int force;
	char *const *files;
	size_t file_count;
	struct problem problem; /* what is wrong with them */
};

static void options_clear(struct options *options)
{
	free(options->measures.list);
	problem_clear(&options->problem);
}

static const struct option_row option_table[] = {
	{ "format", KEY_FORMAT, "FORM",
	  "table, markdown, html, json, 2009 or csv (default: by the name of FILE, else table)",
	  .values = "table markdown html json 2009 csv" },
	{ "measure", KEY_MEASURE, "NAME,...", "A table of each of these measures and no summary",
	  .values = "`report --list-measures`," },
	{ "all", KEY_ALL, NULL, "Also a table of each measure, and every warning" },
	{ "chart", KEY_CHART, "MEASURE", "Draw a chart with gnuplot",
	  .values = "`report --list-measures`" },
	{ "title", KEY_TITLE, "TEXT", "Title of the chart" },
	{ "chart-size", KEY_CHART_SIZE, "WxH", "Size of the chart's picture in pixels" },
	{ "order", KEY_ORDER, "ORDER",
	  "File systems of the chart by plan (the default), name or value",
	  .values = "plan name value" },
	{ "output", KEY_OUTPUT, "FILE",
	  "Write to FILE, whose name selects the format: .txt, .md, .html, .json or .csv, or a "
	  "chart: .svg, .png or .pdf (default: of the time)",
	  .values = "<file>" },
	{ "force", KEY_FORCE, NULL, "Also replace a result file" },
	{ "script", KEY_SCRIPT, NULL,
	  "Write the gnuplot script of the chart with its data, instead of drawing" },
	{ "with", KEY_WITH, "2009",
	  "Show the results of 2009 for comparison, with ratios, for table, markdown, html and "
	  "json",
	  .values = "2009" },
	{ "list-measures", KEY_LIST_MEASURES, NULL, "List the measures" },
	{ 0 },
};

static int take_chart_size(const char *text, struct options *options)
{
	int end = 0;

	if (sscanf(text, "%4ux%4u%n", &options->width, &options->height, &end) == 2 && !text[end] &&
	    options->width >= 100 && options->height >= 100)
		return 0;
	return problem_set(&options->problem, PROBLEM_USAGE, EINVAL,
			   "invalid chart size \"%s\": use WIDTHxHEIGHT in pixels, from 100 to "
			   "9999, such as 1200x600",
			   text);
}

static int take_order(const char *text, struct options *options)
{
	static const char *const names[] = {
		[CHART_AS_PLANNED] = "plan", [CHART_BY_NAME] = "name", [CHART_BY_VALUE] = "value"
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(text, names[i]) == 0) {
			options->order = (enum chart_order)i;
			return 0;
		}
	return problem_set(&options->problem, PROBLEM_USAGE, EINVAL,
			   "unknown order \"%s\": use plan, name or value", text);
}

static error_t take_option(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case KEY_FORMAT:
		return -choice_report_format(argument, &options->format, &options->problem);
	case KEY_MEASURE:
		return -choice_measures(argument, &options->measures, &options->problem);
	case KEY_ALL:
		options->all = 1;
		return 0;
	case KEY_CHART:
		return -choice_measure(argument, &options->chart, &options->problem);
	case KEY_TITLE:
		options->title = argument;
		return 0;
	case KEY_CHART_SIZE:
		return -take_chart_size(argument, options);
	case KEY_ORDER:
		return -take_order(argument, options);
	case KEY_OUTPUT:
		options->output = argument;
		return 0;
	case KEY_FORCE:
		options->force = 1;
		return 0;
	case KEY_SCRIPT:
		options->script = 1;
		return 0;
	case KEY_WITH:
		if (strcmp(argument, "2009") != 0)
			return -problem_set(&options->problem, PROBLEM_USAGE, EINVAL,
					    "invalid baseline \"%s\" for --with: use 2009",
					    argument);
		options->with_2009 = 1;
		return 0;
	case KEY_LIST_MEASURES:
		options->list_measures = 1;
		return 0;
	case ARGP_KEY_ARGS:
		options->files = state->argv + state->next;
		options->file_count = (size_t)(state->argc - state->next);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int is_for_script(const char *path)
{
	const char *format = output_format(path);

	return !chart_is_picture(path) && (!format || strcmp(format, "table") == 0);
}

static int settle_format(struct options *options)
{
	const char *name = options->output ? output_format(options->output) : "table";

	if (!name)
		return problem_set(
			&options->problem, PROBLEM_USAGE, EINVAL,
			"cannot determine a format from the name %s; use .txt, .md, .html, .json, "
			".csv, or .svg, .png and .pdf for a chart, or give --format",
			options->output);
	options->format = report_format_find(name);
	return 0;
}

/* What is well formed may still not go together. */
static int settle(struct options *options)
{
	struct problem *problem = &options->problem;

	if (options->list_measures)
		return 0;
	if (options->file_count == 0)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "no result file given; see alloc-perf report --help");
	if (!options->chart &&
	    (options->script || (options->output && chart_is_picture(options->output))))
		options->chart = measure_find("time");
	if (options->chart && (options->format || options->measures.count || options->all))
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "--format, --measure and --all do not apply to a chart; use "
				   "--chart MEASURE");
	if (options->all && options->measures.count)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "give --all or --measure, not both: --all shows every measure");
	if (!options->chart && (options->title || options->width || options->order))
		return problem_set(
			problem, PROBLEM_USAGE, EINVAL,
			"--title, --chart-size and --order apply to a chart: give --chart "
			"MEASURE");
	if (options->script && options->output && !is_for_script(options->output))
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "--script writes a script for gnuplot; give --output a name "
				   "such as chart.gp");
	if (!options->chart && !options->format && settle_format(options) < 0)
		return -EINVAL;
	if ((options->measures.count || options->all) && options->format &&
	    !options->format->is_of_measures)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "--%s goes with the formats table, markdown, html and json; %s "
				   "always has the same columns",
				   options->all ? "all" : "measure", options->format->name);
	if (options->with_2009 &&
	    (options->chart || (options->format && !options->format->is_of_measures)))
		return problem_set(
			problem, PROBLEM_USAGE, EINVAL,
			"--with 2009 goes with the formats table, markdown, html and json");
	return 0;
}

static int check_output(struct options *options)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < options->file_count; i++)
		r = output_check_input(options->output, options->files[i], &options->problem);
	if (r == 0 && options->output)
		r = output_check(options->output, options->force, &options->problem);
	return r;
}

static int list_measures(void)
{
	for (size_t i = 0; i < measure_count; i++) {
		const struct measure *measure = &measure_table[i];
		CLEANUP(freep)
		char *meaning = text_format("%s (%s)", measure->title, measure->note);
		int used = printf("%-10s ", measure->name);

		if (!meaning)
			return -ENOMEM;
		cmd_print_sentence(meaning, used, used);
	}
	return 0;
}

static int read_files(const struct options *options, struct results *results,
		      struct problem *problem)
{
	for (size_t i = 0; i < options->file_count; i++) {
		int r = cmd_read_results(options->files[i], results, problem);

		if (r < 0)
			return r;
	}
	if (results->record_count == 0)
		return problem_set(
			problem, PROBLEM_VERDICT, ENODATA, "nothing to show: %s no trial",
			options->file_count > 1 ? "the files contain" : "the file contains");
	return 0;
}

/* The picture that a script draws stands beside it, under the same name. */
static char *picture_beside(const char *script, const struct measure *measure)
{
	const char *name = script ? script : measure->name, *slash = strrchr(name, '/');
	const char *dot = strrchr(name, '.');
	int stem = dot && dot > (slash ? slash + 1 : name) ? (int)(dot - name) : (int)strlen(name);

	return text_format("%.*s.svg", stem, name);
}

static int print_script(FILE *to, const struct grids *grids, const struct options *options,
			struct problem *problem)
{
	CLEANUP(freep) char *picture = picture_beside(options->output, options->chart);
	struct chart_options chart = { .measure = options->chart,
				       .output = picture,
				       .title = options->title,
				       .width = options->width,
				       .height = options->height };

	return picture ? chart_script(to, grids, &chart, problem) : -ENOMEM;
}

/* For cmd_print(). */
struct printing {
	const struct options *options;
	const struct grids *grids, *beside;
};

/* Somebody who reads the answer may want to pass it on. */
static int is_for_reading(const struct options *options)
{
	return !options->output && !options->measures.count &&
	       strcmp(options->format->name, "table") == 0;
}

static int print(FILE *to, void *context, struct problem *problem)
{
	const struct printing *printing = context;
	const struct options *options = printing->options;
	unsigned columns = terminal_size(options->output ? -1 : STDOUT_FILENO).columns;
	struct report_options report = { .measures = options->measures.list,
					 .all = options->all,
					 .columns = columns,
					 .beside = printing->beside };
	struct chart_options chart = { .measure = options->chart,
				       .output = options->output,
				       .columns = columns,
				       .ascii = !terminal_is_utf8(),
				       .title = options->title,
				       .width = options->width,
				       .height = options->height };
	int r;

	if (options->script)
		return print_script(to, printing->grids, options, problem);
	if (options->chart)
		return chart_draw(to, printing->grids, &chart, problem);
	r = options->format->print(to, printing->grids, &report);
	if (r < 0 || !is_for_reading(options))
		return r;
	putc('\n', to);
	return cmd_put_patch_hint(to, options->files, options->file_count);
}

static int show(const struct grids *grids, const struct grids *beside,
		const struct options *options, struct problem *problem)
{
	return cmd_print(options->output, print, &(struct printing) { options, grids, beside },
			 problem);
}

static int report(struct options *options, struct problem *problem)
{
	CLEANUP(results_clear) struct results results = { 0 };
	CLEANUP(results_clear) struct results historic = { 0 };
	CLEANUP(grids_clear) struct grids grids = { 0 };
	CLEANUP(grids_clear) struct grids joined = { 0 };
	CLEANUP(grids_clear) struct grids beside = { 0 };
	int r = read_files(options, &results, problem);

	if (r == 0)
		r = grids_build(&results, &grids);
	if (r == 0 && options->chart) {
		r = grids_join(&grids, &joined);
		if (r == 0)
			r = chart_order(&joined, options->chart, options->order);
		return r < 0 ? r : show(&joined, NULL, options, problem);
	}
	if (r == 0 && options->with_2009)
		r = historic_read(&historic);
	if (r == 0)
		r = grids_build(&historic, &beside);
	return r < 0 ? r : show(&grids, options->with_2009 ? &beside : NULL, options, problem);
}

static int run_report(const struct command *self, int argc, char **argv)
{
	CLEANUP(options_clear) struct options options = { 0 };
	int r;

	r = -command_parse_by(self, take_option, argc, argv, &options);
	if (r == 0)
		r = check_output(&options);
	if (r == 0)
		r = settle(&options);
	if (r == 0 && options.list_measures)
		r = list_measures();
	else if (r == 0)
		r = report(&options, &options.problem);
	return r < 0 ? cmd_complain(&options.problem, r) : 0;
}

const struct command cmd_report = {
	.name = "report",
	.summary = "show results as a table, a chart, a web page or CSV",
	.arguments = "FILE...",
	.values = "<file>",
	.purpose = "Show results as tables or charts.",
	.notes = "FILE was written by `alloc-perf run --output FILE`; - is standard input. Results "
		 "of several files that were measured under the same conditions are shown in one "
		 "table.",
	.examples = "  alloc-perf report results.jsonl\n"
		    "  alloc-perf report --all results.jsonl\n"
		    "  alloc-perf report --measure fragments,gap results.jsonl\n"
		    "  alloc-perf report --format 2009 results.jsonl\n"
		    "  alloc-perf report --format markdown --with 2009 results.jsonl\n"
		    "  alloc-perf report -o results.csv results.jsonl\n"
		    "  alloc-perf report -o page.html one-kernel.jsonl another.jsonl\n"
		    "  alloc-perf report --chart fragments results.jsonl\n"
		    "  alloc-perf report --chart written -o written.svg results.jsonl\n"
		    "  alloc-perf report --chart time --order value --title 'my disk' -o t.png "
		    "results.jsonl\n"
		    "  alloc-perf report --chart time --script -o time.gp results.jsonl\n",
	.exit_status =
		"0 success, 1 nothing to show, 2 invalid usage or file, 3 gnuplot is missing.",
	.options = option_table,
	.run = run_report,
};
