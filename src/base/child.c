/* SPDX-License-Identifier: MIT */
/*
 * mkfs programs are in /usr/sbin, which is not in an ordinary user's PATH on Debian, so it is
 * searched as well.
 *
 * User-Mode Linux puts its processes into process groups of their own, so killing a group would
 * miss them.  In a PID namespace the kernel kills all of them when the first process ends.  If the
 * kernel does not allow one (containers, hardened machines), a keeper process is put in between: a
 * subreaper, which inherits every orphan below it, and kills them when it is told to or when its
 * parent dies.
 */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"

enum {
	OUTPUT_BYTES = 64 * 1024,
	KEEPER_END = SIGTERM, /* tells a keeper to end */
};

/* Calls clone() like fork(), not clone3(), for which sandboxes of containers return ENOSYS. */
static pid_t clone_with(unsigned long flags, int *pidfd)
{
	flags |= CLONE_PIDFD | SIGCHLD;
#ifdef __s390x__
	return (pid_t)syscall(SYS_clone, NULL, flags, pidfd, NULL, NULL);
#else
	return (pid_t)syscall(SYS_clone, flags, NULL, pidfd, NULL, NULL);
#endif
}

static pid_t clone_in_namespace(int *pidfd)
{
	return clone_with(CLONE_NEWPID | (geteuid() == 0 ? 0 : CLONE_NEWUSER), pidfd);
}

/* Forbidden by a policy, or the limit is reached. */
static int namespace_refused(int error)
{
	return error == EPERM || error == EACCES || error == ENOSPC || error == EUSERS ||
	       error == EINVAL || error == ENOSYS;
}

/* In the child. */
static void settle(int parent_pidfd)
{
	struct pollfd parent = { .fd = parent_pidfd, .events = POLLIN };
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/*
	 * The parent may have died before that took effect; in a namespace its pid does not show
	 * that.
	 */
	if (poll(&parent, 1, 0) != 0)
		_exit(127);
	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
}

/*
 * A child that dies leaves its children to this process, so this is repeated until there are none.
 */
static void kill_children(void)
{
	do {
		CLEANUP(freep) char *pids = NULL;
		char *at, *next;

		if (io_read_file("/proc/thread-self/children", 1 << 20, &pids, NULL) < 0)
			return;
		for (at = pids; strtol(at, &next, 10) > 0; at = next)
			kill((pid_t)strtol(at, NULL, 10), SIGKILL);
	} while (waitpid(-1, NULL, 0) > 0);
}

/*
 * Becomes the keeper of a new process; returns only in that process.  The keeper has no
 * descriptors open, because others wait for the end of a pipe that only the child writes to.
 */
static void keep(void)
{
	int self_pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0), status = 0;
	sigset_t signals;
	pid_t kept;

	sigemptyset(&signals);
	sigaddset(&signals, KEEPER_END);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_PDEATHSIG, KEEPER_END);
	kept = self_pidfd < 0 ? -1 : fork();
	if (kept < 0)
		_exit(127);
	if (kept == 0) {
		settle(self_pidfd);
		fd_close(self_pidfd);
		return;
	}
	syscall(SYS_close_range, 0u, ~0u, 0);
	while (sigwaitinfo(&signals, NULL) != KEEPER_END && waitpid(kept, &status, WNOHANG) == 0)
		;
	kill_children();
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

int child_fork(struct child *ret, unsigned flags)
{
	CLEANUP(fd_closep) int parent_pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	int pidfd = -1, kept = 0;
	pid_t pid;

	if (parent_pidfd < 0)
		return -errno;
	fflush(NULL);
	pid = flags & CHILD_PID_NAMESPACE ? clone_in_namespace(&pidfd) : clone_with(0, &pidfd);
	if (pid < 0 && flags & CHILD_PID_NAMESPACE && namespace_refused(errno)) {
		kept = 1;
		pid = clone_with(0, &pidfd);
	}
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		settle(parent_pidfd);
		if (kept)
			keep();
		return 0;
	}
	*ret = (struct child) {
		.pid = pid,
		.pidfd = pidfd,
		.end_signal = kept ? KEEPER_END : SIGKILL,
		.is_group = (flags & CHILD_GROUP) != 0,
	};
	return 1;
}

char *child_find_program(const char *name)
{
	static const char system_folders[] = "/usr/local/sbin:/usr/sbin:/sbin";
	const char *path = getenv("PATH");
	CLEANUP(freep) char *folders = NULL;
	char *rest, *folder;

	if (strchr(name, '/'))
		return access(name, X_OK) == 0 ? strdup(name) : NULL;
	folders = text_format("%s:%s", path ? path : "/usr/bin:/bin", system_folders);
	if (!folders)
		return NULL;
	for (rest = folders; (folder = strsep(&rest, ":"));) {
		char *program;

		if (!*folder || !(program = text_path(folder, name)))
			continue;
		if (access(program, X_OK) == 0)
			return program;
		free(program);
	}
	return NULL;
}

/* In the child: sets the streams, and closes everything except `keep` on exec. */
static int arrange_descriptors(const struct child_command *command)
{
	int wanted[3] = { command->in_fd, command->out_fd, command->err_fd };
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null_fd < 0)
		return -errno;
	/* First moves the descriptors above 0, 1 and 2. */
	for (int i = 0; i < 3; i++) {
		wanted[i] = fcntl(wanted[i] < 0 ? null_fd : wanted[i], F_DUPFD_CLOEXEC, 3);
		if (wanted[i] < 0)
			return -errno;
	}
	for (int i = 0; i < 3; i++)
		if (dup2(wanted[i], i) < 0)
			return -errno;
	syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC);
	for (const int *fd = command->keep; fd && *fd >= 0; fd++)
		if (fcntl(*fd, F_SETFD, 0) < 0)
			return -errno;
	return 0;
}

/* The child reports a failed exec() through a pipe, which a successful exec() closes. */
static void become(const char *program, const struct child_command *command, int report_fd)
{
	int r = arrange_descriptors(command);

	for (const char *const *variable = command->variables; r == 0 && variable && *variable;
	     variable++)
		putenv((char *)*variable);
	if (r == 0) {
		execv(program, (char *const *)command->argv);
		r = -errno;
	}
	io_write_all(report_fd, &r, sizeof(r));
	_exit(127);
}

int child_spawn(struct child *ret, const struct child_command *command)
{
	CLEANUP(freep) char *program = child_find_program(command->argv[0]);
	CLEANUP(child_killp) struct child child = CHILD_NONE;
	CLEANUP(fd_closep) int report_read = -1;
	CLEANUP(fd_closep) int report_write = -1;
	int ends[2], r, failure = 0;

	if (!program)
		return -ENOENT;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	report_read = ends[0];
	report_write = ends[1];
	r = child_fork(&child, command->flags);
	if (r < 0)
		return r;
	if (r == 0)
		become(program, command, report_write);
	report_write = fd_close(report_write);
	if (read(report_read, &failure, sizeof(failure)) == sizeof(failure))
		return failure;
	*ret = child;
	child = CHILD_NONE;
	return 0;
}

static void reap(struct child *child, int *ret_status)
{
	int status = 0;

	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		;
	child->pidfd = fd_close(child->pidfd);
	child->pid = 0;
	if (ret_status)
		*ret_status = status;
}

int child_wait(struct child *child, int cancel_fd, uint64_t deadline_ns, int *ret_status)
{
	struct pollfd watched[2] = {
		{ .fd = child->pidfd, .events = POLLIN },
		{ .fd = cancel_fd, .events = POLLIN },
	};

	for (;;) {
		int r = poll(watched, 2, deadline_ns ? io_milliseconds_until(deadline_ns) : -1);

		if (r < 0 && errno != EINTR)
			return -errno;
		if (r > 0 && watched[0].revents)
			break;
		if (r > 0 && watched[1].revents)
			return -ECANCELED;
		if (r == 0 && deadline_ns && io_now_ns() >= deadline_ns)
			return -ETIMEDOUT;
	}
	reap(child, ret_status);
	return 0;
}

void child_kill(struct child *child)
{
	if (child->pid <= 0)
		return;
	/* It is not reaped yet, so its number is not reused. */
	if (child->is_group)
		kill(-child->pid, child->end_signal);
	syscall(SYS_pidfd_send_signal, child->pidfd, child->end_signal, NULL, 0);
	reap(child, NULL);
}

void child_killp(struct child *child)
{
	child_kill(child);
}

/* The first OUTPUT_BYTES of the output in the memory file. */
static int collect(int output_fd, char **ret_output)
{
	if (lseek(output_fd, 0, SEEK_END) > OUTPUT_BYTES && ftruncate(output_fd, OUTPUT_BYTES) < 0)
		return -errno;
	if (lseek(output_fd, 0, SEEK_SET) < 0)
		return -errno;
	return io_read_rest(output_fd, OUTPUT_BYTES, ret_output, NULL);
}

int child_run(const char *const *argv, int cancel_fd, char **ret_output)
{
	return child_run_command(&(struct child_command) { .argv = argv, .in_fd = -1 }, cancel_fd,
				 ret_output);
}

int child_run_command(const struct child_command *command, int cancel_fd, char **ret_output)
{
	CLEANUP(fd_closep) int output_fd = memfd_create("output", MFD_CLOEXEC);
	CLEANUP(child_killp) struct child child = CHILD_NONE;
	struct child_command collected = *command;
	int r, status = 0;

	if (output_fd < 0)
		return -errno;
	collected.out_fd = collected.err_fd = output_fd;
	r = child_spawn(&child, &collected);
	if (r == 0)
		r = child_wait(&child, cancel_fd, 0, &status);
	if (r == 0 && ret_output)
		r = collect(output_fd, ret_output);
	if (r < 0)
		return r;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
