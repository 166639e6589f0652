/* SPDX-License-Identifier: MIT */
/* For the tests of src/method/: a file to allocate, and what must be true of it. */
#ifndef TESTS_METHOD_FILE_H
#define TESTS_METHOD_FILE_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/problem.h"
#include "method/method.h"

/* An empty file without a name in `folder`; -1: none. */
static inline int make_file(const char *folder)
{
	CLEANUP(freep) char *path = NULL;
	int fd;

	if (asprintf(&path, "%s/alloc-perf-test-XXXXXX", folder) < 0)
		return -1;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

static inline const char *scratch_folder(void)
{
	const char *folder = getenv("TMPDIR");

	return folder ? folder : "/var/tmp";
}

/* Must be a method; the outcome of running it on `fd`. */
static inline int run_spec(const char *spec, int fd, uint64_t bytes, struct method_outcome *ret)
{
	struct method_choice choice;
	CLEANUP(problem_clear) struct problem problem = { 0 };

	if (method_parse(spec, &choice, &problem) < 0) {
		fprintf(stderr, "%s\n", problem.message);
		abort();
	}
	return method_run(&choice, fd, bytes, ret);
}

/* Is every byte of the file zero? */
static inline int is_all_zero(int fd)
{
	static char buffer[65536];
	ssize_t got;
	off_t at = 0;

	while ((got = pread(fd, buffer, sizeof(buffer), at)) > 0) {
		if (buffer[0] != 0 || memcmp(buffer, buffer + 1, (size_t)got - 1) != 0)
			return 0;
		at += got;
	}
	return got == 0;
}

#endif
