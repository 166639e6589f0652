/* SPDX-License-Identifier: MIT */
/*
 * alloc-perf diff: the exit status is for scripts that bisect or guard a branch,
 * so only a difference that chance does not explain makes it 1.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/choice.h"
#include "base/cleanup.h"
#include "cmd/cmd.h"
#include "stats/compare.h"
#include "stats/condition.h"
#include "cmd/diff_sides.h"
#include "report/difference.h"
#include "cmd/output.h"
#include "base/command.h"
#include "base/suggest.h"

enum { KEY_FORMAT = 'f', KEY_MEASURE = 'm', KEY_THRESHOLD = 't', KEY_OUTPUT = 'o' };
enum { KEY_BY = 256, KEY_OLD, KEY_NEW, KEY_FORCE, KEY_UNCLEAR };

struct options {
	const struct difference_format *format; /* NULL: as the output's name ends */
	struct measure_list measures;		/* none: the default */
	double threshold;
	const char *output;
	int force;
	int unclear_fails;
	struct sides_request sides;
	struct problem problem; /* what is wrong with them */
};

static void options_clear(struct options *options)
{
	free(options->measures.list);
	problem_clear(&options->problem);
}

static const struct option_row option_table[] = {
	{ "format", KEY_FORMAT, "FORM",
	  "table, markdown or json (default: by the name of FILE, else table)",
	  .values = "table markdown json" },
	{ "measure", KEY_MEASURE, "NAME,...", "What to compare (default: time,written,fragments)",
	  .values = "`report --list-measures`," },
	{ "threshold", KEY_THRESHOLD, "PERCENT", "Smallest change that matters (default: 5)" },
	{ "unclear", KEY_UNCLEAR, "pass|fail",
	  "fail: exit status 1 also for unclear and unknown cells, for regression tests (default: "
	  "pass)",
	  .values = "pass fail" },
	{ "by", KEY_BY, "WHAT",
	  "For a single FILE: what distinguishes OLD and NEW: testbed, accelerator, throttle, "
	  "kernel or label (default: what differs)",
	  .values = "testbed accelerator throttle kernel label" },
	{ "old", KEY_OLD, "NAME",
	  "For a single FILE with more than two: the kernel (testbed, label) to compare with" },
	{ "new", KEY_NEW, "NAME", "The kernel (testbed, label) that is compared with it" },
	{ "output", KEY_OUTPUT, "FILE",
	  "Write to FILE, whose name selects the format: .txt, .md or .json", .values = "<file>" },
	{ "force", KEY_FORCE, NULL, "Also replace a result file" },
	{ 0 },
};

static int take_format(struct options *options, const char *name)
{
	const char *nearest = NULL;

	options->format = difference_format_find(name);
	if (options->format)
		return 0;
	for (size_t i = 0; i < difference_format_count; i++)
		suggest_consider(name, difference_formats[i].name, &nearest);
	return choice_refuse("format", name, nearest, "use table, markdown or json",
			     &options->problem);
}

static int take_threshold(struct options *options, const char *text)
{
	char *end;
	double percent = strtod(text, &end);

	if (end == text || (*end && strcmp(end, "%") != 0) || !(percent >= 0 && percent <= 1000))
		return problem_set(&options->problem, PROBLEM_USAGE, EINVAL,
				   "invalid threshold \"%s\": use a percentage from 0 to 1000",
				   text);
	options->threshold = percent / 100;
	return 0;
}

static int take_unclear(struct options *options, const char *word)
{
	options->unclear_fails = strcmp(word, "fail") == 0;
	if (options->unclear_fails || strcmp(word, "pass") == 0)
		return 0;
	return problem_set(&options->problem, PROBLEM_USAGE, EINVAL,
			   "invalid value \"%s\" for --unclear: use pass or fail", word);
}

static int take_by(struct options *options, const char *name)
{
	enum record_key key = record_key_find(name);

	options->sides.by = key < RECORD_KEY_COUNT ? 1u << key & KEY_SET_CONDITIONS : 0;
	if (options->sides.by)
		return 0;
	return problem_set(&options->problem, PROBLEM_USAGE, EINVAL,
			   "invalid value \"%s\" for --by: use testbed, accelerator, throttle, "
			   "kernel or label",
			   name);
}

static int take_file(struct options *options, const char *path)
{
	struct sides_request *sides = &options->sides;

	if (sides->file_count == ARRAY_SIZE(sides->files))
		return problem_set(&options->problem, PROBLEM_USAGE, EINVAL,
				   "unexpected argument \"%s\"; diff takes one or two result files",
				   path);
	sides->files[sides->file_count++] = path;
	return 0;
}

static error_t take_option(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case KEY_FORMAT:
		return -take_format(options, argument);
	case KEY_MEASURE:
		return -choice_measures(argument, &options->measures, &options->problem);
	case KEY_THRESHOLD:
		return -take_threshold(options, argument);
	case KEY_OUTPUT:
		options->output = argument;
		return 0;
	case KEY_FORCE:
		options->force = 1;
		return 0;
	case KEY_BY:
		return -take_by(options, argument);
	case KEY_UNCLEAR:
		return -take_unclear(options, argument);
	case KEY_OLD:
		options->sides.old_name = argument;
		return 0;
	case KEY_NEW:
		options->sides.new_name = argument;
		return 0;
	case ARGP_KEY_ARG:
		return -take_file(options, argument);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int settle_format(struct options *options)
{
	const char *name = options->output ? output_format(options->output) : "table";

	options->format = name ? difference_format_find(name) : NULL;
	if (options->format)
		return 0;
	return problem_set(&options->problem, PROBLEM_USAGE, EINVAL,
			   "cannot determine a format from the name %s; use .txt, .md or .json, or "
			   "give --format",
			   options->output);
}

static int settle(struct options *options)
{
	const struct sides_request *sides = &options->sides;

	if (sides->file_count == 0)
		return problem_set(&options->problem, PROBLEM_USAGE, EINVAL,
				   "give two result files, OLD and NEW, or one that contains both; "
				   "see alloc-perf diff --help");
	if (sides->file_count == 2 && strcmp(sides->files[0], "-") == 0 &&
	    strcmp(sides->files[1], "-") == 0)
		return problem_set(&options->problem, PROBLEM_USAGE, EINVAL,
				   "only one of OLD and NEW can be standard input");
	if (sides->file_count == 2 && (sides->by || sides->old_name || sides->new_name))
		return problem_set(&options->problem, PROBLEM_USAGE, EINVAL,
				   "--by, --old and --new select parts of a single result file; "
				   "give one file");
	if (!options->format && settle_format(options) < 0)
		return -EINVAL;
	if (!sides->by)
		options->sides.by = KEY_SET_CONDITIONS;
	if (options->measures.count)
		return 0;
	return choice_measures("time,written,fragments", &options->measures, &options->problem);
}

static int check_output(struct options *options)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < options->sides.file_count; i++)
		r = output_check_input(options->output, options->sides.files[i], &options->problem);
	if (r == 0 && options->output)
		r = output_check(options->output, options->force, &options->problem);
	return r;
}

/* For cmd_print(). */
struct printing {
	const struct options *options;
	struct comparisons *ret;
};

static int print(FILE *to, void *context, struct problem *problem)
{
	CLEANUP(sides_clear) struct sides sides = { 0 };
	const struct printing *printing = context;
	const struct options *options = printing->options;
	const struct sides_request *request = &options->sides;
	const struct compare_options wanted = { .measures = options->measures.list,
						.threshold = options->threshold };
	int r = sides_read(&sides, request, problem);

	if (r < 0)
		return r;
	r = compare_grids(&sides.before, &sides.after, &wanted, printing->ret);
	if (r == -EINVAL)
		r = sides_refuse(&sides, request, problem);
	if (r < 0)
		return r;
	return options->format->print(
		to, &(struct difference_report) {
			    printing->ret, &sides.before, &sides.after, request->files[0],
			    request->files[request->file_count - 1], options->threshold });
}

static int status_of(const struct options *options, const struct comparisons *all)
{
	size_t told = all->verdicts[VERDICT_SAME] + all->verdicts[VERDICT_BETTER];
	int untold = told == 0 || told < all->count;

	if (all->verdicts[VERDICT_WORSE])
		return PROBLEM_VERDICT;
	return options->unclear_fails && untold ? PROBLEM_VERDICT : 0;
}

static int run_diff(const struct command *self, int argc, char **argv)
{
	CLEANUP(options_clear)
	struct options options = { .threshold = 0.05 };
	CLEANUP(comparisons_clear) struct comparisons comparisons = { 0 };
	int r;

	r = -command_parse_by(self, take_option, argc, argv, &options);
	if (r == 0)
		r = check_output(&options);
	if (r == 0)
		r = settle(&options);
	if (r == 0)
		r = cmd_print(options.output, print, &(struct printing) { &options, &comparisons },
			      &options.problem);
	if (r < 0)
		return cmd_complain(&options.problem, r);
	return status_of(&options, &comparisons);
}

const struct command cmd_diff = {
	.name = "diff",
	.summary = "show which differences between two results are larger than the noise",
	.arguments = "OLD NEW\nFILE",
	.values = "<file>",
	.purpose = "Show which differences between two results are larger than the noise.",
	.notes = "OLD and NEW are files written by `alloc-perf run --output FILE`; - is standard "
		 "input. Every common cell is better, worse, same, unclear (too noisy) or unknown "
		 "(too few runs). A single FILE with results of two kernels (or testbeds, or "
		 "labels) is split: the first of them is OLD.",
	.examples = "  alloc-perf run -r auto -o old.jsonl      before the change\n"
		    "  alloc-perf run -r auto -o new.jsonl      after it\n"
		    "  alloc-perf diff old.jsonl new.jsonl\n"
		    "  alloc-perf diff --format markdown old.jsonl new.jsonl\n"
		    "  alloc-perf diff kernels.jsonl            one file with two kernels\n"
		    "  alloc-perf diff kernels.jsonl --by kernel --old 6.1.0 --new 6.12.0\n"
		    "  alloc-perf diff --measure fragments --threshold 20 old.jsonl new.jsonl\n"
		    "  alloc-perf diff --unclear=fail old.jsonl new.jsonl\n",
	.exit_status = "0 nothing got worse, 1 something did, or with --unclear=fail could not be "
		       "determined, 2 invalid usage or file.",
	.options = option_table,
	.run = run_diff,
};
