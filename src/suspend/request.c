/* SPDX-License-Identifier: MIT */
/*
 * What is to be frozen is said by the same options to plan, freeze and run, so
 * that a plan can be looked at before it is carried out.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "suspend/cmd.h"
#include "base/program.h"
#include "base/quote.h"
#include "suspend/reach.h"
#include "base/size.h"

enum option_key {
	OPTION_ONLY = 'o',
	OPTION_EXCEPT = 'x',
	OPTION_WAIT = 'w',
	OPTION_WAY = 256,
	OPTION_NO_CGROUPS,
};

static const struct argp_option options[] = {
	{ "only", OPTION_ONLY, "MOUNTPOINT", 0,
	  "freeze only what is mounted there; can be given several times", 1 },
	{ "except", OPTION_EXCEPT, "MOUNTPOINT", 0,
	  "do not freeze what is mounted there; can be given several times", 1 },
	{ "no-cgroups", OPTION_NO_CGROUPS, NULL, 0, "do not freeze processes", 1 },
	{ "way", OPTION_WAY, "auto|kernel|self", 0,
	  "use the kernel's own freezing (Linux 6.16) or not; auto: if the kernel supports it", 1 },
	{ "wait", OPTION_WAIT, "SECONDS", 0, "stop if a step takes longer (default 20)", 1 },
	{ 0 },
};

static int add_name(const char ***names, size_t *count, const char *name)
{
	const char **larger = reallocarray(*names, *count + 2, sizeof(*larger));

	if (!larger)
		return ENOMEM;
	larger[(*count)++] = name;
	larger[*count] = NULL;
	*names = larger;
	return 0;
}

/* A last slash does not matter. */
static error_t take_name(const char ***names, size_t *count, char *argument,
			 struct argp_state *state)
{
	size_t length = strlen(argument);

	if (*argument != '/')
		argp_error(state, "\"%s\" is not a mount point; use an absolute path", argument);
	while (length > 1 && argument[length - 1] == '/')
		argument[--length] = '\0';
	return add_name(names, count, argument);
}

static error_t take_way(struct request *request, const char *argument, struct argp_state *state)
{
	static const char *const names[] = { "auto", "kernel", "self" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(argument, names[i]) == 0) {
			request->wish.way = (enum way)i;
			return 0;
		}
	argp_error(state, "invalid value \"%s\" for --way: use auto, kernel or self", argument);
	return EINVAL;
}

static error_t take_wait(struct request *request, const char *argument, struct argp_state *state)
{
	uint64_t seconds;

	if (duration_parse(argument, &seconds) < 0 || seconds == 0)
		argp_error(state, "invalid time \"%s\": use seconds, such as 20, or 1m30s",
			   argument);
	request->limits.wait_ns = seconds * 1000000000u;
	return 0;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct request *request = state->input;

	switch (key) {
	case OPTION_ONLY:
		return take_name(&request->only, &request->only_count, argument, state);
	case OPTION_EXCEPT:
		return take_name(&request->except, &request->except_count, argument, state);
	case OPTION_NO_CGROUPS:
		request->wish.cgroups = false;
		return 0;
	case OPTION_WAY:
		return take_way(request, argument, state);
	case OPTION_WAIT:
		return take_wait(request, argument, state);
	case ARGP_KEY_END:
		request->wish.only = request->only;
		request->wish.except = request->except;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp cmd_request_argp = { options, parse_option, NULL, NULL, NULL, NULL, NULL };

void request_clear(struct request *request)
{
	free(request->only);
	free(request->except);
}

/* What the kernel does is not quite what we would do. */
static int plan_for_kernel(struct outlook *outlook, struct problem *problem)
{
	static const struct wish wish = { .way = WAY_KERNEL };

	plan_clear(&outlook->plan);
	return machine_plan(&outlook->machine, &wish, &outlook->plan, problem);
}

int outlook_make(const struct request *request, struct outlook *ret, struct problem *problem)
{
	struct outlook outlook = { 0 };
	int r = machine_read(&request->wish, &outlook.machine, problem);

	if (r == 0)
		r = machine_plan(&outlook.machine, &request->wish, &outlook.plan, problem);
	if (r == 0)
		r = machine_choose_way(&outlook.machine, &request->wish, &outlook.plan,
				       &outlook.way, problem);
	if (r == 0 && outlook.way == WAY_KERNEL)
		r = plan_for_kernel(&outlook, problem);
	if (r < 0) {
		outlook_clear(&outlook);
		return r;
	}
	*ret = outlook;
	return 0;
}

void outlook_clear(struct outlook *outlook)
{
	plan_clear(&outlook->plan);
	machine_clear(&outlook->machine);
}

static void warn_of_missed(const struct outlook *outlook)
{
	for (size_t i = 0; i < outlook->plan.count; i++) {
		const struct plan_item *item = &outlook->plan.items[i];
		CLEANUP(freep) char *name = reach_name(item->mount);
		CLEANUP(freep) char *path = name ? quote_name(name) : NULL;

		if (item->missed)
			fprintf(stderr,
				"suspend-freeze: warning: %s on %s will not be frozen: %s\n",
				item->mount->type, path ? path : "?", item->reason);
	}
}

void outlook_warn(const struct outlook *outlook)
{
	const char *defect = knob_defect(outlook->machine.kernel);

	if (outlook->machine.has_knob && defect)
		fprintf(stderr, "suspend-freeze: warning: %s\n", defect);
	warn_of_missed(outlook);
}

void cmd_tell_exceptions(const struct hold *hold)
{
	for (size_t i = 0; i < hold->count; i++) {
		const struct hold_entry *entry = &hold->entries[i];
		CLEANUP(freep) char *path = quote_name(entry->path);

		if (hold_state(entry) == HOLD_FOREIGN)
			fprintf(stderr,
				"suspend-freeze: %s was already frozen by another program and is "
				"left frozen\n",
				path);
		if (hold_state(entry) == HOLD_REFUSED)
			fprintf(stderr,
				"suspend-freeze: %s: the kernel cannot freeze %s; written out "
				"instead\n",
				path, entry->type);
	}
}

int cmd_parse_nothing(int argc, char **argv, const char *help)
{
	const struct argp argp = { NULL, NULL, NULL, help, NULL, NULL, NULL };

	return program_parse(&argp, argc, argv, 0, NULL);
}
