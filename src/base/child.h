/* SPDX-License-Identifier: MIT */
/*
 * Child processes that cannot outlive us: each has PR_SET_PDEATHSIG, is held by
 * a pidfd (no pid is ever reused under our hands), and is killed and reaped when
 * its variable goes out of scope.
 */
#ifndef BASE_CHILD_H
#define BASE_CHILD_H

#include <stdint.h>
#include <sys/types.h>

struct child {
	pid_t pid; /* 0: none */
	int pidfd;
	int end_signal; /* what makes it end at once */
	int is_group;	/* and with it the rest of its process group */
};

#define CHILD_NONE ((struct child) { .pid = 0, .pidfd = -1 })

enum child_flags {
	CHILD_PID_NAMESPACE =
		1 << 0,	      /* its own: with it dies whatever it started, even out of its group */
	CHILD_GROUP = 1 << 1, /* child_kill() kills its process group */
};

/*
 * fork(): returns 0 in the child, 1 in the parent (with *ret filled), -errno.
 * The child is in a session of its own (a terminal's Ctrl-C goes to us alone),
 * has no signal blocked, and is killed when the parent dies.
 * With CHILD_PID_NAMESPACE an ordinary user gets a user namespace as well; where
 * the kernel grants none, a process between us and it sees to the same end.
 */
int child_fork(struct child *ret, unsigned flags);

struct child_command {
	const char *const *argv;   /* argv[0] is looked up in PATH and the sbin folders */
	int in_fd, out_fd, err_fd; /* what the child sees as 0, 1, 2; -1: /dev/null */
	const int *keep; /* descriptors that stay open in the child, ends with -1; may be NULL */
	const char *const *variables; /* NAME=VALUE each, added to its environment, ends with NULL;
					 may be NULL */
	unsigned flags;
};

/* Starts a program.  -ENOENT: it is not there; other -errno as from fork() or exec(). */
int child_spawn(struct child *ret, const struct child_command *command);

/*
 * Waits until the child has ended.  *ret_status as of waitpid().  Returns 0,
 * -ECANCELED (cancel_fd became readable; it may be -1), -ETIMEDOUT (deadline_ns on
 * the clock of io_now_ns(); 0: none).  The child still runs after these.
 */
int child_wait(struct child *child, int cancel_fd, uint64_t deadline_ns, int *ret_status);

/* Kills and reaps it.  Harmless on CHILD_NONE. */
void child_kill(struct child *child);

/* For CLEANUP(child_killp). */
void child_killp(struct child *child);

/*
 * Runs a program to its end, with what it prints (both streams) in *ret_output,
 * at most 64 KiB, which the caller frees; may be NULL.  Returns its exit status
 * (128 + signal if killed by one), or -errno as child_spawn() and child_wait().
 */
int child_run(const char *const *argv, int cancel_fd, char **ret_output);

/* The same for a command whose out_fd and err_fd are not looked at. */
int child_run_command(const struct child_command *command, int cancel_fd, char **ret_output);

/* The path of a program, from PATH and the sbin folders; NULL: not there.  The caller frees it. */
char *child_find_program(const char *name);

#endif
