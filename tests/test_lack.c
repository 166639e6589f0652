/* SPDX-License-Identifier: MIT */
/*
 * That a missing thing skips, and fails where it is demanded: each verdict is that
 * of a group of one test, run in a child whose environment demands this or that.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/child.h"
#include "base/cleanup.h"
#include "lack.h"

static void without_a_device(void **state)
{
	(void)state;
	lack("loop", "no device for %s\nand more", "ext2");
	fail(); /* is not reached */
}

static void without_a_program(void **state)
{
	(void)state;
	require_program("no-such-program");
	fail();
}

static void with_a_program(void **state)
{
	(void)state;
	require_program("sh");
}

static void without_a_file_system(void **state)
{
	(void)state;
	skip_because("this kernel has no %s", "jfs");
	fail();
}

/* How many of the one test fail; *ret_output is what was printed. */
static int failures(CMUnitTestFunction run, const char *demanded, char *ret_output, size_t room)
{
	const struct CMUnitTest tests[] = { { "inner", run, NULL, NULL, NULL } };
	CLEANUP(child_killp) struct child child = CHILD_NONE;
	int ends[2], status = -1;
	ssize_t got;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	if (child_fork(&child, 0) == 0) {
		dup2(ends[1], STDOUT_FILENO);
		dup2(ends[1], STDERR_FILENO);
		setenv("ALLOC_PERF_REQUIRE", demanded, 1);
		exit(cmocka_run_group_tests(tests, NULL, NULL));
	}
	close(ends[1]);
	assert_int_equal(child_wait(&child, -1, 0, &status), 0);
	got = read(ends[0], ret_output, room - 1);
	close(ends[0]);
	assert_true(got > 0 && WIFEXITED(status));
	ret_output[got] = '\0';
	return WEXITSTATUS(status);
}

static void what_is_missing_skips_or_fails(void **state)
{
	static const struct {
		CMUnitTestFunction run;
		const char *demanded;
		int failures;
		const char *says;
	} rows[] = {
		{ without_a_device, "", 0, "# no device for ext2\n" },
		{ without_a_device, "uml,programs", 0, "# no device for ext2\n" },
		{ without_a_device, "uml,loop", 1, "names loop, but: no device for ext2\n" },
		{ without_a_program, "loop", 0, "# no-such-program is not installed\n" },
		{ without_a_program, "programs", 1,
		  "names programs, but: no-such-program is not installed\n" },
		{ with_a_program, "programs", 0, "inner" },
		{ without_a_file_system, "uml,loop,qemu,kernels,chromium,programs", 0,
		  "# this kernel has no jfs\n" },
	};
	char output[4096];
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int failed = failures(rows[i].run, rows[i].demanded, output, sizeof(output));

		if (failed != rows[i].failures || !strstr(output, rows[i].says))
			fail_msg("row %zu: %d failed; it says: %s", i, failed, output);
	}
}

static void the_list_names_whole_words(void **state)
{
	(void)state;

	setenv("ALLOC_PERF_REQUIRE", "qemu,loops,kernels", 1);
	assert_true(lack_is_failure("qemu"));
	assert_true(lack_is_failure("kernels"));
	assert_false(lack_is_failure("loop"));
	assert_false(lack_is_failure("kernel"));
	assert_false(lack_is_failure("oops"));
	unsetenv("ALLOC_PERF_REQUIRE");
	assert_false(lack_is_failure("qemu"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_missing_skips_or_fails),
		cmocka_unit_test(the_list_names_whole_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
