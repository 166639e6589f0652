/* SPDX-License-Identifier: MIT */
/* suspend-freeze install and uninstall: the drop-in for systemd. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/cleanup.h"
#include "suspend/cmd.h"
#include "suspend/drop_in.h"

struct install_options {
	bool dry_run;
	const char *root;
};

/* The path of this program, for the drop-in. */
static int own_path(char path[static PATH_MAX])
{
	ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);

	if (length < 0)
		return -errno;
	path[length] = '\0';
	return 0;
}

static int make(const struct install_options *wanted, struct drop_in *ret, struct problem *problem)
{
	char program[PATH_MAX];
	int r = own_path(program);

	if (r < 0)
		return r;
	/* White space, % and some other characters have a meaning in unit files. */
	if (strpbrk(program, " \t\n%\"'\\$"))
		return problem_set(
			problem, PROBLEM_USAGE, EINVAL,
			"systemd cannot run a program named %s; copy it to /usr/local/sbin",
			program);
	return drop_in_make(wanted->root, program, ret, problem);
}

/* Only if systemd is running. */
static void reload(const struct install_options *wanted)
{
	static const char *const command[] = { "systemctl", "daemon-reload", NULL };

	if (*wanted->root || access("/run/systemd/system", F_OK) < 0)
		return;
	if (child_run(command, -1, NULL) != 0)
		fprintf(stderr, "suspend-freeze: `systemctl daemon-reload` failed; run it again\n");
}

static int install(const struct install_options *wanted)
{
	CLEANUP(problem_clear) struct problem problem = { 0 };
	CLEANUP(drop_in_clear) struct drop_in drop_in = { 0 };
	int r = make(wanted, &drop_in, &problem);

	if (r == 0 && wanted->dry_run) {
		printf("would write %s:\n%s", drop_in.path, drop_in.text);
		return 0;
	}
	if (r == 0)
		r = drop_in_install(&drop_in, &problem);
	if (r < 0)
		return cmd_complain(&problem, r);
	printf(r ? "%s is already installed\n" : "wrote %s\n", drop_in.path);
	if (r == 0)
		reload(wanted);
	return 0;
}

static int uninstall(const struct install_options *wanted)
{
	CLEANUP(problem_clear) struct problem problem = { 0 };
	CLEANUP(drop_in_clear) struct drop_in drop_in = { 0 };
	int r = make(wanted, &drop_in, &problem);

	if (r == 0 && wanted->dry_run) {
		printf("would remove %s\n", drop_in.path);
		return 0;
	}
	if (r == 0)
		r = drop_in_uninstall(&drop_in, &problem);
	if (r < 0)
		return cmd_complain(&problem, r);
	printf(r ? "%s does not exist\n" : "removed %s\n", drop_in.path);
	if (r == 0)
		reload(wanted);
	return 0;
}

static int run_install(const struct command *self, int argc, char **argv)
{
	struct install_options wanted = { .root = "" };

	command_parse(self, argc, argv, &wanted);
	return install(&wanted);
}

static int run_uninstall(const struct command *self, int argc, char **argv)
{
	struct install_options wanted = { .root = "" };

	command_parse(self, argc, argv, &wanted);
	return uninstall(&wanted);
}

static const struct option_row options[] = {
	{ "dry-run", 'n', NULL, "only print what would be done",
	  OPTION_INTO(OPTION_FLAG, struct install_options, dry_run) },
	{ "root", 'r', "DIR", "for the system below the directory DIR",
	  OPTION_INTO(OPTION_TEXT, struct install_options, root), .values = "<directory>" },
	{ 0 },
};

const struct command cmd_install = {
	.name = "install",
	.summary = "make systemd freeze file systems when it suspends",
	.purpose = "Make systemd suspend through `suspend-freeze run`.",
	.examples = "  suspend-freeze install --dry-run\n"
		    "  suspend-freeze install\n",
	.exit_status =
		"0 success, or already installed; 1 a file of another program is in the way; "
		"2 invalid usage; 3 systemd-sleep is missing.",
	.options = options,
	.run = run_install,
};

const struct command cmd_uninstall = {
	.name = "uninstall",
	.summary = "undo install",
	.purpose = "Make systemd suspend without suspend-freeze again.",
	.examples = "  suspend-freeze uninstall --dry-run\n"
		    "  suspend-freeze uninstall\n",
	.exit_status = "0 success, or nothing to remove; 1 the file belongs to another program; 2 "
		       "invalid usage; 3 systemd-sleep is missing.",
	.options = options,
	.run = run_uninstall,
};
