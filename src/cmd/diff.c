/* SPDX-License-Identifier: MIT */
/*
 * alloc-perf diff: the exit status is for scripts that bisect or guard a branch,
 * so only a difference that chance does not explain makes it 1.
 */
#include <argp.h>
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "cleanup.h"
#include "cmd.h"
#include "compare.h"
#include "difference.h"
#include "suggest.h"
#include "words.h"

enum { KEY_FORMAT = 'f', KEY_MEASURE = 'm', KEY_THRESHOLD = 't', KEY_OUTPUT = 'o' };

struct options {
	const struct difference_format *format;
	const struct measure **measures; /* ends with NULL; NULL: the default */
	size_t measure_count;
	double threshold;
	const char *output;
	const char *files[2];
	size_t file_count;
	struct problem problem; /* what is wrong with them */
};

static void options_clear(struct options *options)
{
	free(options->measures);
	problem_clear(&options->problem);
}

static const struct argp_option option_table[] = {
	{ "format", KEY_FORMAT, "FORM", 0, "table (the default), markdown or json", 0 },
	{ "measure", KEY_MEASURE, "NAME,...", 0,
	  "What is compared; time,written,fragments unless given", 0 },
	{ "threshold", KEY_THRESHOLD, "PERCENT", 0, "Smallest change that matters; 5 unless given",
	  0 },
	{ "output", KEY_OUTPUT, "FILE", 0, "Write there instead of to standard output", 0 },
	{ 0 },
};

static const char doc[] =
	"Tell what differs between two results beyond the noise.\v"
	"OLD and NEW are what `alloc-perf run --output FILE` wrote; - is standard input.  Every "
	"cell that both have is better, worse, same or unknown.\n\n"
	"Examples:\n"
	"  alloc-perf run -r auto -o old.jsonl      before the change\n"
	"  alloc-perf run -r auto -o new.jsonl      after it\n"
	"  alloc-perf diff old.jsonl new.jsonl\n"
	"  alloc-perf diff --format markdown old.jsonl new.jsonl\n"
	"  alloc-perf diff --measure fragments --threshold 20 old.jsonl new.jsonl\n\n"
	"Exit status: 0 nothing got worse, 1 something did, 2 wrong usage or file.";

static int take_format(struct options *options, const char *name)
{
	const char *nearest = NULL;

	options->format = difference_format_find(name);
	if (options->format)
		return 0;
	for (size_t i = 0; i < difference_format_count; i++)
		suggest_consider(name, difference_formats[i].name, &nearest);
	return problem_set(&options->problem, PROBLEM_USAGE, EINVAL,
			   "unknown format \"%s\"%s%s%s; there are table, markdown and json", name,
			   nearest ? "; did you mean \"" : "", nearest ? nearest : "",
			   nearest ? "\"?" : "");
}

static int add_measure(struct options *options, const struct measure *measure)
{
	int r = ARRAY_ROOM(options->measures, options->measure_count);

	if (r == 0)
		options->measures[options->measure_count++] = measure;
	return r;
}

static int take_measure(struct options *options, const char *name)
{
	const struct measure *measure = measure_find(name);
	const char *nearest = NULL;

	if (measure)
		return add_measure(options, measure);
	for (size_t i = 0; i < measure_count; i++)
		suggest_consider(name, measure_table[i].name, &nearest);
	return problem_set(&options->problem, PROBLEM_USAGE, EINVAL,
			   "unknown measure \"%s\"%s%s%s; see alloc-perf report --list-measures",
			   name, nearest ? "; did you mean \"" : "", nearest ? nearest : "",
			   nearest ? "\"?" : "");
}

static int take_measures(struct options *options, const char *names)
{
	CLEANUP(freep) char **words = words_split(names, ", ");
	int r = words ? 0 : -ENOMEM;

	for (char **word = words; r == 0 && *word; word++)
		r = take_measure(options, *word);
	return r;
}

static int take_threshold(struct options *options, const char *text)
{
	char *end;
	double percent = strtod(text, &end);

	if (end == text || (*end && strcmp(end, "%") != 0) || !(percent >= 0 && percent <= 1000))
		return problem_set(&options->problem, PROBLEM_USAGE, EINVAL,
				   "\"%s\" is no threshold; it is a percentage from 0 to 1000",
				   text);
	options->threshold = percent / 100;
	return 0;
}

static int take_file(struct options *options, const char *path)
{
	if (options->file_count == ARRAY_SIZE(options->files))
		return problem_set(&options->problem, PROBLEM_USAGE, EINVAL,
				   "diff takes two result files, OLD and NEW; \"%s\" is one more",
				   path);
	options->files[options->file_count++] = path;
	return 0;
}

static error_t take_option(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case KEY_FORMAT:
		return -take_format(options, argument);
	case KEY_MEASURE:
		return -take_measures(options, argument);
	case KEY_THRESHOLD:
		return -take_threshold(options, argument);
	case KEY_OUTPUT:
		options->output = argument;
		return 0;
	case ARGP_KEY_ARG:
		return -take_file(options, argument);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int settle(struct options *options)
{
	int r = 0;

	if (options->file_count < ARRAY_SIZE(options->files))
		return problem_set(&options->problem, PROBLEM_USAGE, EINVAL,
				   "diff takes two result files, OLD and NEW; see alloc-perf diff "
				   "--help");
	if (strcmp(options->files[0], "-") == 0 && strcmp(options->files[1], "-") == 0)
		return problem_set(&options->problem, PROBLEM_USAGE, EINVAL,
				   "only one of OLD and NEW can be standard input");
	if (options->measure_count == 0)
		r = take_measures(options, "time,written,fragments");
	/* The list's end. */
	return r < 0 ? r : add_measure(options, NULL);
}

static int read_side(const char *path, struct results *results, struct grids *grids,
		     struct problem *problem)
{
	int r = results_read(results, path, problem);

	if (r == 0 && results->torn)
		fprintf(stderr,
			"alloc-perf: warning: the last line of %s was cut and is left out\n", path);
	return r < 0 ? r : grids_build(results, grids);
}

static int refuse_conditions(struct problem *problem)
{
	return problem_set(problem, PROBLEM_USAGE, EINVAL,
			   "OLD or NEW holds results of several testbeds, kernels or labels, so it "
			   "is not clear which are to be compared; measure each into a file of its "
			   "own");
}

static int compare(const struct options *options, struct comparisons *ret, FILE *to,
		   struct problem *problem)
{
	CLEANUP(results_clear) struct results before = { 0 };
	CLEANUP(results_clear) struct results after = { 0 };
	CLEANUP(grids_clear) struct grids old_grids = { 0 };
	CLEANUP(grids_clear) struct grids new_grids = { 0 };
	const struct compare_options wanted = { .measures = options->measures,
						.threshold = options->threshold };
	const struct difference_report report = { ret,
						  &old_grids,
						  &new_grids,
						  options->files[0],
						  options->files[1],
						  options->threshold };
	int r = read_side(options->files[0], &before, &old_grids, problem);

	if (r == 0)
		r = read_side(options->files[1], &after, &new_grids, problem);
	if (r == 0)
		r = compare_grids(&old_grids, &new_grids, &wanted, ret);
	if (r == -EINVAL && !problem->message)
		r = refuse_conditions(problem);
	return r < 0 ? r : options->format->print(to, &report);
}

static int diff(const struct options *options, struct comparisons *ret, struct problem *problem)
{
	CLEANUP(freep) char *text = NULL;
	size_t bytes;
	FILE *memory = open_memstream(&text, &bytes);
	int r;

	if (!memory)
		return -ENOMEM;
	r = compare(options, ret, memory, problem);
	if (fclose(memory) != 0 && r == 0)
		r = -ENOMEM;
	return r < 0 ? r : cmd_write(options->output, text, bytes, problem);
}

int cmd_diff(int argc, char **argv)
{
	static const struct argp argp = { option_table, take_option, "OLD NEW", doc,
					  NULL,		NULL,	     NULL };
	CLEANUP(options_clear)
	struct options options = { .format = difference_formats, .threshold = 0.05 };
	CLEANUP(comparisons_clear) struct comparisons comparisons = { 0 };
	int r;

	setlocale(LC_CTYPE, "");
	r = -argp_parse(&argp, argc, argv, 0, NULL, &options);
	if (r == 0)
		r = settle(&options);
	if (r == 0)
		r = diff(&options, &comparisons, &options.problem);
	if (r < 0)
		return cmd_complain(&options.problem, r);
	return comparisons.verdicts[VERDICT_WORSE] ? PROBLEM_VERDICT : 0;
}
