/* SPDX-License-Identifier: MIT */
/*
 * Children of base/child.h end with their parent.  Processes of this module outlive the process
 * that started them, to undo what it did.
 */
#include "suspend/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"

int process_read(pid_t pid, struct process *ret)
{
	CLEANUP(freep) char *text = NULL;
	char path[64];
	const char *at;
	char state;
	unsigned long long start;
	int r;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	r = io_read_file(path, 4096, &text, NULL);
	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	/* The name of the program may contain any character, including ')'. */
	at = strrchr(text, ')');
	if (!at || sscanf(at + 1,
			  " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
			  "%*d %*d %llu",
			  &state, &start) != 2)
		return -EBADMSG;
	*ret = (struct process) { pid, start };
	return 0;
}

int process_open(const struct process *process)
{
	CLEANUP(fd_closep) int fd = -1;
	struct process now;

	if (process->pid <= 0)
		return -ESRCH;
	fd = (int)syscall(SYS_pidfd_open, process->pid, 0);
	if (fd < 0)
		return -errno;
	if (process_read(process->pid, &now) < 0 || now.start != process->start)
		return -ESRCH;
	return TAKE_FD(fd);
}

bool process_is_alive(const struct process *process)
{
	CLEANUP(fd_closep) int fd = process_open(process);

	return fd >= 0 && process_wait(fd, 1) < 0;
}

int process_wait(int pidfd, uint64_t deadline_ns)
{
	struct pollfd ended = { .fd = pidfd, .events = POLLIN };

	for (;;) {
		int r = poll(&ended, 1, io_milliseconds_until(deadline_ns));

		if (r > 0)
			return 0;
		if (r < 0 && errno != EINTR)
			return -errno;
		if (io_now_ns() >= deadline_ns)
			return -ETIMEDOUT;
	}
}

pid_t process_fork(int *ret_pidfd)
{
	pid_t pid = fork();
	int pidfd;

	if (pid <= 0)
		return pid < 0 ? -errno : 0;
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0) {
		int saved = errno;

		kill(pid, SIGKILL);
		return -saved;
	}
	*ret_pidfd = pidfd;
	return pid;
}

void process_close_streams(void)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = STDIN_FILENO; null_fd >= 0 && i <= STDERR_FILENO; i++)
		dup2(null_fd, i);
	fd_close(null_fd);
}
