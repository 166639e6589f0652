/* SPDX-License-Identifier: MIT */
/*
 * Closing any descriptor of a file drops all POSIX record locks that the process holds on it
 * (fcntl(2)): a database that calls the library would lose its locks.  But the kernel identifies
 * the owner of such locks by the descriptor table.  So second descriptors live in a thread with a
 * table of its own, made by close_range(CLOSE_RANGE_UNSHARE), which needs no privilege.  No other
 * code inherits or sees these descriptors.  The thread is started for the first of them; most
 * calls need none.
 */
#include "helper.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "util.h"
#include "thread.h"

enum helper_state { HELPER_NO_THREAD, HELPER_BUSY, HELPER_IDLE, HELPER_ENDED };

struct helper {
	struct helper_files files;
	pthread_t thread;
	int thread_error; /* why there is none: 0 or -errno */
	int tried[HELPER_USES], error[HELPER_USES];

	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum helper_state state;
	helper_fn function; /* NULL with HELPER_BUSY: end */
	uint64_t offset, bytes;
	int64_t outcome;
};

/*
 * ext3 and ext4 with data=journal accept O_DIRECT and then write through the page cache and the
 * journal.  Only statx() shows that, by an alignment of 0 (Linux 6.1).
 */
static void query_direct(struct helper_files *files)
{
	files->align = 4096; /* also serves devices of 512-byte sectors */
#ifdef STATX_DIOALIGN
	struct statx status;

	if (statx(files->caller_fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &status) < 0 ||
	    !(status.stx_mask & STATX_DIOALIGN))
		return;
	files->align = greater(files->align, status.stx_dio_offset_align);
	files->journalled = status.stx_dio_offset_align == 0;
#endif
}

/*
 * Private pages, mostly contiguous, which a device takes as one segment.  Untouched memory is one
 * shared zero page.
 */
static void touch_zeroes(struct helper_files *files)
{
	memset(files->zeroes, 0, HELPER_BUFFER_BYTES);
}

/* Uses the caller's descriptor wherever it is suitable. */
static void use_callers(struct helper_files *files, int fd, int flags)
{
	int readable = (flags & O_ACCMODE) == O_RDWR;

	for (int use = 0; use < HELPER_USES; use++)
		files->fd[use] = -1;
	if (readable)
		files->fd[HELPER_MAP] = fd;
	if (flags & O_DIRECT) {
		files->fd[HELPER_DIRECT] = fd;
		touch_zeroes(files);
	}
	if (!(flags & O_DIRECT)) {
		files->fd[HELPER_READ] = readable ? fd : -1;
		files->fd[HELPER_WRITE] = files->fd[HELPER_APPEND] = fd;
	}
	files->write_flags = flags & O_APPEND ? RWF_NOAPPEND : 0;
}

/* `fd`: read_only_fd or work_fd. */
static int open_again(struct helper_files *files, int *fd, int flags)
{
	char path[sizeof("/proc/thread-self/fd/") + 12];

	if (*fd >= 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/thread-self/fd/%d", files->caller_fd);
	*fd = open(path, flags | O_CLOEXEC | O_NONBLOCK);
	return *fd < 0 ? -errno : 0;
}

/* Everything that writes shares one descriptor, so that only one is closed. */
static int open_for_work(struct helper_files *files)
{
	int r = open_again(files, &files->work_fd, O_RDWR);

	return r == -EACCES ? open_again(files, &files->work_fd, O_WRONLY) : r;
}

static int open_for_reading(struct helper_files *files, int use)
{
	int r = open_again(files, &files->read_only_fd, O_RDONLY);

	if (r == 0)
		files->fd[use] = files->read_only_fd;
	/* A file that may not be read can still report its holes. */
	if (r != -EACCES || use != HELPER_SEEK)
		return r;
	r = open_for_work(files);
	files->fd[use] = files->work_fd;
	return r;
}

/* A helper_fn.  F_SETFL changes only the second descriptor's open file description. */
static int64_t open_for(struct helper_files *files, uint64_t use, uint64_t unused)
{
	int r, direct = use == HELPER_DIRECT ? O_DIRECT : 0;

	(void)unused;
	if (use == HELPER_READ || use == HELPER_SEEK)
		return open_for_reading(files, (int)use);
	r = open_for_work(files);
	if (r == 0 && direct && fcntl(files->work_fd, F_SETFL, direct) < 0)
		r = -errno;
	if (r == 0)
		files->fd[use] = files->work_fd;
	if (r == 0 && direct)
		touch_zeroes(files);
	return r;
}

static void set_state(struct helper *helper, enum helper_state state)
{
	helper->state = state;
	pthread_cond_broadcast(&helper->changed);
}

static void serve(struct helper *helper)
{
	pthread_mutex_lock(&helper->lock);
	set_state(helper, HELPER_IDLE);
	for (;;) {
		while (helper->state != HELPER_BUSY)
			pthread_cond_wait(&helper->changed, &helper->lock);
		if (!helper->function)
			break;
		helper->outcome = helper->function(&helper->files, helper->offset, helper->bytes);
		set_state(helper, HELPER_IDLE);
	}
	pthread_mutex_unlock(&helper->lock);
}

/*
 * The descriptors are closed explicitly: pthread_join() returns before the kernel has freed the
 * table, and unmounting the volume then would fail with EBUSY.
 */
static void *live(void *context)
{
	struct helper *helper = context;

	helper->thread_error = thread_leave_table(helper->files.caller_fd);
	if (helper->thread_error == 0) {
		serve(helper);
		syscall(SYS_close_range, 0u, ~0u, 0);
	}
	pthread_mutex_lock(&helper->lock);
	set_state(helper, HELPER_ENDED);
	pthread_mutex_unlock(&helper->lock);
	return NULL;
}

static void wait_while_busy(struct helper *helper)
{
	pthread_mutex_lock(&helper->lock);
	while (helper->state == HELPER_BUSY)
		pthread_cond_wait(&helper->changed, &helper->lock);
	pthread_mutex_unlock(&helper->lock);
}

static int start(struct helper *helper)
{
	int r;

	helper->state = HELPER_BUSY;
	r = thread_start(&helper->thread, live, helper);
	if (r < 0) {
		helper->state = HELPER_NO_THREAD;
		return r;
	}
	wait_while_busy(helper);
	return helper->thread_error;
}

int helper_start(struct helper *helper)
{
	if (helper->state == HELPER_NO_THREAD && helper->thread_error == 0)
		helper->thread_error = start(helper);
	return helper->thread_error;
}

static int open_buffers(struct helper_files *files)
{
	char *buffers = mmap(NULL, 2 * HELPER_BUFFER_BYTES, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (buffers == MAP_FAILED)
		return -ENOMEM;
	files->zeroes = buffers;
	files->scratch = buffers + HELPER_BUFFER_BYTES;
	return 0;
}

int helper_open(int fd, struct helper **ret)
{
	struct helper *helper = calloc(1, sizeof(*helper));
	int flags = fcntl(fd, F_GETFL);
	int r = flags < 0 ? -errno : helper ? open_buffers(&helper->files) : -ENOMEM;

	if (r < 0) {
		free(helper);
		return r;
	}
	helper->files.caller_fd = fd;
	helper->files.read_only_fd = helper->files.work_fd = -1;
	use_callers(&helper->files, fd, flags);
	query_direct(&helper->files);
	pthread_mutex_init(&helper->lock, NULL);
	pthread_cond_init(&helper->changed, NULL);
	*ret = helper;
	return 0;
}

static void post(struct helper *helper, helper_fn function, uint64_t offset, uint64_t bytes)
{
	pthread_mutex_lock(&helper->lock);
	helper->function = function;
	helper->offset = offset;
	helper->bytes = bytes;
	if (helper->state == HELPER_IDLE)
		set_state(helper, HELPER_BUSY);
	pthread_mutex_unlock(&helper->lock);
}

void helper_close(struct helper *helper)
{
	if (!helper)
		return;
	if (helper->state != HELPER_NO_THREAD) {
		post(helper, NULL, 0, 0);
		pthread_join(helper->thread, NULL);
	}
	pthread_cond_destroy(&helper->changed);
	pthread_mutex_destroy(&helper->lock);
	munmap(helper->files.zeroes, 2 * HELPER_BUFFER_BYTES);
	free(helper);
}

struct helper_files *helper_files(struct helper *helper)
{
	return &helper->files;
}

/*
 * A process with a lease is the only one that has the file open, so working with its descriptor
 * alone loses nothing.
 */
static int acquire(struct helper *helper, enum helper_use use)
{
	int lease = fcntl(helper->files.caller_fd, F_GETLEASE), r;

	if (lease >= 0 && lease != F_UNLCK)
		return -EBUSY;
	r = helper_start(helper);
	return r == 0 ? (int)helper_run(helper, open_for, use, 0) : r;
}

int helper_acquire(struct helper *helper, enum helper_use use)
{
	if (helper->files.fd[use] < 0 && !helper->tried[use]) {
		helper->tried[use] = 1;
		helper->error[use] = acquire(helper, use);
	}
	return helper->error[use];
}

void helper_replace_callers(struct helper *helper, enum helper_use use)
{
	if (helper->files.fd[use] == helper->files.caller_fd)
		helper->files.fd[use] = -1;
	helper_acquire(helper, use);
}

int helper_fd(const struct helper_files *files, enum helper_use use)
{
	return files->fd[use] < 0 ? files->caller_fd : files->fd[use];
}

/*
 * The kernel raises SIGXFSZ in a thread that writes past RLIMIT_FSIZE, which can happen if others
 * made the file grow after the limit was checked.  The helper thread blocks all signals.
 */
static int64_t run_here(struct helper *helper, helper_fn function, uint64_t offset, uint64_t bytes)
{
	const struct timespec at_once = { 0 };
	sigset_t limit, before;
	int64_t r;

	sigemptyset(&limit);
	sigaddset(&limit, SIGXFSZ);
	pthread_sigmask(SIG_BLOCK, &limit, &before);
	r = function(&helper->files, offset, bytes);
	if (r == -EFBIG)
		sigtimedwait(&limit, NULL, &at_once);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
}

static int has_thread(const struct helper *helper)
{
	return helper->state != HELPER_NO_THREAD && helper->thread_error == 0;
}

void helper_submit(struct helper *helper, helper_fn function, uint64_t offset, uint64_t bytes)
{
	if (has_thread(helper))
		post(helper, function, offset, bytes);
	else
		helper->outcome = run_here(helper, function, offset, bytes);
}

int64_t helper_wait(struct helper *helper)
{
	if (has_thread(helper))
		wait_while_busy(helper);
	return helper->outcome;
}

int64_t helper_run(struct helper *helper, helper_fn function, uint64_t offset, uint64_t bytes)
{
	helper_submit(helper, function, offset, bytes);
	return helper_wait(helper);
}

static int64_t read_to_scratch(struct helper_files *files, uint64_t offset, uint64_t bytes)
{
	int fd = helper_fd(files, HELPER_READ);
	ssize_t got;

	do
		got = pread(fd, files->scratch, bytes, (off_t)offset);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

int64_t helper_read(struct helper *helper, uint64_t offset, uint64_t bytes)
{
	helper_acquire(helper, HELPER_READ);
	return helper_run(helper, read_to_scratch, offset, bytes);
}

/* musl has pwritev2() since 1.2.5.  Some CPU emulators lack the call. */
ssize_t helper_pwritev2(int fd, const struct iovec *vector, int count, off_t at, int flags)
{
	if (flags == 0)
		return pwritev(fd, vector, count, at);
#ifdef HAVE_PWRITEV2
	return pwritev2(fd, vector, count, at, flags);
#else
	/* The kernel combines the position from two longs; a 64-bit long contains all of it. */
	return syscall(SYS_pwritev2, fd, vector, count, (long)at, (long)(at >> 32), flags);
#endif
}

int64_t helper_write_zeroes(struct helper_files *files, uint64_t offset, uint64_t bytes)
{
	const struct iovec vector = { files->zeroes, bytes };
	int fd = helper_fd(files, HELPER_WRITE);
	ssize_t written;

	do
		written = helper_pwritev2(fd, &vector, 1, (off_t)offset, files->write_flags);
	while (written < 0 && errno == EINTR);
	return written < 0 ? -errno : written;
}

int64_t helper_run_write(struct helper *helper, helper_fn function, uint64_t offset, uint64_t bytes)
{
	struct helper_files *files = &helper->files;
	int64_t r;

	helper_acquire(helper, HELPER_WRITE);
	r = helper_run(helper, function, offset, bytes);
	if (files->write_flags == 0 || !helper_lacks_flag(r))
		return r;
	files->write_flags = 0;
	helper_replace_callers(helper, HELPER_WRITE);
	return helper_run(helper, function, offset, bytes);
}

static int64_t seek(struct helper_files *files, uint64_t offset, uint64_t whence)
{
	off_t at = lseek(files->fd[HELPER_SEEK], (off_t)offset, (int)whence);

	return at < 0 ? -errno : at;
}

int64_t helper_seek(struct helper *helper, uint64_t offset, int whence)
{
	return helper_acquire(helper, HELPER_SEEK) < 0
		       ? -EOPNOTSUPP
		       : helper_run(helper, seek, offset, (uint64_t)whence);
}
