/* SPDX-License-Identifier: MIT */
#include "promise/subject.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/fs.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"
#include "blockdev/mount.h"
#include "workload/pattern.h"

int subject_create(struct promise_run *run, const char *name, int *ret_fd)
{
	CLEANUP(freep) char *path = text_path(run->directory, name ? name : SUBJECT_NAME);
	int fd;

	if (!path)
		return -ENOMEM;
	fd = run->device && name ? open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600)
				 : io_open_unnamed(run->directory, path);
	if (fd < 0)
		return promise_fault(run, errno, "creating the file");
	*ret_fd = fd;
	return 0;
}

int subject_allocate(struct promise_run *run, int fd)
{
	struct method_outcome outcome = { .path = METHOD_PATH_NATIVE };
	int r = method_run(run->method, fd, run->file_bytes, &outcome);

	if (r < 0 && method_unsupported(r))
		return promise_na(run, "%s: %s", outcome.refused_by, strerror(-r));
	if (r < 0)
		return promise_fault(run, -r, outcome.refused_by);
	return fsync(fd) < 0 ? promise_fault(run, errno, "fsync") : 0;
}

int subject_write_parts(struct promise_run *run, int fd)
{
	enum { PART_BYTES = 1 << 20, UNALIGNED_BYTES = 77 };
	CLEANUP(pattern_clear) struct pattern pattern = { 0 };
	int r = pattern_init(&pattern, run->seed, 0, PART_BYTES);

	if (r == 0)
		r = io_write_at(fd, 0, pattern_block(&pattern, 0, 0, 0), PART_BYTES);
	if (r == 0)
		r = io_write_at(fd, 2 * PART_BYTES, pattern_block(&pattern, 0, 1, 2 * PART_BYTES),
				PART_BYTES);
	if (r == 0)
		r = io_write_at(fd, 3 * PART_BYTES, pattern_block(&pattern, 0, 2, 3 * PART_BYTES),
				UNALIGNED_BYTES);
	return r < 0 ? promise_fault(run, -r, "writing the data") : 0;
}

static int mount_again(struct promise_run *run)
{
	const char *options = run->mount_options ? run->mount_options : "";
	int r = mount_release(run->directory);

	return r < 0 ? r : mount_volume(run->device, run->directory, run->type, options);
}

int subject_reopen(struct promise_run *run, const char *name, int *fd)
{
	CLEANUP(freep)
	char *path = run->device ? text_path(run->directory, name)
				 : text_format("/proc/self/fd/%d", *fd);
	int again_fd = -1, r;

	if (!path)
		return -ENOMEM;
	if (!run->device)
		again_fd = open(path, O_RDWR | O_CLOEXEC);
	*fd = fd_close(*fd);
	if (run->device) {
		r = mount_again(run);
		if (r < 0)
			return promise_fault(run, -r, "mounting the volume again");
		again_fd = open(path, O_RDWR | O_CLOEXEC);
	}
	if (again_fd < 0)
		return promise_fault(run, errno, "opening the file again");
	*fd = again_fd;
	return 0;
}

int subject_set_flag(struct promise_run *run, int fd, int flag, char letter)
{
	int flags = 0;

	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0) {
		flags |= flag;
		if (ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0)
			return 0;
	}
	return promise_na(run, "chattr +%c: %s", letter, strerror(errno));
}

/* ---- in a child ---- */

/* That makes a process outlive its parent, and its directory in /proc belong to root. */
int subject_become_user(void)
{
	if (setgroups(0, NULL) < 0 || setresgid(SUBJECT_USER, SUBJECT_USER, SUBJECT_USER) < 0 ||
	    setresuid(SUBJECT_USER, SUBJECT_USER, SUBJECT_USER) < 0 ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl(PR_SET_DUMPABLE, 1) < 0)
		return -errno;
	return 0;
}

static int run_child(struct promise_run *run,
		     void (*work)(void *context, struct subject_call *call), void *context,
		     struct subject_call *call)
{
	CLEANUP(child_killp) struct child child = CHILD_NONE;
	int status = 0, r = child_fork(&child, 0);

	if (r == 0) {
		signal(SIGBUS, SIG_DFL); /* sanitizers install a handler */
		work(context, call);
		_exit(0);
	}
	if (r > 0)
		r = child_wait(&child, -1, 0, &status);
	if (r < 0)
		return promise_fault(run, -r, "running a child");
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS) {
		call->call = "page fault";
		call->error = EFAULT;
		return 0;
	}
	return WIFSIGNALED(status) ? promise_fault(run, EINTR, "a child was killed") : 0;
}

int subject_in_child(struct promise_run *run,
		     void (*work)(void *context, struct subject_call *call), void *context,
		     struct subject_call *ret)
{
	struct subject_call *call = mmap(NULL, sizeof(*call), PROT_READ | PROT_WRITE,
					 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int r;

	if (call == MAP_FAILED)
		return promise_fault(run, errno, "mmap");
	r = run_child(run, work, context, call);
	*ret = *call;
	munmap(call, sizeof(*call));
	return r;
}
