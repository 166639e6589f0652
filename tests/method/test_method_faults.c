/* SPDX-License-Identifier: MIT */
/* Runs under tests/fake/: what the methods make of calls that fail. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "method_file.h"

enum { ODD_BYTES = (1 << 20) + 13 };

static const struct fault {
	const char *spec, *calls_to_fake;
	int r;
	const char *refused_by; /* NULL: it has to go well, with the file whole */
	enum method_path path;
	uint64_t calls;
} faults[] = {
	{ "chunk-64K", "write:3:ENOSPC", -ENOSPC, "write", METHOD_PATH_NONE, 2 },
	{ "chunk-64K", "write:1:EIO", -EIO, "write", METHOD_PATH_NONE, 0 },
	{ "chunk-64K", "write:1:EINTR", 0, NULL, METHOD_PATH_WRITTEN, 17 },
	{ "chunk-64K", "write:2:short,write:3:EINTR", 0, NULL, METHOD_PATH_WRITTEN, 18 },
	{ "writev-64K", "writev:2:short,writev:3:EINTR", 0, NULL, METHOD_PATH_WRITTEN, 18 },
	{ "writev-64K", "writev:17:short", 0, NULL, METHOD_PATH_WRITTEN, 18 },
	{ "writev-64K", "writev:2+:EDQUOT", -EDQUOT, "writev", METHOD_PATH_NONE, 1 },
	{ "direct-64K", "pwrite:2:short,pwrite:3:EINTR", 0, NULL, METHOD_PATH_WRITTEN, 18 },
	{ "direct-64K", "pwrite:1:EINVAL", -EINVAL, "pwrite", METHOD_PATH_NONE, 0 },
	{ "direct-64K", "pwrite:17:ENOSPC", -ENOSPC, "pwrite", METHOD_PATH_NONE, 16 },
	{ "direct-64K", "ftruncate:1:EIO", -EIO, "ftruncate", METHOD_PATH_NONE, 17 },
	{ "uring-64K", "ftruncate:1:EIO", -EIO, "ftruncate", METHOD_PATH_NONE, 17 },
	{ "fallocate", "fallocate:1:EINTR", 0, NULL, METHOD_PATH_NATIVE, 1 },
	{ "fallocate", "fallocate:*:EOPNOTSUPP", -EOPNOTSUPP, "fallocate", METHOD_PATH_NONE, 0 },
	{ "fallocate", "fallocate:*:ENOSYS", -ENOSYS, "fallocate", METHOD_PATH_NONE, 0 },
	{ "fallocate-keep-size", "fallocate:1:ENOSPC", -ENOSPC, "fallocate", METHOD_PATH_NONE, 0 },
	{ "posix-fallocate", "posix_fallocate:1:ENOSPC", -ENOSPC, "posix_fallocate",
	  METHOD_PATH_NONE, 0 },
	{ "posix-fallocate", "posix_fallocate:1:EINTR", 0, NULL, METHOD_PATH_NATIVE, 1 },
	{ "posix-fallocate", "fallocate:1:EOPNOTSUPP", 0, NULL, METHOD_PATH_EMULATED, 1 },
	{ "posix-fallocate", "fallocate:1:EIO", 0, NULL, METHOD_PATH_NATIVE, 1 },
	{ "posix-emulated", "pwrite:2:ENOSPC", -ENOSPC, "pwrite", METHOD_PATH_NONE, 1 },
	{ "posix-emulated", "pwrite:2:EINTR", 0, NULL, METHOD_PATH_EMULATED, 257 },
	{ "ftruncate", "ftruncate:1:EINTR", 0, NULL, METHOD_PATH_SPARSE, 1 },
	{ "ftruncate", "ftruncate:1:EFBIG", -EFBIG, "ftruncate", METHOD_PATH_NONE, 0 },
	{ "lseek-write", "write:1:EINTR", 0, NULL, METHOD_PATH_SPARSE, 1 },
	{ "lseek-write", "write:1:ENOSPC", -ENOSPC, "write", METHOD_PATH_NONE, 0 },
	{ "mmap", "ftruncate:1:EFBIG", -EFBIG, "ftruncate", METHOD_PATH_NONE, 0 },
	{ "mmap", "mmap@*alloc-perf-test*:1:ENODEV", -ENODEV, "mmap", METHOD_PATH_NONE, 0 },
	/* The mapping then lies beyond the end of the file: SIGBUS with room on the volume. */
	{ "mmap", "ftruncate:1:lost", -EIO, "page fault", METHOD_PATH_NONE, 1 },
};

static void is_faked(void **state)
{
	(void)state;

	setenv("FAKE_CALLS", "fsync:1:EDOM,fsync:2:lost", 1);
	assert_int_equal(fsync(-1), -1);
	assert_int_equal(errno, EDOM);
	assert_int_equal(fsync(-1), 0);
	assert_int_equal(fsync(-1), -1);
	assert_int_equal(errno, EBADF);
	unsetenv("FAKE_CALLS");
}

/* Without any fault. */
static int is_refused_here(const char *spec)
{
	CLEANUP(fd_closep) int fd = make_file(scratch_folder());
	struct method_outcome outcome;
	int r = run_spec(spec, fd, ODD_BYTES, &outcome);

	if (r < 0)
		print_message("# %s: %s here: %s\n", spec, outcome.refused_by, strerror(-r));
	return r < 0 && method_unsupported(r);
}

static void check_fault(const struct fault *fault)
{
	CLEANUP(fd_closep) int fd = make_file(scratch_folder());
	struct method_outcome outcome;
	int r;

	assert_true(fd >= 0);
	if (is_refused_here(fault->spec))
		return;
	setenv("FAKE_CALLS", fault->calls_to_fake, 1);
	r = run_spec(fault->spec, fd, ODD_BYTES, &outcome);
	unsetenv("FAKE_CALLS");
	if (r != fault->r || outcome.calls != fault->calls)
		fail_msg("%s with %s: %d after %llu calls", fault->spec, fault->calls_to_fake, r,
			 (unsigned long long)outcome.calls);
	assert_int_equal(outcome.path, fault->path);
	if (fault->refused_by) {
		assert_string_equal(outcome.refused_by, fault->refused_by);
		return;
	}
	assert_null(outcome.refused_by);
	assert_int_equal(lseek(fd, 0, SEEK_END), ODD_BYTES);
	assert_true(is_all_zero(fd));
}

static void faults_are_survived_or_told(void **state)
{
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
		check_fault(&faults[i]);
}

static void fallback_names_its_error(void **state)
{
	CLEANUP(fd_closep) int fd = make_file(scratch_folder());
	struct method_outcome outcome;
	(void)state;

	setenv("FAKE_CALLS", "fallocate:*:ENOSYS", 1);
	assert_int_equal(run_spec("posix-fallocate", fd, 8192, &outcome), 0);
	unsetenv("FAKE_CALLS");
	assert_int_equal(outcome.fallbacks, 1);
	assert_string_equal(outcome.fallback[0].call, "fallocate");
	assert_int_equal(outcome.fallback[0].error, ENOSYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_faked),
		cmocka_unit_test(faults_are_survived_or_told),
		cmocka_unit_test(fallback_names_its_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
