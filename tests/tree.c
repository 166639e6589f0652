/* SPDX-License-Identifier: MIT */
/*
 * One folder at a time, for cmocka runs one test at a time.  A test that fails
 * leaves by longjmp(), past every cleanup type: hence a teardown.
 */
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/io.h"

char tree[PATH_MAX];

int tree_make(void **state)
{
	const char *folder = getenv("TMPDIR");
	(void)state;

	snprintf(tree, sizeof(tree), "%s/alloc-perf-test-XXXXXX", folder ? folder : "/tmp");
	return mkdtemp(tree) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)status;
	(void)kind;
	(void)place;
	return remove(path);
}

int tree_remove(void **state)
{
	(void)state;
	return nftw(tree, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

char *tree_path(const char *name)
{
	char *path;

	assert_true(asprintf(&path, "%s/%s", tree, name) > 0);
	return path;
}

/* The path of `name`, to which there are all folders. */
static char *make_way(const char *name)
{
	char *path = tree_path(name);

	for (char *slash = path + strlen(tree); (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
		*slash = '/';
	}
	return path;
}

void tree_put_folder(const char *name)
{
	CLEANUP(freep) char *path = make_way(name);

	assert_int_equal(mkdir(path, 0755), 0);
}

void tree_put_bytes(const char *name, const void *data, size_t bytes)
{
	CLEANUP(freep) char *path = make_way(name);
	CLEANUP(fd_closep) int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(io_write_all(fd, data, bytes), 0);
}

void tree_put(const char *name, const char *text)
{
	tree_put_bytes(name, text, strlen(text));
}

void tree_put_link(const char *name, const char *target)
{
	CLEANUP(freep) char *path = make_way(name);

	assert_int_equal(symlink(target, path), 0);
}
