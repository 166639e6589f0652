/* SPDX-License-Identifier: MIT */
/* Processes by number and start time, which together are never given anew. */
#ifndef SUSPEND_PROCESS_H
#define SUSPEND_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process {
	pid_t pid;	/* 0: none */
	uint64_t start; /* clock ticks after boot */
};

/* 0, -ESRCH (there is none) or -errno. */
int process_read(pid_t pid, struct process *ret);

/* A pidfd of just that process, or -ESRCH, or -errno. */
int process_open(const struct process *process);

/* Whether it is there and has not ended. */
bool process_is_alive(const struct process *process);

/* Waits until the process behind a pidfd has ended; 0 or -ETIMEDOUT. */
int process_wait(int pidfd, uint64_t deadline_ns);

/* fork() with a pidfd for the parent; does not end with its parent.  0 in the child, pid, or
 * -errno. */
pid_t process_fork(int *ret_pidfd);

/* /dev/null in the place of its streams, so that nobody waits for their end. */
void process_close_streams(void);

#endif
