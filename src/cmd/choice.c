/* SPDX-License-Identifier: MIT */
#include "cmd/choice.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/suggest.h"
#include "base/words.h"

const struct option_choices choice_of_measures = { measure_table, sizeof(measure_table[0]),
						   &measure_count,
						   "alloc-perf report --list-measures", 0 };

int choice_refuse(const char *what, const char *typed, const char *nearest, const char *instead,
		  struct problem *problem)
{
	if (nearest)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "unknown %s \"%s\"; did you mean \"%s\"?", what, typed, nearest);
	return problem_set(problem, PROBLEM_USAGE, EINVAL, "unknown %s \"%s\"; %s", what, typed,
			   instead);
}

int choice_measure(const char *name, const struct measure **ret, struct problem *problem)
{
	const struct measure *measure = measure_find(name);
	const char *nearest = NULL;

	if (measure) {
		*ret = measure;
		return 0;
	}
	for (size_t i = 0; i < measure_count; i++)
		suggest_consider(name, measure_table[i].name, &nearest);
	return choice_refuse("measure", name, nearest, "see alloc-perf report --list-measures",
			     problem);
}

int choice_report_format(const char *name, const struct report_format **ret,
			 struct problem *problem)
{
	const struct report_format *format = report_format_find(name);
	const char *nearest = NULL;

	if (format) {
		*ret = format;
		return 0;
	}
	for (size_t i = 0; i < report_format_count; i++)
		suggest_consider(name, report_formats[i].name, &nearest);
	return choice_refuse("format", name, nearest,
			     "use table, markdown, html, json, 2009 or csv", problem);
}

static int add(struct measure_list *to, const struct measure *measure)
{
	int r = ARRAY_ROOM(to->list, to->count);

	if (r < 0)
		return r;
	to->list[to->count] = measure;
	r = ARRAY_ROOM(to->list, to->count + 1);
	if (r == 0)
		to->list[++to->count] = NULL;
	return r;
}

int choice_measures(const char *names, struct measure_list *to, struct problem *problem)
{
	CLEANUP(freep) char **words = words_split(names, ", ");
	int r = words ? 0 : -ENOMEM;

	for (char **word = words; r == 0 && *word; word++) {
		const struct measure *measure = NULL;

		r = choice_measure(*word, &measure, problem);
		if (r == 0)
			r = add(to, measure);
	}
	return r;
}
