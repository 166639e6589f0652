/* SPDX-License-Identifier: MIT */
/*
 * Child processes that cannot outlive this process.  Each has PR_SET_PDEATHSIG and a pidfd, which
 * cannot refer to another process later.  It is killed and reaped when its variable goes out of
 * scope.
 */
#ifndef BASE_CHILD_H
#define BASE_CHILD_H

#include <stdint.h>
#include <sys/types.h>

struct child {
	pid_t pid; /* 0: none */
	int pidfd;
	int end_signal; /* the signal that ends it at once */
	int is_group;	/* and with it the rest of its process group */
};

#define CHILD_NONE ((struct child) { .pid = 0, .pidfd = -1 })

enum child_flags {
	CHILD_PID_NAMESPACE =
		1
		<< 0, /* in a PID namespace of its own: all processes that it started die with it */
	CHILD_GROUP = 1 << 1, /* child_kill() kills its process group */
};

/*
 * fork().  Returns 0 in the child, 1 in the parent with *ret set, or -errno.  The child is in a
 * session of its own (Ctrl-C of a terminal reaches only the parent), blocks no signals, and is
 * killed when the parent dies.  With CHILD_PID_NAMESPACE an ordinary user also gets a user
 * namespace.  If the kernel does not allow one, a keeper process between parent and child has the
 * same effect.
 */
int child_fork(struct child *ret, unsigned flags);

struct child_command {
	const char *const *argv;   /* argv[0] is searched for in PATH and the sbin directories */
	int in_fd, out_fd, err_fd; /* descriptors for 0, 1, 2 in the child; -1: /dev/null */
	const int
		*keep; /* descriptors that stay open in the child, terminated by -1; may be NULL */
	const char *const *variables; /* NAME=VALUE each, added to its environment, ends with NULL;
					 may be NULL */
	unsigned flags;
};

/* Starts a program.  0; -ENOENT: it does not exist; or another -errno of fork() or exec(). */
int child_spawn(struct child *ret, const struct child_command *command);

/*
 * Waits until the child has ended.  *ret_status is that of waitpid().  0; -ECANCELED: cancel_fd,
 * which may be -1, became readable; -ETIMEDOUT: `deadline_ns` on the clock of io_now_ns() has
 * passed (0: none).  After these errors the child still runs.
 */
int child_wait(struct child *child, int cancel_fd, uint64_t deadline_ns, int *ret_status);

/* Kills and reaps the child.  Does nothing for CHILD_NONE. */
void child_kill(struct child *child);

/* For CLEANUP(child_killp). */
void child_killp(struct child *child);

/*
 * Runs a program and waits for it.  *ret_output is what it wrote to both streams, at most 64 KiB;
 * the caller frees it; `ret_output` may be NULL.  Returns the exit status (128 + signal if it was
 * killed), or the -errno of child_spawn() or child_wait().
 */
int child_run(const char *const *argv, int cancel_fd, char **ret_output);

/* The same for a command; its out_fd and err_fd are ignored. */
int child_run_command(const struct child_command *command, int cancel_fd, char **ret_output);

/* The path of a program in PATH and the sbin directories; NULL: not found.  The caller frees it. */
char *child_find_program(const char *name);

#endif
