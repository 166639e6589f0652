/* SPDX-License-Identifier: MIT */
/*
 * suspend-freeze install and uninstall: the drop-in that makes systemd suspend through
 * suspend-freeze.
 *
 * A script in system-sleep/ would run too late: systemd-sleep freezes user.slice before it runs
 * these scripts, and writes to the journal afterwards.  Freezing must enclose systemd-sleep, so
 * its service starts it through suspend-freeze.  This applies to suspend only: for hibernation the
 * kernel writes its own image, and a machine that lost power continues from it.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/child.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"
#include "suspend/cmd.h"

/* ---- the drop-in ---- */

/* What `install` writes: the file's directory, its path and its text. */
struct drop_in {
	char *directory, *path, *text;
};

enum { TEXT_BYTES = 1 << 16 };

#define DROP_IN_DIRECTORY "/etc/systemd/system/systemd-suspend.service.d"
#define MARK "# Written by `suspend-freeze install`; `suspend-freeze uninstall` removes it.\n"

static void drop_in_clear(struct drop_in *drop_in)
{
	free(drop_in->directory);
	free(drop_in->path);
	free(drop_in->text);
	*drop_in = (struct drop_in) { 0 };
}

static const char *find_sleep(const char *root)
{
	static const char *const places[] = { "/usr/lib/systemd/systemd-sleep",
					      "/lib/systemd/systemd-sleep" };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		CLEANUP(freep) char *path = NULL;

		if ((path = text_format("%s%s", root, places[i])) && access(path, X_OK) == 0)
			return places[i];
	}
	return NULL;
}

/*
 * For the system below `root` ("" for this one).  `program` is the path of suspend-freeze there.
 * The caller clears *ret. 0; -ENOENT with *problem set: systemd-sleep does not exist.
 */
static int drop_in_make(const char *root, const char *program, struct drop_in *ret,
			struct problem *problem)
{
	const char *sleep = find_sleep(root);
	struct drop_in drop_in = { 0 };

	if (!sleep)
		return problem_set(
			problem, PROBLEM_LACK, ENOENT,
			"systemd-sleep does not exist below %s; if another program suspends this "
			"machine, make it run: suspend-freeze run -- COMMAND",
			*root ? root : "/");
	if (!(drop_in.directory = text_format("%s" DROP_IN_DIRECTORY, root)) ||
	    !(drop_in.path = text_format("%s" DROP_IN_DIRECTORY "/suspend-freeze.conf", root)) ||
	    !(drop_in.text =
		      text_format(MARK "[Service]\n"
				       "ExecStart=\n"
				       "ExecStart=%s run --anyway -- %s suspend\n"
				       "ExecStopPost=-%s recover\n"
				       "# The watchdog has to outlive a holder that was killed.\n"
				       "KillMode=process\n",
				  program, sleep, program))) {
		drop_in_clear(&drop_in);
		return -ENOMEM;
	}
	*ret = drop_in;
	return 0;
}

/* Reads the present file; NULL: there is none.  *ret_ours: whether `install` wrote it. */
static int read_present(const char *path, char **ret_text, int *ret_ours)
{
	int r = io_read_file(path, TEXT_BYTES, ret_text, NULL);

	*ret_ours = r == 0 && strncmp(*ret_text, MARK, strlen(MARK)) == 0;
	return r == -ENOENT ? 0 : r;
}

static int refuse_foreign(const char *path, struct problem *problem)
{
	return problem_set(problem, PROBLEM_VERDICT, EEXIST,
			   "%s was not written by suspend-freeze and is not changed", path);
}

/* Like mkdir -p. */
static int make_directory(char *path)
{
	for (char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
		int r;

		if (slash)
			*slash = '\0';
		r = mkdir(path, 0755) < 0 && errno != EEXIST ? -errno : 0;
		if (!slash || r < 0)
			return r;
		*slash = '/';
	}
}

static int write_new(const struct drop_in *drop_in)
{
	CLEANUP(freep) char *beside = NULL;
	CLEANUP(fd_closep) int fd = -1;
	int r = make_directory(drop_in->directory);

	if (r < 0)
		return r;
	beside = text_format("%s.new", drop_in->path);
	if (!beside)
		return -ENOMEM;
	unlink(beside);
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	r = io_write_all(fd, drop_in->text, strlen(drop_in->text));
	if (r == 0 && (fsync(fd) < 0 || rename(beside, drop_in->path) < 0))
		r = -errno;
	if (r < 0)
		unlink(beside);
	return r;
}

static int explain(int r, const char *verb, const char *path, struct problem *problem)
{
	return r < 0 ? problem_set(problem, PROBLEM_VERDICT, -r, "cannot %s %s: %s", verb, path,
				   strerror(-r))
		     : r;
}

/*
 * 0; 1: it was already installed; -EEXIST with *problem set: the file belongs to another program;
 * or -errno.
 */
static int drop_in_install(const struct drop_in *drop_in, struct problem *problem)
{
	CLEANUP(freep) char *present = NULL;
	int ours, r = read_present(drop_in->path, &present, &ours);

	if (r < 0)
		return explain(r, "read", drop_in->path, problem);
	if (present && !ours)
		return refuse_foreign(drop_in->path, problem);
	if (present && strcmp(present, drop_in->text) == 0)
		return 1;
	return explain(write_new(drop_in), "write", drop_in->path, problem);
}

/*
 * 0; 1: it was not installed; -EEXIST with *problem set: the file belongs to another program; or
 * -errno.
 */
static int drop_in_uninstall(const struct drop_in *drop_in, struct problem *problem)
{
	CLEANUP(freep) char *present = NULL;
	int ours, r = read_present(drop_in->path, &present, &ours);

	if (r < 0)
		return explain(r, "read", drop_in->path, problem);
	if (!present)
		return 1;
	if (!ours)
		return refuse_foreign(drop_in->path, problem);
	if (unlink(drop_in->path) < 0)
		return explain(-errno, "remove", drop_in->path, problem);
	/* Fails if the directory has other files. */
	rmdir(drop_in->directory);
	return 0;
}

/* ---- the commands ---- */

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
