/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/random.h"
#include "base/strbuf.h"
#include "crash/states.h"

/*
 * A log from a text: a letter per entry.  w: a write of 1 KiB, W: of 64 KiB, s: of 512 bytes, f:
 * FUA, d: a discard, |: a flush, m: a mark.
 */
static void make_log(const char *text, bool in_order, struct crash_log *log)
{
	crash_log_init(log, -1, 1 << 30, in_order);
	for (; *text; text++) {
		struct crash_write write = {
			.bytes = *text == 'W'	? 65536
				 : *text == 's' ? 512
						: 1024,
			.flags = *text == 'f'	? WRITE_LOG_FUA
				 : *text == 'd' ? WRITE_LOG_DISCARD
						: 0,
			.flushed = log->flushed,
		};
		char name[] = "mark 0";

		if (*text == '|') {
			log->flushed = (uint32_t)log->write_count;
		} else if (*text == 'm') {
			name[5] = (char)('0' + log->mark_count);
			assert_int_equal(crash_log_mark(log, name), 0);
		} else {
			assert_int_equal(ARRAY_ADD(log->writes, log->write_count, write), 0);
			if (in_order)
				log->flushed = (uint32_t)log->write_count;
		}
	}
}

static char *make_list(const struct crash_states *states)
{
	struct strbuf list = { 0 };
	char text[CRASH_STATE_TEXT_MAX];

	for (size_t i = 0; i < states->count; i++)
		strbuf_join(&list, " ", crash_state_print(&states->states[i], text));
	return strbuf_take(&list);
}

static void states_are_those_of_the_model(void **state)
{
	static const struct {
		const char *log;
		bool in_order;
		unsigned tears;
		const char *states;
	} cases[] = {
		{ "", false, 7, "0" },
		{ "wWs", true, 1, "0 1:512.. 1:512 1 2:32768.. 2:32768 2 3" },
		{ "wdww", true, 0, "0 1 2 3 3-2 4 4-2" },
		{ "wdmwwmw", true, 0, "0 1 2 3 3-2 4 4-2 5 5-2" },
		{ "ww", false, 0, "0 1 2 2-1" },
		{ "w|w", false, 0, "0 1 2" },
		{ "www", false, 0, "0 1 2 2-1 3 3-2 3-1 3-1..2" },
		{ "w|www|", false, 0, "0 1 2 3 3-2 4 4-3 4-2 4-2..3" },
		{ "wwww", false, 0,
		  "0 1 2 2-1 3 3-2 4 4-3 4-2 4-1 4-1..2 4-2..3 4-1-3 4-1..3 3-1..2" },
		{ "wwwww", false, 0,
		  "0 1 2 2-1 3 3-2 4 4-3 5 5-4 5-3 5-2 5-1 5-1..2 5-2..3 5-3..4 5-1-3 5-2-4 "
		  "5-1..3 5-1..4 4-1..3 3-1..2" },
		{ "wfww", false, 0, "0 1 2 2-1 3 4 4-3 4-1 4-1-3" },
		{ "dw|ww", false, 0, "0 1 2 2-1 3 4 4-3 4-1" },
		{ "dw|wmww", false, 0, "0 1 2 2-1 3 3-1 4 4-3 5 5-4 5-1 5-3 5-3..4" },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(crash_log_clear) struct crash_log log;
		CLEANUP(crash_states_clear) struct crash_states states = { 0 };
		CLEANUP(freep) char *list = NULL;
		const struct crash_bounds bounds = { .tears = cases[i].tears };

		make_log(cases[i].log, cases[i].in_order, &log);
		assert_int_equal(crash_states_enumerate(&log, &bounds, &states), 0);
		list = make_list(&states);
		if (strcmp(list, cases[i].states) != 0)
			fail_msg("%s: %s instead of %s", cases[i].log, list, cases[i].states);
		assert_int_equal(states.possible, states.count);
	}
}

static void long_writes_are_torn_at_even_distances(void **state)
{
	CLEANUP(crash_log_clear) struct crash_log log;
	CLEANUP(crash_states_clear) struct crash_states states = { 0 };
	CLEANUP(freep) char *list = NULL;
	const struct crash_bounds bounds = { .tears = CRASH_TEARS };
	(void)state;

	make_log("W", true, &log);
	assert_int_equal(crash_states_enumerate(&log, &bounds, &states), 0);
	list = make_list(&states);
	assert_string_equal(list, "0 1:32768.. 1:8192 1:16384 1:24576 1:32768 1:40960 1:49152 "
				  "1:57344 1");
}

/* Writes of make_log() start at byte 0 of the volume. */
static void some_bytes_are_never_torn(void **state)
{
	static const struct {
		uint64_t from, to;
		const char *states;
	} cases[] = {
		{ 0, 0, "0 1:32768.. 1:16384 1:32768 1:49152 1" },
		{ 16384, 32768, "0 1:32768.. 1:16384 1:32768 1:49152 1" },
		{ 16383, 32769, "0 1:49152 1" },
		{ 0, 65536, "0 1" },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(crash_log_clear) struct crash_log log;
		CLEANUP(crash_states_clear) struct crash_states states = { 0 };
		CLEANUP(freep) char *list = NULL;
		const struct crash_bounds bounds = { .tears = 3,
						     .whole_from = cases[i].from,
						     .whole_to = cases[i].to };

		make_log("W", true, &log);
		assert_int_equal(crash_states_enumerate(&log, &bounds, &states), 0);
		list = make_list(&states);
		assert_string_equal(list, cases[i].states);
	}
}

static char *random_log(uint64_t seed)
{
	static const char letters[] = "wwwwwwwwwwWsfd|m";
	size_t length = random_next(&seed) % 60;
	char *text = calloc(1, length + 1);

	assert_non_null(text);
	for (size_t i = 0; i < length; i++)
		text[i] = letters[random_next(&seed) % (sizeof(letters) - 1)];
	/* At most ten marks: a digit names them. */
	for (size_t i = 0, marks = 0; i < length; i++)
		if (text[i] == 'm' && ++marks > 9)
			text[i] = 'w';
	return text;
}

static int compare_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Each state has one name, which is read back, and is possible. */
static void a_superblock_is_not_torn(void **state)
{
	static const struct {
		uint64_t from, to;
		const char *list;
	} cases[] = {
		{ 0, 0, "0 1:512.. 1:512 1" },
		{ 0, 512, "0 1:512.. 1:512 1" },
		{ 512, 1024, "0 1:512.. 1:512 1" },
		{ 0, 1024, "0 1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct crash_bounds bounds = { .tears = 1,
						     .whole_from = cases[i].from,
						     .whole_to = cases[i].to };
		CLEANUP(crash_states_clear) struct crash_states states = { 0 };
		CLEANUP(crash_log_clear) struct crash_log log;
		CLEANUP(freep) char *list = NULL;

		make_log("w", true, &log);
		assert_int_equal(crash_states_enumerate(&log, &bounds, &states), 0);
		list = make_list(&states);
		assert_string_equal(list, cases[i].list);
	}
}

static void names_are_exact(void **state)
{
	(void)state;

	for (uint64_t seed = 0; seed < 400; seed++) {
		CLEANUP(crash_log_clear) struct crash_log log;
		CLEANUP(crash_states_clear) struct crash_states states = { 0 };
		CLEANUP(freep) char *text = random_log(seed);
		CLEANUP(freep) char(*names)[CRASH_STATE_TEXT_MAX] = NULL;
		const struct crash_bounds bounds = { .tears = (unsigned)seed % 9 };

		make_log(text, seed & 1, &log);
		assert_int_equal(crash_states_enumerate(&log, &bounds, &states), 0);
		names = calloc(states.count, sizeof(*names));
		for (size_t i = 0; i < states.count; i++) {
			CLEANUP(problem_clear) struct problem problem = { 0 };
			struct crash_state again;

			crash_state_print(&states.states[i], names[i]);
			if (crash_state_parse(names[i], &log, &again, &problem) < 0)
				fail_msg("%s: %s", text, problem.message);
			assert_int_equal(crash_state_compare(&states.states[i], &again), 0);
		}
		qsort(names, states.count, sizeof(*names), compare_text);
		for (size_t i = 1; i < states.count; i++)
			if (strcmp(names[i - 1], names[i]) == 0)
				fail_msg("%s: %s twice", text, names[i]);
	}
}

static void wrong_names_get_a_sentence(void **state)
{
	static const char log_text[] = "dww|fwwWws";
	static const struct {
		const char *name, *said;
	} cases[] = {
		{ "", "use a form such as" },
		{ "x", "use a form such as" },
		{ "5 ", "use a form such as" },
		{ "05", "use a form such as" },
		{ "-3", "use a form such as" },
		{ "5-", "use a form such as" },
		{ "5-0", "use a form such as" },
		{ "5-4..4", "use a form such as" },
		{ "5-4..3", "use a form such as" },
		{ "5:", "use a form such as" },
		{ "5:0", "use a form such as" },
		{ "5:512.", "use a form such as" },
		{ "8-5-6-7", "use a form such as" },
		{ "4294967296", "use a form such as" },
		{ "99999999999999999999999", "use a form such as" },
		{ "10", "the log has fewer writes" },
		{ "5-5", "before the last one" },
		{ "5-6", "before the last one" },
		{ "8-6-5", "ascending order" },
		{ "8-5-6", "ascending order" },
		{ "8-5..6-7", "ascending order" },
		{ "5-2", "made durable before" },
		{ "5-4", "made durable before" },
		{ "6-3..5", "made durable before" },
		{ "0:512", "torn at a multiple of 512" },
		{ "1:512", "torn at a multiple of 512" },
		{ "2:100", "torn at a multiple of 512" },
		{ "2:1024", "torn at a multiple of 512" },
		{ "9:512", "torn at a multiple of 512" },
	};
	static const char *const good[] = { "0", "9", "8-7", "9-5..6-8", "7:65024..", "8-1-5" };
	CLEANUP(crash_log_clear) struct crash_log log;
	struct crash_state parsed;
	(void)state;

	make_log(log_text, false, &log);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(problem_clear) struct problem problem = { 0 };

		if (crash_state_parse(cases[i].name, &log, &parsed, &problem) != -EINVAL)
			fail_msg("\"%s\" is accepted", cases[i].name);
		assert_int_equal(problem.kind, PROBLEM_USAGE);
		if (!strstr(problem.message, cases[i].said))
			fail_msg("%s: \"%s\" lacks \"%s\"", cases[i].name, problem.message,
				 cases[i].said);
	}
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		char text[CRASH_STATE_TEXT_MAX];

		assert_int_equal(crash_state_parse(good[i], &log, &parsed, NULL), 0);
		assert_string_equal(crash_state_print(&parsed, text), good[i]);
	}
}

static void a_state_has_parts_of_writes(void **state)
{
	static const struct {
		const char *name;
		uint32_t number;
		uint64_t from, to;
	} cases[] = {
		{ "2", 2, 0, 1024 },	   { "2", 3, 0, 0 },	   { "4-2", 2, 0, 0 },
		{ "4-2", 3, 0, 65536 },	   { "4-2..3", 3, 0, 0 },  { "4-1-3", 1, 0, 0 },
		{ "4-1-3", 2, 0, 1024 },   { "4-1-3", 3, 0, 0 },   { "4-1-3", 4, 0, 1024 },
		{ "3-1:512", 3, 0, 512 },  { "3-1:512", 1, 0, 0 }, { "3:512..", 3, 512, 65536 },
		{ "3:512..", 2, 0, 1024 }, { "0", 1, 0, 0 },
	};
	CLEANUP(crash_log_clear) struct crash_log log;
	(void)state;

	make_log("wwWw", false, &log);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct crash_state parsed;
		uint64_t from, to;

		assert_int_equal(crash_state_parse(cases[i].name, &log, &parsed, NULL), 0);
		crash_state_part(&parsed, &log, cases[i].number, &from, &to);
		if (to - from != cases[i].to - cases[i].from || (to && from != cases[i].from))
			fail_msg("%s: of %u %llu to %llu", cases[i].name, cases[i].number,
				 (unsigned long long)from, (unsigned long long)to);
	}
}

static void marks_count_once_what_they_confirm_is_there(void **state)
{
	static const struct {
		const char *log;
		bool in_order;
		const char *name;
		size_t marks;
	} cases[] = {
		{ "wwm", false, "1", 0 },
		{ "ww|m", false, "2", 1 },
		{ "ww|m", false, "2-1", 0 },
		{ "ww|m", false, "2:512", 0 },
		{ "ww|mww", false, "3", 1 },
		{ "ww|mww", false, "4-3", 1 },
		{ "ww|mww", false, "4:512", 1 },
		{ "mww|m", false, "0", 1 },
		/* What came after the flush was not confirmed by the mark, unless it is FUA. */
		{ "ww|wwmw", false, "4-3", 1 },
		{ "ww|wwmw", false, "5-4", 1 },
		{ "ww|wfmw", false, "4:512", 0 },
		{ "ww|wfmw", false, "5-3", 1 },
		/* A discard confirms nothing. */
		{ "dw|mw", false, "3-1", 1 },
		{ "dw|mw", false, "2-1", 1 },
		{ "wwmwm", true, "2", 1 },
		{ "wwmwm", true, "2:512", 0 },
		{ "wwmwm", true, "3:512", 1 },
		{ "wwmwm", true, "3", 2 },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(crash_log_clear) struct crash_log log;
		struct crash_state parsed;
		size_t marks;

		make_log(cases[i].log, cases[i].in_order, &log);
		assert_int_equal(crash_state_parse(cases[i].name, &log, &parsed, NULL), 0);
		marks = crash_state_marks(&parsed, &log);
		if (marks != cases[i].marks)
			fail_msg("%s of %s: %zu marks", cases[i].name, cases[i].log, marks);
	}
}

static bool has(const struct crash_states *states, const char *name)
{
	char text[CRASH_STATE_TEXT_MAX];

	for (size_t i = 0; i < states->count; i++)
		if (strcmp(crash_state_print(&states->states[i], text), name) == 0)
			return true;
	return false;
}

/* 200 writes in two epochs, and a mark in the middle of the second. */
static void make_long_log(struct crash_log *log)
{
	char text[203] = { 0 };

	memset(text, 'w', sizeof(text) - 1);
	text[100] = '|';
	text[150] = 'm';
	make_log(text, false, log);
}

static void a_sample_keeps_what_matters(void **state)
{
	static const char *const near[] = { "0",   "1",	  "99",	 "100", "101",
					    "148", "149", "150", "199", "200" };
	CLEANUP(crash_log_clear) struct crash_log log;
	CLEANUP(crash_states_clear) struct crash_states all = { 0 };
	(void)state;

	make_long_log(&log);
	assert_int_equal(crash_states_enumerate(&log, &(struct crash_bounds) { .tears = 7 }, &all),
			 0);
	for (size_t most = 1; most < all.count; most = most * 3 / 2 + 1) {
		CLEANUP(crash_states_clear) struct crash_states some = { 0 };
		const struct crash_bounds bounds = { .seed = 1, .tears = 7, .states_max = most };
		size_t prefixes = 0;

		assert_int_equal(crash_states_enumerate(&log, &bounds, &some), 0);
		assert_int_equal(some.count, most);
		assert_int_equal(some.possible, all.count);
		for (size_t i = 0; most >= 10 && i < ARRAY_SIZE(near); i++)
			assert_true(has(&some, near[i]));
		for (size_t i = 0; i < some.count; i++)
			prefixes += !crash_state_lost(&some.states[i]);
		assert_true(prefixes >= (most < 402 ? most / 2 : 201));
		assert_true(most < 20 || prefixes < most);
	}
}

static void a_sample_depends_on_its_seed_alone(void **state)
{
	CLEANUP(crash_log_clear) struct crash_log log;
	CLEANUP(freep) char *lists[3] = { NULL };
	static const uint64_t seeds[] = { 1, 1, 2 };
	(void)state;

	make_long_log(&log);
	for (size_t i = 0; i < ARRAY_SIZE(seeds); i++) {
		CLEANUP(crash_states_clear) struct crash_states states = { 0 };
		const struct crash_bounds bounds = { seeds[i], 500, CRASH_TEARS };

		assert_int_equal(crash_states_enumerate(&log, &bounds, &states), 0);
		lists[i] = make_list(&states);
	}
	assert_string_equal(lists[0], lists[1]);
	assert_string_not_equal(lists[0], lists[2]);
	free(lists[1]);
	free(lists[2]);
}

static void the_simplest_state_is_shown(void **state)
{
	static const char *const order[] = { "1",   "4",   "2-1",    "3:512", "3:512..",
					     "4-1", "4-2", "4-1..2", "4-1-3" };
	CLEANUP(crash_log_clear) struct crash_log log;
	struct crash_state states[ARRAY_SIZE(order)];
	char text[CRASH_STATE_TEXT_MAX];
	(void)state;

	make_log("wwww", false, &log);
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		assert_int_equal(crash_state_parse(order[i], &log,
						   &states[(i * 4 + 3) % ARRAY_SIZE(order)], NULL),
				 0);
	qsort(states, ARRAY_SIZE(order), sizeof(*states), crash_state_compare);
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		assert_string_equal(crash_state_print(&states[i], text), order[i]);
}

static void states_have_words(void **state)
{
	static const struct {
		const char *log, *name, *words;
	} cases[] = {
		{ "ww", "1", "after 1 of 2 writes" },
		{ "ww|mww|mww", "1", "after 1 of 6 writes, before the mark mark 0" },
		{ "ww|mww|mww", "4-3",
		  "after 4 of 6 writes, between the marks mark 0 and mark 1; write 3 is lost" },
		{ "ww|m|wwwwww", "8-3..5",
		  "after 8 of 8 writes, after the mark mark 0; writes 3 to 5 are lost" },
		{ "wwwwww", "6-1..2-5", "after 6 of 6 writes; writes 1 and 2 and 5 are lost" },
		{ "wwwwww", "6-2-5", "after 6 of 6 writes; writes 2 and 5 are lost" },
		{ "wwwwww", "6-5:512",
		  "after 6 of 6 writes; write 5 is lost; write 6 is torn: only its first 512 "
		  "bytes reached the disk" },
		{ "wW", "2:1024..",
		  "after 2 of 2 writes; write 2 is torn: only what follows its first 1024 bytes "
		  "reached the disk" },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(crash_log_clear) struct crash_log log;
		CLEANUP(freep) char *words = NULL;
		struct crash_state parsed;

		make_log(cases[i].log, false, &log);
		assert_int_equal(crash_state_parse(cases[i].name, &log, &parsed, NULL), 0);
		words = crash_state_describe(&parsed, &log);
		assert_string_equal(words, cases[i].words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states_are_those_of_the_model),
		cmocka_unit_test(long_writes_are_torn_at_even_distances),
		cmocka_unit_test(a_superblock_is_not_torn),
		cmocka_unit_test(some_bytes_are_never_torn),
		cmocka_unit_test(names_are_exact),
		cmocka_unit_test(wrong_names_get_a_sentence),
		cmocka_unit_test(a_state_has_parts_of_writes),
		cmocka_unit_test(marks_count_once_what_they_confirm_is_there),
		cmocka_unit_test(a_sample_keeps_what_matters),
		cmocka_unit_test(a_sample_depends_on_its_seed_alone),
		cmocka_unit_test(the_simplest_state_is_shown),
		cmocka_unit_test(states_have_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
