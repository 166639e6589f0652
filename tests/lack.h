/* SPDX-License-Identifier: MIT */
/*
 * The one way in which a test in C does not run where something is missing.  Those
 * in bash have it in tests/cli/helper.bash.
 */
#ifndef TESTS_LACK_H
#define TESTS_LACK_H

#include <stdbool.h>

/*
 * Skips the test with a reason, or fails it where ALLOC_PERF_REQUIRE (a comma list)
 * says that `what` must be there: what scripts/setup installs ("programs"), or root
 * can set up ("loop").
 */
void lack(const char *what, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* For what no set-up gives a machine, as a file system of its kernel: always skips. */
void skip_because(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Lacks one of the "programs" that scripts/setup installs, unless it is there. */
void require_program(const char *name);

/* Does ALLOC_PERF_REQUIRE name it? */
bool lack_is_failure(const char *what);

#endif
