/* SPDX-License-Identifier: MIT */
/*
 * A store to a mapped hole raises SIGBUS if no block can be allocated.  A handler would have to
 * jump out of memset() and would apply to the whole process, so a child process makes the stores
 * and is killed by the signal.  The signal has no cause: it is taken as ENOSPC if the volume has
 * less free space than the file still needs, else as EIO (also with a quota).
 *
 * The whole file is one mapping, as in 2009.  On a 32-bit machine, or with an address space limited
 * by `ulimit -v`, large files then fail with ENOMEM; several smaller mappings would be another
 * method with another cost.  The caller syncs the file.  The processor time is that of the child.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/cleanup.h"
#include "method/methods.h"

/* Runs in the child, whose exit status is the errno of mmap(). */
static void fill_mapped(int fd, size_t bytes)
{
	void *map;

	signal(SIGBUS, SIG_DFL); /* sanitizers install a handler that reports and exits */
	map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		_exit(errno);
	memset(map, 0, bytes);
	_exit(0);
}

/* Whether the volume has less free space than the file still needs. */
static int is_full(int fd, uint64_t bytes)
{
	struct stat st;
	struct statvfs fs;
	uint64_t got;

	if (fstat(fd, &st) < 0 || fstatvfs(fd, &fs) < 0)
		return 0;
	got = (uint64_t)st.st_blocks * 512;
	return got < bytes && (uint64_t)fs.f_bavail * fs.f_frsize < bytes - got;
}

static int outcome_of_child(int fd, int status, uint64_t bytes, struct method_outcome *ret)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
		return outcome_refuse(ret, "mmap", WEXITSTATUS(status));
	ret->calls = 1;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS)
		return outcome_refuse(ret, "page fault", is_full(fd, bytes) ? ENOSPC : EIO);
	if (WIFSIGNALED(status)) /* by the user, or by the OOM killer */
		return outcome_refuse(ret, "memset", EINTR);
	ret->written_bytes = bytes;
	ret->path = METHOD_PATH_WRITTEN;
	return 0;
}

static int allocate(int fd, const struct method_request *req, struct method_outcome *ret)
{
	CLEANUP(child_killp) struct child child = CHILD_NONE;
	int r, status = 0;

	if (req->bytes > SIZE_MAX)
		return outcome_refuse(ret, "mmap", ENOMEM);
	if (ftruncate(fd, (off_t)req->bytes) < 0)
		return outcome_refuse(ret, "ftruncate", errno);
	r = child_fork(&child, 0);
	if (r < 0)
		return outcome_refuse(ret, "fork", -r);
	if (r == 0)
		fill_mapped(fd, (size_t)req->bytes);
	r = child_wait(&child, -1, 0, &status);
	if (r < 0)
		return outcome_refuse(ret, "waitpid", -r);
	return outcome_of_child(fd, status, req->bytes, ret);
}

const struct method method_mmap = {
	.name = "mmap",
	.summary = "mmap() the whole file and memset() it to zero",
	.allocate = allocate,
};
