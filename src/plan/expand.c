/* SPDX-License-Identifier: MIT */
/*
 * Creates the trials of a selection.  Rounds are outermost, so that all trials are affected alike
 * if the machine becomes slower during a run.  Each round has its own order, so that no trial
 * always follows the same one.  The order depends on the seed and the number of the round only: a
 * resumed run continues it, and rounds can be added.
 */
#include "plan/plan.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/random.h"
#include "plan/selection.h"

/* The number of choices; 1 if there is nothing to choose. */
static size_t filesystem_choices(const struct selection *selection)
{
	return selection->filesystem_count ? selection->filesystem_count : 1;
}

static size_t kernel_choices(const struct selection *selection)
{
	return selection->kernel_count ? selection->kernel_count : 1;
}

static size_t count_round(const struct selection *selection)
{
	return selection->size_count * selection_volumes(selection) *
	       filesystem_choices(selection) * kernel_choices(selection) * selection->method_count;
}

/* The result can be stored in JSON. */
static uint64_t seed_of_round(uint64_t seed, unsigned run)
{
	return (seed + run) & INT64_MAX;
}

/* The trial of the first round at a place in the order of the plan, with methods innermost. */
static struct plan_trial trial_at(const struct selection *selection, int in_directory, size_t place)
{
	size_t method = place % selection->method_count, rest = place / selection->method_count;
	size_t kernel = rest % kernel_choices(selection);
	size_t filesystem, volume, size;

	rest /= kernel_choices(selection);
	filesystem = rest % filesystem_choices(selection);
	rest /= filesystem_choices(selection);
	volume = rest % selection_volumes(selection);
	size = rest / selection_volumes(selection);
	return (struct plan_trial) {
		.workload = selection->workload,
		.kernel = selection->kernels ? &selection->kernels[kernel] : NULL,
		.filesystem = in_directory ? NULL : &selection->filesystems[filesystem],
		.method = selection->methods[method],
		.file_bytes = selection->sizes[size],
		.volume_bytes =
			in_directory ? 0
				     : selection_volume(selection, volume, selection->sizes[size]),
		.names_volume = selection->volume_count > 1,
		.run = 1,
		.seed = seed_of_round(selection->seed, 1),
		.place = place,
	};
}

/* The shuffle of Fisher and Yates. */
static void shuffle_round(struct plan_trial *trial, size_t count, uint64_t seed, unsigned run)
{
	uint64_t state = seed;

	/* Adjacent seeds and rounds must not have related orders. */
	state = random_next(&state) + run;
	for (size_t i = count; i > 1; i--) {
		size_t other = random_next(&state) % i;
		struct plan_trial taken = trial[i - 1];

		trial[i - 1] = trial[other];
		trial[other] = taken;
	}
}

int trial_list_add_round(struct trial_list *list)
{
	struct plan_trial *trial =
		reallocarray(list->trial, list->count + list->round_count, sizeof(*trial));
	struct plan_trial *added;

	if (!trial)
		return -ENOMEM;
	list->trial = trial;
	added = trial + list->count;
	for (size_t i = 0; i < list->round_count; i++) {
		added[trial[i].place] = trial[i];
		added[trial[i].place].run = trial[list->count - 1].run + 1;
		added[trial[i].place].seed = seed_of_round(list->seed, added[trial[i].place].run);
	}
	if (list->shuffled)
		shuffle_round(added, list->round_count, list->seed, added[0].run);
	list->count += list->round_count;
	return 0;
}

/* Creates the first round, and takes ownership of workload, kernels and file systems. */
static int start_list(struct selection *selection, int in_directory, struct trial_list *ret)
{
	size_t count = count_round(selection);
	struct plan_trial *trial = calloc(count, sizeof(*trial));

	if (!trial)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		trial[i] = trial_at(selection, in_directory, i);
	if (selection->shuffled)
		shuffle_round(trial, count, selection->seed, 1);
	*ret = (struct trial_list) {
		.trial = trial,
		.count = count,
		.workload = TAKE_PTR(selection->workload),
		.kernels = TAKE_PTR(selection->kernels),
		.kernel_count = selection->kernel_count,
		.filesystems = TAKE_PTR(selection->filesystems),
		.filesystem_count = selection->filesystem_count,
		.round_count = count,
		.automatic = selection->automatic,
		.precision = selection->precision,
		.seconds_most = selection->seconds_most,
		.shuffled = selection->shuffled,
		.seed = selection->seed,
	};
	selection->kernel_count = 0;
	selection->filesystem_count = 0;
	return 0;
}

int plan_expand(const struct plan *plan, int in_directory, struct trial_list *ret,
		struct problem *problem)
{
	CLEANUP(selection_clear) struct selection selection = { 0 };
	struct trial_list list = { 0 };
	int r = selection_parse(plan, in_directory, &selection, problem);

	if (r == 0)
		r = start_list(&selection, in_directory, &list);
	for (unsigned i = 1; r == 0 && i < selection.runs; i++)
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
	plan_workload_freep(&list->workload);
	plan_kernels_clear(list->kernels, list->kernel_count);
	filesystems_clear(list->filesystems, list->filesystem_count);
	*list = (struct trial_list) { 0 };
}
