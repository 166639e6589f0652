/* SPDX-License-Identifier: MIT */
/*
 * Cases fill the file system on which they run, and leave their files.  In a directory both are
 * the user's, so it has to be all of a small file system that has nothing in it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "base/text.h"
#include "cmd/run.h"
#include "cmd/verify.h"

#define BYTES_MOST ((uint64_t)1 << 30) /* as for promise/fill.c */
enum { OPEN_DIRECTORIES = 16 };

static const char own_entry[] = "lost+found"; /* of the file system */

/* The parent of the root directory is itself. */
static bool is_mount_point(const char *path)
{
	CLEANUP(freep) char *parent = text_path(path, "..");
	struct stat here, above;

	return parent && stat(path, &here) == 0 && stat(parent, &above) == 0 &&
	       here.st_dev != above.st_dev;
}

static bool is_empty(const char *path)
{
	DIR *entries = opendir(path);
	const struct dirent *entry;
	bool empty = entries != NULL;

	while (empty && (entry = readdir(entries)))
		empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
			strcmp(entry->d_name, own_entry) == 0;
	if (entries)
		closedir(entries);
	return empty;
}

int verify_check_directory(const struct verify *verify, struct problem *problem)
{
	const struct testbed_session *session = &verify->run->session;
	const char *path = session->options.argument;
	char size[SIZE_TEXT_MAX], most[SIZE_TEXT_MAX];
	struct statvfs status;
	uint64_t bytes;

	if (!session->testbed->in_directory)
		return 0;
	if (statvfs(path, &status) < 0)
		return problem_set(problem, PROBLEM_LACK, errno,
				   "cannot examine %s: %s; create it, or choose another directory",
				   path, strerror(errno));
	if (!is_mount_point(path) || !is_empty(path))
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "verify fills the whole file system of %s; name the directory "
				   "where a small and empty one is mounted, or use --on uml",
				   path);
	bytes = (uint64_t)status.f_blocks * status.f_frsize;
	if (bytes > 0 && bytes <= BYTES_MOST)
		return 0;
	return problem_set(problem, PROBLEM_USAGE, EFBIG,
			   "verify fills the file system of %s, which has %s; use one with at "
			   "most %s, or --on uml",
			   path, size_human((double)bytes, size),
			   size_human((double)BYTES_MOST, most));
}

int verify_check_output(const struct verify *verify, struct problem *problem)
{
	const struct run *run = verify->run;
	const char *path = run->session.options.argument;
	struct stat output, directory;

	if (!run->session.testbed->in_directory || !run->path || fstat(run->fd, &output) < 0 ||
	    stat(path, &directory) < 0 || output.st_dev != directory.st_dev)
		return 0;
	return problem_set(problem, PROBLEM_USAGE, EINVAL,
			   "the result file %s is in %s, where verify removes everything; choose "
			   "another one with --output",
			   run->path, path);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status;
	if (place->level > 0 && strcmp(path + place->base, own_entry) != 0)
		(void)(type == FTW_DP ? rmdir(path) : unlink(path));
	return 0;
}

void verify_empty_directory(const struct verify *verify)
{
	const struct testbed_session *session = &verify->run->session;

	if (session->testbed->in_directory)
		(void)nftw(session->options.argument, remove_entry, OPEN_DIRECTORIES,
			   FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}
