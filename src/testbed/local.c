/* SPDX-License-Identifier: MIT */
/*
 * Trials run in a process of their own even without a guest: a crash or a SIGBUS is one failed
 * trial, memory and processor time are those of the method alone, and the process can be killed at
 * any time.
 */
#include "testbed/local.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "trial/agent.h"
#include "base/cleanup.h"
#include "testbed/kernel.h"

/* Mounts exist only in the trial's own namespace. */
static const char mount_point[] = "/mnt";

static int try_mounts(void)
{
	CLEANUP(child_killp) struct child child = CHILD_NONE;
	int status = 0, r = child_fork(&child, 0);

	if (r == 0)
		_exit(unshare(CLONE_NEWNS) < 0 ? errno : 0);
	if (r > 0)
		r = child_wait(&child, -1, 0, &status);
	return r < 0 ? r : -WEXITSTATUS(status);
}

int local_probe(const char *name, struct problem *problem)
{
	int r;

	if (geteuid() != 0)
		return problem_set(
			problem, PROBLEM_LACK, EPERM,
			"the testbed %s needs root to mount; run it as root, or use --on uml",
			name);
	r = try_mounts();
	if (r < 0)
		return problem_set(problem, PROBLEM_LACK, -r,
				   "the testbed %s needs a private mount namespace: %s; use --on "
				   "uml in this container",
				   name, strerror(-r));
	if (access(mount_point, X_OK) < 0)
		return problem_set(
			problem, PROBLEM_LACK, errno,
			"the testbed %s needs the directory %s: %s; create it, or use --on uml",
			name, mount_point, strerror(errno));
	return 0;
}

int local_supports(const struct testbed_options *options, const char *type, struct problem *problem)
{
	int r = kernel_has_filesystem(type);

	(void)options;
	if (r == -ENODEV)
		return problem_set(problem, PROBLEM_LACK, ENODEV,
				   "the running kernel has no %s; use --on uml", type);
	return r;
}

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

int local_start_on(const char *device, struct trial_request *request,
		   struct testbed_process *process, struct problem *problem)
{
	int r = field_set_text(&request->device, device);

	if (r == 0)
		r = field_set_text(&request->directory, mount_point);
	return r < 0 ? r : local_start(1, process, problem);
}
