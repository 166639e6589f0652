/* SPDX-License-Identifier: MIT */
/* What is known to be left of calls that failed. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "case.h"

static const struct case_row rows[] = {
	{ "ext4", "as-before:enospc", "prealloc", VERDICT_KEPT, NULL },
	{ "ext3", "as-before:enospc", "prealloc", VERDICT_KEPT, NULL },
	{ "xfs", "as-before:enospc", "prealloc", VERDICT_KEPT, NULL },
	{ "btrfs", "as-before:enospc", "prealloc", VERDICT_KEPT, NULL },
	{ "ext4", "as-before:enospc", "fallocate", VERDICT_NOT_PROMISED, "stay allocated" },
	{ "ext4", "as-before:enospc", "chunk-64K", VERDICT_NOT_PROMISED, "length 0 ->" },
	{ "ext4", "as-before:enospc", "ftruncate", VERDICT_NA, "allocates nothing" },
	{ "ext4", "as-before:edquot", "prealloc", VERDICT_KEPT, NULL },
	{ "ext4", "as-before:efbig", "prealloc", VERDICT_KEPT, NULL },
	{ "ext3", "as-before:efbig", "prealloc", VERDICT_KEPT, NULL },
	{ "ext3", "as-before:efbig", "fallocate", VERDICT_NA, "fallocate: Operation not supp" },
	{ "xfs", "as-before:efbig", "chunk-64K", VERDICT_NOT_PROMISED, "length 0 -> 8388608" },
	{ "ext4", "as-before:sigkill", "fallocate", VERDICT_KEPT, NULL },
	{ "ext4", "as-before:sigkill", "chunk-64K", VERDICT_NOT_PROMISED,
	  "(write); afterwards length" },
	{ "ext3", "as-before:sigkill", "prealloc", VERDICT_NOT_PROMISED, "stay allocated" },
	{ "ext4", "as-before:cancel", "prealloc", VERDICT_KEPT, NULL },
	{ "ext3", "as-before:cancel", "prealloc", VERDICT_KEPT, NULL },
	{ "xfs", "as-before:cancel", "prealloc", VERDICT_KEPT, NULL },
	{ "btrfs", "as-before:cancel", "prealloc", VERDICT_KEPT, NULL },
};

/* ---- the checker proves itself: methods that claim to be libprealloc ---- */

static int fail_and_leave(int fd, const struct method_request *request, struct method_outcome *ret)
{
	ret->refused_by = "test";
	if (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 8 << 20) < 0)
		return -errno;
	return request->bytes > 8 << 20 ? -ENOSPC : 0;
}

static int fail_and_overwrite(int fd, const struct method_request *request,
			      struct method_outcome *ret)
{
	struct stat status;

	(void)request;
	ret->refused_by = "test";
	if (fstat(fd, &status) < 0 || (status.st_size > 0 && pwrite(fd, "x", 1, 5000) != 1))
		return -errno;
	return -ENOSPC;
}

static int fail_and_shorten(int fd, const struct method_request *request,
			    struct method_outcome *ret)
{
	(void)request;
	ret->refused_by = "test";
	return ftruncate(fd, 0) < 0 ? -errno : -EFBIG;
}

static void check_is_broken(int (*allocate)(int, const struct method_request *,
					    struct method_outcome *),
			    const char *name, const char *text)
{
	static const char *const types[] = { "ext4", "xfs", "btrfs" };
	struct method method = { .name = "prealloc", .allocate = allocate, .keeps_data = 1 };
	struct method_choice choice = { .method = &method, .name = "prealloc" };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		CLEANUP(case_result_clear) struct case_result result = { 0 };

		case_run(&(struct case_run) { types[i], name, &choice, NULL, 7 }, &result);
		assert_string_equal(result.verdict, VERDICT_BROKEN);
		assert_non_null(strstr(result.text, text));
	}
}

static void who_leaves_blocks_is_found(void **state)
{
	(void)state;
	check_is_broken(fail_and_leave, "as-before:enospc",
			"an empty file: test: No space left on device; afterwards 8 MiB stay");
}

static void who_changes_data_is_found(void **state)
{
	(void)state;
	check_is_broken(fail_and_overwrite, "as-before:enospc",
			"a file with data: test: No space left on device; afterwards the data "
			"differ from byte 5000 on");
	check_is_broken(fail_and_shorten, "as-before:efbig", "length 3145805 -> 0");
}

/* A file that is killed between two calls of this one is empty. */
static int shorten_and_allocate(int fd, const struct method_request *request,
				struct method_outcome *ret)
{
	(void)ret;
	if (ftruncate(fd, 0) < 0 || fallocate(fd, 0, 0, (off_t)request->bytes) < 0)
		return -errno;
	return 0;
}

static void who_loses_data_when_killed_is_found(void **state)
{
	(void)state;
	check_is_broken(shorten_and_allocate, "as-before:sigkill",
			"killed when it had left system call");
}

int main(void)
{
	const struct CMUnitTest others[] = {
		cmocka_unit_test(who_leaves_blocks_is_found),
		cmocka_unit_test(who_changes_data_is_found),
		cmocka_unit_test(who_loses_data_when_killed_is_found),
	};

	return case_run_tests(rows, ARRAY_SIZE(rows), others, ARRAY_SIZE(others));
}
