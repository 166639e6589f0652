/* SPDX-License-Identifier: MIT */
/*
 * Parses the values of the keys, wherever they were set, so that each error is reported in one
 * place, before the first trial.
 */
#include "plan/selection.h"

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

void plan_workload_freep(struct plan_workload **workload)
{
	if (*workload)
		free((*workload)->phases);
	free(*workload);
	*workload = NULL;
}

void selection_clear(struct selection *selection)
{
	plan_kernels_clear(selection->kernels, selection->kernel_count);
	filesystems_clear(selection->filesystems, selection->filesystem_count);
	free(selection->methods);
	free(selection->sizes);
	plan_workload_freep(&selection->workload);
	free(selection->volumes);
}

static int unknown_filesystem(const struct plan *plan, const char *name, struct problem *problem)
{
	const char *nearest = NULL, *plus = strchr(name, '+');

	if (plus)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "unknown file system \"%s\"; use --fs %.*s and add its options "
				   "with --mount-options or --mkfs-options",
				   name, (int)(plus - name), name);
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

/* Finds names in the catalogue. */
static int find_filesystems(const struct plan *plan, char *const *names,
			    const struct filesystem **ret, struct problem *problem)
{
	for (size_t i = 0; names[i]; i++) {
		ret[i] = plan_find_filesystem(plan, names[i]);
		if (!ret[i])
			return unknown_filesystem(plan, names[i], problem);
		for (size_t j = 0; j < i; j++)
			if (ret[j] == ret[i])
				return problem_set(problem, PROBLEM_USAGE, EINVAL,
						   "the file system \"%s\" is given twice",
						   names[i]);
	}
	return 0;
}

static int choose_filesystems(const struct plan *plan, struct selection *selection,
			      struct problem *problem)
{
	CLEANUP(freep) char **names = words_split(plan->filesystems ? plan->filesystems : "", ", ");
	CLEANUP(freep) const struct filesystem **found = NULL;
	int r;

	if (!names)
		return -ENOMEM;
	if (!names[0])
		return problem_set(problem, PROBLEM_USAGE, EINVAL, "no file system is given");
	found = calloc(words_count(names), sizeof(*found));
	if (!found)
		return -ENOMEM;
	r = find_filesystems(plan, names, found, problem);
	if (r < 0)
		return r;
	return variants_make(plan, found, words_count(names), &selection->filesystems,
			     &selection->filesystem_count, problem);
}

static int choose_methods(const struct plan *plan, struct selection *selection,
			  struct problem *problem)
{
	CLEANUP(freep) char **names = words_split(plan->methods ? plan->methods : "", ", ");

	if (!names)
		return -ENOMEM;
	if (!names[0])
		return problem_set(problem, PROBLEM_USAGE, EINVAL, "no method is given");
	selection->methods = calloc(words_count(names), sizeof(*selection->methods));
	if (!selection->methods)
		return -ENOMEM;
	for (char **name = names; *name; name++) {
		struct method_choice *choice = &selection->methods[selection->method_count];
		int r = method_parse(*name, choice, problem);

		if (r < 0)
			return r;
		for (size_t i = 0; i < selection->method_count; i++)
			if (strcmp(selection->methods[i].name, choice->name) == 0)
				return problem_set(problem, PROBLEM_USAGE, EINVAL,
						   "the method \"%s\" is given twice",
						   choice->title);
		selection->method_count++;
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

/* Parses a list of different sizes.  The caller frees it, also on failure. */
static int choose_size_list(const char *list, const char *what, uint64_t **ret, size_t *ret_count,
			    struct problem *problem)
{
	CLEANUP(freep) char **texts = words_split(list ? list : "", ", ");

	if (!texts)
		return -ENOMEM;
	if (!texts[0])
		return problem_set(problem, PROBLEM_USAGE, EINVAL, "no %s is given", what);
	*ret = calloc(words_count(texts), sizeof(**ret));
	if (!*ret)
		return -ENOMEM;
	for (char **text = texts; *text; text++) {
		uint64_t *bytes = &(*ret)[*ret_count];
		int r = choose_size(*text, what, bytes, problem);

		if (r < 0)
			return r;
		for (size_t i = 0; i < *ret_count; i++)
			if ((*ret)[i] == *bytes)
				return problem_set(problem, PROBLEM_USAGE, EINVAL,
						   "the %s \"%s\" is given twice", what, *text);
		++*ret_count;
	}
	return 0;
}

static int choose_files(const struct plan *plan, struct plan_workload *workload,
			struct problem *problem)
{
	static const char mixed[] = "mixed-";
	const char *text = plan->files ? plan->files : "1", *digits = text;
	uint64_t files;

	workload->mixed = strncmp(text, mixed, strlen(mixed)) == 0;
	if (workload->mixed)
		digits += strlen(mixed);
	if (size_parse(digits, &files) < 0 || files < 1 || files > PLAN_FILES_MAX)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "invalid number of files \"%s\": use 1 to %d, or mixed-N for N "
				   "files of different sizes",
				   text, PLAN_FILES_MAX);
	workload->files = (size_t)files;
	return 0;
}

/*
 * The last block of a file is the rest of it, which direct I/O needs to be a multiple of 512 bytes.
 */
static int check_direct(const struct selection *selection, struct problem *problem)
{
	const struct phase_chain *chain = &selection->workload->chain;

	for (size_t i = 0; i < chain->count; i++)
		for (size_t j = 0; chain->phase[i].direct && j < selection->size_count; j++)
			if (selection->sizes[j] % 512)
				return problem_set(
					problem, PROBLEM_USAGE, EINVAL,
					"phase \"%s\": direct I/O needs a file size that "
					"is a multiple of 512 bytes",
					chain->phase[i].title);
	return 0;
}

/* Then the smallest file, an eighth of the mean, has at least one page. */
enum { PLAN_MIXED_MIN = 32 << 10 };

static int check_mixed(const struct selection *selection, struct problem *problem)
{
	const struct plan_workload *workload = selection->workload;

	for (size_t i = 0; workload->mixed && workload->files > 1 && i < selection->size_count; i++)
		if (selection->sizes[i] < PLAN_MIXED_MIN)
			return problem_set(problem, PROBLEM_USAGE, EINVAL,
					   "files of different sizes need a --size of at least "
					   "32K");
	return 0;
}

static int choose_workload(const struct plan *plan, struct selection *selection,
			   struct problem *problem)
{
	struct plan_workload *workload = calloc(1, sizeof(*workload));
	int r;

	selection->workload = workload;
	if (!workload)
		return -ENOMEM;
	r = choose_files(plan, workload, problem);
	if (r == 0)
		r = check_mixed(selection, problem);
	if (r < 0 || !plan->workload)
		return r;
	r = phase_chain_parse(plan->workload, &workload->chain, problem);
	if (r < 0)
		return r;
	workload->phases = phase_chain_text(&workload->chain, false);
	return workload->phases ? check_direct(selection, problem) : -ENOMEM;
}

/* Paths may contain blanks, so only commas separate.  "" is any kernel. */
static int choose_kernels(const struct plan *plan, struct selection *selection,
			  struct problem *problem)
{
	CLEANUP(freep) char **names = words_split(plan->kernels ? plan->kernels : "", ",");
	size_t count = names ? words_count(names) : 0;

	if (!names)
		return -ENOMEM;
	if (!plan->kernels)
		return 0;
	selection->kernels = calloc(count + 1, sizeof(*selection->kernels));
	if (!selection->kernels)
		return -ENOMEM;
	for (size_t i = 0; i < (count ? count : 1); i++) {
		const char *name = count ? names[i] : "";

		for (size_t j = 0; j < i; j++)
			if (strcmp(selection->kernels[j].name, name) == 0)
				return problem_set(problem, PROBLEM_USAGE, EINVAL,
						   "the kernel \"%s\" is given twice", name);
		selection->kernels[i].name = strdup(name);
		if (!selection->kernels[i].name)
			return -ENOMEM;
		selection->kernel_count++;
	}
	return 0;
}

static int choose_runs(const struct plan *plan, struct selection *selection,
		       struct problem *problem)
{
	const char *text = plan->runs ? plan->runs : "1";
	uint64_t runs;

	selection->runs = 1;
	selection->automatic = strcmp(text, "auto") == 0;
	if (selection->automatic)
		return 0;
	if (size_parse(text, &runs) < 0 || runs < 1 || runs > PLAN_RUNS_MAX)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "invalid number of runs \"%s\": use 1 to %d, or auto", text,
				   PLAN_RUNS_MAX);
	selection->runs = (unsigned)runs;
	return 0;
}

static int choose_precision(const struct plan *plan, struct selection *selection,
			    struct problem *problem)
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
	selection->precision = percent / 100;
	return 0;
}

static int choose_time(const struct plan *plan, struct selection *selection,
		       struct problem *problem)
{
	selection->seconds_most = PLAN_SECONDS_MOST;
	if (plan->max_time && (duration_parse(plan->max_time, &selection->seconds_most) < 0 ||
			       selection->seconds_most == 0))
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "invalid time limit \"%s\": use seconds, or a time such as 90s, "
				   "10m or 1h30m",
				   plan->max_time);
	return 0;
}

static int choose_seed(const struct plan *plan, struct selection *selection,
		       struct problem *problem)
{
	char *end;

	if (!plan->seed)
		return 0;
	errno = 0;
	selection->shuffled = 1;
	selection->seed = strtoull(plan->seed, &end, 10);
	if (*plan->seed < '0' || *plan->seed > '9' || *end || errno || selection->seed > INT64_MAX)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "invalid seed \"%s\": use a whole number from 0 to %" PRId64,
				   plan->seed, INT64_MAX);
	return 0;
}

uint64_t selection_volume(const struct selection *selection, size_t volume, uint64_t file_bytes)
{
	uint64_t bytes;

	if (selection->volume_count)
		return selection->volumes[volume];
	if (__builtin_mul_overflow(file_bytes, PLAN_VOLUME_FACTOR * selection->workload->files,
				   &bytes) ||
	    bytes > INT64_MAX)
		return INT64_MAX;
	return bytes > PLAN_VOLUME_MIN ? bytes : PLAN_VOLUME_MIN;
}

static int check_volume(const struct selection *selection, uint64_t file_bytes,
			uint64_t volume_bytes, struct problem *problem)
{
	char text[SIZE_TEXT_MAX], other[SIZE_TEXT_MAX];

	if (file_bytes > volume_bytes / selection->workload->files)
		return selection->workload->files > 1
			       ? problem_set(problem, PROBLEM_USAGE, EINVAL,
					     "%zu files of %s do not fit on a volume of %s; use a "
					     "larger --volume or a smaller --size",
					     selection->workload->files,
					     size_name(file_bytes, text),
					     size_name(volume_bytes, other))
			       : problem_set(problem, PROBLEM_USAGE, EINVAL,
					     "a file of %s does not fit on a volume of %s; use a "
					     "larger --volume or a smaller --size",
					     size_name(file_bytes, text),
					     size_name(volume_bytes, other));
	for (size_t i = 0; i < selection->filesystem_count; i++) {
		const struct filesystem *filesystem = &selection->filesystems[i];

		if (volume_bytes < filesystem->min_volume)
			return problem_set(problem, PROBLEM_USAGE, EINVAL,
					   "%s needs a volume of at least %s; %s is too small",
					   filesystem->name,
					   size_name(filesystem->min_volume, text),
					   size_name(volume_bytes, other));
	}
	return 0;
}

static int check_fit(const struct selection *selection, struct problem *problem)
{
	int r = 0;

	for (size_t i = 0; i < selection->size_count; i++)
		for (size_t j = 0; r == 0 && j < selection_volumes(selection); j++)
			r = check_volume(selection, selection->sizes[i],
					 selection_volume(selection, j, selection->sizes[i]),
					 problem);
	return r;
}

int selection_parse(const struct plan *plan, int in_directory, struct selection *ret,
		    struct problem *problem)
{
	int r = choose_methods(plan, ret, problem);

	if (r == 0)
		r = choose_size_list(plan->sizes, "file size", &ret->sizes, &ret->size_count,
				     problem);
	if (r == 0)
		r = choose_workload(plan, ret, problem);
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
		r = choose_size_list(plan->volume, "volume size", &ret->volumes, &ret->volume_count,
				     problem);
	if (r == 0 && !in_directory)
		r = check_fit(ret, problem);
	return r;
}
