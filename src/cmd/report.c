/* SPDX-License-Identifier: MIT */
/*
 * Options are checked before files are read, and all files are read before the output, which would
 * otherwise be incomplete if the last file is invalid.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/terminal.h"
#include "base/text.h"
#include "base/words.h"
#include "base/cleanup.h"
#include "cmd/cmd.h"
#include "report/beside.h"
#include "base/command.h"
#include "report/report.h"
#include "stats/cell.h"

struct options {
	const struct report_format *format; /* NULL: that of the output's suffix */
	struct measure_list measures;	    /* none: the default */
	bool all;
	const struct measure *chart;
	bool draws_time; /* a chart of no measure that was named */
	const char *title;
	unsigned width, height; /* of the chart; 0: automatic */
	enum chart_order order;
	enum chart_style style;
	const char *output;
	bool script;
	unsigned with_2009;
	bool list_measures;
	bool force;
	char **files; /* terminated by NULL */
	size_t file_count;
};

static void options_clear(struct options *options)
{
	free(options->measures.list);
}

static int take_chart_size(void *input, const struct option_row *row, const char *argument,
			   struct problem *problem)
{
	struct options *options = input;
	int end = 0;

	if (sscanf(argument, "%4ux%4u%n", &options->width, &options->height, &end) == 2 &&
	    !argument[end] && options->width >= 100 && options->height >= 100)
		return 0;
	return problem_set(problem, PROBLEM_USAGE, EINVAL,
			   "invalid size \"%s\" for --%s: use WIDTHxHEIGHT in pixels, from 100 to "
			   "9999, such as 1200x600",
			   argument, row->name);
}

#define SETS(kind, member) OPTION_INTO(kind, struct options, member)

static const struct option_row option_table[] = {
	{ "format", 'f', "FORM", "the format", .fallback = "by the name of FILE, else table",
	  OPTION_FROM(report_formats, report_format_count, struct options, format) },
	{ "measure", 'm', "NAME,...", "a table of each of these measures and no summary",
	  .choices = &choice_of_measures, .take = choice_take_measures,
	  SETS(OPTION_TAKEN, measures) },
	{ "all", 0, NULL, "also a table of each measure, and every warning",
	  SETS(OPTION_FLAG, all) },
	{ "chart", 'c', "MEASURE", "draw a chart with gnuplot", .choices = &choice_of_measures,
	  SETS(OPTION_CHOICE, chart) },
	{ "title", 0, "TEXT", "title of the chart", SETS(OPTION_TEXT, title) },
	{ "chart-size", 0, "WxH", "size of the chart's picture in pixels",
	  .take = take_chart_size },
	{ "order", 0, "ORDER", "file systems of the chart by plan, name or value",
	  .fallback = "plan", .values = "plan name value", SETS(OPTION_WORD, order) },
	{ "chart-style", 0, "STYLE",
	  "draw bars, or a curve of the parameter that methods differ in",
	  .fallback = "curve if most methods differ in one parameter, else bars",
	  .values = "bars curve", .least = CHART_BARS, SETS(OPTION_WORD, style) },
	{ "output", 'o', "FILE",
	  "write to FILE, whose name selects the format: .txt, .md, .html, .json or .csv, or a "
	  "chart: .svg, .png or .pdf (default: of the time)",
	  .values = "<file>", SETS(OPTION_TEXT, output) },
	{ "force", 0, NULL, "also replace a result file", SETS(OPTION_FLAG, force) },
	{ "script", 's', NULL,
	  "write the gnuplot script of the chart with its data, instead of drawing",
	  SETS(OPTION_FLAG, script) },
	{ "with", 0, "2009",
	  "show the results of 2009 for comparison, with ratios, for table, markdown, html and "
	  "json",
	  .values = "2009", .least = 1, SETS(OPTION_WORD, with_2009) },
	{ "list-measures", 0, NULL, "list the measures", SETS(OPTION_FLAG, list_measures) },
	{ 0 },
};

static int is_for_script(const char *path)
{
	const char *format = output_format(path);

	return !chart_is_picture(path) && (!format || strcmp(format, "table") == 0);
}

static int settle_format(struct options *options, struct problem *problem)
{
	const char *name = options->output ? output_format(options->output) : "table";

	if (!name)
		return problem_set(
			problem, PROBLEM_USAGE, EINVAL,
			"cannot determine a format from the name %s; use .txt, .md, .html, .json, "
			".csv, or .svg, .png and .pdf for a chart, or give --format",
			options->output);
	options->format = report_format_find(name);
	return 0;
}

/* Checks the combination of options. */
static int settle(struct options *options, struct problem *problem)
{
	if (options->list_measures)
		return 0;
	if (options->file_count == 0)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "no result file given; see alloc-perf report --help");
	options->draws_time =
		!options->chart &&
		(options->script || (options->output && chart_is_picture(options->output)));
	if (options->draws_time)
		options->chart = measure_find("time");
	if (options->chart && (options->format || options->measures.count || options->all))
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "--format, --measure and --all do not apply to a chart; use "
				   "--chart MEASURE");
	if (options->all && options->measures.count)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "give --all or --measure, not both: --all shows every measure");
	if (!options->chart &&
	    (options->title || options->width || options->order || options->style))
		return problem_set(
			problem, PROBLEM_USAGE, EINVAL,
			"--title, --chart-size, --chart-style and --order apply to a chart: give "
			"--chart MEASURE");
	if (options->script && options->output && !is_for_script(options->output))
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "--script writes a script for gnuplot; give --output a name "
				   "such as chart.gp");
	if (!options->chart && !options->format && settle_format(options, problem) < 0)
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

static int check_output(const struct options *options, struct problem *problem)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < options->file_count; i++)
		r = output_check_input(options->output, options->files[i], problem);
	if (r == 0 && options->output)
		r = output_check(options->output, options->force, problem);
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

/* The time that is compared everywhere. */
static const struct measure *time_of_all(const struct grids *grids)
{
	bool with_workload = grids->count > 0;

	for (size_t i = 0; i < grids->count; i++)
		with_workload &= grids->grid[i].workload != NULL;
	return measure_of_time(with_workload);
}

/* The picture of a script is in the same directory, with the same name. */
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
				       .style = options->style,
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

/* Whether the output is read by the user, who may want to pass it on. */
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
				       .style = options->style,
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

static bool shows_promises(const struct options *options)
{
	return !options->chart && strcmp(options->format->name, "2009") != 0;
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
	if (r == 0 && grids.count == 0 && !shows_promises(options))
		r = problem_set(
			problem, PROBLEM_VERDICT, ENODATA,
			"nothing to show: there are only results of alloc-perf verify, which "
			"the formats table, markdown, html, json and csv show");
	if (r == 0 && options->chart) {
		r = grids_join(&grids, &joined);
		if (options->draws_time)
			options->chart = time_of_all(&grids);
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
	CLEANUP(problem_clear) struct problem problem = { 0 };
	CLEANUP(options_clear) struct options options = { 0 };
	int r;

	options.files = command_parse(self, argc, argv, &options);
	options.file_count = words_count(options.files);
	r = check_output(&options, &problem);
	if (r == 0)
		r = settle(&options, &problem);
	if (r == 0 && options.list_measures)
		r = list_measures();
	else if (r == 0)
		r = report(&options, &problem);
	return r < 0 ? cmd_complain(&problem, r) : 0;
}

const struct command cmd_report = {
	.name = "report",
	.summary = "show results as a table, a chart, a web page or CSV",
	.arguments = "FILE...",
	.values = "<file>",
	.purpose = "Show results as tables or charts.",
	.notes = "FILE was written by `alloc-perf run --output FILE` or `verify`; - is standard "
		 "input. Results "
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
