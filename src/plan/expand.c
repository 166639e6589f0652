/* SPDX-License-Identifier: MIT */
/*
 * From wishes to trials.  Rounds are outermost, so that a machine that grows
 * slower in the course of a run does so for all alike.
 */
#include "plan.h"

#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "size.h"
#include "suggest.h"
#include "words.h"

/* The wishes, taken apart and checked. */
struct wishes {
	const struct filesystem **filesystems;
	size_t filesystem_count;
	struct method_choice *methods;
	size_t method_count;
	uint64_t *sizes;
	size_t size_count;
	uint64_t volume_bytes; /* 0: by the file's size */
	unsigned runs;
};

static void wishes_clear(struct wishes *wishes)
{
	free(wishes->filesystems);
	free(wishes->methods);
	free(wishes->sizes);
}

static int unknown_filesystem(const struct plan *plan, const char *name, struct problem *problem)
{
	const char *nearest = NULL;

	for (size_t i = 0; i < plan->catalogue_count; i++)
		suggest_consider(name, plan->catalogue[i].name, &nearest);
	if (nearest)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "unknown file system \"%s\"; did you mean \"%s\"?", name,
				   nearest);
	return problem_set(
		problem, PROBLEM_USAGE, EINVAL,
		"unknown file system \"%s\"; `alloc-perf list filesystems` shows them all", name);
}

static int choose_filesystems(const struct plan *plan, struct wishes *wishes,
			      struct problem *problem)
{
	CLEANUP(freep) char **names = words_split(plan->filesystems ? plan->filesystems : "", ", ");

	if (!names)
		return -ENOMEM;
	if (!names[0])
		return problem_set(problem, PROBLEM_USAGE, EINVAL, "no file system is named");
	wishes->filesystems = calloc(words_count(names), sizeof(*wishes->filesystems));
	if (!wishes->filesystems)
		return -ENOMEM;
	for (char **name = names; *name; name++) {
		const struct filesystem *found = plan_find_filesystem(plan, *name);

		if (!found)
			return unknown_filesystem(plan, *name, problem);
		for (size_t i = 0; i < wishes->filesystem_count; i++)
			if (wishes->filesystems[i] == found)
				return problem_set(problem, PROBLEM_USAGE, EINVAL,
						   "the file system \"%s\" is named twice", *name);
		wishes->filesystems[wishes->filesystem_count++] = found;
	}
	return 0;
}

static int choose_methods(const struct plan *plan, struct wishes *wishes, struct problem *problem)
{
	CLEANUP(freep) char **names = words_split(plan->methods ? plan->methods : "", ", ");

	if (!names)
		return -ENOMEM;
	if (!names[0])
		return problem_set(problem, PROBLEM_USAGE, EINVAL, "no method is named");
	wishes->methods = calloc(words_count(names), sizeof(*wishes->methods));
	if (!wishes->methods)
		return -ENOMEM;
	for (char **name = names; *name; name++) {
		struct method_choice *choice = &wishes->methods[wishes->method_count];
		CLEANUP(freep) char *why = NULL;
		int r = method_parse(*name, choice, &why);

		if (r < 0)
			return problem_set(problem, PROBLEM_USAGE, -r, "%s",
					   why ? why : strerror(-r));
		for (size_t i = 0; i < wishes->method_count; i++)
			if (strcmp(wishes->methods[i].name, choice->name) == 0)
				return problem_set(problem, PROBLEM_USAGE, EINVAL,
						   "the method \"%s\" is named twice",
						   choice->name);
		wishes->method_count++;
	}
	return 0;
}

static int choose_size(const char *text, const char *what, uint64_t *ret_bytes,
		       struct problem *problem)
{
	int r = size_parse(text, ret_bytes);

	if (r == -ERANGE)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "the %s \"%s\" is larger than any file can be (8 EiB - 1)", what,
				   text);
	if (r < 0)
		return problem_set(
			problem, PROBLEM_USAGE, EINVAL,
			"\"%s\" is no %s; write bytes or a binary unit, as 4096, 64K, 512M, 4G",
			text, what);
	if (*ret_bytes == 0)
		return problem_set(problem, PROBLEM_USAGE, EINVAL, "the %s has to be more than 0",
				   what);
	return 0;
}

static int choose_sizes(const struct plan *plan, struct wishes *wishes, struct problem *problem)
{
	CLEANUP(freep) char **texts = words_split(plan->sizes ? plan->sizes : "", ", ");

	if (!texts)
		return -ENOMEM;
	if (!texts[0])
		return problem_set(problem, PROBLEM_USAGE, EINVAL, "no file size is given");
	wishes->sizes = calloc(words_count(texts), sizeof(*wishes->sizes));
	if (!wishes->sizes)
		return -ENOMEM;
	for (char **text = texts; *text; text++) {
		uint64_t *bytes = &wishes->sizes[wishes->size_count];
		int r = choose_size(*text, "file size", bytes, problem);

		if (r < 0)
			return r;
		for (size_t i = 0; i < wishes->size_count; i++)
			if (wishes->sizes[i] == *bytes)
				return problem_set(problem, PROBLEM_USAGE, EINVAL,
						   "the size \"%s\" is given twice", *text);
		wishes->size_count++;
	}
	return 0;
}

static int choose_runs(const struct plan *plan, struct wishes *wishes, struct problem *problem)
{
	const char *text = plan->runs ? plan->runs : "1";
	uint64_t runs;

	if (size_parse(text, &runs) < 0 || runs < 1 || runs > PLAN_RUNS_MAX)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "\"%s\" is no number of runs; it has to be from 1 to %d", text,
				   PLAN_RUNS_MAX);
	wishes->runs = (unsigned)runs;
	return 0;
}

static uint64_t volume_for(const struct wishes *wishes, uint64_t file_bytes)
{
	uint64_t bytes;

	if (wishes->volume_bytes)
		return wishes->volume_bytes;
	if (__builtin_mul_overflow(file_bytes, PLAN_VOLUME_FACTOR, &bytes) || bytes > INT64_MAX)
		return INT64_MAX;
	return bytes > PLAN_VOLUME_MIN ? bytes : PLAN_VOLUME_MIN;
}

static int check_fit(const struct wishes *wishes, struct problem *problem)
{
	char text[SIZE_TEXT_MAX], other[SIZE_TEXT_MAX];

	for (size_t i = 0; i < wishes->size_count; i++) {
		uint64_t volume = volume_for(wishes, wishes->sizes[i]);

		if (wishes->sizes[i] > volume)
			return problem_set(problem, PROBLEM_USAGE, EINVAL,
					   "a file of %s does not fit on a volume of %s; "
					   "give a larger --volume or a smaller --size",
					   size_name(wishes->sizes[i], text),
					   size_name(volume, other));
		for (size_t j = 0; j < wishes->filesystem_count; j++) {
			const struct filesystem *filesystem = wishes->filesystems[j];

			if (volume < filesystem->min_volume)
				return problem_set(
					problem, PROBLEM_USAGE, EINVAL,
					"%s needs a volume of at least %s; %s is too small",
					filesystem->name, size_name(filesystem->min_volume, text),
					size_name(volume, other));
		}
	}
	return 0;
}

static int take_apart(const struct plan *plan, int in_directory, struct wishes *ret,
		      struct problem *problem)
{
	int r = choose_methods(plan, ret, problem);

	if (r == 0)
		r = choose_sizes(plan, ret, problem);
	if (r == 0)
		r = choose_runs(plan, ret, problem);
	if (r == 0 && !in_directory)
		r = choose_filesystems(plan, ret, problem);
	if (r == 0 && !in_directory && plan->volume)
		r = choose_size(plan->volume, "volume size", &ret->volume_bytes, problem);
	if (r == 0 && !in_directory)
		r = check_fit(ret, problem);
	return r;
}

int plan_expand(const struct plan *plan, int in_directory, struct trial_list *ret,
		struct problem *problem)
{
	CLEANUP(wishes_clear) struct wishes wishes = { 0 };
	static const struct filesystem *const directory[] = { NULL };
	const struct filesystem *const *filesystems = directory;
	struct plan_trial *trial;
	size_t filesystem_count = 1, count;
	int r = take_apart(plan, in_directory, &wishes, problem);

	if (r < 0)
		return r;
	if (!in_directory) {
		filesystems = wishes.filesystems;
		filesystem_count = wishes.filesystem_count;
	}
	count = wishes.runs * wishes.size_count * filesystem_count * wishes.method_count;
	trial = calloc(count, sizeof(*trial));
	if (!trial)
		return -ENOMEM;
	*ret = (struct trial_list) { .trial = trial, .count = count };
	for (size_t i = 0; i < count; i++) {
		size_t rest = i;
		size_t method = rest % wishes.method_count;
		size_t filesystem = (rest /= wishes.method_count) % filesystem_count;
		size_t size = (rest /= filesystem_count) % wishes.size_count;

		trial[i] = (struct plan_trial) {
			.filesystem = filesystems[filesystem],
			.method = wishes.methods[method],
			.file_bytes = wishes.sizes[size],
			.volume_bytes = in_directory ? 0 : volume_for(&wishes, wishes.sizes[size]),
			.run = (unsigned)(rest / wishes.size_count) + 1,
		};
	}
	return 0;
}

void trial_list_clear(struct trial_list *list)
{
	free(list->trial);
	*list = (struct trial_list) { 0 };
}
