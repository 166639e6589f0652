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
#include "base/array.h"
#include "base/cleanup.h"
#include "cmd/cmd.h"
#include "stats/compare.h"
#include "cmd/diff_sides.h"
#include "report/difference.h"
#include "cmd/output.h"
#include "base/command.h"
#include "base/suggest.h"

enum { KEY_FORMAT = 'f', KEY_MEASURE = 'm', KEY_THRESHOLD = 't', KEY_OUTPUT = 'o' };
enum { KEY_BY = 256, KEY_OLD, KEY_NEW, KEY_FORCE, KEY_UNCLEAR, KEY_ONLY };

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
	free(options->sides.filters);
	problem_clear(&options->problem);
}

static const struct option_row option_table[] = {
	{ "format", KEY_FORMAT, "FORM",
	  "table, markdown, json or csv (default: by the name of FILE, else table)",
	  .values = "table markdown json csv" },
	{ "measure", KEY_MEASURE, "NAME,...", "What to compare (default: time,written,fragments)",
	  .values = "`report --list-measures`," },
	{ "threshold", KEY_THRESHOLD, "PERCENT", "Smallest change that matters (default: 5)" },
	{ "unclear", KEY_UNCLEAR, "pass|fail",
	  "fail: exit status 1 also for unclear and unknown cells, for regression tests (default: "
	  "pass)",
	  .values = "pass fail" },
	{ "by", KEY_BY, "KEY[=VALUE,...]",
	  "Compare the results of all FILEs by a key: each VALUE with the first (default: all "
	  "values); keys:" RECORD_KEY_NAMES,
	  .values = RECORD_KEY_NAMES },
	{ "only", KEY_ONLY, "KEY=VALUE,...",
	  "Use only results with these values of a key of --by; can be given several times",
	  .repeats = true },
	{ "old", KEY_OLD, "NAME", "The first side of a single FILE or of --by, by its name" },
	{ "new", KEY_NEW, "NAME", "The side that is compared with it" },
	{ "output", KEY_OUTPUT, "FILE",
	  "Write to FILE, whose name selects the format: .txt, .md, .json or .csv",
	  .values = "<file>" },
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
	return choice_refuse("format", name, nearest, "use table, markdown, json or csv",
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

/* "KEY" or "KEY=VALUES".  0, or -EINVAL with a sentence. */
static int find_key(struct options *options, const char *text, enum record_key *ret,
		    const char **ret_values)
{
	CLEANUP(freep) char *name = strndup(text, strcspn(text, "="));
	const char *nearest = NULL;
	enum record_key key = name ? record_key_find(name) : RECORD_KEY_COUNT;

	if (!name)
		return -ENOMEM;
	if (key < RECORD_KEY_COUNT) {
		*ret = key;
		*ret_values = strchr(text, '=') ? strchr(text, '=') + 1 : NULL;
		return 0;
	}
	for (key = RECORD_KEY_BASE + 1; key < RECORD_KEY_COUNT; key++)
		suggest_consider(name, record_keys[key].name, &nearest);
	return choice_refuse("key", name, nearest, "use one of:" RECORD_KEY_NAMES,
			     &options->problem);
}

static int take_by(struct options *options, const char *text)
{
	enum record_key key;
	int r = find_key(options, text, &key, &options->sides.values);

	if (r < 0)
		return r;
	options->sides.by = 1u << key;
	if (!options->sides.values || *options->sides.values)
		return 0;
	return problem_set(&options->problem, PROBLEM_USAGE, EINVAL,
			   "--by %s has no value behind the \"=\"; without it all are compared",
			   text);
}

static int take_only(struct options *options, const char *text)
{
	struct sides_request *sides = &options->sides;
	struct sides_filter filter;
	int r = find_key(options, text, &filter.key, &filter.values);

	if (r < 0)
		return r;
	if (!filter.values || !*filter.values)
		return problem_set(&options->problem, PROBLEM_USAGE, EINVAL,
				   "--only %s needs a value: use --only KEY=VALUE", text);
	return ARRAY_ADD(sides->filters, sides->filter_count, filter);
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
	case KEY_ONLY:
		return -take_only(options, argument);
	case ARGP_KEY_ARGS:
		options->sides.files = state->argv + state->next;
		options->sides.file_count = (size_t)(state->argc - state->next);
		return 0;
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
	return problem_set(
		&options->problem, PROBLEM_USAGE, EINVAL,
		"cannot determine a format from the name %s; use .txt, .md, .json or .csv, or "
		"give --format",
		options->output);
}

/* Which files and options go together. */
static int check_sides(struct sides_request *sides, struct problem *problem)
{
	size_t inputs = 0;

	for (size_t i = 0; i < sides->file_count; i++)
		inputs += strcmp(sides->files[i], "-") == 0;
	if (sides->file_count == 0)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "give two result files, OLD and NEW, or one that contains both; "
				   "see alloc-perf diff --help");
	if (inputs > 1)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "only one of the files can be standard input");
	if (sides->file_count > 2 && !sides->by)
		return problem_set(
			problem, PROBLEM_USAGE, EINVAL,
			"unexpected argument \"%s\"; without --by, diff takes one or two "
			"result files",
			sides->files[2]);
	if (sides->file_count == 2 && !sides->by && (sides->old_name || sides->new_name))
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "--old and --new select parts of a single result file, or of "
				   "--by; give one file, or --by");
	if (sides->values && (sides->old_name || sides->new_name))
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "--by names what is compared already; omit --old and --new");
	if (sides->file_count == 1 && !sides->by)
		sides->by = KEY_SET_CONDITIONS;
	return 0;
}

static int settle(struct options *options)
{
	if (check_sides(&options->sides, &options->problem) < 0)
		return -EINVAL;
	if (!options->format && settle_format(options) < 0)
		return -EINVAL;
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

static int print_sides(FILE *to, const struct printing *printing, const struct sides *sides)
{
	const struct options *options = printing->options;
	CLEANUP(freep)
	struct difference_side *shown = calloc(sides->count, sizeof(*shown));

	if (!shown)
		return -ENOMEM;
	for (size_t i = 0; i < sides->count; i++)
		shown[i] = (struct difference_side) { sides->list[i].name, sides->list[i].files,
						      &sides->views[i] };
	return options->format->print(
		to, &(struct difference_report) { .comparisons = printing->ret,
						  .sides = shown,
						  .by = options->sides.by,
						  .threshold = options->threshold });
}

static int print(FILE *to, void *context, struct problem *problem)
{
	CLEANUP(sides_clear) struct sides sides = { 0 };
	const struct printing *printing = context;
	const struct options *options = printing->options;
	const struct compare_options wanted = { .measures = options->measures.list,
						.threshold = options->threshold,
						.by = options->sides.by };
	struct compare_ambiguity ambiguity;
	int r = sides_read(&sides, &options->sides, problem);

	if (r < 0)
		return r;
	r = compare_grids(sides.views, sides.count, &wanted, printing->ret, &ambiguity);
	if (r == -EINVAL)
		r = sides_refuse(&sides, &ambiguity, problem);
	return r < 0 ? r : print_sides(to, printing, &sides);
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
	.arguments = "OLD NEW\nFILE\n--by KEY[=VALUE,...] FILE...",
	.values = "<file>",
	.purpose = "Show which differences between two results are larger than the noise.",
	.notes = "OLD and NEW are files written by `alloc-perf run --output FILE`; - is standard "
		 "input. Every common cell is better, worse, same, unclear (too noisy) or unknown "
		 "(too few runs). A single FILE with results of two kernels (or testbeds, or "
		 "labels) is split: the first of them is OLD. --by compares anything else: cells "
		 "that differ in nothing but KEY, each with that of the first value.",
	.examples =
		"  alloc-perf run -r auto -o old.jsonl      before the change\n"
		"  alloc-perf run -r auto -o new.jsonl      after it\n"
		"  alloc-perf diff old.jsonl new.jsonl\n"
		"  alloc-perf diff --format markdown old.jsonl new.jsonl\n"
		"  alloc-perf diff --by filesystem new.jsonl\n"
		"  alloc-perf diff --by method=fallocate,mmap --only filesystem=ext4 new.jsonl\n"
		"  alloc-perf diff --by kernel=6.1.0,6.12.0 kernels.jsonl\n"
		"  alloc-perf diff --by label monday.jsonl tuesday.jsonl friday.jsonl\n"
		"  alloc-perf diff --measure fragments --threshold 20 old.jsonl new.jsonl\n"
		"  alloc-perf diff --unclear=fail old.jsonl new.jsonl\n",
	.exit_status = "0 nothing got worse, 1 something did, or with --unclear=fail could not be "
		       "determined, 2 invalid usage or file.",
	.options = option_table,
	.run = run_diff,
};
