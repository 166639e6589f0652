/* SPDX-License-Identifier: MIT */
/*
 * Waiting while file systems are frozen.  They are thawed as soon as the machine has resumed,
 * not only when the command has ended: after the resume systemd-sleep runs hooks and asks init
 * to thaw user.slice, and both may wait for processes that are blocked by a frozen file system.
 */
#include "suspend/session.h"

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

enum { ASLEEP_MIN_NS = 1000000 };

static int64_t asleep_ns(void)
{
	struct timespec boot, awake;

	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_MONOTONIC, &awake);
	return (boot.tv_sec - awake.tv_sec) * INT64_C(1000000000) + boot.tv_nsec - awake.tv_nsec;
}

/* The timer never expires.  Setting the clock cancels it, and so does a resume. */
static int arm(int wake_fd)
{
	const struct itimerspec never = { .it_value.tv_sec = INT64_C(1) << 33 };

	return timerfd_settime(wake_fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL);
}

int session_watch_events(struct session *session)
{
	static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1 };
	sigset_t signals;

	session->asleep_ns = asleep_ns();
	sigemptyset(&signals);
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		sigaddset(&signals, ending[i]);
	if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
		return -errno;
	session->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	session->wake_fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (session->signal_fd < 0 || session->wake_fd < 0 || arm(session->wake_fd) < 0)
		return -errno;
	return 0;
}

static void exec_command(const char *program, char **argv)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	execv(program, argv);
	_exit(errno == ENOENT ? 127 : 126);
}

int session_start_command(struct session *session, const char *program, char **argv)
{
	pid_t pid = process_fork(&session->command_pidfd);

	if (pid < 0)
		return pid;
	if (pid == 0)
		exec_command(program, argv);
	session->command = pid;
	return 0;
}

static bool has_woken(struct session *session)
{
	uint64_t expirations;

	if (read(session->wake_fd, &expirations, sizeof(expirations)) < 0 && errno == ECANCELED)
		arm(session->wake_fd);
	return asleep_ns() - session->asleep_ns > ASLEEP_MIN_NS;
}

static enum thaw_reason take_signal(struct session *session)
{
	struct signalfd_siginfo signal;

	if (read(session->signal_fd, &signal, sizeof(signal)) != sizeof(signal))
		return THAW_NOT_YET;
	if (signal.ssi_signo == SIGUSR1)
		return THAW_REQUESTED;
	if (session->command_pidfd >= 0)
		kill(session->command, (int)signal.ssi_signo);
	return THAW_SIGNAL;
}

/* After poll() has returned. */
static enum thaw_reason check_events(struct session *session, const struct pollfd *watched)
{
	if (watched[0].revents)
		return THAW_COMMAND_ENDED;
	if (watched[1].revents)
		return take_signal(session);
	if (watched[2].revents && has_woken(session))
		return THAW_RESUMED;
	if (session_has_expired(session) || io_now_ns() >= session->deadline_ns)
		return THAW_TIMEOUT;
	if (watched[3].revents && session_guard(session) < 0)
		return THAW_NO_WATCHDOG;
	return THAW_NOT_YET;
}

static enum thaw_reason wait_for_reason(struct session *session)
{
	enum thaw_reason reason = THAW_NOT_YET;

	while (reason == THAW_NOT_YET) {
		struct pollfd watched[] = {
			{ .fd = session->command_pidfd, .events = POLLIN },
			{ .fd = session->signal_fd, .events = POLLIN },
			{ .fd = session->wake_fd, .events = POLLIN },
			{ .fd = session->watchdog.pidfd, .events = POLLIN },
		};

		poll(watched, ARRAY_SIZE(watched), io_milliseconds_until(session->deadline_ns));
		reason = check_events(session, watched);
	}
	return reason;
}

/* Everything is thawed; signals are passed on to the command. */
static int await_command(struct session *session)
{
	int status = 0;

	for (;;) {
		struct pollfd watched[] = {
			{ .fd = session->command_pidfd, .events = POLLIN },
			{ .fd = session->signal_fd, .events = POLLIN },
		};

		poll(watched, ARRAY_SIZE(watched), -1);
		if (watched[0].revents)
			break;
		if (watched[1].revents)
			take_signal(session);
	}
	while (waitpid(session->command, &status, 0) < 0 && errno == EINTR)
		;
	session->command_pidfd = fd_close(session->command_pidfd);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int session_wait(struct session *session, int *ret_status, struct problem *problem)
{
	int r;

	session->reason = wait_for_reason(session);
	r = session_thaw(session, problem);
	if (session->command > 0)
		*ret_status = await_command(session);
	return r;
}
