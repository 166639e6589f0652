/* SPDX-License-Identifier: MIT */
#include "thread.h"

#include <errno.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

int thread_start(pthread_t *ret_thread, void *(*run)(void *), void *context)
{
	sigset_t all, before;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(ret_thread, NULL, run, context);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -r;
}

int thread_leave_table(int fd)
{
	if (syscall(SYS_close_range, (unsigned)(fd + 1), ~0u, CLOSE_RANGE_UNSHARE) < 0)
		return -errno;
	if (fd > 0 && syscall(SYS_close_range, 0u, (unsigned)fd - 1, 0) < 0)
		return -errno;
	return 0;
}
