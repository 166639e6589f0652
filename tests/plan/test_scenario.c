/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "plan/scenario.h"

/* The names of the issue are words of the command line and never change. */
static void scenarios_are_whole(void **state)
{
	static const char *const names[] = { "torrent",	 "download", "vm-image", "wal",
					     "database", "log",	     "copy" };
	CLEANUP(scenario_list_clear) struct scenario_list list = { 0 };
	(void)state;

	assert_int_equal(scenario_list_init(SCENARIO_USE, &list), 0);
	assert_int_equal(list.count, ARRAY_SIZE(names));
	for (size_t i = 0; i < list.count; i++) {
		const struct scenario *scenario = &list.scenario[i];

		assert_string_equal(scenario->name, names[i]);
		assert_non_null(scenario->summary);
		assert_non_null(scenario->source);
		assert_non_null(scenario->values[PLAN_KEY_filesystems]);
		assert_non_null(scenario->values[PLAN_KEY_methods]);
		assert_non_null(scenario->values[PLAN_KEY_sizes]);
		assert_non_null(scenario->values[PLAN_KEY_workload]);
	}
}

static void programs_say_where_they_were_read(void **state)
{
	CLEANUP(scenario_list_clear) struct scenario_list list = { 0 };
	(void)state;

	assert_int_equal(scenario_list_init(SCENARIO_PROGRAM, &list), 0);
	assert_true(list.count >= 20);
	for (size_t i = 0; i < list.count; i++) {
		const struct scenario *program = &list.scenario[i];

		assert_non_null(program->summary);
		assert_non_null(program->program);
		assert_non_null(program->version);
		assert_non_null(program->date);
		assert_non_null(program->file);
		assert_non_null(program->shape);
		assert_non_null(program->values[PLAN_KEY_scenario]);
		assert_non_null(program->values[PLAN_KEY_methods]);
	}
}

/* As `run --fs ext4` with --scenario or --as. */
static void expand(const char *key, const char *name)
{
	CLEANUP(plan_clear) struct plan plan = { 0 };
	CLEANUP(problem_clear) struct problem problem = { 0 };
	CLEANUP(trial_list_clear) struct trial_list trials = { 0 };

	assert_int_equal(plan_init(&plan), 0);
	assert_int_equal(plan_set(&plan, key, name, &problem), 0);
	assert_int_equal(plan_fill(&plan, "default", &problem), 0);
	if (plan_expand(&plan, 0, &trials, &problem) < 0)
		fail_msg("%s: %s", name, problem.message);
	assert_string_equal(trials.trial[0].method.name, "none");
	assert_int_equal(trials.filesystem_count, 3);
}

static void all_expand_with_their_baseline(void **state)
{
	CLEANUP(scenario_list_clear) struct scenario_list scenarios = { 0 };
	CLEANUP(scenario_list_clear) struct scenario_list programs = { 0 };
	(void)state;

	assert_int_equal(scenario_list_init(SCENARIO_USE, &scenarios), 0);
	for (size_t i = 0; i < scenarios.count; i++)
		expand("scenario", scenarios.scenario[i].name);
	assert_int_equal(scenario_list_init(SCENARIO_PROGRAM, &programs), 0);
	for (size_t i = 0; i < programs.count; i++)
		expand("program", programs.scenario[i].name);
}

static void what_is_set_stays(void **state)
{
	CLEANUP(plan_clear) struct plan plan = { 0 };
	(void)state;

	assert_int_equal(plan_init(&plan), 0);
	assert_int_equal(plan_set(&plan, "program", "journald", NULL), 0);
	assert_int_equal(plan_set(&plan, "filesystems", "xfs", NULL), 0);
	assert_int_equal(plan_fill(&plan, "demo", NULL), 0);
	assert_string_equal(plan.filesystems, "xfs");		     /* as it was set */
	assert_string_equal(plan.methods, "none,fallocate-step-8M"); /* of the program */
	assert_string_equal(plan.scenario, "log");
	assert_string_equal(plan.workload, "append-4K+fdatasync"); /* of its scenario */
	assert_string_equal(plan.volume, "2G");			   /* of the preset */
}

static void a_scenario_beside_a_program_replaces_its_own(void **state)
{
	CLEANUP(plan_clear) struct plan plan = { 0 };
	(void)state;

	assert_int_equal(plan_init(&plan), 0);
	assert_int_equal(plan_set(&plan, "program", "rclone", NULL), 0);
	assert_int_equal(plan_set(&plan, "scenario", "download", NULL), 0);
	assert_int_equal(plan_fill(&plan, "default", NULL), 0);
	assert_string_equal(plan.methods, "none,fallocate-keep-size");
	assert_string_equal(plan.files, "4");
}

static void assert_unknown(const char *key, const char *name, const char *sentence)
{
	CLEANUP(plan_clear) struct plan plan = { 0 };
	CLEANUP(problem_clear) struct problem problem = { 0 };

	assert_int_equal(plan_set(&plan, key, name, NULL), 0);
	assert_int_equal(plan_fill(&plan, "default", &problem), -EINVAL);
	assert_string_equal(problem.message, sentence);
}

static void unknown_names_are_refused(void **state)
{
	(void)state;

	assert_unknown("scenario", "torent",
		       "unknown scenario \"torent\"; did you mean \"torrent\"?");
	assert_unknown("scenario", "moon",
		       "unknown scenario \"moon\"; `alloc-perf list scenarios` shows them all");
	assert_unknown("program", "rtorent",
		       "unknown program \"rtorent\"; did you mean \"rtorrent\"?");
	/* A program is no scenario. */
	assert_unknown("scenario", "kafka",
		       "unknown scenario \"kafka\"; `alloc-perf list scenarios` shows them all");
}

static void a_value_can_have_several_lines(void **state)
{
	CLEANUP(scenario_list_clear) struct scenario_list list = { 0 };
	(void)state;

	assert_int_equal(scenario_list_read("[one]\nsummary = a\n\tb\nmethods = none\n\tmmap\n"
					    "[two]\nsummary = c\n",
					    "test.ini", &list, NULL),
			 0);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.scenario[0].summary, "a b");
	assert_string_equal(list.scenario[0].values[PLAN_KEY_methods], "none,mmap");
	assert_null(list.scenario[1].source);
}

static void wrong_lines_are_refused(void **state)
{
	struct scenario_list list = { 0 };
	CLEANUP(problem_clear) struct problem problem = { 0 };
	(void)state;

	assert_int_equal(
		scenario_list_read("[one]\nsummary = a\nfs = ext4\n", "test.ini", &list, &problem),
		-EINVAL);
	assert_string_equal(problem.message, "test.ini:3: unknown key \"fs\" in [one]");
	assert_null(list.scenario);
	assert_int_equal(scenario_list_read("[one]\nnothing\n", "test.ini", &list, &problem),
			 -EINVAL);
	assert_string_equal(problem.message, "test.ini:2: expected [section] or key = value");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scenarios_are_whole),
		cmocka_unit_test(programs_say_where_they_were_read),
		cmocka_unit_test(all_expand_with_their_baseline),
		cmocka_unit_test(what_is_set_stays),
		cmocka_unit_test(a_scenario_beside_a_program_replaces_its_own),
		cmocka_unit_test(unknown_names_are_refused),
		cmocka_unit_test(a_value_can_have_several_lines),
		cmocka_unit_test(wrong_lines_are_refused),
	};

	return cmocka_run_group_tests_name("scenario", tests, NULL, NULL);
}
