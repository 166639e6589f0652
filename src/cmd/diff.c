/* SPDX-License-Identifier: MIT */
/*
 * alloc-perf diff.  The exit status is for scripts that bisect or check a branch, so it is 1 only
 * for a significant difference.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "cmd/cmd.h"
#include "stats/compare.h"
#include "cmd/diff.h"
#include "report/difference.h"
#include "base/command.h"
#include "base/words.h"

struct options {
	const struct difference_format *format; /* NULL: that of the output's suffix */
	struct measure_list measures;		/* none: the default */
	double threshold;
	const char *output;
	bool force;
	unsigned unclear_fails;
	struct sides_request sides;
};

static void options_clear(struct options *options)
{
	free(options->measures.list);
	free(options->sides.filters);
}

static const struct option_choices keys = { record_keys, sizeof(record_keys[0]),
					    &(const size_t) { RECORD_KEY_COUNT }, NULL,
					    KEY_SET_ALL & ~KEY_SET(BASE) };

/* Keys that have another name as an option of `run`. */
static const struct {
	const char *option, *key;
} other_names[] = { { "fs", "filesystem" }, { "on", "testbed" }, { "then", "workload" } };

static const char *other_name(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(other_names); i++)
		if (strcmp(other_names[i].option, word) == 0)
			return other_names[i].key;
	return NULL;
}

/*
 * Parses "KEY" or "KEY=VALUES".  *ret_values is NULL for the first form.  0, or -errno with
 * *problem set.
 */
static int find_key(const struct option_row *row, const char *text, enum record_key *ret,
		    const char **ret_values, struct problem *problem)
{
	size_t length = strcspn(text, "=");
	CLEANUP(freep) char *name = strndup(text, length);
	const void *key;
	int r = name ? 0 : -ENOMEM;

	if (r == 0 && other_name(name))
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "invalid value \"%s\" for --%s; did you mean \"%s\"?", name,
				   row->name, other_name(name));
	if (r == 0)
		r = option_choose(&keys, row->name, name, &key, problem);
	if (r < 0)
		return r;
	*ret = (enum record_key)((const struct record_key_row *)key - record_keys);
	*ret_values = text[length] ? text + length + 1 : NULL;
	return 0;
}

static int take_by(void *input, const struct option_row *row, const char *argument,
		   struct problem *problem)
{
	struct sides_request *sides = &((struct options *)input)->sides;
	enum record_key key;
	int r = find_key(row, argument, &key, &sides->values, problem);

	if (r < 0)
		return r;
	sides->by = 1u << key;
	if (!sides->values || *sides->values)
		return 0;
	return problem_set(
		problem, PROBLEM_USAGE, EINVAL,
		"--by %s has no value: use --by KEY=VALUE, or --by KEY to compare all values",
		argument);
}

static int take_only(void *input, const struct option_row *row, const char *argument,
		     struct problem *problem)
{
	struct sides_request *sides = &((struct options *)input)->sides;
	struct sides_filter filter;
	int r = find_key(row, argument, &filter.key, &filter.values, problem);

	if (r < 0)
		return r;
	if (!filter.values || !*filter.values)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "--only %s needs a value: use --only KEY=VALUE", argument);
	return ARRAY_ADD(sides->filters, sides->filter_count, filter);
}

static int take_threshold(void *input, const struct option_row *row, const char *argument,
			  struct problem *problem)
{
	char *end;
	double percent = strtod(argument, &end);

	if (end == argument || (*end && strcmp(end, "%") != 0) ||
	    !(percent >= 0 && percent <= 1000))
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "invalid percentage \"%s\" for --%s: use 0 to 1000", argument,
				   row->name);
	((struct options *)input)->threshold = percent / 100;
	return 0;
}

#define SETS(kind, member) OPTION_INTO(kind, struct options, member)

static const struct option_row option_table[] = {
	{ "format", 'f', "FORM", "the format", .fallback = "by the name of FILE, else table",
	  OPTION_FROM(difference_formats, difference_format_count, struct options, format) },
	{ "measure", 'm', "NAME,...", "what to compare",
	  .fallback = MEASURES_COMPARED "; with workloads " MEASURES_COMPARED_OF_WORKLOADS,
	  .choices = &choice_of_measures, .take = choice_take_measures,
	  SETS(OPTION_TAKEN, measures) },
	{ "threshold", 't', "PERCENT", "smallest change that matters", .fallback = "5",
	  .take = take_threshold },
	{ "unclear", 0, "pass|fail",
	  "fail: exit status 1 also for unclear and unknown cells, for regression tests",
	  .fallback = "pass", .values = "pass fail", SETS(OPTION_WORD, unclear_fails) },
	{ "by", 0, "KEY[=VALUE,...]",
	  "compare the results of all FILEs by a key, each VALUE (or all values) with the first; "
	  "keys",
	  .choices = &keys, .take = take_by },
	{ "only", 0, "KEY=VALUE,...",
	  "use only results with these values of a key of --by; can be given several times",
	  .repeats = true, .take = take_only },
	{ "old", 0, "NAME", "the first side of a single FILE or of --by, by its name",
	  SETS(OPTION_TEXT, sides.old_name) },
	{ "new", 0, "NAME", "the side that is compared with it",
	  SETS(OPTION_TEXT, sides.new_name) },
	{ "output", 'o', "FILE",
	  "write to FILE, whose name selects the format: .txt, .md, .json or .csv",
	  .values = "<file>", SETS(OPTION_TEXT, output) },
	{ "force", 0, NULL, "also replace a result file", SETS(OPTION_FLAG, force) },
	{ 0 },
};

static int settle_format(struct options *options, struct problem *problem)
{
	const char *name = options->output ? output_format(options->output) : "table";

	options->format = name ? difference_format_find(name) : NULL;
	if (options->format)
		return 0;
	return problem_set(
		problem, PROBLEM_USAGE, EINVAL,
		"cannot determine a format from the name %s; use .txt, .md, .json or .csv, or "
		"give --format",
		options->output);
}

/* Checks the combination of files and options. */
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
		return problem_set(
			problem, PROBLEM_USAGE, EINVAL,
			"the values of --by already name what is compared; omit --old and --new");
	if (sides->file_count == 1 && !sides->by)
		sides->by = KEY_SET_CONDITIONS;
	return 0;
}

static int settle(struct options *options, struct problem *problem)
{
	if (check_sides(&options->sides, problem) < 0)
		return -EINVAL;
	if (!options->format && settle_format(options, problem) < 0)
		return -EINVAL;
	return 0;
}

static bool has_workload(const struct results *results)
{
	for (size_t i = 0; i < results->record_count; i++)
		if (results->records[i].workload)
			return true;
	return false;
}

static int check_output(const struct options *options, struct problem *problem)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < options->sides.file_count; i++)
		r = output_check_input(options->output, options->sides.files[i], problem);
	if (r == 0 && options->output)
		r = output_check(options->output, options->force, problem);
	return r;
}

/* For cmd_print(). */
struct printing {
	const struct options *options;
	struct comparisons *ret;
	size_t *ret_newly_broken; /* promises */
};

/* What changed from the first side to each of the others. */
struct changes {
	struct promise_changes *list;
	size_t count;
};

static void changes_clear(struct changes *changes)
{
	for (size_t i = 0; i < changes->count; i++)
		promise_changes_clear(&changes->list[i]);
	free(changes->list);
}

static bool has_promises(const struct sides *sides)
{
	for (size_t i = 0; i < sides->count; i++)
		if (sides->list[i].promises.count)
			return true;
	return false;
}

static bool has_measurements(const struct sides *sides)
{
	for (size_t i = 0; i < sides->count; i++)
		if (sides->list[i].grids.count)
			return true;
	return false;
}

static int compare_promises(const struct sides *sides, const struct printing *printing,
			    struct changes *ret)
{
	const struct side *list = sides->list;
	int r = 0;

	ret->list = calloc(sides->count, sizeof(*ret->list));
	if (!ret->list)
		return -ENOMEM;
	for (size_t i = 1; r == 0 && i < sides->count; i++) {
		r = promise_compare(&list[0].promises, &list[i].promises,
				    printing->options->sides.by, &ret->list[ret->count++]);
		*printing->ret_newly_broken += ret->list[ret->count - 1].newly_broken;
	}
	return r;
}

static int print_sides(FILE *to, const struct printing *printing, const struct sides *sides)
{
	const struct options *options = printing->options;
	CLEANUP(changes_clear) struct changes changes = { 0 };
	CLEANUP(freep)
	struct difference_side *shown = calloc(sides->count, sizeof(*shown));
	int r = shown ? 0 : -ENOMEM;

	if (r == 0 && has_promises(sides))
		r = compare_promises(sides, printing, &changes);
	if (r < 0)
		return r;
	for (size_t i = 0; i < sides->count; i++)
		shown[i] = (struct difference_side) { sides->list[i].name, sides->list[i].files,
						      &sides->views[i] };
	return options->format->print(
		to, &(struct difference_report) { .comparisons = printing->ret,
						  .promises = changes.list,
						  .sides = shown,
						  .side_count = sides->count,
						  .by = options->sides.by,
						  .threshold = options->threshold });
}

static int print(FILE *to, void *context, struct problem *problem)
{
	CLEANUP(sides_clear) struct sides sides = { 0 };
	const struct printing *printing = context;
	const struct options *options = printing->options;
	struct compare_options wanted = { .measures = options->measures.list,
					  .threshold = options->threshold,
					  .by = options->sides.by };
	struct compare_ambiguity ambiguity;
	int r = sides_read(&sides, &options->sides, problem);

	if (r < 0)
		return r;
	if (!wanted.measures)
		wanted.measures = measures_compared(has_workload(&sides.results));
	/* Without measurements there is something to say only about promises. */
	if (has_measurements(&sides) || !has_promises(&sides))
		r = compare_grids(sides.views, sides.count, &wanted, printing->ret, &ambiguity);
	if (r == -EINVAL)
		r = sides_refuse(&sides, &ambiguity, problem);
	return r < 0 ? r : print_sides(to, printing, &sides);
}

static int status_of(const struct options *options, const struct comparisons *all)
{
	size_t clear = all->verdicts[VERDICT_SAME] + all->verdicts[VERDICT_BETTER];
	int is_unclear = clear == 0 || clear < all->count;

	if (all->verdicts[VERDICT_WORSE])
		return PROBLEM_VERDICT;
	if (all->side_count == 0) /* nothing was measured */
		return 0;
	return options->unclear_fails && is_unclear ? PROBLEM_VERDICT : 0;
}

static int run_diff(const struct command *self, int argc, char **argv)
{
	CLEANUP(problem_clear) struct problem problem = { 0 };
	CLEANUP(options_clear) struct options options = { .threshold = 0.05 };
	CLEANUP(comparisons_clear) struct comparisons comparisons = { 0 };
	size_t newly_broken = 0;
	int r;

	options.sides.files = command_parse(self, argc, argv, &options);
	options.sides.file_count = words_count(options.sides.files);
	r = check_output(&options, &problem);
	if (r == 0)
		r = settle(&options, &problem);
	if (r == 0)
		r = cmd_print(options.output, print,
			      &(struct printing) { &options, &comparisons, &newly_broken },
			      &problem);
	if (r < 0)
		return cmd_complain(&problem, r);
	return newly_broken ? PROBLEM_VERDICT : status_of(&options, &comparisons);
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
		 "labels) is split: the first of them is OLD. Of results of `alloc-perf verify` "
		 "the verdicts that changed are listed. --by compares anything else: cells "
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
