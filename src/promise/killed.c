/* SPDX-License-Identifier: MIT */
/*
 * As before, if the process is killed: a child runs the method, traced, and is killed when it
 * enters or leaves its k-th system call, for each k, or for as many as fit, evenly spread.  Nobody
 * can undo anything then.  What can be asked for is that the call is all or nothing: afterwards the
 * file is as it was, or as the call leaves it where nobody kills it.  Data that were there before
 * must stay.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "promise/cases.h"
#include "promise/state.h"
#include "promise/subject.h"

enum { STOPS_MOST = 24 };

/* A child that is traced. */
struct traced {
	struct child child;
	unsigned stops;		 /* at which it was seen */
	unsigned long long call; /* number of the system call of the last of them */
	bool has_ended;
};

static void traced_clear(struct traced *traced)
{
	child_kill(&traced->child);
}

static const struct {
	unsigned long long number;
	const char *name;
} call_names[] = {
	{ SYS_fallocate, "fallocate" }, { SYS_ftruncate, "ftruncate" },
	{ SYS_pwrite64, "pwrite" },	{ SYS_write, "write" },
	{ SYS_pwritev, "pwritev" },	{ SYS_pwritev2, "pwritev2" },
	{ SYS_writev, "writev" },	{ SYS_pread64, "pread" },
	{ SYS_ioctl, "ioctl" },		{ SYS_fsync, "fsync" },
	{ SYS_munmap, "munmap" },	{ SYS_madvise, "madvise" },
	{ SYS_fcntl, "fcntl" },		{ SYS_lseek, "lseek" },
	{ SYS_fdatasync, "fdatasync" }, { SYS_io_uring_enter, "io_uring_enter" },
};

static const char *name_of(unsigned long long number)
{
	for (size_t i = 0; i < ARRAY_SIZE(call_names); i++)
		if (call_names[i].number == number)
			return call_names[i].name;
	return "another call";
}

/* ---- tracing ---- */

/* In the child: its exit status is the errno of the method. */
static void run_traced(const struct promise_run *run, int fd)
{
	struct method_outcome outcome;

	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(ENOSYS);
	raise(SIGSTOP);
	_exit(-method_run(run->method, fd, run->file_bytes, &outcome));
}

/* Waits for the next stop.  *ret_status: that of waitpid(). */
static int await_stop(struct traced *traced, int *ret_status)
{
	pid_t pid;

	do {
		pid = waitpid(traced->child.pid, ret_status, __WALL);
	} while (pid < 0 && errno == EINTR);
	if (pid < 0)
		return -errno;
	if (!WIFSTOPPED(*ret_status)) {
		traced->has_ended = true;
		traced->child.pid = 0; /* reaped */
		traced->child.pidfd = fd_close(traced->child.pidfd);
	}
	return 0;
}

/* The kernel's struct ptrace_syscall_info, of which headers of C libraries have several names. */
struct call_information {
	uint8_t is; /* 1: a system call is entered */
	uint8_t padding[3];
	uint32_t architecture;
	uint64_t instruction, stack, number, arguments[6];
};

/* Since Linux 5.3, not in User-Mode Linux. */
static void note_call(struct traced *traced)
{
	const enum __ptrace_request get = (enum __ptrace_request)0x420e;
	struct call_information information = { 0 };

	if (ptrace(get, traced->child.pid, sizeof(information), &information) > 0 &&
	    information.is == 1)
		traced->call = information.number;
}

/* To the next stop; `signal` is delivered.  0 or -errno. */
static int resume(struct traced *traced, int signal, int *ret_status)
{
	if (ptrace(PTRACE_SYSCALL, traced->child.pid, NULL, (long)signal) < 0)
		return -errno;
	return await_stop(traced, ret_status);
}

/* Until it stops at a system call for the `stops`-th time, or has ended.  0 or -errno. */
static int run_until(struct traced *traced, unsigned stops, int *ret_status)
{
	int signal = 0, r = await_stop(traced, ret_status); /* by its own SIGSTOP */

	if (r == 0 && !traced->has_ended &&
	    ptrace(PTRACE_SETOPTIONS, traced->child.pid, NULL,
		   (long)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)) < 0)
		return -errno;
	while (r == 0 && !traced->has_ended && traced->stops < stops) {
		r = resume(traced, signal, ret_status);
		if (r < 0 || traced->has_ended)
			break;
		signal = WSTOPSIG(*ret_status);
		if (signal != (SIGTRAP | 0x80))
			continue;
		signal = 0;
		traced->stops++;
		note_call(traced);
	}
	return r;
}

/* *ret_status: if it has ended.  0 or -errno with run->text set. */
static int trace(struct promise_run *run, int fd, unsigned stops, struct traced *ret,
		 int *ret_status)
{
	int r = child_fork(&ret->child, 0);

	if (r == 0)
		run_traced(run, fd);
	if (r > 0)
		r = run_until(ret, stops, ret_status);
	child_kill(&ret->child);
	return r < 0 ? promise_fault(run, -r, "tracing a child") : 0;
}

/* ---- what is left ---- */

static int make_file(struct promise_run *run, int *ret_fd)
{
	int r = subject_create(run, NULL, ret_fd);

	return r == 0 && run->method->method->keeps_data ? subject_write_parts(run, *ret_fd) : r;
}

/* The call as it is when nobody kills it: how often it stops, and what it leaves. */
static int run_whole(struct promise_run *run, unsigned *ret_stops, struct state *ret_done)
{
	CLEANUP(traced_clear) struct traced traced = { .child = CHILD_NONE };
	CLEANUP(fd_closep) int fd = -1;
	int status = 0, r = make_file(run, &fd);

	if (r == 0)
		r = trace(run, fd, UINT_MAX, &traced, &status);
	if (r < 0)
		return r;
	if (!WIFEXITED(status))
		return promise_fault(run, EINTR, "a child was killed");
	if (WEXITSTATUS(status) == ENOSYS && traced.stops == 0)
		return promise_na(run, "a process cannot be traced here");
	if (method_unsupported(WEXITSTATUS(status)))
		return promise_na(run, "%s", strerror(WEXITSTATUS(status)));
	if (WEXITSTATUS(status) != 0)
		return promise_fault(run, WEXITSTATUS(status), run->method->name);
	*ret_stops = traced.stops;
	r = state_read(run, fd, ret_done);
	ret_done->free_bytes = 0; /* not the call's alone */
	return r;
}

static int conclude(struct promise_run *run, const struct traced *traced,
		    const struct state_difference *difference)
{
	static const char format[] = "killed when it %s system call %u (%s); afterwards %s";
	const char *way = traced->stops % 2 ? "entered" : "had left";
	unsigned number = (traced->stops + 1) / 2;
	const char *name = name_of(traced->call);

	if (difference->is_loss)
		return promise_break(run, PROMISE_AS_BEFORE, format, way, number, name,
				     difference->text);
	return promise_miss(run, format, way, number, name, difference->text);
}

/* Killed at one stop: it is as before or done, or that is the verdict. */
static int kill_at(struct promise_run *run, unsigned stop, const struct state *done)
{
	CLEANUP(state_difference_clear) struct state_difference from_before = { 0 };
	CLEANUP(state_difference_clear) struct state_difference from_done = { 0 };
	CLEANUP(traced_clear) struct traced traced = { .child = CHILD_NONE };
	CLEANUP(state_clear) struct state before = { 0 };
	CLEANUP(fd_closep) int fd = -1;
	int status = 0, r = make_file(run, &fd);

	if (r == 0)
		r = state_read(run, fd, &before);
	before.free_bytes = 0;
	if (r == 0)
		r = trace(run, fd, stop, &traced, &status);
	if (r == 0)
		r = state_compare(run, fd, &before, &from_before);
	if (r < 0 || !from_before.text)
		return r;
	r = state_compare(run, fd, done, &from_done);
	return r < 0 || !from_done.text ? r : conclude(run, &traced, &from_before);
}

static int run_sigkill(struct promise_run *run)
{
	CLEANUP(state_clear) struct state done = { 0 };
	unsigned stops = 0, step;
	int r = run_whole(run, &stops, &done);

	step = stops / STOPS_MOST | 1; /* odd: stops where calls are entered and left take turns */
	for (unsigned stop = 1; r == 0 && !run->verdict && stop <= stops; stop += step)
		r = kill_at(run, stop, &done);
	return r < 0 || run->verdict ? r : promise_keep(run);
}

const struct promise_case promise_as_before_sigkill = {
	.name = "sigkill",
	.summary = "the process is killed at a system call: the file is as before, or done",
	.promises = 1u << PROMISE_AS_BEFORE,
	.run = run_sigkill,
};
