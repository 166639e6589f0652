/* SPDX-License-Identifier: MIT */
/*
 * What makes trouble in a guest, and what sees whether it did.
 *
 *	faults kill-at N COMMAND...	kills COMMAND, not its children, before its system call
 *					number N; status 1: it had ended before
 *	faults kill-after N COMMAND...	the same, counted from its first fork
 *	faults writable DIRECTORY...	names those that take no write within some seconds
 *	faults frozen DIRECTORY		says so, or fails
 *	faults dirty FILE		dirties a page of FILE through a mapping, again and again
 *	faults deaf-fuse DIRECTORY	mounts a FUSE file system that never answers
 *	faults lock FILE COMMAND...	runs COMMAND with FILE locked
 *	faults restless			can be stopped by no suspend, which therefore fails
 *
 * Whoever waits for a frozen file system cannot be killed, so nobody waits for him here:
 * the write is that of a child, and a child that does not return is left alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

enum {
	PATIENCE_MS = 8000,
	SHORT_MS = 1000,		   /* a write that is not held up takes less */
	SYSTEM_CALL_STOP = SIGTRAP | 0x80, /* PTRACE_O_TRACESYSGOOD */
	FORK_STOP = SIGTRAP | PTRACE_EVENT_FORK << 8,
};

static int fail(const char *what)
{
	fprintf(stderr, "faults: %s: %s\n", what, strerror(errno));
	return 2;
}

/* ---- kill-at ---- */

static void be_traced(char **command)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	execvp(command[0], command);
	_exit(fail(command[0]));
}

/* Up to the next stop of that kind; other signals go through.  0: it has ended. */
static int next_stop(pid_t pid, enum __ptrace_request until, int kind)
{
	int status, signal = 0;

	do {
		if (ptrace(until, pid, NULL, signal) < 0 || waitpid(pid, &status, 0) < 0 ||
		    !WIFSTOPPED(status))
			return 0;
		signal = WSTOPSIG(status);
	} while (status >> 8 != kind);
	return 1;
}

/* At full speed up to the first fork; the child goes its way. */
static int skip_to_fork(pid_t pid)
{
	unsigned long child;

	if (ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACEFORK) < 0 ||
	    !next_stop(pid, PTRACE_CONT, FORK_STOP) ||
	    ptrace(PTRACE_GETEVENTMSG, pid, NULL, &child) < 0 ||
	    waitpid((pid_t)child, NULL, __WALL) < 0)
		return 0;
	return ptrace(PTRACE_DETACH, (pid_t)child, NULL, NULL) == 0;
}

static int kill_at(int after_fork, long number, char **command)
{
	pid_t pid = fork();

	if (pid == 0)
		be_traced(command);
	if (pid < 0 || waitpid(pid, NULL, 0) < 0)
		return fail("ptrace");
	if (after_fork && !skip_to_fork(pid))
		return 1;
	if (ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD) < 0)
		return fail("ptrace");
	/* Each call before that one has an entry and an exit; of the fork, the exit is left. */
	for (long stops = 2 * number - !after_fork; stops > 0; stops--)
		if (!next_stop(pid, PTRACE_SYSCALL, SYSTEM_CALL_STOP))
			return 1;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return 0;
}

/* ---- writable ---- */

static void write_there(const char *directory)
{
	CLEANUP(freep) char *path = NULL;
	CLEANUP(fd_closep) int fd = -1;

	/* Whoever reads what we print would wait for this child as well. */
	for (int i = 0; i < 3; i++)
		close(i);
	if (asprintf(&path, "%s/written", directory) < 0)
		_exit(1);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	_exit(fd < 0 || write(fd, "x", 1) != 1 || fsync(fd) < 0);
}

static int is_writable(const char *directory, int patience_ms)
{
	struct pollfd ended = { .events = POLLIN };
	pid_t pid = fork();
	int status;

	if (pid == 0)
		write_there(directory);
	ended.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (poll(&ended, 1, patience_ms) <= 0) {
		printf("%s is frozen\n", directory);
		return 0;
	}
	if (waitpid(pid, &status, 0) == pid && status == 0)
		return 1;
	printf("%s takes no write\n", directory);
	return 0;
}

static int writable(char **directories)
{
	int all = 1;

	for (; *directories; directories++)
		all &= is_writable(*directories, PATIENCE_MS);
	return !all;
}

/* ---- the others ---- */

static int dirty(const char *path)
{
	CLEANUP(fd_closep) int fd = open(path, O_RDWR | O_CREAT, 0644);
	char *page;

	if (fd < 0 || ftruncate(fd, 4096) < 0)
		return fail(path);
	for (;;) {
		page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (page == MAP_FAILED)
			return fail("mmap");
		(*page)++;
		msync(page, 4096, MS_SYNC);
		munmap(page, 4096);
	}
}

static int deaf_fuse(const char *directory)
{
	char options[128];
	int fd = open("/dev/fuse", O_RDWR);

	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	if (fd < 0 || mount("deaf", directory, "fuse.deaf", 0, options) < 0)
		return fail("fuse");
	for (;;)
		pause();
}

static int lock(const char *path, char **command)
{
	int fd = open(path, O_RDWR);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return fail(path);
	execvp(command[0], command);
	return fail(command[0]);
}

/* The kernel itself waits for a page that nobody brings (userfaultfd), and tries again at each
 * signal. */
static int restless(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register missing = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int pages = (int)syscall(SYS_userfaultfd, O_CLOEXEC), ends[2];
	char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	missing.range = (struct uffdio_range) { (uintptr_t)page, 4096 };
	if (pages < 0 || page == MAP_FAILED || ioctl(pages, UFFDIO_API, &api) < 0 ||
	    ioctl(pages, UFFDIO_REGISTER, &missing) < 0 || pipe(ends) < 0 ||
	    write(ends[1], page, 1) < 0)
		return fail("userfaultfd");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 3 && strcmp(argv[1], "kill-at") == 0)
		return kill_at(0, strtol(argv[2], NULL, 10), argv + 3);
	if (argc > 3 && strcmp(argv[1], "kill-after") == 0)
		return kill_at(1, strtol(argv[2], NULL, 10), argv + 3);
	if (argc > 2 && strcmp(argv[1], "writable") == 0)
		return writable(argv + 2);
	if (argc == 3 && strcmp(argv[1], "frozen") == 0)
		return is_writable(argv[2], SHORT_MS);
	if (argc == 3 && strcmp(argv[1], "dirty") == 0)
		return dirty(argv[2]);
	if (argc == 3 && strcmp(argv[1], "deaf-fuse") == 0)
		return deaf_fuse(argv[2]);
	if (argc > 3 && strcmp(argv[1], "lock") == 0)
		return lock(argv[2], argv + 3);
	if (argc == 2 && strcmp(argv[1], "restless") == 0)
		return restless();
	fprintf(stderr,
		"Usage: faults "
		"kill-at|kill-after|writable|frozen|dirty|deaf-fuse|lock|restless ARGUMENT...\n");
	return 2;
}
