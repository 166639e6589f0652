/* SPDX-License-Identifier: MIT */
/*
 * A wrong name after `-o` must not destroy results.  So an output is compared with the inputs
 * before it is opened, by device and inode, since a file can have several names.
 */
#include "cmd/cmd.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "results/history.h"
#include "results/resultfile.h"
#include "frag/show/show.h"

const char *output_format(const char *path)
{
	static const struct {
		const char *ending, *format;
	} formats[] = {
		{ ".txt", "table" },	     { ".html", "html" }, { ".htm", "html" },
		{ ".md", "markdown" },	     { ".csv", "csv" },	  { ".json", "json" },
		{ ".markdown", "markdown" },
	};
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	const char *dot = strrchr(name, '.');

	/* ".profile" has no suffix. */
	if (!dot || dot == name)
		return "table";
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (strcasecmp(dot, formats[i].ending) == 0)
			return formats[i].format;
	return NULL;
}

/* A description of a file that cannot be recreated from others; NULL: it is another file. */
static const char *what_of_ours(const char *path)
{
	json_t *saved = NULL;

	if (results_is_file(path))
		return "a result file";
	if (history_is_store(path))
		return "a history";
	if (saved_read(path, &saved, NULL) < 0)
		return NULL;
	json_decref(saved);
	return "what `alloc-perf frag --json` printed";
}

int output_check(const char *path, int force, struct problem *problem)
{
	struct stat status;
	const char *what;

	if (stat(path, &status) < 0)
		return 0;
	if (S_ISBLK(status.st_mode))
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "%s is a block device and would be overwritten; choose a file",
				   path);
	what = S_ISREG(status.st_mode) && !force ? what_of_ours(path) : NULL;
	if (!what)
		return 0;
	return problem_set(problem, PROBLEM_USAGE, EEXIST,
			   "%s is %s and would be replaced; choose another name, or replace it "
			   "with --force",
			   path, what);
}

int output_check_input(const char *path, const char *input, struct problem *problem)
{
	struct stat out, in;

	if ((path ? stat(path, &out) : fstat(STDOUT_FILENO, &out)) < 0 || !S_ISREG(out.st_mode))
		return 0;
	if ((strcmp(input, "-") == 0 ? fstat(STDIN_FILENO, &in) : stat(input, &in)) < 0 ||
	    in.st_dev != out.st_dev || in.st_ino != out.st_ino)
		return 0;
	return problem_set(problem, PROBLEM_USAGE, EINVAL,
			   "the output %s is the same file as the input %s, which would be lost; "
			   "choose another output",
			   path ? path : "(standard output)",
			   strcmp(input, "-") == 0 ? "(standard input)" : input);
}
