/* SPDX-License-Identifier: MIT */
/*
 * An existing directory on any file system.  Nothing is formatted or unmounted, and the file has
 * no name.  It shows the cost on this disk in its present state, which a fresh volume cannot.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "testbed/local.h"
#include "blockdev/storage.h"
#include "testbed/testbed.h"

static int dir_probe(const struct testbed_options *options, struct problem *problem)
{
	const char *argument = options->argument;
	struct stat status;

	if (!argument)
		return 0;
	/* Requests and result files are JSON, which contains only valid UTF-8. */
	if (!quote_is_utf8(argument))
		return problem_set(problem, PROBLEM_USAGE, EILSEQ,
				   "the directory's path is not UTF-8: %s; use a symbolic link "
				   "with another name",
				   argument);
	if (stat(argument, &status) < 0)
		return problem_set(problem, PROBLEM_LACK, errno, "cannot use the directory %s: %s",
				   argument, strerror(errno));
	if (!S_ISDIR(status.st_mode))
		return problem_set(problem, PROBLEM_LACK, ENOTDIR, "%s is not a directory",
				   argument);
	if (access(argument, W_OK | X_OK) < 0)
		return problem_set(
			problem, PROBLEM_LACK, errno,
			"cannot write to the directory %s: %s; choose a writable directory",
			argument, strerror(errno));
	return 0;
}

static int dir_start(const struct testbed_options *options, const struct volume *volume,
		     struct trial_request *request, struct testbed_process *ret,
		     struct problem *problem)
{
	CLEANUP(storage_clear) struct storage storage = { 0 };
	int r = field_set_text(&request->directory, options->argument);

	(void)volume;
	if (r == 0 && storage_find(options->argument, &storage) == 0)
		r = field_set_text(&request->counters, storage.counters);
	return r < 0 ? r : local_start(0, ret, problem);
}

const struct testbed testbed_dir = {
	.name = "dir",
	.argument = "PATH",
	.summary = "an existing directory on any file system; formats nothing",
	.note = "Measured in a directory in use: the device's counters include writes by other "
		"processes, and the layout depends on the existing files.",
	.in_directory = 1,
	.start_seconds = 10,
	.probe = dir_probe,
	.start = dir_start,
};
