/* SPDX-License-Identifier: MIT */
/*
 * A process of its own even where no guest is needed: a crash or a SIGBUS is one
 * failed trial, memory and processor time are those of the method alone, and it
 * can be killed at any moment.
 */
#include "local.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>

#include "agent.h"
#include "cleanup.h"

static void serve(int private_mounts, int in_fd, int out_fd)
{
	if (private_mounts &&
	    (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0))
		_exit(errno);
	_exit(-agent_serve(in_fd, out_fd));
}

int local_start(int private_mounts, struct testbed_process *process, struct problem *problem)
{
	int request[2] = { -1, -1 }, events[2] = { -1, -1 };
	int r;

	if (pipe2(request, O_CLOEXEC) < 0 || pipe2(events, O_CLOEXEC) < 0) {
		r = -errno;
		fd_close(request[0]);
		fd_close(request[1]);
		return problem_set(problem, PROBLEM_VERDICT, -r, "cannot start a trial: %s",
				   strerror(-r));
	}
	process->to_fd = request[1];
	process->from_fd = events[0];
	r = child_fork(&process->child, 0);
	if (r == 0) {
		testbed_process_clear(process);
		serve(private_mounts, request[0], events[1]);
	}
	fd_close(request[0]);
	fd_close(events[1]);
	if (r < 0)
		return problem_set(problem, PROBLEM_VERDICT, -r, "cannot start a trial: %s",
				   strerror(-r));
	return 0;
}
