/* SPDX-License-Identifier: MIT */
/*
 * After the first freeze this process only calls poll(), ioctl(), write() and fork().  Its memory
 * is locked.  It opens no files but those of cgroups after thawing, prints nothing and starts no
 * program: each of these could wait for a file system that only this process thaws.  It blocks all
 * signals.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "suspend/freeze.h"
#include "base/cleanup.h"
#include "base/io.h"

enum {
	READY_WAIT_NS = 10000000000,
	AGAIN_MS = 200,
};

struct ends {
	int parent_pidfd;
	int ready_fd;
	int alive_fd; /* read end; at its end when no process can freeze any more */
};

/* Exempts this process from the out-of-memory killer. */
static void protect(void)
{
	static const char never[] = "-1000";
	CLEANUP(fd_closep) int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	mlockall(MCL_CURRENT | MCL_FUTURE);
	if (fd >= 0)
		io_write_all(fd, never, strlen(never));
}

static void detach(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	setsid();
	prctl(PR_SET_NAME, "suspend-watch");
	process_close_streams();
	protect();
}

/* Whether the last process that can freeze has ended. */
static bool all_gone(int alive_fd, int timeout_ms)
{
	struct pollfd alive = { .fd = alive_fd, .events = POLLIN };

	return poll(&alive, 1, timeout_ms) > 0 && alive.revents & POLLHUP;
}

static void undo_everything(struct state_file *state, int alive_fd)
{
	bool sure = false;

	state_file_set_ending(state);
	while (freeze_undo(state, sure) > 0) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		sure = all_gone(alive_fd, AGAIN_MS);
		if (sure)
			poll(NULL, 0, AGAIN_MS); /* retry at intervals */
	}
}

static void watch(struct state_file *state, const struct ends *ends, uint64_t deadline_ns)
{
	if (process_wait(ends->parent_pidfd, deadline_ns) < 0) {
		undo_everything(state, ends->alive_fd);
		process_wait(ends->parent_pidfd, UINT64_MAX);
	}
	/* The parent removes the state file itself after it has thawed everything. */
	undo_everything(state, ends->alive_fd);
	state_file_remove(state);
}

static void be_watchdog(struct state_file *state, const struct ends *ends, uint64_t deadline_ns)
{
	detach();
	if (write(ends->ready_fd, "r", 1) == 1)
		watch(state, ends, deadline_ns);
	_exit(0);
}

static int await_ready(int ready_fd)
{
	struct pollfd ready = { .fd = ready_fd, .events = POLLIN };
	uint64_t deadline_ns = io_now_ns() + READY_WAIT_NS;
	char letter;
	int r;

	do
		r = poll(&ready, 1, io_milliseconds_until(deadline_ns));
	while (r < 0 && errno == EINTR);
	return r > 0 && read(ready_fd, &letter, 1) == 1 ? 0 : -ETIMEDOUT;
}

static int record(struct state_file *state, pid_t pid)
{
	struct process process;
	int r = process_read(pid, &process);

	if (r == 0)
		state_file_set_process(state, STATE_WATCHDOG, &process);
	return r;
}

int watchdog_start(struct watchdog *ret, struct state_file *state, uint64_t deadline_ns)
{
	CLEANUP(fd_closep) int parent_pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	CLEANUP(fd_closep) int ready_read = -1;
	CLEANUP(fd_closep) int ready_write = -1;
	CLEANUP(fd_closep) int alive_read = -1;
	struct watchdog started = WATCHDOG_NONE;
	int ready[2], alive[2], r;

	if (parent_pidfd < 0 || pipe2(ready, O_CLOEXEC) < 0)
		return -errno;
	ready_read = ready[0];
	ready_write = ready[1];
	if (pipe2(alive, O_CLOEXEC) < 0)
		return -errno;
	alive_read = alive[0];
	started.alive_fd = alive[1];
	started.pid = process_fork(&started.pidfd);
	if (started.pid == 0) {
		close(started.alive_fd);
		be_watchdog(state, &(struct ends) { parent_pidfd, ready_write, alive_read },
			    deadline_ns);
	}
	r = started.pid < 0 ? started.pid : record(state, started.pid);
	ready_write = fd_close(ready_write);
	if (r == 0)
		r = await_ready(ready_read);
	if (r < 0) {
		watchdog_stop(&started);
		return r;
	}
	*ret = started;
	return 0;
}

bool watchdog_is_gone(const struct watchdog *watchdog)
{
	return watchdog->pid > 0 && process_wait(watchdog->pidfd, 1) == 0;
}

void watchdog_stop(struct watchdog *watchdog)
{
	if (watchdog->pid > 0) {
		syscall(SYS_pidfd_send_signal, watchdog->pidfd, SIGKILL, NULL, 0);
		waitpid(watchdog->pid, NULL, 0);
	}
	fd_close(watchdog->pidfd);
	fd_close(watchdog->alive_fd);
	*watchdog = WATCHDOG_NONE;
}
