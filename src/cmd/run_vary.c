/* SPDX-License-Identifier: MIT */
/*
 * --vary KEY=LIST.  If the key is a list of the plan, it is set as by its option; if it is a
 * parameter of methods, the names of methods are extended.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "base/suggest.h"
#include "base/text.h"
#include "base/words.h"
#include "cmd/run.h"

/* The types of words in a list. */
enum vary_kind {
	VARY_WORDS,
	VARY_SIZES,   /* also "4K..64M" */
	VARY_NUMBERS, /* also "1..64" */
	VARY_OPTIONS, /* an empty one adds none */
};

static const struct vary_key {
	const char *name; /* that of the option */
	enum vary_kind kind;
	enum plan_key key;		 /* PLAN_KEY_COUNT: a parameter of methods */
	enum method_parameter parameter; /* in that case */
} vary_keys[] = {
	{ "chunk", VARY_SIZES, PLAN_KEY_COUNT, METHOD_VARY_CHUNK },
	{ "step", VARY_SIZES, PLAN_KEY_COUNT, METHOD_VARY_STEP },
	{ "depth", VARY_NUMBERS, PLAN_KEY_COUNT, METHOD_VARY_DEPTH },
	{ "size", VARY_SIZES, PLAN_KEY_sizes },
	{ "volume", VARY_SIZES, PLAN_KEY_volume },
	{ "fs", VARY_WORDS, PLAN_KEY_filesystems },
	{ "methods", VARY_WORDS, PLAN_KEY_methods },
	{ "kernel", VARY_WORDS, PLAN_KEY_kernels },
	{ "mount-options", VARY_OPTIONS, PLAN_KEY_mount_options },
	{ "mkfs-options", VARY_OPTIONS, PLAN_KEY_mkfs_options },
};

static int unknown_key(const char *name, struct problem *problem)
{
	const char *nearest = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(vary_keys); i++)
		suggest_consider(name, vary_keys[i].name, &nearest);
	if (nearest)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "--vary has no key \"%s\"; did you mean \"%s\"?", name, nearest);
	return problem_set(
		problem, PROBLEM_USAGE, EINVAL,
		"--vary has no key \"%s\"; use chunk, step, depth, size, volume, fs, methods, "
		"kernel, mount-options or mkfs-options",
		name);
}

/* By the name of the option or of the plan key. */
static const struct vary_key *find_key(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(vary_keys); i++)
		if (strcmp(vary_keys[i].name, name) == 0 ||
		    (vary_keys[i].key < PLAN_KEY_COUNT &&
		     strcmp(plan_key_name(vary_keys[i].key), name) == 0))
			return &vary_keys[i];
	return NULL;
}

/* ---- lists ---- */

static int invalid_range(const char *word, struct problem *problem)
{
	return problem_set(problem, PROBLEM_USAGE, EINVAL,
			   "invalid range \"%s\" for --vary: use two sizes or numbers, the smaller "
			   "one first, such as 4K..64M",
			   word);
}

/* Doubles the value from the first to the last one. */
static int add_range(const char *word, const char *dots, enum vary_kind kind, char **list,
		     struct problem *problem)
{
	CLEANUP(freep) char *first = strndup(word, (size_t)(dots - word));
	uint64_t value, last;
	int r = 0;

	if (!first)
		return -ENOMEM;
	if (size_parse(first, &value) < 0 || size_parse(dots + 2, &last) < 0 || value == 0 ||
	    value > last)
		return invalid_range(word, problem);
	for (; r == 0 && value <= last; value *= 2) {
		char text[SIZE_TEXT_MAX];

		if (kind == VARY_SIZES)
			size_name(value, text);
		else
			snprintf(text, sizeof(text), "%" PRIu64, value);
		r = text_join(list, ",", text);
	}
	return r;
}

/* Do two words mean the same value? */
static bool is_same(const char *one, const char *other, enum vary_kind kind)
{
	uint64_t value, other_value;

	if ((kind == VARY_SIZES || kind == VARY_NUMBERS) && size_parse(one, &value) == 0 &&
	    size_parse(other, &other_value) == 0)
		return value == other_value;
	return strcmp(one, other) == 0;
}

/* A value that is compared with itself is a mistake. */
static int check_repeats(const char *list, const struct vary_key *key, struct problem *problem)
{
	CLEANUP(freep) char **words = words_split(list, key->kind == VARY_OPTIONS ? "\n" : ",");

	if (!words)
		return -ENOMEM;
	for (char **word = words; *word; word++)
		for (char **other = words; other < word; other++)
			if (is_same(*word, *other, key->kind))
				return problem_set(
					problem, PROBLEM_USAGE, EINVAL,
					"--vary %s: \"%s\" repeats \"%s\"; give each value once",
					key->name, *word, *other);
	return 0;
}

static int add_word(const char *word, enum vary_kind kind, char **list, struct problem *problem)
{
	const char *dots = strstr(word, "..");

	if (kind == VARY_OPTIONS)
		return text_join(list, "\n", *word ? word : PLAN_NO_OPTIONS);
	if (dots && (kind == VARY_SIZES || kind == VARY_NUMBERS))
		return add_range(word, dots, kind, list, problem);
	return text_join(list, ",", word);
}

/* Converts a list to the form of the plan.  The caller frees *ret, also on failure. */
static int spell_list(const char *text, const struct vary_key *key, char **ret,
		      struct problem *problem)
{
	CLEANUP(freep) char *copy = strdup(text);
	char *rest = copy, *word;
	int r = copy ? 0 : -ENOMEM;

	while (r == 0 && (word = strsep(&rest, ",")))
		if (*word || key->kind == VARY_OPTIONS)
			r = add_word(word, key->kind, ret, problem);
	return r == 0 && *ret ? check_repeats(*ret, key, problem) : r;
}

/* ---- keys ---- */

static int given_twice(const char *name, struct problem *problem)
{
	return problem_set(problem, PROBLEM_USAGE, EINVAL,
			   "--vary gives values of \"%s\", which are given already; give them once",
			   name);
}

static int empty_list(const char *name, struct problem *problem)
{
	return problem_set(problem, PROBLEM_USAGE, EINVAL, "--vary %s= has no values", name);
}

static int take_parameter(struct run_options *options, const struct vary_key *key, char *list,
			  struct problem *problem)
{
	char ***values = &options->vary_parameters[key->parameter];

	if (*values)
		return given_twice(key->name, problem);
	*values = words_split(list, ",");
	return *values ? 0 : -ENOMEM;
}

static int take_assignment(struct run_options *options, char *name, char *text,
			   struct problem *problem)
{
	const struct vary_key *key = find_key(name);
	CLEANUP(freep) char *list = NULL;
	int r = key ? spell_list(text, key, &list, problem) : unknown_key(name, problem);

	if (r < 0)
		return r;
	if (!list)
		return empty_list(name, problem);
	if (key->key == PLAN_KEY_COUNT)
		return take_parameter(options, key, list, problem);
	if (options->given.values[key->key])
		return given_twice(name, problem);
	options->given.values[key->key] = options->varied[key->key] = TAKE_PTR(list);
	return 0;
}

int run_take_vary(struct run_options *options, struct problem *problem)
{
	CLEANUP(freep) char **lines = words_split(options->vary ? options->vary : "", "\n");
	int r = lines ? 0 : -ENOMEM;

	for (char **line = lines; r == 0 && *line; line++) {
		char *list = *line, *name = strsep(&list, "=");

		r = take_assignment(options, name, list, problem);
	}
	return r;
}

static int vary_methods(struct plan *plan, enum method_parameter parameter, char *const *values,
			struct problem *problem)
{
	CLEANUP(freep) char *methods = NULL;
	int r = method_vary(plan->methods ? plan->methods : "", parameter, values, &methods,
			    problem);

	return r < 0 ? r : plan_set(plan, "methods", methods, problem);
}

/* In the order of the enum, since a depth follows a chunk size. */
int run_vary_methods(struct run *run, struct problem *problem)
{
	char **const *values = run->options->vary_parameters;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(run->options->vary_parameters); i++)
		if (values[i])
			r = vary_methods(&run->plan, (enum method_parameter)i, values[i], problem);
	return r;
}

void run_vary_clear(const struct run_options *options)
{
	free(options->vary);
	for (size_t i = 0; i < ARRAY_SIZE(options->vary_parameters); i++)
		free(options->vary_parameters[i]);
	for (size_t i = 0; i < PLAN_KEY_COUNT; i++)
		free(options->varied[i]);
}
