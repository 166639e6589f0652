/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "promise/promise.h"

static void cases_have_names_of_their_own(void **state)
{
	(void)state;
	for (size_t i = 0; promise_cases[i]; i++) {
		assert_true(promise_cases[i]->promises != 0);
		assert_true(promise_cases[i]->promises < 1u << PROMISE_COUNT);
		assert_non_null(promise_cases[i]->run);
		for (size_t j = 0; j < i; j++)
			assert_false(promise_cases[i]->promises & promise_cases[j]->promises &&
				     strcmp(promise_cases[i]->name, promise_cases[j]->name) == 0);
	}
}

static void cases_are_found_by_promise_and_name(void **state)
{
	struct problem problem = { 0 };
	enum promise promise = PROMISE_COUNT;

	(void)state;
	assert_string_equal(promise_case_find("reserved:overwrite", &promise, &problem)->name,
			    "overwrite");
	assert_int_equal(promise, PROMISE_RESERVED);
	assert_null(promise_case_find("reserved", &promise, &problem));
	assert_null(promise_case_find("durable:overwrite", &promise, &problem));
	assert_non_null(strstr(problem.message, "durable:overwrite"));
	problem_clear(&problem);
	assert_int_equal(promise_find("no-stale"), PROMISE_NO_STALE);
	assert_int_equal(promise_find("no"), PROMISE_COUNT);
}

/* Of every method in the table; those that reserve space are the rule. */
static void methods_make_promises(void **state)
{
	static const char *const sparse[] = { "ftruncate", "lseek-write", "extsize", "none" };

	(void)state;
	for (size_t i = 0; method_table[i]; i++) {
		const struct method *method = method_table[i];
		bool reserves = true;

		for (size_t j = 0; j < ARRAY_SIZE(sparse); j++)
			reserves = reserves && strcmp(method->name, sparse[j]) != 0;
		assert_int_equal(promise_is_made(PROMISE_RESERVED, method), reserves);
		assert_int_equal(promise_is_made(PROMISE_DURABLE, method), reserves);
		assert_true(promise_is_made(PROMISE_NO_STALE, method));
		assert_int_equal(promise_is_made(PROMISE_AS_BEFORE, method),
				 strcmp(method->name, "prealloc") == 0);
	}
}

static void what_is_not_claimed_is_not_broken(void **state)
{
	struct method_choice sparse, native;
	struct promise_run run = { .method = &sparse };

	(void)state;
	assert_int_equal(method_parse("ftruncate", &sparse, NULL), 0);
	assert_int_equal(method_parse("fallocate", &native, NULL), 0);
	assert_int_equal(promise_break(&run, PROMISE_RESERVED, "block %d", 7), 0);
	assert_string_equal(run.verdict, VERDICT_NOT_PROMISED);
	run.method = &native;
	assert_int_equal(promise_break(&run, PROMISE_RESERVED, "block %d", 7), 0);
	assert_string_equal(run.verdict, VERDICT_BROKEN);
	assert_string_equal(run.text, "block 7");
	assert_int_equal(promise_fault(&run, EIO, "reading"), -EIO);
	assert_string_equal(run.text, "reading: Input/output error");
	assert_int_equal(promise_keep(&run), 0);
	assert_string_equal(run.verdict, VERDICT_KEPT);
	assert_null(run.text);
}

/* The file system of somebody else's files is never filled. */
static void a_directory_is_not_filled(void **state)
{
	struct method_choice method;
	struct promise_run run = {
		.method = &method, .directory = "/var/tmp", .file_bytes = 1 << 20, .seed = 1
	};
	enum promise promise;

	(void)state;
	assert_int_equal(method_parse("ftruncate", &method, NULL), 0);
	assert_int_equal(promise_case_find("reserved:overwrite", &promise, NULL)->run(&run), 0);
	assert_string_equal(run.verdict, VERDICT_NA);
	assert_non_null(strstr(run.text, "use --on loop or --on uml"));
	free(run.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cases_have_names_of_their_own),
		cmocka_unit_test(cases_are_found_by_promise_and_name),
		cmocka_unit_test(methods_make_promises),
		cmocka_unit_test(what_is_not_claimed_is_not_broken),
		cmocka_unit_test(a_directory_is_not_filled),
	};

	return cmocka_run_group_tests_name("promise", tests, NULL, NULL);
}
