/* SPDX-License-Identifier: MIT */
/*
 * Closing any descriptor of a file drops all POSIX record locks that the process
 * holds on it (fcntl(2)): a database that calls us would lose its locks.  The
 * kernel counts the owner of such locks by descriptor table, though.  So second
 * descriptors live in a thread that has a table of its own, made by
 * close_range(CLOSE_RANGE_UNSHARE), which needs no privilege.  Besides, nobody
 * ever inherits or sees these descriptors.  The thread is started for the first of them;
 * most calls need none.
 */
#include "side.h"

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

#include "scope.h"
#include "thread.h"

enum side_state { SIDE_NO_THREAD, SIDE_BUSY, SIDE_IDLE, SIDE_ENDED };

struct side {
	struct side_files files;
	pthread_t thread;
	int thread_error; /* why it cannot be had: 0 or -errno */
	int tried[SIDE_USES], error[SIDE_USES];

	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum side_state state;
	side_fn function; /* NULL with SIDE_BUSY: end */
	uint64_t offset, bytes;
	int64_t outcome;
};

/*
 * ext3 and ext4 with data=journal grant O_DIRECT and then write through the page
 * cache and the journal; only statx() says so, by an alignment of 0 (Linux 6.1).
 */
static void ask_direct(struct side_files *files)
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
 * Pages of its own, mostly in a row, which a device takes as one; untouched memory is one
 * shared page.
 */
static void touch_zeroes(struct side_files *files)
{
	memset(files->zeroes, 0, SIDE_BUFFER_BYTES);
}

/* The caller's descriptor serves all that it can. */
static void use_callers(struct side_files *files, int fd, int flags)
{
	int readable = (flags & O_ACCMODE) == O_RDWR;

	for (int use = 0; use < SIDE_USES; use++)
		files->fd[use] = -1;
	if (readable)
		files->fd[SIDE_MAP] = fd;
	if (flags & O_DIRECT) {
		files->fd[SIDE_DIRECT] = fd;
		touch_zeroes(files);
	}
	if (!(flags & O_DIRECT)) {
		files->fd[SIDE_READ] = readable ? fd : -1;
		files->fd[SIDE_PLACE] = files->fd[SIDE_APPEND] = fd;
	}
	files->place_flags = flags & O_APPEND ? RWF_NOAPPEND : 0;
}

/* `fd`: read_only_fd or work_fd. */
static int open_again(struct side_files *files, int *fd, int flags)
{
	char path[sizeof("/proc/thread-self/fd/") + 12];

	if (*fd >= 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/thread-self/fd/%d", files->caller_fd);
	*fd = open(path, flags | O_CLOEXEC | O_NONBLOCK);
	return *fd < 0 ? -errno : 0;
}

/* For all that writes: one, so that only one is closed. */
static int open_for_work(struct side_files *files)
{
	int r = open_again(files, &files->work_fd, O_RDWR);

	return r == -EACCES ? open_again(files, &files->work_fd, O_WRONLY) : r;
}

static int open_to_look(struct side_files *files, int use)
{
	int r = open_again(files, &files->read_only_fd, O_RDONLY);

	if (r == 0)
		files->fd[use] = files->read_only_fd;
	/* One that may not be read can still be asked where its holes are. */
	if (r != -EACCES || use != SIDE_SEEK)
		return r;
	r = open_for_work(files);
	files->fd[use] = files->work_fd;
	return r;
}

/* A side_fn; the flags are those of our own description. */
static int64_t open_for(struct side_files *files, uint64_t use, uint64_t unused)
{
	int r, direct = use == SIDE_DIRECT ? O_DIRECT : 0;

	(void)unused;
	if (use == SIDE_READ || use == SIDE_SEEK)
		return open_to_look(files, (int)use);
	r = open_for_work(files);
	if (r == 0 && direct && fcntl(files->work_fd, F_SETFL, direct) < 0)
		r = -errno;
	if (r == 0)
		files->fd[use] = files->work_fd;
	if (r == 0 && direct)
		touch_zeroes(files);
	return r;
}

static void set_state(struct side *side, enum side_state state)
{
	side->state = state;
	pthread_cond_broadcast(&side->changed);
}

static void serve(struct side *side)
{
	pthread_mutex_lock(&side->lock);
	set_state(side, SIDE_IDLE);
	for (;;) {
		while (side->state != SIDE_BUSY)
			pthread_cond_wait(&side->changed, &side->lock);
		if (!side->function)
			break;
		side->outcome = side->function(&side->files, side->offset, side->bytes);
		set_state(side, SIDE_IDLE);
	}
	pthread_mutex_unlock(&side->lock);
}

/*
 * The descriptors are closed by hand: pthread_join() returns before the kernel
 * has taken the table down, and a volume unmounted then would be busy.
 */
static void *live(void *context)
{
	struct side *side = context;

	side->thread_error = thread_leave_table(side->files.caller_fd);
	if (side->thread_error == 0) {
		serve(side);
		syscall(SYS_close_range, 0u, ~0u, 0);
	}
	pthread_mutex_lock(&side->lock);
	set_state(side, SIDE_ENDED);
	pthread_mutex_unlock(&side->lock);
	return NULL;
}

static void wait_while_busy(struct side *side)
{
	pthread_mutex_lock(&side->lock);
	while (side->state == SIDE_BUSY)
		pthread_cond_wait(&side->changed, &side->lock);
	pthread_mutex_unlock(&side->lock);
}

static int start(struct side *side)
{
	int r;

	side->state = SIDE_BUSY;
	r = thread_start(&side->thread, live, side);
	if (r < 0) {
		side->state = SIDE_NO_THREAD;
		return r;
	}
	wait_while_busy(side);
	return side->thread_error;
}

int side_start(struct side *side)
{
	if (side->state == SIDE_NO_THREAD && side->thread_error == 0)
		side->thread_error = start(side);
	return side->thread_error;
}

static int open_buffers(struct side_files *files)
{
	char *buffers = mmap(NULL, 2 * SIDE_BUFFER_BYTES, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (buffers == MAP_FAILED)
		return -ENOMEM;
	files->zeroes = buffers;
	files->scratch = buffers + SIDE_BUFFER_BYTES;
	return 0;
}

int side_open(int fd, struct side **ret)
{
	struct side *side = calloc(1, sizeof(*side));
	int flags = fcntl(fd, F_GETFL);
	int r = flags < 0 ? -errno : side ? open_buffers(&side->files) : -ENOMEM;

	if (r < 0) {
		free(side);
		return r;
	}
	side->files.caller_fd = fd;
	side->files.read_only_fd = side->files.work_fd = -1;
	use_callers(&side->files, fd, flags);
	ask_direct(&side->files);
	pthread_mutex_init(&side->lock, NULL);
	pthread_cond_init(&side->changed, NULL);
	*ret = side;
	return 0;
}

static void post(struct side *side, side_fn function, uint64_t offset, uint64_t bytes)
{
	pthread_mutex_lock(&side->lock);
	side->function = function;
	side->offset = offset;
	side->bytes = bytes;
	if (side->state == SIDE_IDLE)
		set_state(side, SIDE_BUSY);
	pthread_mutex_unlock(&side->lock);
}

void side_close(struct side *side)
{
	if (!side)
		return;
	if (side->state != SIDE_NO_THREAD) {
		post(side, NULL, 0, 0);
		pthread_join(side->thread, NULL);
	}
	pthread_cond_destroy(&side->changed);
	pthread_mutex_destroy(&side->lock);
	munmap(side->files.zeroes, 2 * SIDE_BUFFER_BYTES);
	free(side);
}

struct side_files *side_files(struct side *side)
{
	return &side->files;
}

/*
 * Whoever has a lease has the file open alone, so nothing is lost by working with
 * his descriptor only.
 */
static int want(struct side *side, enum side_use use)
{
	int lease = fcntl(side->files.caller_fd, F_GETLEASE), r;

	if (lease >= 0 && lease != F_UNLCK)
		return -EBUSY;
	r = side_start(side);
	return r == 0 ? (int)side_run(side, open_for, use, 0) : r;
}

int side_want(struct side *side, enum side_use use)
{
	if (side->files.fd[use] < 0 && !side->tried[use]) {
		side->tried[use] = 1;
		side->error[use] = want(side, use);
	}
	return side->error[use];
}

int side_fd(const struct side_files *files, enum side_use use)
{
	return files->fd[use] < 0 ? files->caller_fd : files->fd[use];
}

/*
 * Past RLIMIT_FSIZE the kernel raises SIGXFSZ in the thread that writes: where others
 * made the file grow since the limit was compared.  The helper thread blocks all signals.
 */
static int64_t run_here(struct side *side, side_fn function, uint64_t offset, uint64_t bytes)
{
	const struct timespec at_once = { 0 };
	sigset_t limit, before;
	int64_t r;

	sigemptyset(&limit);
	sigaddset(&limit, SIGXFSZ);
	pthread_sigmask(SIG_BLOCK, &limit, &before);
	r = function(&side->files, offset, bytes);
	if (r == -EFBIG)
		sigtimedwait(&limit, NULL, &at_once);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
}

static int has_thread(const struct side *side)
{
	return side->state != SIDE_NO_THREAD && side->thread_error == 0;
}

void side_begin(struct side *side, side_fn function, uint64_t offset, uint64_t bytes)
{
	if (has_thread(side))
		post(side, function, offset, bytes);
	else
		side->outcome = run_here(side, function, offset, bytes);
}

int64_t side_end(struct side *side)
{
	if (has_thread(side))
		wait_while_busy(side);
	return side->outcome;
}

int64_t side_run(struct side *side, side_fn function, uint64_t offset, uint64_t bytes)
{
	side_begin(side, function, offset, bytes);
	return side_end(side);
}

static int64_t read_scratch(struct side_files *files, uint64_t offset, uint64_t bytes)
{
	int fd = side_fd(files, SIDE_READ);
	ssize_t got;

	do
		got = pread(fd, files->scratch, bytes, (off_t)offset);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

int64_t side_read(struct side *side, uint64_t offset, uint64_t bytes)
{
	side_want(side, SIDE_READ);
	return side_run(side, read_scratch, offset, bytes);
}

/* musl got pwritev2() in 1.2.5.  Some emulators of processors lack the call. */
ssize_t side_write(int fd, const struct iovec *vector, int count, off_t at, int flags)
{
	if (flags == 0)
		return pwritev(fd, vector, count, at);
#ifdef HAVE_PWRITEV2
	return pwritev2(fd, vector, count, at, flags);
#else
	/* The kernel puts the position together from two longs; a long of 64 bits holds it all. */
	return syscall(SYS_pwritev2, fd, vector, count, (long)at, (long)(at >> 32), flags);
#endif
}

int64_t side_place(struct side_files *files, uint64_t offset, uint64_t bytes)
{
	const struct iovec vector = { files->zeroes, bytes };
	int fd = side_fd(files, SIDE_PLACE);
	ssize_t written;

	do
		written = side_write(fd, &vector, 1, (off_t)offset, files->place_flags);
	while (written < 0 && errno == EINTR);
	return written < 0 ? -errno : written;
}

int64_t side_run_placing(struct side *side, side_fn function, uint64_t offset, uint64_t bytes)
{
	struct side_files *files = &side->files;
	int64_t r;

	side_want(side, SIDE_PLACE);
	r = side_run(side, function, offset, bytes);
	if (files->place_flags == 0 || !side_lacks_flag(r))
		return r;
	files->fd[SIDE_PLACE] = -1;
	files->place_flags = 0;
	side_want(side, SIDE_PLACE);
	return side_run(side, function, offset, bytes);
}

static int64_t seek(struct side_files *files, uint64_t offset, uint64_t whence)
{
	off_t at = lseek(files->fd[SIDE_SEEK], (off_t)offset, (int)whence);

	return at < 0 ? -errno : at;
}

int64_t side_seek(struct side *side, uint64_t offset, int whence)
{
	return side_want(side, SIDE_SEEK) < 0 ? -EOPNOTSUPP
					      : side_run(side, seek, offset, (uint64_t)whence);
}
