/* SPDX-License-Identifier: MIT */
/*
 * Closing any descriptor of a file drops all POSIX record locks that the process
 * holds on it (fcntl(2)): a database that calls us would lose its locks.  The
 * kernel counts the owner of such locks by descriptor table, though.  So the
 * second descriptions live in a thread that has a table of its own, made by
 * close_range(CLOSE_RANGE_UNSHARE), which needs no privilege.  Besides, nobody
 * ever inherits or sees these descriptors.
 */
#include "side.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "scope.h"

enum side_state { SIDE_BUSY, SIDE_IDLE, SIDE_ENDED };

struct side {
	struct side_files files;
	int fd; /* the caller's */
	pthread_t thread;
	int threaded;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum side_state state;
	side_fn function; /* NULL with SIDE_BUSY: end */
	uint64_t offset, bytes;
	int64_t outcome;
};

/* Leaves only `fd` in a table that is nobody else's. */
static int leave_table(int fd)
{
	if (syscall(SYS_close_range, (unsigned)fd + 1, ~0u, CLOSE_RANGE_UNSHARE) < 0)
		return -errno;
	if (fd > 0 && syscall(SYS_close_range, 0u, (unsigned)fd - 1, 0) < 0)
		return -errno;
	return 0;
}

/*
 * ext3 and ext4 with data=journal grant O_DIRECT and then write through the page
 * cache and the journal; only statx() says so, by an alignment of 0 (Linux 6.1).
 */
static void ask_direct(struct side_files *files)
{
	enum { USUAL = 4096 }; /* also serves devices of 512-byte sectors */
#ifdef STATX_DIOALIGN
	struct statx status;

	files->align = USUAL;
	if (statx(files->direct_fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &status) < 0 ||
	    !(status.stx_mask & STATX_DIOALIGN))
		return;
	files->align = greater(USUAL, status.stx_dio_offset_align);
	if (status.stx_dio_offset_align == 0) {
		files->journalled = 1;
		files->direct_fd = -1;
	}
#else
	files->align = USUAL;
#endif
}

static int open_again(const char *path, int flags)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | flags);

	if (fd < 0 && errno == EACCES)
		fd = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK | flags);
	return fd;
}

static int open_descriptions(struct side *side)
{
	char path[sizeof("/proc/thread-self/fd/") + 12];
	int plain_fd, append_fd;

	snprintf(path, sizeof(path), "/proc/thread-self/fd/%d", side->fd);
	plain_fd = open_again(path, 0);
	append_fd = open_again(path, O_APPEND);
	if (plain_fd < 0 || append_fd < 0)
		return -errno;
	side->files.plain_fd = plain_fd;
	side->files.append_fd = append_fd;
	side->files.own = 1;
	side->files.direct_fd = open_again(path, O_APPEND | O_DIRECT);
	if (side->files.direct_fd >= 0)
		ask_direct(&side->files);
	return 0;
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
	int left = leave_table(side->fd) == 0;

	if (left && open_descriptions(side) == 0)
		serve(side);
	if (left)
		syscall(SYS_close_range, 0u, ~0u, 0);
	pthread_mutex_lock(&side->lock);
	set_state(side, SIDE_ENDED);
	pthread_mutex_unlock(&side->lock);
	return NULL;
}

/* Signals are the application's, and its handlers are not to run here. */
static int start_thread(struct side *side)
{
	sigset_t all, before;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&side->thread, NULL, live, side);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -r;
}

static void wait_while_busy(struct side *side)
{
	pthread_mutex_lock(&side->lock);
	while (side->state == SIDE_BUSY)
		pthread_cond_wait(&side->changed, &side->lock);
	pthread_mutex_unlock(&side->lock);
}

int side_open(int fd, struct side **ret)
{
	struct side *side = calloc(1, sizeof(*side));
	char *buffers = mmap(NULL, 2 * SIDE_BUFFER_BYTES, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (!side || buffers == MAP_FAILED) {
		if (buffers != MAP_FAILED)
			munmap(buffers, 2 * SIDE_BUFFER_BYTES);
		free(side);
		return -ENOMEM;
	}
	side->fd = fd;
	side->files = (struct side_files) {
		.plain_fd = fd,
		.append_fd = fd,
		.direct_fd = -1,
		.zeroes = buffers,
		.scratch = buffers + SIDE_BUFFER_BYTES,
	};
	pthread_mutex_init(&side->lock, NULL);
	pthread_cond_init(&side->changed, NULL);
	side->threaded = start_thread(side) == 0;
	if (side->threaded)
		wait_while_busy(side);
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
	post(side, NULL, 0, 0);
	if (side->threaded)
		pthread_join(side->thread, NULL);
	pthread_cond_destroy(&side->changed);
	pthread_mutex_destroy(&side->lock);
	munmap(side->files.zeroes, 2 * SIDE_BUFFER_BYTES);
	free(side);
}

struct side_files *side_files(struct side *side)
{
	return &side->files;
}

void side_begin(struct side *side, side_fn function, uint64_t offset, uint64_t bytes)
{
	if (side->files.own)
		post(side, function, offset, bytes);
	else
		side->outcome = function(&side->files, offset, bytes);
}

int64_t side_end(struct side *side)
{
	if (side->files.own)
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
	ssize_t got = pread(files->plain_fd, files->scratch, bytes, (off_t)offset);

	return got < 0 ? -errno : got;
}

int64_t side_read(struct side *side, uint64_t offset, uint64_t bytes)
{
	return side_run(side, read_scratch, offset, bytes);
}

int64_t side_place(struct side_files *files, uint64_t offset, uint64_t bytes)
{
	ssize_t written = pwrite(files->plain_fd, files->zeroes, bytes, (off_t)offset);

	return written < 0 ? -errno : written;
}

static int64_t seek(struct side_files *files, uint64_t offset, uint64_t whence)
{
	off_t at;

	if (!files->own)
		return -EOPNOTSUPP;
	at = lseek(files->plain_fd, (off_t)offset, (int)whence);
	return at < 0 ? -errno : at;
}

int64_t side_seek(struct side *side, uint64_t offset, int whence)
{
	return side_run(side, seek, offset, (uint64_t)whence);
}
