/* SPDX-License-Identifier: MIT */
#include "plan/scenario.h"

#include <errno.h>
#include <ini.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/suggest.h"
#include "base/text.h"

/* Files of data/, compiled in. */
extern const char embedded_scenarios[], embedded_programs[];

#define SCENARIO_TEXT_NAME(name) #name,
static const char *const text_names[] = { SCENARIO_TEXTS(SCENARIO_TEXT_NAME) };

static const struct {
	const char *text, *file;
	const char *what, *list; /* for messages */
} kinds[] = {
	[SCENARIO_USE] = { embedded_scenarios, "scenarios.ini", "scenario", "scenarios" },
	[SCENARIO_PROGRAM] = { embedded_programs, "programs.ini", "program", "programs" },
};

static void scenario_clear(struct scenario *scenario)
{
	free(scenario->name);
	for (size_t i = 0; i < SCENARIO_TEXT_COUNT; i++)
		free(scenario->texts[i]);
	for (size_t i = 0; i < PLAN_KEY_COUNT; i++)
		free(scenario->values[i]);
}

void scenario_list_clear(struct scenario_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		scenario_clear(&list->scenario[i]);
	free(list->scenario);
	*list = (struct scenario_list) { 0 };
}

static struct scenario *scenario_find(const struct scenario_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->scenario[i].name, name) == 0)
			return &list->scenario[i];
	return NULL;
}

/* ---- reading ---- */

struct reader {
	struct scenario_list list;
	struct problem problem;
	int error; /* of the first invalid line */
};

static struct scenario *find_or_add(struct scenario_list *list, const char *name)
{
	struct scenario *found = scenario_find(list, name);
	struct scenario added = { 0 };

	if (found)
		return found;
	added.name = strdup(name);
	if (added.name && ARRAY_ADD(list->scenario, list->count, added) == 0)
		return &list->scenario[list->count - 1];
	free(added.name);
	return NULL;
}

/* A continuation line has the key of the line before. */
static int read_key(struct reader *reader, const char *section, const char *key, const char *value)
{
	struct scenario *scenario = find_or_add(&reader->list, section);
	enum plan_key number = plan_key_find(key);

	if (!scenario)
		return -ENOMEM;
	for (size_t i = 0; i < SCENARIO_TEXT_COUNT; i++)
		if (strcmp(text_names[i], key) == 0)
			return text_join(&scenario->texts[i], " ", value);
	if (number < PLAN_KEY_COUNT)
		return text_join(&scenario->values[number], plan_key_separator(number), value);
	return problem_set(&reader->problem, PROBLEM_USAGE, EINVAL, "unknown key \"%s\" in [%s]",
			   key, section);
}

/* The handler for inih: 1 is success. */
static int read_line(void *context, const char *section, const char *key, const char *value)
{
	struct reader *reader = context;

	if (reader->error == 0)
		reader->error = read_key(reader, section, key, value);
	return reader->error == 0;
}

int scenario_list_read(const char *text, const char *source, struct scenario_list *ret,
		       struct problem *problem)
{
	struct reader reader = { 0 };
	int line = ini_parse_string(text, read_line, &reader);
	int r = reader.error;

	if (line != 0 && r != -ENOMEM)
		r = problem_set(problem, PROBLEM_USAGE, EINVAL, "%s:%d: %s", source, line,
				reader.problem.message ? reader.problem.message
						       : "expected [section] or key = value");
	problem_clear(&reader.problem);
	if (r < 0) {
		scenario_list_clear(&reader.list);
		return r;
	}
	*ret = reader.list;
	return 0;
}

int scenario_list_init(enum scenario_kind kind, struct scenario_list *ret)
{
	return scenario_list_read(kinds[kind].text, kinds[kind].file, ret, NULL);
}

/* ---- a plan ---- */

static int unknown_name(enum scenario_kind kind, const struct scenario_list *list, const char *name,
			struct problem *problem)
{
	const char *nearest = NULL;

	for (size_t i = 0; i < list->count; i++)
		suggest_consider(name, list->scenario[i].name, &nearest);
	if (nearest)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "unknown %s \"%s\"; did you mean \"%s\"?", kinds[kind].what,
				   name, nearest);
	return problem_set(problem, PROBLEM_USAGE, EINVAL,
			   "unknown %s \"%s\"; `alloc-perf list %s` shows them all",
			   kinds[kind].what, name, kinds[kind].list);
}

static int fill_from(struct plan *plan, enum scenario_kind kind, const char *name,
		     struct problem *problem)
{
	CLEANUP(scenario_list_clear) struct scenario_list list = { 0 };
	const struct scenario *scenario;
	int r = name ? scenario_list_init(kind, &list) : 0;

	if (r < 0 || !name)
		return r;
	scenario = scenario_find(&list, name);
	return scenario ? plan_fill_values(plan, scenario->values, problem)
			: unknown_name(kind, &list, name, problem);
}

int plan_fill(struct plan *plan, const char *preset, struct problem *problem)
{
	CLEANUP(plan_clear) struct plan filled = { 0 };
	int r = fill_from(plan, SCENARIO_PROGRAM, plan->program, problem);

	if (r == 0)
		r = fill_from(plan, SCENARIO_USE, plan->scenario, problem);
	if (r == 0)
		r = plan_read_preset(&filled, preset, problem);
	return r < 0 ? r : plan_fill_values(plan, filled.values, problem);
}
