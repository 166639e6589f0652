/* SPDX-License-Identifier: MIT */
/*
 * plan, freeze and run have the same options for what is frozen, so that a plan can be read before
 * it is carried out.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "suspend/cmd.h"
#include "base/quote.h"
#include "suspend/targets.h"

static int add_name(const char ***names, size_t *count, const char *name)
{
	const char **larger = reallocarray(*names, *count + 2, sizeof(*larger));

	if (!larger)
		return -ENOMEM;
	larger[(*count)++] = name;
	larger[*count] = NULL;
	*names = larger;
	return 0;
}

/* Trailing slashes are ignored. */
static int take_name(const char ***names, size_t *count, const char *argument,
		     struct problem *problem)
{
	char *end = (char *)argument + strlen(argument);

	if (*argument != '/')
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "\"%s\" is not a mount point; use an absolute path", argument);
	while (end - argument > 1 && end[-1] == '/')
		*--end = '\0';
	return add_name(names, count, argument);
}

static int take_only(void *input, const struct option_row *row, const char *argument,
		     struct problem *problem)
{
	struct request *request = input;
	int r = take_name(&request->only, &request->only_count, argument, problem);

	(void)row;
	request->selection.only = request->only;
	return r;
}

static int take_except(void *input, const struct option_row *row, const char *argument,
		       struct problem *problem)
{
	struct request *request = input;
	int r = take_name(&request->except, &request->except_count, argument, problem);

	(void)row;
	request->selection.except = request->except;
	return r;
}

static int take_no_cgroups(void *input, const struct option_row *row, const char *argument,
			   struct problem *problem)
{
	struct request *request = input;

	(void)row, (void)argument, (void)problem;
	request->selection.cgroups = false;
	return 0;
}

const struct option_row cmd_request_options[] = {
	{ "only", 'o', "MOUNTPOINT",
	  "freeze only what is mounted there; can be given several times", .group = 1,
	  .repeats = true, .take = take_only, .values = "<directory>" },
	{ "except", 'x', "MOUNTPOINT",
	  "do not freeze what is mounted there; can be given several times", .group = 1,
	  .repeats = true, .take = take_except, .values = "<directory>" },
	{ "no-cgroups", 0, NULL, "do not freeze processes", .group = 1, .take = take_no_cgroups },
	{ "way", 0, "auto|kernel|self",
	  "use the kernel's own freezing (Linux 6.16) or not; auto: if the kernel supports it",
	  .group = 1, .values = "auto kernel self",
	  OPTION_INTO(OPTION_WORD, struct request, selection.way) },
	{ "wait", 'w', "SECONDS", "stop if a step takes longer", .group = 1, .least = 1,
	  .value = OPTION_NANOSECONDS, .fallback = "20",
	  OPTION_INTO(OPTION_DURATION, struct request, limits.step_ns) },
	{ 0 },
};

void request_clear(struct request *request)
{
	free(request->only);
	free(request->except);
}

/* The kernel's own freezing has another plan. */
static int plan_for_kernel(struct decision *decision, struct problem *problem)
{
	static const struct selection selection = { .way = WAY_KERNEL };

	plan_clear(&decision->plan);
	return machine_plan(&decision->machine, &selection, &decision->plan, problem);
}

int decision_make(const struct request *request, struct decision *ret, struct problem *problem)
{
	struct decision decision = { 0 };
	int r = machine_read(&request->selection, &decision.machine, problem);

	if (r == 0)
		r = machine_plan(&decision.machine, &request->selection, &decision.plan, problem);
	if (r == 0)
		r = machine_choose_way(&decision.machine, &request->selection, &decision.plan,
				       &decision.way, problem);
	if (r == 0 && decision.way == WAY_KERNEL)
		r = plan_for_kernel(&decision, problem);
	if (r < 0) {
		decision_clear(&decision);
		return r;
	}
	*ret = decision;
	return 0;
}

void decision_clear(struct decision *decision)
{
	plan_clear(&decision->plan);
	machine_clear(&decision->machine);
}

static void warn_of_downgrades(const struct decision *decision)
{
	for (size_t i = 0; i < decision->plan.count; i++) {
		const struct plan_item *item = &decision->plan.items[i];
		CLEANUP(freep) char *name = target_path(item->mount);
		CLEANUP(freep) char *path = name ? quote_name(name) : NULL;

		if (item->downgraded)
			fprintf(stderr,
				"suspend-freeze: warning: %s on %s will not be frozen: %s\n",
				item->mount->type, path ? path : "?", item->reason);
	}
}

void decision_warn(const struct decision *decision)
{
	const char *defect = kernel_defect(decision->machine.kernel);

	if (decision->machine.has_setting && defect)
		fprintf(stderr, "suspend-freeze: warning: %s\n", defect);
	warn_of_downgrades(decision);
}

void cmd_report_exceptions(const struct state_file *state)
{
	for (size_t i = 0; i < state->count; i++) {
		const struct state_entry *entry = &state->entries[i];
		CLEANUP(freep) char *path = quote_name(entry->path);

		if (entry_status(entry) == ENTRY_FOREIGN)
			fprintf(stderr,
				"suspend-freeze: %s was already frozen by another program and is "
				"left frozen\n",
				path);
		if (entry_status(entry) == ENTRY_REFUSED)
			fprintf(stderr,
				"suspend-freeze: %s: the kernel cannot freeze %s; written out "
				"instead\n",
				path, entry->type);
	}
}
