/* SPDX-License-Identifier: MIT */
/*
 * From wishes to trials.  Rounds are outermost, so that a machine that grows
 * slower in the course of a run does so for all alike; and each round has an
 * order of its own, so that no trial always follows the same one.  The order
 * depends on the seed and the round's number alone: a resumed run goes on with
 * it, and a round can be added when it turns out to be needed.
 */
#include "plan.h"

#include <errno.h>
#include <inttypes.h>
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
	struct plan_kernel *kernels;
	size_t kernel_count;   /* 0: the plan names none */
	uint64_t volume_bytes; /* 0: by the file's size */
	unsigned runs;
	int automatic;
	double precision;
	uint64_t seconds_most;
	int shuffled;
	uint64_t seed;
};

static void clear_kernels(struct plan_kernel *kernels, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(kernels[i].name);
		free(kernels[i].label);
	}
	free(kernels);
}

static void wishes_clear(struct wishes *wishes)
{
	clear_kernels(wishes->kernels, wishes->kernel_count);
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
						   "the kernel \"%s\" is named twice", name);
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
		return problem_set(
			problem, PROBLEM_USAGE, EINVAL,
			"\"%s\" is no number of runs; it has to be from 1 to %d, or auto", text,
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
				"\"%s\" is no precision; it is a percentage from 0.01 to 100",
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
				   "\"%s\" is no longest time; write seconds, or 90s, 10m, 1h30m",
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
				   "\"%s\" is no seed; it is a whole number from 0 to %" PRId64,
				   plan->seed, INT64_MAX);
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

/* Each count is that of choices; of what does not apply there is one. */
static size_t filesystem_choices(const struct wishes *wishes)
{
	return wishes->filesystem_count ? wishes->filesystem_count : 1;
}

static size_t kernel_choices(const struct wishes *wishes)
{
	return wishes->kernel_count ? wishes->kernel_count : 1;
}

static size_t count_round(const struct wishes *wishes)
{
	return wishes->size_count * filesystem_choices(wishes) * kernel_choices(wishes) *
	       wishes->method_count;
}

/* One trial of a round in the plan's order: methods are innermost. */
static struct plan_trial trial_at(const struct wishes *wishes, int in_directory, size_t place)
{
	size_t method = place % wishes->method_count, rest = place / wishes->method_count;
	size_t kernel = rest % kernel_choices(wishes);
	size_t filesystem, size;

	rest /= kernel_choices(wishes);
	filesystem = rest % filesystem_choices(wishes);
	size = rest / filesystem_choices(wishes);
	return (struct plan_trial) {
		.kernel = wishes->kernels ? &wishes->kernels[kernel] : NULL,
		.filesystem = in_directory ? NULL : wishes->filesystems[filesystem],
		.method = wishes->methods[method],
		.file_bytes = wishes->sizes[size],
		.volume_bytes = in_directory ? 0 : volume_for(wishes, wishes->sizes[size]),
		.run = 1,
		.place = place,
	};
}

/* The generator splitmix64 (Steele, Lea, Flood 2014): any state will do as a start. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t mixed = *state += 0x9e3779b97f4a7c15;

	mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
	mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
	return mixed ^ (mixed >> 31);
}

/* Fisher and Yates'. */
static void shuffle_round(struct plan_trial *trial, size_t count, uint64_t seed, unsigned run)
{
	uint64_t state = seed;

	/* Neighbouring seeds and rounds shall have nothing in common. */
	state = next_random(&state) + run;
	for (size_t i = count; i > 1; i--) {
		size_t other = next_random(&state) % i;
		struct plan_trial taken = trial[i - 1];

		trial[i - 1] = trial[other];
		trial[other] = taken;
	}
}

int trial_list_add_round(struct trial_list *list)
{
	struct plan_trial *trial =
		reallocarray(list->trial, list->count + list->round_count, sizeof(*trial));
	struct plan_trial *added = trial + list->count;

	if (!trial)
		return -ENOMEM;
	list->trial = trial;
	for (size_t i = 0; i < list->round_count; i++) {
		added[trial[i].place] = trial[i];
		added[trial[i].place].run = trial[list->count - 1].run + 1;
	}
	if (list->shuffled)
		shuffle_round(added, list->round_count, list->seed, added[0].run);
	list->count += list->round_count;
	return 0;
}

/* Makes the first round, and takes the kernels. */
static int start_list(struct wishes *wishes, int in_directory, struct trial_list *ret)
{
	size_t count = count_round(wishes);
	struct plan_trial *trial = calloc(count, sizeof(*trial));

	if (!trial)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		trial[i] = trial_at(wishes, in_directory, i);
	if (wishes->shuffled)
		shuffle_round(trial, count, wishes->seed, 1);
	*ret = (struct trial_list) {
		.trial = trial,
		.count = count,
		.kernels = TAKE_PTR(wishes->kernels),
		.kernel_count = wishes->kernel_count,
		.round_count = count,
		.automatic = wishes->automatic,
		.precision = wishes->precision,
		.seconds_most = wishes->seconds_most,
		.shuffled = wishes->shuffled,
		.seed = wishes->seed,
	};
	wishes->kernel_count = 0;
	return 0;
}

int plan_expand(const struct plan *plan, int in_directory, struct trial_list *ret,
		struct problem *problem)
{
	CLEANUP(wishes_clear) struct wishes wishes = { 0 };
	struct trial_list list = { 0 };
	int r = take_apart(plan, in_directory, &wishes, problem);

	if (r == 0)
		r = start_list(&wishes, in_directory, &list);
	for (unsigned i = 1; r == 0 && i < wishes.runs; i++)
		r = trial_list_add_round(&list);
	if (r < 0) {
		trial_list_clear(&list);
		return r;
	}
	*ret = list;
	return 0;
}

int trial_list_is_first(const struct trial_list *list, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (list->trial[i].filesystem == list->trial[index].filesystem)
			return 0;
	return 1;
}

void trial_list_clear(struct trial_list *list)
{
	free(list->trial);
	clear_kernels(list->kernels, list->kernel_count);
	*list = (struct trial_list) { 0 };
}
