/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "results/field.h"
#include "base/io.h"
#include "tree.h"
#include "testbed/watch.h"

/* Nothing to complain about. */
static const struct watch_facts quiet = {
	.idle_ns = 1000000000,
	.foreign_bytes = 10 * 4096,
	.gaps = 10,
	.load = 1.9,
	.cpus = 2,
	.device = (char *)"/dev/sda1",
	.directory = (char *)"/var/tmp",
	.full = 0.5,
};

static void gather(const char *kind, const char *sentence, void *context)
{
	char *all = context;

	assert_true(*kind);
	strcat(all, sentence);
	strcat(all, "\n");
}

static void assert_says(const struct watch_facts *facts, const char *expected)
{
	char all[4096] = "";

	watch_judge(facts, gather, all);
	assert_string_equal(all, expected);
}

static void a_quiet_machine_is_no_word_worth(void **state)
{
	struct watch_facts unknown = { .foreign_bytes = FIELD_UNKNOWN, .load = -1, .full = NAN };
	(void)state;

	assert_says(&quiet, "");
	assert_says(&unknown, "");
}

static void each_disturbance_has_its_sentence(void **state)
{
	struct watch_facts facts;
	(void)state;

	facts = quiet;
	facts.suspended_ns = 12000000000;
	assert_says(&facts, "the machine was suspended for 12 s during the run; measure again\n");
	facts = quiet;
	facts.foreign_bytes = (35 << 20) + 10 * (128 << 10);
	facts.idle_ns = 500000000;
	assert_says(&facts, "other processes wrote 70 MiB/s to /dev/sda1 while no trial was "
			    "running; times and written bytes can include their writes\n");
	facts = quiet;
	facts.load = 2.5;
	assert_says(&facts, "the load without the trials was up to 2.5 on 2 cores, so that trials "
			    "had to wait for a CPU\n");
	facts = quiet;
	facts.governor = (char *)"powersave";
	assert_says(&facts, "the CPU frequency is scaled (governor powersave), so that times "
			    "depend on the previous load; use the governor performance\n");
	facts = quiet;
	facts.full = 0.953;
	assert_says(&facts, "the file system of /var/tmp is 95 % full; file systems that are "
			    "nearly full are slow and fragment files\n");
}

static void several_are_a_line_each(void **state)
{
	struct watch_facts facts = quiet;
	char all[4096] = "";
	size_t lines = 0;
	(void)state;

	facts.suspended_ns = 1000000000;
	facts.load = 9;
	facts.full = 1;
	watch_judge(&facts, gather, all);
	for (const char *at = all; *at; at++)
		lines += *at == '\n';
	assert_int_equal(lines, 3);
}

static void own_records_are_no_foreign_writes(void **state)
{
	struct watch_facts facts = quiet;
	(void)state;

	/* A hundred records with their journal in a second. */
	facts.gaps = 100;
	facts.foreign_bytes = 100 * (100 << 10);
	assert_says(&facts, "");
	/* Less than a megabyte in all may be anything. */
	facts.gaps = 0;
	facts.foreign_bytes = 900 << 10;
	facts.idle_ns = 1000000;
	assert_says(&facts, "");
}

/* However long it takes: a busy machine has gaps of any length. */
static void a_run_is_watched(void **state)
{
	enum { TRIAL_NS = 300000000 };
	uint64_t began_ns = io_now_ns(), took_ns;
	struct watch watch;
	(void)state;

	assert_int_equal(watch_start(&watch, "."), 0);
	assert_string_equal(watch.facts.directory, ".");
	assert_true(watch.facts.cpus > 0);
	assert_true(watch.facts.full > 0 && watch.facts.full <= 1);
	watch_trial_starts(&watch);
	assert_int_equal(watch.facts.gaps, 1);
	if (watch.counters_fd >= 0)
		assert_true(watch.facts.idle_ns >= 200000000);
	else
		assert_int_equal(watch.facts.foreign_bytes, FIELD_UNKNOWN);
	nanosleep(&(struct timespec) { .tv_nsec = TRIAL_NS }, NULL);
	watch_trial_ended(&watch);
	watch_trial_starts(&watch);
	took_ns = io_now_ns() - began_ns;
	assert_int_equal(watch.facts.gaps, 2);
	/* What passes during a trial is no gap. */
	assert_true(watch.facts.idle_ns <= (int64_t)took_ns - TRIAL_NS);
	assert_true(watch.facts.load >= 0 || watch.facts.load == -1);
	assert_true(watch.facts.suspended_ns < (int64_t)took_ns);
	watch_clear(&watch);
}

static void governors_are_found(void **state)
{
	CLEANUP(freep) char *governor = NULL;
	(void)state;

	assert_null(watch_governor(tree));
	tree_put("cpu0/cpufreq/scaling_governor", "performance\n");
	assert_null(watch_governor(tree));
	tree_put("cpu1/cpufreq/scaling_governor", "schedutil\n");
	governor = watch_governor(tree);
	assert_non_null(governor);
	assert_string_equal(governor, "schedutil");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_quiet_machine_is_no_word_worth),
		cmocka_unit_test(each_disturbance_has_its_sentence),
		cmocka_unit_test(several_are_a_line_each),
		cmocka_unit_test(own_records_are_no_foreign_writes),
		cmocka_unit_test(a_run_is_watched),
		cmocka_unit_test_setup_teardown(governors_are_found, tree_make, tree_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
