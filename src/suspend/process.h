/* SPDX-License-Identifier: MIT */
/* Processes, identified by pid and start time, which together are never reused. */
#ifndef SUSPEND_PROCESS_H
#define SUSPEND_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process {
	pid_t pid;	/* 0: none */
	uint64_t start; /* clock ticks after boot */
};

/* 0; -ESRCH: there is no such process; or -errno. */
int process_read(pid_t pid, struct process *ret);

/* A pidfd of this process; -ESRCH: it has ended; or -errno. */
int process_open(const struct process *process);

/* Whether the process is running. */
bool process_is_alive(const struct process *process);

/* Waits until the process of a pidfd has ended. 0 or -ETIMEDOUT. */
int process_wait(int pidfd, uint64_t deadline_ns);

/*
 * fork() that also returns a pidfd to the parent.  The child does not end with its parent. 0 in
 * the child, the pid in the parent, or -errno.
 */
pid_t process_fork(int *ret_pidfd);

/* Replaces the standard streams by /dev/null, so that no reader waits for them to be closed. */
void process_close_streams(void);

#endif
