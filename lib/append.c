/* SPDX-License-Identifier: MIT */
/*
 * Past the end, zeroes are appended (RWF_APPEND: the kernel takes the position
 * under the lock that every writer takes).  O_DIRECT, one call of 16 MiB made of
 * the same 64 KiB 256 times, one at a time: on ext2 and ext3 that is ten times as
 * fast as one byte a block and reaches what the device can do; more in flight is
 * slower and leaves more fragments.
 */
#include <errno.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "filling.h"
#include "scope.h"

#ifndef RWF_APPEND
#define RWF_APPEND 0x10
#endif

enum { VECTOR = APPEND_BYTES / SIDE_BUFFER_BYTES };

/* musl got it in 1.2.5. */
static ssize_t append_vector(int fd, const struct iovec *vector, int count, off_t at)
{
#ifdef HAVE_PWRITEV2
	return pwritev2(fd, vector, count, at, RWF_APPEND);
#else
	/* The kernel puts the position together from two longs; a long of 64 bits holds it all. */
	return syscall(SYS_pwritev2, fd, vector, count, (long)at, (long)(at >> 32), RWF_APPEND);
#endif
}

static int64_t append(int fd, char *zeroes, uint64_t bytes)
{
	struct iovec vector[VECTOR];
	int count = 0;
	ssize_t written;

	for (; bytes > 0 && count < VECTOR; count++) {
		vector[count].iov_base = zeroes;
		vector[count].iov_len = lesser(bytes, SIDE_BUFFER_BYTES);
		bytes -= vector[count].iov_len;
	}
	written = append_vector(fd, vector, count, -1);
	return written < 0 ? -errno : written;
}

static int64_t append_direct(struct side_files *files, uint64_t offset, uint64_t bytes)
{
	(void)offset;
	return append(files->direct_fd, files->zeroes, bytes);
}

/* The file's own position is not ours to move where no description of our own was to be had. */
static int64_t append_plain(struct side_files *files, uint64_t offset, uint64_t bytes)
{
	struct iovec vector = { files->zeroes, lesser(bytes, SIDE_BUFFER_BYTES) };
	ssize_t written;

	if (files->own)
		return append(files->plain_fd, files->zeroes, bytes);
	written = append_vector(files->plain_fd, &vector, 1, (off_t)offset);
	return written < 0 ? -errno : written;
}

/* Where the last append ended. */
static int64_t direct_position(struct side_files *files, uint64_t offset, uint64_t bytes)
{
	(void)offset, (void)bytes;
	return lseek(files->direct_fd, 0, SEEK_CUR);
}

/* How much the next append shall be, and whether it can be a direct one. */
static uint64_t next_append(const struct filling *filling, uint64_t *ret_direct)
{
	const struct side_files *files = side_files(filling->task->side);
	uint64_t left = filling->task->end - filling->size, bytes;

	*ret_direct = 0;
	if (files->direct_fd < 0)
		return lesser(left, lesser(filling->pace.step_bytes, WINDOW_BYTES));
	if (filling->size % files->align)
		return lesser(left, files->align - filling->size % files->align);
	bytes = lesser(round_down(left, files->align), filling->pace.step_bytes);
	*ret_direct = bytes > 0;
	return bytes ? bytes : left;
}

static int64_t append_once(struct filling *filling, uint64_t bytes, uint64_t direct)
{
	struct task *task = filling->task;
	struct side_files *files = side_files(task->side);
	int64_t written;

	task->reached = greater(task->reached, filling->size + bytes);
	task->result.calls++;
	written = side_run(task->side, direct ? append_direct : append_plain, filling->size, bytes);
	if (direct && (written == -EINVAL || written == -EOPNOTSUPP)) {
		files->direct_fd = -1;
		return 0;
	}
	if (written <= 0)
		return written;
	task->result.written_bytes += (uint64_t)written;
	filling->filled += (uint64_t)written;
	if (!direct) {
		int r = drain_window(filling, filling->size, (uint64_t)written);

		return r < 0 ? r : written;
	}
	return written;
}

/* The end as the kernel knows it after an append; noticing others on the way. */
static int follow_end(struct filling *filling, int64_t written, uint64_t direct)
{
	struct task *task = filling->task;
	uint64_t expected = filling->size + (uint64_t)written;
	int64_t position = -1;
	int r;

	if (side_files(task->side)->own && written > 0)
		position = direct ? side_run(task->side, direct_position, 0, 0)
				  : side_seek(task->side, 0, SEEK_CUR);
	if (position < 0) {
		r = task_size(task, &filling->size);
		position = (int64_t)filling->size;
	} else {
		filling->size = (uint64_t)position;
		r = 0;
	}
	if ((uint64_t)position != expected)
		task->others_grew_it = 1;
	return r;
}

int append_fill(struct filling *filling)
{
	struct task *task = filling->task;

	while (filling->size < task->end) {
		uint64_t direct, bytes = next_append(filling, &direct);
		int64_t written;
		int r = 0;

		pace_start(&filling->pace);
		written = append_once(filling, bytes, direct);
		if (written > 0)
			r = follow_end(filling, written, direct);
		if (bytes >= LEAST_BYTES)
			pace_stop(&filling->pace);
		if (written < 0 && written != -EINTR)
			return (int)written;
		if (r == 0)
			r = task_told(task, filling->size);
		if (r < 0)
			return r;
	}
	return 0;
}
