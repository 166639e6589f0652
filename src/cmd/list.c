/* SPDX-License-Identifier: MIT */
/*
 * alloc-perf list: what exists, and whether it can be used here.  Nothing is booted or mounted: the
 * file systems of a kernel are read from its tables of modules.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "cmd/cmd.h"
#include "cmd/list_lacks.h"
#include "base/command.h"
#include "base/strbuf.h"
#include "base/words.h"
#include "cmd/run.h"
#include "plan/scenario.h"
#include "promise/promise.h"
#include "base/text.h"
#include "testbed/testbed.h"

struct list_options {
	unsigned sections; /* one bit per given section; 0: all */
	const char *spec;  /* of a testbed; NULL: all */
	const struct testbed *testbed;
	struct testbed_options options; /* for that one */
	bool names;
	struct plan plan;	     /* of `alloc-perf run` without options, */
	struct trial_list trials;    /* its trials, */
	const struct testbed *plain; /* and its testbed; NULL: known only after booting a guest */
};

static void list_options_clear(struct list_options *wanted)
{
	trial_list_clear(&wanted->trials);
	plan_clear(&wanted->plan);
}

/* What a run without options would use. */
static int read_plain(struct list_options *wanted)
{
	int r = plan_init(&wanted->plan);

	if (r == 0)
		r = plan_read_preset(&wanted->plan, "default", NULL);
	if (r == 0)
		r = plan_expand(&wanted->plan, 0, &wanted->trials, NULL);
	if (r == 0)
		wanted->plain = run_foresee_testbed(&wanted->trials);
	return r;
}

static int is_plain_method(const struct list_options *wanted, const struct method *method)
{
	for (size_t i = 0; i < wanted->trials.count; i++)
		if (wanted->trials.trial[i].method.method == method)
			return 1;
	return 0;
}

static int is_plain_filesystem(const struct list_options *wanted,
			       const struct filesystem *filesystem)
{
	for (size_t i = 0; i < wanted->trials.count; i++)
		if (strcmp(wanted->trials.trial[i].filesystem->name, filesystem->name) == 0)
			return 1;
	return 0;
}

/* ---- sections ---- */

/* The widths of a section's columns, with the rest of the line for the text. */
struct columns {
	int name, usable;
};

static const struct columns method_columns = { 22, 3 }, filesystem_columns = { 15, 20 },
			    testbed_columns = { 13, 3 }, scenario_columns = { 18, 8 },
			    promise_columns = { 22, 0 };

static void print_row(const struct columns *columns, int plain, const char *name,
		      const char *usable, const char *text)
{
	int used = printf("%c %-*s  %-*s  ", plain ? '*' : ' ', columns->name, name,
			  columns->usable, usable);

	cmd_print_sentence(text ? text : "", used, used);
}

static void print_reason(const struct columns *columns, const char *reason)
{
	print_row(columns, 0, "", "", reason);
}

static const char *parameters_of(const struct method *method)
{
	switch (method->parameters) {
	case METHOD_CHUNK:
	case METHOD_STEP:
		return "-BYTES";
	case METHOD_CHUNK_DEPTH:
		return "-BYTES[-DEPTH]";
	default:
		return "";
	}
}

static int list_methods(const struct list_options *wanted)
{
	for (const struct method *const *method = method_table; *method; method++) {
		CLEANUP(freep) char *name = NULL;
		const char *why = NULL;
		int r;

		name = text_format("%s%s", (*method)->name, parameters_of(*method));
		if (!name)
			return -ENOMEM;
		if (wanted->names) {
			puts(name);
			continue;
		}
		r = (*method)->probe ? (*method)->probe(&why) : 0;
		print_row(&method_columns, is_plain_method(wanted, *method), name,
			  r < 0 ? "no" : "yes", (*method)->summary);
		if (r < 0 && why)
			print_reason(&method_columns, why);
	}
	return 0;
}

static int list_workloads(const struct list_options *wanted)
{
	for (const struct workload *const *row = workload_table; *row; row++) {
		CLEANUP(freep) char *name = text_format("%s-BYTES", (*row)->name);

		if (!name)
			return -ENOMEM;
		if (wanted->names)
			puts(name);
		else
			print_row(&method_columns, 0, name, "", (*row)->summary);
	}
	return 0;
}

/* The testbeds of the table of file systems. */
static int is_asked(const struct testbed *testbed, const struct list_options *wanted)
{
	if (testbed->in_directory)
		return 0;
	return !wanted->testbed || wanted->testbed == testbed;
}

static int list_filesystem(const struct filesystem *filesystem, const struct list_options *wanted,
			   struct lacks *lacks)
{
	char usable[64] = "";
	int r = 0;

	for (const struct testbed *const *testbed = testbed_table; r == 0 && *testbed; testbed++) {
		CLEANUP(problem_clear) struct problem problem = { 0 };
		size_t used = strlen(usable);

		if (!is_asked(*testbed, wanted))
			continue;
		if (testbed_usable(*testbed, &wanted->options, filesystem, &problem) == 0)
			snprintf(usable + used, sizeof(usable) - used, "%s%s", used ? " " : "",
				 (*testbed)->name);
		else if (problem.message)
			r = lacks_add(lacks, *testbed, filesystem, problem.message);
	}
	print_row(&filesystem_columns, is_plain_filesystem(wanted, filesystem), filesystem->name,
		  *usable ? usable : "no", filesystem->summary);
	return r;
}

static void print_lack(const char *sentence)
{
	cmd_print_sentence(sentence, printf("  "), 4);
}

static void list_filesystem_name(const struct filesystem *filesystem,
				 const struct list_options *wanted)
{
	if (!wanted->testbed ||
	    testbed_usable(wanted->testbed, &wanted->options, filesystem, NULL) == 0)
		puts(filesystem->name);
}

static int list_filesystems(const struct list_options *wanted)
{
	CLEANUP(lacks_clear) struct lacks lacks = { 0 };
	const struct plan *plan = &wanted->plan;
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->catalogue_count; i++) {
		if (wanted->names)
			list_filesystem_name(&plan->catalogue[i], wanted);
		else
			r = list_filesystem(&plan->catalogue[i], wanted, &lacks);
	}
	return r < 0 ? r : lacks_print(&lacks, print_lack);
}

static int list_testbeds(const struct list_options *wanted)
{
	if (wanted->names)
		puts("auto");
	else
		print_row(&testbed_columns, 0, "auto", "yes",
			  "the first of loop, qemu on KVM and uml that has all requested file "
			  "systems");
	for (const struct testbed *const *testbed = testbed_table; *testbed; testbed++) {
		CLEANUP(problem_clear) struct problem problem = { 0 };
		CLEANUP(freep) char *choices = NULL;
		char name[TESTBED_FORM_MAX];
		int r;

		testbed_form(*testbed, name);
		if (wanted->names) {
			puts(name);
			continue;
		}
		r = (*testbed)->probe(&wanted->options, &problem);
		print_row(&testbed_columns, *testbed == wanted->plain, name, r < 0 ? "no" : "yes",
			  (*testbed)->summary);
		if (r < 0 && problem.message)
			print_reason(&testbed_columns, problem.message);
		choices = (*testbed)->choices ? (*testbed)->choices() : NULL;
		if (choices)
			print_reason(&testbed_columns, choices);
	}
	return 0;
}

/* Adds the words of a list, which is NULL or not empty, so that it can be wrapped between them. */
static int add_words(struct strbuf *to, const char *what, const char *list)
{
	CLEANUP(freep) char **words = words_split(list ? list : "", ",");

	for (char **word = words; words && *word; word++)
		strbuf_printf(to, "%s%s", word == words ? what : ", ", *word);
	return words ? 0 : -ENOMEM;
}

static int print_scenario(const struct scenario *scenario)
{
	const char *use = scenario->values[PLAN_KEY_scenario];
	CLEANUP(strbuf_clear) struct strbuf words = { 0 };

	if (add_words(&words, "methods: ", scenario->values[PLAN_KEY_methods]) < 0 ||
	    add_words(&words, "; then: ", scenario->values[PLAN_KEY_workload]) < 0 || words.failed)
		return -ENOMEM;
	print_row(&scenario_columns, 0, scenario->name, use ? use : "", scenario->summary);
	print_reason(&scenario_columns, words.text);
	return 0;
}

static int list_of_kind(const struct list_options *wanted, enum scenario_kind kind)
{
	CLEANUP(scenario_list_clear) struct scenario_list list = { 0 };
	int r = scenario_list_init(kind, &list);

	for (size_t i = 0; r == 0 && i < list.count; i++) {
		if (wanted->names)
			puts(list.scenario[i].name);
		else
			r = print_scenario(&list.scenario[i]);
	}
	return r;
}

static int list_scenarios(const struct list_options *wanted)
{
	return list_of_kind(wanted, SCENARIO_USE);
}

static int list_programs(const struct list_options *wanted)
{
	return list_of_kind(wanted, SCENARIO_PROGRAM);
}

/* "PROMISE:CASE", and on which file systems and with which methods it is tested. */
static int list_case(const struct list_options *wanted, const struct promise_case *promise_case,
		     enum promise promise)
{
	CLEANUP(freep)
	char *name = text_format("%s:%s", promise_table[promise].name, promise_case->name);
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };

	strbuf_puts(&text, promise_case->summary);
	if (promise_case->types)
		strbuf_printf(&text, "; file systems: %s", promise_case->types);
	if (promise_case->methods)
		strbuf_printf(&text, "; methods: %s", promise_case->methods);
	if (!name || text.failed)
		return -ENOMEM;
	if (wanted->names)
		puts(name);
	else
		print_row(&promise_columns, 0, name, "", text.text);
	return 0;
}

static int list_promises(const struct list_options *wanted)
{
	int r = 0;

	for (enum promise promise = 0; promise < PROMISE_COUNT; promise++) {
		if (wanted->names)
			puts(promise_table[promise].name);
		else
			print_row(&promise_columns, 0, promise_table[promise].name, "",
				  promise_table[promise].summary);
		for (size_t i = 0; r == 0 && promise_cases[i]; i++)
			if (promise_cases[i]->promises & 1u << promise)
				r = list_case(wanted, promise_cases[i], promise);
	}
	return r;
}

static const struct section {
	const char *name, *title;
	int (*list)(const struct list_options *wanted);
} sections[] = {
	{ "methods", "Methods", list_methods },
	{ "filesystems", "File systems, and the testbeds that have them here", list_filesystems },
	{ "testbeds", "Testbeds", list_testbeds },
	{ "workloads", "Phases of workloads, for run --then", list_workloads },
	{ "scenarios", "Scenarios, for run --scenario", list_scenarios },
	{ "programs", "Programs, for run --as, and their scenarios", list_programs },
	{ "promises", "Promises and their cases, for verify --promise", list_promises },
};

static const size_t section_count = ARRAY_SIZE(sections);
static const struct option_choices section_choices = { sections, sizeof(*sections), &section_count,
						       NULL, 0 };

enum { SECTION_FILESYSTEMS = 1 << 1 };

/* ---- options ---- */

static const struct option_row options[] = {
	{ "on", 0, "TESTBED", "list the file systems of this testbed", .values = "<testbed>",
	  OPTION_INTO(OPTION_TEXT, struct list_options, spec) },
	{ "names", 0, NULL,
	  "print only names, one per line; with --on, only file systems that can be used",
	  OPTION_INTO(OPTION_FLAG, struct list_options, names) },
	{ 0 },
};

static int choose_sections(char *const *words, struct list_options *wanted, struct problem *problem)
{
	for (; *words; words++) {
		const void *section;
		int r = option_choose(&section_choices, NULL, *words, &section, problem);

		if (r < 0)
			return r;
		wanted->sections |= 1u << ((const struct section *)section - sections);
	}
	if (wanted->spec && wanted->sections && !(wanted->sections & SECTION_FILESYSTEMS))
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "--on applies to file systems; add filesystems");
	return 0;
}

static int choose_testbed(struct list_options *wanted, struct problem *problem)
{
	int r = 0;

	if (wanted->spec)
		r = testbed_parse(wanted->spec, &wanted->testbed, &wanted->options.argument,
				  problem);
	if (r == 0 && wanted->testbed && wanted->testbed->in_directory)
		return problem_set(
			problem, PROBLEM_USAGE, EINVAL,
			"the testbed %s creates no file systems; there is nothing to list",
			wanted->testbed->name);
	return r;
}

static int print_sections(const struct list_options *wanted)
{
	size_t shown = 0;

	for (size_t i = 0; i < section_count; i++) {
		int r;

		if (wanted->sections && !(wanted->sections & 1u << i))
			continue;
		if (!wanted->names)
			printf("%s%s\n", shown++ ? "\n" : "", sections[i].title);
		r = sections[i].list(wanted);
		if (r < 0)
			return r;
	}
	if (!wanted->names)
		puts("\n* the defaults of `alloc-perf run` on this machine");
	return 0;
}

static int run_list(const struct command *self, int argc, char **argv)
{
	CLEANUP(problem_clear) struct problem problem = { 0 };
	CLEANUP(list_options_clear) struct list_options wanted = { 0 };
	int r = choose_sections(command_parse(self, argc, argv, &wanted), &wanted, &problem);

	if (r == 0)
		r = choose_testbed(&wanted, &problem);
	if (r == 0)
		r = read_plain(&wanted);
	if (r == 0)
		r = print_sections(&wanted);
	return r < 0 ? cmd_complain(&problem, r) : 0;
}

const struct command cmd_list = {
	.name = "list",
	.summary = "list what can be measured: methods, file systems, testbeds, workloads, "
		   "scenarios, programs, promises",
	.arguments = "[methods] [filesystems] [testbeds] [workloads] [scenarios] [programs] "
		     "[promises]",
	.values = "methods filesystems testbeds workloads scenarios programs promises",
	.purpose = "List methods, file systems and testbeds, whether they can be used on this "
		   "machine, and if not, why and what to install; the scenarios and programs of "
		   "`alloc-perf run --scenario` and `--as`; and the promises of `alloc-perf "
		   "verify`.",
	.examples = "  alloc-perf list\n"
		    "  alloc-perf list filesystems --on loop\n"
		    "  alloc-perf list methods testbeds\n"
		    "  alloc-perf list methods --names\n"
		    "  alloc-perf list scenarios programs\n",
	.options = options,
	.run = run_list,
};
