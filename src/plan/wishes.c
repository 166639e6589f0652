/* SPDX-License-Identifier: MIT */
/*
 * The words of the command line and those of a plan file are the same by now, so that what is
 * wrong with one is said in one place, and before anything is made.
 */
#include "plan/wishes.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "base/suggest.h"
#include "base/words.h"

void plan_kernel_clear(struct plan_kernel *kernel)
{
	free(kernel->name);
	free(kernel->label);
	free(kernel->build);
	*kernel = (struct plan_kernel) { 0 };
}

void plan_kernels_clear(struct plan_kernel *kernels, size_t count)
{
	for (size_t i = 0; i < count; i++)
		plan_kernel_clear(&kernels[i]);
	free(kernels);
}

void wishes_clear(struct wishes *wishes)
{
	plan_kernels_clear(wishes->kernels, wishes->kernel_count);
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
		return problem_set(problem, PROBLEM_USAGE, EINVAL, "no file system is given");
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
						   "the file system \"%s\" is given twice", *name);
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
		return problem_set(problem, PROBLEM_USAGE, EINVAL, "no method is given");
	wishes->methods = calloc(words_count(names), sizeof(*wishes->methods));
	if (!wishes->methods)
		return -ENOMEM;
	for (char **name = names; *name; name++) {
		struct method_choice *choice = &wishes->methods[wishes->method_count];
		int r = method_parse(*name, choice, problem);

		if (r < 0)
			return r;
		for (size_t i = 0; i < wishes->method_count; i++)
			if (strcmp(wishes->methods[i].name, choice->name) == 0)
				return problem_set(problem, PROBLEM_USAGE, EINVAL,
						   "the method \"%s\" is given twice",
						   choice->title);
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
			"invalid %s \"%s\": use bytes or a number with K, M, G or T, such as 512M",
			what, text);
	if (*ret_bytes == 0)
		return problem_set(problem, PROBLEM_USAGE, EINVAL, "the %s must be larger than 0",
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

/* Paths may hold blanks, so only commas separate.  "" is one kernel, whichever. */
static int choose_kernels(const struct plan *plan, struct wishes *wishes, struct problem *problem)
{
	CLEANUP(freep) char **names = words_split(plan->kernels ? plan->kernels : "", ",");
	size_t count = names ? words_count(names) : 0;

	if (!names)
		return -ENOMEM;
	if (!plan->kernels)
		return 0;
	wishes->kernels = calloc(count + 1, sizeof(*wishes->kernels));
	if (!wishes->kernels)
		return -ENOMEM;
	for (size_t i = 0; i < (count ? count : 1); i++) {
		const char *name = count ? names[i] : "";

		for (size_t j = 0; j < i; j++)
			if (strcmp(wishes->kernels[j].name, name) == 0)
				return problem_set(problem, PROBLEM_USAGE, EINVAL,
						   "the kernel \"%s\" is given twice", name);
		wishes->kernels[i].name = strdup(name);
		if (!wishes->kernels[i].name)
			return -ENOMEM;
		wishes->kernel_count++;
	}
	return 0;
}

static int choose_runs(const struct plan *plan, struct wishes *wishes, struct problem *problem)
{
	const char *text = plan->runs ? plan->runs : "1";
	uint64_t runs;

	wishes->runs = 1;
	wishes->automatic = strcmp(text, "auto") == 0;
	if (wishes->automatic)
		return 0;
	if (size_parse(text, &runs) < 0 || runs < 1 || runs > PLAN_RUNS_MAX)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "invalid number of runs \"%s\": use 1 to %d, or auto", text,
				   PLAN_RUNS_MAX);
	wishes->runs = (unsigned)runs;
	return 0;
}

static int choose_precision(const struct plan *plan, struct wishes *wishes, struct problem *problem)
{
	double percent = PLAN_PRECISION_PERCENT;
	char *end;

	if (plan->precision) {
		percent = strtod(plan->precision, &end);
		if (end == plan->precision || (*end && strcmp(end, "%") != 0) ||
		    !(percent >= 0.01 && percent <= 100))
			return problem_set(
				problem, PROBLEM_USAGE, EINVAL,
				"invalid precision \"%s\": use a percentage from 0.01 to 100",
				plan->precision);
	}
	wishes->precision = percent / 100;
	return 0;
}

static int choose_time(const struct plan *plan, struct wishes *wishes, struct problem *problem)
{
	wishes->seconds_most = PLAN_SECONDS_MOST;
	if (plan->max_time && (duration_parse(plan->max_time, &wishes->seconds_most) < 0 ||
			       wishes->seconds_most == 0))
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "invalid time limit \"%s\": use seconds, or a time such as 90s, "
				   "10m or 1h30m",
				   plan->max_time);
	return 0;
}

static int choose_seed(const struct plan *plan, struct wishes *wishes, struct problem *problem)
{
	char *end;

	if (!plan->seed)
		return 0;
	errno = 0;
	wishes->shuffled = 1;
	wishes->seed = strtoull(plan->seed, &end, 10);
	if (*plan->seed < '0' || *plan->seed > '9' || *end || errno || wishes->seed > INT64_MAX)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "invalid seed \"%s\": use a whole number from 0 to %" PRId64,
				   plan->seed, INT64_MAX);
	return 0;
}

uint64_t wishes_volume(const struct wishes *wishes, uint64_t file_bytes)
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
		uint64_t volume = wishes_volume(wishes, wishes->sizes[i]);

		if (wishes->sizes[i] > volume)
			return problem_set(problem, PROBLEM_USAGE, EINVAL,
					   "a file of %s does not fit on a volume of %s; use a "
					   "larger --volume or a smaller --size",
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

int wishes_take(const struct plan *plan, int in_directory, struct wishes *ret,
		struct problem *problem)
{
	int r = choose_methods(plan, ret, problem);

	if (r == 0)
		r = choose_sizes(plan, ret, problem);
	if (r == 0)
		r = choose_kernels(plan, ret, problem);
	if (r == 0)
		r = choose_runs(plan, ret, problem);
	if (r == 0)
		r = choose_precision(plan, ret, problem);
	if (r == 0)
		r = choose_time(plan, ret, problem);
	if (r == 0)
		r = choose_seed(plan, ret, problem);
	if (r == 0 && !in_directory)
		r = choose_filesystems(plan, ret, problem);
	if (r == 0 && !in_directory && plan->volume)
		r = choose_size(plan->volume, "volume size", &ret->volume_bytes, problem);
	if (r == 0 && !in_directory)
		r = check_fit(ret, problem);
	return r;
}
