/* SPDX-License-Identifier: MIT */
/*
 * Preloaded: each fdatasync() and fsync() becomes a line in the file that SYNCS names, with
 * what was flushed.  strace would show the same, but a User-Mode Linux below it does not start.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int note(const char *call, long number, int fd)
{
	const char *log = getenv("SYNCS");
	int to = log ? open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : -1;
	char link[64], path[256] = "";

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (readlink(link, path, sizeof(path) - 1) < 0)
		path[0] = '\0';
	if (to >= 0) {
		dprintf(to, "%s %s %s\n", program_invocation_short_name, call, path);
		close(to);
	}
	return (int)syscall(number, fd);
}

int fdatasync(int fd)
{
	return note("fdatasync", SYS_fdatasync, fd);
}

int fsync(int fd)
{
	return note("fsync", SYS_fsync, fd);
}
