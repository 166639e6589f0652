/* SPDX-License-Identifier: MIT */
/* Replaces one parameter in names of methods, to compare several of its values. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/problem.h"
#include "base/size.h"
#include "base/text.h"
#include "base/words.h"
#include "method/method.h"

static bool has_parameter(const struct method *method, enum method_parameter parameter)
{
	switch (method->parameters) {
	case METHOD_CHUNK:
		return parameter == METHOD_VARY_CHUNK;
	case METHOD_STEP:
		return parameter == METHOD_VARY_STEP;
	case METHOD_CHUNK_DEPTH:
		return parameter != METHOD_VARY_STEP;
	default:
		return false;
	}
}

/* Parses a name, also one without the size that this or another --vary adds. */
static int parse_open(const char *spec, enum method_parameter parameter, struct method_choice *ret,
		      struct problem *problem)
{
	for (const struct method *const *method = method_table; *method; method++)
		if (strcmp((*method)->name, spec) == 0 && parameter != METHOD_VARY_DEPTH) {
			*ret = (struct method_choice) { .method = *method };
			return 0;
		}
	return method_parse(spec, ret, problem);
}

/* The name of the choice with that value.  The caller frees it; NULL: out of memory. */
static char *name_with(const struct method_choice *choice, enum method_parameter parameter,
		       const char *value)
{
	const char *name = choice->method->name;
	char chunk[SIZE_TEXT_MAX];

	if (parameter == METHOD_VARY_DEPTH)
		return text_format("%s-%s-%s", name, size_name(choice->chunk_bytes, chunk), value);
	if (choice->depth)
		return text_format("%s-%s-%u", name, value, choice->depth);
	return text_format("%s-%s", name, value);
}

static bool contains(const char *list, const char *title)
{
	size_t letters = strlen(title);

	for (const char *at = list; at && *at; at += strcspn(at, ","), at += *at == ',')
		if (strncmp(at, title, letters) == 0 && (at[letters] == ',' || !at[letters]))
			return true;
	return false;
}

/* Methods that differ only in the parameter give the same names, each of which is added once. */
static int add_values(char **list, const struct method_choice *choice,
		      enum method_parameter parameter, char *const *values, struct problem *problem)
{
	int r = 0;

	for (char *const *value = values; r == 0 && *value; value++) {
		CLEANUP(freep) char *spec = name_with(choice, parameter, *value);
		struct method_choice varied;

		r = spec ? method_parse(spec, &varied, problem) : -ENOMEM;
		if (r == 0 && !contains(*list, varied.title))
			r = text_join(list, ",", varied.title);
	}
	return r;
}

static int none_has(enum method_parameter parameter, struct problem *problem)
{
	static const struct {
		const char *name, *example;
	} parameters[] = {
		[METHOD_VARY_CHUNK] = { "chunk size", "chunk-4K" },
		[METHOD_VARY_STEP] = { "step", "fallocate-step-1M" },
		[METHOD_VARY_DEPTH] = { "depth", "uring-1M" },
	};

	return problem_set(problem, PROBLEM_USAGE, EINVAL,
			   "no method of this run has a %s; add one to --methods, such as %s",
			   parameters[parameter].name, parameters[parameter].example);
}

int method_vary(const char *list, enum method_parameter parameter, char *const *values, char **ret,
		struct problem *problem)
{
	CLEANUP(freep) char **specs = words_split(list, ", ");
	CLEANUP(freep) char *varied = NULL;
	bool taken = false;
	int r = specs ? 0 : -ENOMEM;

	for (char **spec = specs; r == 0 && *spec; spec++) {
		struct method_choice choice;

		r = parse_open(*spec, parameter, &choice, problem);
		if (r < 0)
			break;
		taken |= has_parameter(choice.method, parameter);
		r = has_parameter(choice.method, parameter)
			    ? add_values(&varied, &choice, parameter, values, problem)
			    : text_join(&varied, ",", *spec);
	}
	if (r == 0 && !taken)
		r = none_has(parameter, problem);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(varied);
	return 0;
}
