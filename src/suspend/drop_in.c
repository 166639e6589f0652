/* SPDX-License-Identifier: MIT */
/*
 * A script in system-sleep/ would run too late: systemd-sleep freezes user.slice before it runs
 * these scripts, and writes to the journal afterwards.  Freezing must enclose systemd-sleep, so
 * its service starts it through suspend-freeze.  This applies to suspend only: for hibernation the
 * kernel writes its own image, and a machine that lost power continues from it.
 */
#include "suspend/drop_in.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"

enum { TEXT_BYTES = 1 << 16 };

#define DROP_IN_DIRECTORY "/etc/systemd/system/systemd-suspend.service.d"
#define MARK "# Written by `suspend-freeze install`; `suspend-freeze uninstall` removes it.\n"

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

int drop_in_make(const char *root, const char *program, struct drop_in *ret,
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

int drop_in_install(const struct drop_in *drop_in, struct problem *problem)
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

int drop_in_uninstall(const struct drop_in *drop_in, struct problem *problem)
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

void drop_in_clear(struct drop_in *drop_in)
{
	free(drop_in->directory);
	free(drop_in->path);
	free(drop_in->text);
	*drop_in = (struct drop_in) { 0 };
}
