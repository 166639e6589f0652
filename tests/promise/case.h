/* SPDX-License-Identifier: MIT */
/* Runs cases on fresh volumes of file systems of this kernel. */
#ifndef TESTS_PROMISE_CASE_H
#define TESTS_PROMISE_CASE_H

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

/* A method by its name; test methods are looked up by nobody. */
struct method_choice case_method(const char *name);

#endif
