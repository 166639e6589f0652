/* SPDX-License-Identifier: MIT */
/*
 * What starts us (shells, sudo) stays where it is: it waits for us, and has to be
 * there when `freeze` returns.  A process that cannot be moved, as one with
 * real-time priority on some kernels, goes on running, as it would without us.
 */
#include "suspend/gather.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suspend/cgroups.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"

enum {
	PROCESSES_BYTES = 4 << 20,
	PASSES_MAX = 20, /* somebody may start processes faster than they can be moved */
};

static int processes_of(const char *root, const char *path, char **ret)
{
	CLEANUP(freep) char *name = text_format("%s%s/cgroup.procs", root, path);

	if (!name)
		return -ENOMEM;
	return io_read_file(name, PROCESSES_BYTES, ret, NULL);
}

int gather_count(const char *root, char ret_name[static 64])
{
	return cgroups_writers(root, "", ret_name);
}

int gather_prepare(const char *root)
{
	CLEANUP(freep) char *directory = text_format("%s" GATHER_PATH, root);

	if (!directory)
		return -ENOMEM;
	return mkdir(directory, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

static int open_processes(const char *root, const char *path)
{
	CLEANUP(freep) char *name = text_format("%s%s/cgroup.procs", root, path);
	int fd;

	if (!name)
		return -ENOMEM;
	fd = open(name, O_WRONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Returns how many were moved.  Of all, or of those that could write. */
static int move(const char *root, const char *from, const char *to, bool all)
{
	CLEANUP(freep) char *pids = NULL;
	CLEANUP(fd_closep) int fd = open_processes(root, to);
	int moved = 0, r = fd < 0 ? fd : processes_of(root, from, &pids);
	char *at, *next;

	if (r < 0)
		return r;
	for (at = pids; strtol(at, &next, 10) > 0; at = next) {
		pid_t pid = (pid_t)strtol(at, NULL, 10);
		char name[64];

		if (all || cgroups_is_writer(pid, name))
			moved += dprintf(fd, "%d\n", pid) > 0;
	}
	return moved;
}

int gather_all(const char *root)
{
	int moved = 1;

	for (int pass = 0; pass < PASSES_MAX && moved > 0; pass++)
		moved = move(root, "", GATHER_PATH, false);
	return moved < 0 ? moved : 0;
}

void gather_release(const char *root)
{
	CLEANUP(freep) char *directory = text_format("%s" GATHER_PATH, root);
	int moved = 1;

	for (int pass = 0; pass < PASSES_MAX && moved > 0; pass++)
		moved = move(root, GATHER_PATH, "", true);
	if (directory)
		rmdir(directory);
}
