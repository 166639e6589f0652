/* SPDX-License-Identifier: MIT */
#include "testbed/testbed.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/suggest.h"
#include "base/words.h"

const struct testbed *const testbed_table[] = {
	&testbed_uml, &testbed_loop, &testbed_qemu, &testbed_device, &testbed_dir, NULL,
};

const char *testbed_form(const struct testbed *testbed, char text[static TESTBED_FORM_MAX])
{
	const char *format = !testbed->argument		  ? "%s"
			     : testbed->argument_optional ? "%s[:%s]"
							  : "%s:%s";

	snprintf(text, TESTBED_FORM_MAX, format, testbed->name, testbed->argument);
	return text;
}

static int unknown(const char *spec, struct problem *problem)
{
	CLEANUP(freep) char *name = strndup(spec, strcspn(spec, ":"));
	char choices[256] = "auto", form[TESTBED_FORM_MAX];
	const char *nearest = NULL;

	for (const struct testbed *const *testbed = testbed_table; *testbed; testbed++) {
		size_t used = strlen(choices);

		suggest_consider(name ? name : spec, (*testbed)->name, &nearest);
		snprintf(choices + used, sizeof(choices) - used, "%s%s", testbed[1] ? ", " : " or ",
			 testbed_form(*testbed, form));
	}
	return problem_set(problem, PROBLEM_USAGE, EINVAL, "unknown testbed \"%s\"%s%s%s; use %s",
			   spec, nearest ? "; did you mean \"" : "", nearest ? nearest : "",
			   nearest ? "\"?" : "", choices);
}

int testbed_parse(const char *spec, const struct testbed **ret, const char **ret_argument,
		  struct problem *problem)
{
	size_t length = strcspn(spec, ":");
	const char *argument = spec[length] ? spec + length + 1 : NULL;

	for (const struct testbed *const *testbed = testbed_table; *testbed; testbed++) {
		if (strlen((*testbed)->name) != length ||
		    strncmp((*testbed)->name, spec, length) != 0)
			continue;
		if ((*testbed)->argument && !(*testbed)->argument_optional &&
		    (!argument || !*argument))
			return problem_set(problem, PROBLEM_USAGE, EINVAL,
					   "the testbed %s needs a %s: --on %s:%s",
					   (*testbed)->name, (*testbed)->argument, (*testbed)->name,
					   (*testbed)->argument);
		if (!(*testbed)->argument && argument)
			return problem_set(problem, PROBLEM_USAGE, EINVAL,
					   "the testbed %s takes no argument; remove \":%s\"",
					   (*testbed)->name, argument);
		*ret = *testbed;
		*ret_argument = argument;
		return 0;
	}
	return unknown(spec, problem);
}

static int check_mkfs(const struct filesystem *filesystem, struct problem *problem)
{
	CLEANUP(freep) char **words = words_split(filesystem->mkfs, " \t");
	CLEANUP(freep) char *program = NULL;

	if (!words)
		return -ENOMEM;
	program = words[0] ? child_find_program(words[0]) : NULL;
	if (program)
		return 0;
	return problem_set(problem, PROBLEM_LACK, ENOENT, "%s: %s is missing; install %s",
			   filesystem->name, words[0] ? words[0] : "its mkfs command",
			   filesystem->package ? filesystem->package : "it");
}

int testbed_usable(const struct testbed *testbed, const struct testbed_options *options,
		   const struct filesystem *filesystem, struct problem *problem)
{
	int r = check_mkfs(filesystem, problem);

	if (r == 0 && testbed->supports)
		r = testbed->supports(options, filesystem->type, problem);
	return r;
}

void testbed_process_clear(struct testbed_process *process)
{
	child_kill(&process->child);
	process->to_fd = fd_close(process->to_fd);
	process->from_fd = fd_close(process->from_fd);
	process->console_fd = fd_close(process->console_fd);
	process->device_fd = fd_close(process->device_fd);
}
