/* SPDX-License-Identifier: MIT */
/* Each kind of option: what its argument sets, and what is said of one that is wrong. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/option.h"

struct metal {
	const char *name;
	int melts;
};

static const struct metal metals[] = { { "tin", 505 }, { "lead", 600 }, { "copper", 1358 } };
static const size_t metal_count = ARRAY_SIZE(metals);
static const struct option_choices listed = { metals, sizeof(metals[0]), &metal_count,
					      "alloc-perf list metals", 0 };

static const struct option_choices soft = { metals, sizeof(metals[0]), &metal_count, NULL,
					    1 << 0 | 1 << 1 };

struct input {
	const char *text;
	bool flag;
	unsigned bits, number, word;
	uint64_t bytes, seconds;
	const struct metal *metal;
	char **words;
	unsigned long taken;
};

static int take(void *input, const struct option_row *row, const char *argument,
		struct problem *problem)
{
	((struct input *)input)->taken = row->value;
	return *argument ? 0 : problem_set(problem, PROBLEM_USAGE, EINVAL, "nothing to take");
}

#define INTO(kind, member) OPTION_INTO(kind, struct input, member)

static const struct option_row rows[] = {
	{ .name = "text", INTO(OPTION_TEXT, text) },
	{ .name = "flag", INTO(OPTION_FLAG, flag) },
	{ .name = "one", .value = 1, INTO(OPTION_BITS, bits) },
	{ .name = "four", .value = 4, INTO(OPTION_BITS, bits) },
	{ .name = "number",
	  .help = "how many",
	  .least = 1,
	  .most = 20,
	  INTO(OPTION_NUMBER, number) },
	{ .name = "any", INTO(OPTION_NUMBER, number) },
	{ .name = "size",
	  .help = "at least",
	  .least = 1,
	  .values = "16K 1M",
	  INTO(OPTION_SIZE, bytes) },
	{ .name = "time", .least = 1, .most = 7200, INTO(OPTION_DURATION, seconds) },
	{ .name = "wait", .least = 1, .value = OPTION_NANOSECONDS, INTO(OPTION_DURATION, seconds) },
	{ .name = "word", .least = 1, .values = "slow fast", INTO(OPTION_WORD, word) },
	{ .name = "metal",
	  .help = "what to melt",
	  .fallback = "tin",
	  OPTION_FROM(metals, metal_count, struct input, metal) },
	{ .name = "listed",
	  .argument = "NAME",
	  .help = "what to melt",
	  .choices = &listed,
	  INTO(OPTION_CHOICE, metal) },
	{ .name = "several",
	  .argument = "NAME,...",
	  .help = "what to melt",
	  .choices = &listed,
	  .take = take },
	{ .name = "soft", .choices = &soft, INTO(OPTION_WORD, word) },
	{ .name = "words", INTO(OPTION_WORDS, words) },
	{ .name = "taken", .value = 7, .take = take },
};

static const struct option_row *row_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	fail_msg("no row %s", name);
	return NULL;
}

static void set(struct input *input, const char *name, const char *argument)
{
	assert_int_equal(0, option_set(row_of(name), argument, input, NULL));
}

static void refuses(const char *name, const char *argument, const char *sentence)
{
	CLEANUP(problem_clear) struct problem problem = { 0 };
	struct input input, before;

	memset(&input, 0x5a, sizeof(input));
	before = input;
	assert_true(option_set(row_of(name), argument, &input, &problem) < 0);
	assert_string_equal(sentence, problem.message);
	assert_int_equal(PROBLEM_USAGE, problem.kind);
	if (strcmp(name, "taken") != 0)
		assert_memory_equal(&before, &input, sizeof(input));
}

static void each_kind_sets_its_member(void **state)
{
	struct input input = { 0 };
	(void)state;

	set(&input, "text", "a text");
	set(&input, "flag", NULL);
	set(&input, "one", NULL);
	set(&input, "four", NULL);
	set(&input, "number", "20");
	set(&input, "size", "4G");
	set(&input, "time", "1h30m");
	set(&input, "word", "fast");
	set(&input, "metal", "lead");
	set(&input, "words", "early");
	set(&input, "words", "a,b,,c");
	set(&input, "taken", "x");
	assert_string_equal("a text", input.text);
	assert_true(input.flag);
	assert_int_equal(5, input.bits);
	assert_int_equal(20, input.number);
	assert_true(input.bytes == (uint64_t)4 << 30);
	assert_int_equal(5400, input.seconds);
	assert_int_equal(2, input.word);
	assert_ptr_equal(&metals[1], input.metal);
	assert_string_equal("c", input.words[2]);
	assert_null(input.words[3]);
	assert_int_equal(7, input.taken);
	set(&input, "any", "4294967295");
	assert_true(input.number == 4294967295);
	set(&input, "listed", "copper");
	assert_int_equal(1358, input.metal->melts);
	set(&input, "wait", "1m");
	assert_true(input.seconds == 60000000000u);
	set(&input, "soft", "lead");
	assert_int_equal(1, input.word);
	free(input.words);
}

static void bad_values_are_named_with_what_is_accepted(void **state)
{
	(void)state;
	refuses("number", "21", "invalid number \"21\" for --number: use 1 to 20");
	refuses("number", "0", "invalid number \"0\" for --number: use 1 to 20");
	refuses("number", " 3", "invalid number \" 3\" for --number: use 1 to 20");
	refuses("number", "3x", "invalid number \"3x\" for --number: use 1 to 20");
	refuses("number", "", "invalid number \"\" for --number: use 1 to 20");
	refuses("any", "4294967296",
		"invalid number \"4294967296\" for --any: use 0 to 4294967295");
	refuses("any", "-1", "invalid number \"-1\" for --any: use 0 to 4294967295");
	refuses("size", "4KB",
		"invalid size \"4KB\" for --size: use a number with K, M, G or T, such as 16K");
	refuses("size", "0", "invalid size \"0\" for --size: use at least 1 byte");
	refuses("time", "soon",
		"invalid time \"soon\" for --time: use seconds, or a time such as 90s, 10m or "
		"1h30m");
	refuses("time", "3h", "invalid time \"3h\" for --time: use 1 to 7200 seconds");
	refuses("time", "0", "invalid time \"0\" for --time: use 1 to 7200 seconds");
	refuses("wait", "0", "invalid time \"0\" for --wait: use at least 1 second");
	refuses("word", "quick", "invalid value \"quick\" for --word: use slow or fast");
	refuses("word", "fats", "invalid value \"fats\" for --word; did you mean \"fast\"?");
	refuses("metal", "gold", "invalid value \"gold\" for --metal: use tin, lead or copper");
	refuses("metal", "cooper",
		"invalid value \"cooper\" for --metal; did you mean \"copper\"?");
	refuses("soft", "copper", "invalid value \"copper\" for --soft: use tin or lead");
	refuses("listed", "gold",
		"invalid value \"gold\" for --listed; `alloc-perf list metals` lists them");
	refuses("taken", "", "nothing to take");
}

static void an_argument_is_chosen_too(void **state)
{
	const struct option_choices few = { metals, sizeof(metals[0]), &metal_count, NULL, 0 };
	CLEANUP(problem_clear) struct problem problem = { 0 };
	const void *entry = NULL;
	(void)state;

	assert_int_equal(0, option_choose(&few, NULL, "tin", &entry, NULL));
	assert_ptr_equal(&metals[0], entry);
	assert_int_equal(-EINVAL, option_choose(&few, NULL, "gold", &entry, &problem));
	assert_string_equal("invalid argument \"gold\": use tin, lead or copper", problem.message);
}

static void texts_name_few_choices_and_the_default(void **state)
{
	static const char *const texts[][3] = {
		{ "metal", "what to melt: tin, lead or copper (default: tin)", "tin lead copper" },
		{ "listed", "what to melt", "`list metals`" },
		{ "several", "what to melt", "`list metals`," },
		{ "size", "at least", "16K 1M" },
		{ "number", "how many", "" },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		CLEANUP(freep) char *help = option_help(row_of(texts[i][0]));
		CLEANUP(freep) char *values = option_values(row_of(texts[i][0]));

		assert_string_equal(texts[i][1], help);
		assert_string_equal(texts[i][2], values);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_sets_its_member),
		cmocka_unit_test(bad_values_are_named_with_what_is_accepted),
		cmocka_unit_test(an_argument_is_chosen_too),
		cmocka_unit_test(texts_name_few_choices_and_the_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
