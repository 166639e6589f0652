/* SPDX-License-Identifier: MIT */
#include "thread.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "prealloc.h"

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

/* Output to standard error, such as that of malloc() before it aborts, must not reach a file. */
static void occupy_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int thread_leave_table(int fd)
{
	if (syscall(SYS_close_range, (unsigned)(fd + 1), ~0u, CLOSE_RANGE_UNSHARE) < 0)
		return -errno;
	if (fd > 0 && syscall(SYS_close_range, 0u, (unsigned)fd - 1, 0) < 0)
		return -errno;
	occupy_standard_descriptors();
	return 0;
}

/* ---- I/O priority ---- */

/*
 * A priority is lowered only if it can be restored: a thread that was made real-time and then lost
 * its privileges cannot.  So the present priority is set first, which changes nothing.
 */

/* linux/ioprio.h came with Linux 5.15. */
enum {
	WHO_PROCESS = 1, /* with id 0: the calling thread */
	CLASS_SHIFT = 13,
	CLASS_BEST_EFFORT = 2,
	CLASS_IDLE = 3,
	LEVEL_MASK = 7,
	UNCHANGED = -1,
};

static int set(int value)
{
	return (int)syscall(SYS_ioprio_set, WHO_PROCESS, 0, value);
}

/* Larger values are lower priorities. */
static int lowness(int value)
{
	int class = value >> CLASS_SHIFT;

	if (class == CLASS_IDLE)
		return LEVEL_MASK + 1;
	return class == CLASS_BEST_EFFORT ? value & LEVEL_MASK : 0;
}

int priority_lower(uint32_t wanted, int *ret_before)
{
	int value = wanted == PREALLOC_IO_IDLE ? CLASS_IDLE << CLASS_SHIFT
					       : CLASS_BEST_EFFORT << CLASS_SHIFT | LEVEL_MASK;
	int before;

	*ret_before = UNCHANGED;
	if (wanted == PREALLOC_IO_SAME)
		return 0;
	before = (int)syscall(SYS_ioprio_get, WHO_PROCESS, 0);
	if (before < 0)
		return 0;
	if (lowness(before) >= lowness(value))
		return 1;
	if (set(before) < 0 || set(value) < 0)
		return 0;
	*ret_before = before;
	return 1;
}

void priority_restore(int before)
{
	if (before != UNCHANGED)
		set(before);
}
