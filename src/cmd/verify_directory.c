/* SPDX-License-Identifier: MIT */
/*
 * Cases fill the file system on which they run.  In a directory that is one of the user's, so it
 * has to be small, and the user has to name all of it.
 */
#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "base/text.h"
#include "cmd/run.h"
#include "cmd/verify.h"

#define FREE_MOST ((uint64_t)4 << 30)
enum { OPEN_DIRECTORIES = 16, TRIES = 100, PAUSE_MS = 20 };

/* The root directory is one, too, but its parent is itself. */
static bool is_mount_point(const char *path)
{
	CLEANUP(freep) char *parent = text_path(path, "..");
	struct stat here, above;

	return parent && stat(path, &here) == 0 && stat(parent, &above) == 0 &&
	       here.st_dev != above.st_dev;
}

int verify_check_directory(const struct verify *verify, struct problem *problem)
{
	const struct testbed_session *session = &verify->run->session;
	const char *path = session->options.argument;
	char size[SIZE_TEXT_MAX], most[SIZE_TEXT_MAX];
	struct statvfs status;
	uint64_t free_bytes;

	if (!session->testbed->in_directory)
		return 0;
	if (statvfs(path, &status) < 0)
		return problem_set(problem, PROBLEM_LACK, errno,
				   "cannot examine %s: %s; create it, or choose another directory",
				   path, strerror(errno));
	if (!is_mount_point(path))
		return problem_set(
			problem, PROBLEM_USAGE, EINVAL,
			"verify fills the whole file system of %s; name the directory "
			"where a small file system is mounted that can be filled, or use "
			"--on uml",
			path);
	free_bytes = (uint64_t)status.f_bavail * status.f_frsize;
	if (free_bytes <= FREE_MOST)
		return 0;
	return problem_set(problem, PROBLEM_USAGE, EFBIG,
			   "verify fills the file system of %s, which has %s free; use one with at "
			   "most %s free, or --on uml",
			   path, size_human((double)free_bytes, size),
			   size_human((double)FREE_MOST, most));
}

int verify_make_directory(struct verify *verify, struct problem *problem)
{
	struct testbed_session *session = &verify->run->session;
	const char *path = session->options.argument;
	CLEANUP(freep) char *directory = NULL;

	if (!session->testbed->in_directory)
		return 0;
	directory = text_path(path, "alloc-perf.XXXXXX");
	if (!directory)
		return -ENOMEM;
	if (!mkdtemp(directory))
		return problem_set(problem, PROBLEM_LACK, errno,
				   "cannot create a directory in %s: %s", path, strerror(errno));
	session->options.argument = verify->directory = TAKE_PTR(directory);
	return 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status;
	if (place->level > 0)
		(void)(type == FTW_DP ? rmdir(path) : unlink(path));
	return 0;
}

static void empty_directory(const char *path)
{
	(void)nftw(path, remove_entry, OPEN_DIRECTORIES, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

void verify_empty_directory(const struct verify *verify)
{
	if (verify->directory)
		empty_directory(verify->directory);
}

/* Who was killed may still be writing. */
void verify_remove_directory(const struct verify *verify)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000L };

	for (int i = 0; verify->directory && i < TRIES; i++) {
		empty_directory(verify->directory);
		if (rmdir(verify->directory) == 0 || errno != ENOTEMPTY)
			return;
		nanosleep(&pause, NULL);
	}
}
