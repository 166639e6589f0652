/* SPDX-License-Identifier: MIT */
/* Runs cases on fresh volumes of file systems of this kernel. */
#ifndef TESTS_PROMISE_CASE_H
#define TESTS_PROMISE_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "promise/promise.h"

struct case_run {
	const char *type; /* of the file system */
	const char *name; /* "reserved:overwrite" */
	const struct method_choice *method;
	const char *mount_options; /* besides those of the case; NULL: none */
	uint64_t seed;
};

struct case_result {
	char *verdict; /* owned, as the text */
	char *text;
};

/*
 * The test is skipped where this machine cannot run it.  A case that fails itself fails the test.
 */
void case_run(const struct case_run *run, struct case_result *ret);
void case_result_clear(struct case_result *result);

/* A method by its name. */
struct method_choice case_method(const char *name);

/* A known verdict. */
struct case_row {
	const char *type, *name, *method, *verdict;
	const char *text; /* part of the counterexample or reason; NULL: there is none */
};

/* Runs them and other tests.  Of the rows only those whose title has $CASES, if that is set. */
int case_run_tests(const struct case_row *rows, size_t row_count, const struct CMUnitTest *others,
		   size_t other_count);

#endif
