/* SPDX-License-Identifier: MIT */
/*
 * Thaws as soon as the machine is awake, and not only when the command has ended:
 * what systemd-sleep does after waking (hooks, asking init to thaw user.slice)
 * may wait for processes that wait for a frozen file system.
 */
#include "suspend/keep.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"

enum { SLEPT_NS = 1000000 };

static int64_t asleep_ns(void)
{
	struct timespec boot, awake;

	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_MONOTONIC, &awake);
	return (boot.tv_sec - awake.tv_sec) * INT64_C(1000000000) + boot.tv_nsec - awake.tv_nsec;
}

/* Never expires; it is cancelled when the clock is set. */
static int arm(int wake_fd)
{
	const struct itimerspec never = { .it_value.tv_sec = INT64_C(1) << 33 };

	return timerfd_settime(wake_fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL);
}

int keep_prepare(struct keep *keep, struct session *session)
{
	static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1 };
	sigset_t signals;

	keep->session = session;
	keep->asleep_ns = asleep_ns();
	sigemptyset(&signals);
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		sigaddset(&signals, ending[i]);
	if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
		return -errno;
	keep->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	keep->wake_fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (keep->signal_fd < 0 || keep->wake_fd < 0 || arm(keep->wake_fd) < 0)
		return -errno;
	return 0;
}

static void become(const char *program, char **argv)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	execv(program, argv);
	_exit(errno == ENOENT ? 127 : 126);
}

int keep_start_command(struct keep *keep, const char *program, char **argv)
{
	pid_t pid = process_fork(&keep->command_pidfd);

	if (pid < 0)
		return pid;
	if (pid == 0)
		become(program, argv);
	keep->command = pid;
	return 0;
}

static bool has_woken(struct keep *keep)
{
	uint64_t expirations;

	if (read(keep->wake_fd, &expirations, sizeof(expirations)) < 0 && errno == ECANCELED)
		arm(keep->wake_fd);
	return asleep_ns() - keep->asleep_ns > SLEPT_NS;
}

static enum keep_reason take_signal(struct keep *keep)
{
	struct signalfd_siginfo signal;

	if (read(keep->signal_fd, &signal, sizeof(signal)) != sizeof(signal))
		return KEEP_NOT_ENDED;
	if (signal.ssi_signo == SIGUSR1)
		return KEEP_ASKED;
	if (keep->command_pidfd >= 0)
		kill(keep->command, (int)signal.ssi_signo);
	return KEEP_SIGNAL;
}

/* Something happened, or the time is up. */
static enum keep_reason look(struct keep *keep, const struct pollfd *watched)
{
	if (watched[0].revents)
		return KEEP_COMMAND;
	if (watched[1].revents)
		return take_signal(keep);
	if (watched[2].revents && has_woken(keep))
		return KEEP_AWAKE;
	if (session_has_expired(keep->session) || io_now_ns() >= keep->session->deadline_ns)
		return KEEP_TIME;
	if (watched[3].revents && session_guard(keep->session) < 0)
		return KEEP_GUARD;
	return KEEP_NOT_ENDED;
}

static enum keep_reason wait_for_reason(struct keep *keep)
{
	enum keep_reason reason = KEEP_NOT_ENDED;

	while (reason == KEEP_NOT_ENDED) {
		struct pollfd watched[] = {
			{ .fd = keep->command_pidfd, .events = POLLIN },
			{ .fd = keep->signal_fd, .events = POLLIN },
			{ .fd = keep->wake_fd, .events = POLLIN },
			{ .fd = keep->session->watchdog.pidfd, .events = POLLIN },
		};

		poll(watched, ARRAY_SIZE(watched),
		     io_milliseconds_until(keep->session->deadline_ns));
		reason = look(keep, watched);
	}
	return reason;
}

/* Nothing is frozen any more; signals are handed on. */
static int await_command(struct keep *keep)
{
	int status = 0;

	for (;;) {
		struct pollfd watched[] = {
			{ .fd = keep->command_pidfd, .events = POLLIN },
			{ .fd = keep->signal_fd, .events = POLLIN },
		};

		poll(watched, ARRAY_SIZE(watched), -1);
		if (watched[0].revents)
			break;
		if (watched[1].revents)
			take_signal(keep);
	}
	while (waitpid(keep->command, &status, 0) < 0 && errno == EINTR)
		;
	keep->command_pidfd = fd_close(keep->command_pidfd);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int keep_until_end(struct keep *keep, int *ret_status, struct problem *problem)
{
	int r;

	keep->reason = wait_for_reason(keep);
	r = session_thaw(keep->session, problem);
	if (keep->command > 0)
		*ret_status = await_command(keep);
	return r;
}

void keep_clear(struct keep *keep)
{
	fd_close(keep->signal_fd);
	fd_close(keep->wake_fd);
	fd_close(keep->command_pidfd);
	*keep = KEEP_NONE;
}
