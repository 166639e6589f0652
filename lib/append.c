/* SPDX-License-Identifier: MIT */
/*
 * Past the end, zeroes are appended (O_APPEND: the kernel takes the position under
 * the lock that every writer takes).  O_DIRECT, one call of 64 MiB made of the same
 * 64 KiB 1024 times, one at a time: on ext2 and ext3 that is up to ten times as fast as
 * one byte a block and reaches what the device can do (calls of 16 MiB take an eighth
 * longer on ext3); more in flight is slower and leaves more fragments.
 *
 * Nothing but RLIMIT_FSIZE, which is the whole process's, stops an append at a given
 * length.  So the end is looked at immediately before each, and what another appends
 * between the look and the lock makes the file that much longer than asked.
 */
#include <errno.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "filling.h"
#include "scope.h"

#ifndef RWF_APPEND
#define RWF_APPEND 0x10
#endif

enum { VECTOR = APPEND_BYTES / SIDE_BUFFER_BYTES };

/* By a descriptor whose flags and position are not ours.  musl got it in 1.2.5. */
static ssize_t append_at(int fd, const struct iovec *vector, int count, off_t at)
{
#ifdef HAVE_PWRITEV2
	return pwritev2(fd, vector, count, at, RWF_APPEND);
#else
	/* The kernel puts the position together from two longs; a long of 64 bits holds it all. */
	return syscall(SYS_pwritev2, fd, vector, count, (long)at, (long)(at >> 32), RWF_APPEND);
#endif
}

static int fill_vector(struct iovec vector[static VECTOR], char *zeroes, uint64_t bytes)
{
	int count = 0;

	for (; bytes > 0 && count < VECTOR; count++) {
		vector[count].iov_base = zeroes;
		vector[count].iov_len = lesser(bytes, SIDE_BUFFER_BYTES);
		bytes -= vector[count].iov_len;
	}
	return count;
}

/* Where the last append ended, as the kernel knows it. */
static int note_end(struct side_files *files, int fd)
{
	off_t position = files->own ? lseek(fd, 0, SEEK_CUR) : -1;
	struct stat status;

	if (position < 0 && fstat(fd, &status) < 0)
		return -errno;
	files->end = (uint64_t)(position < 0 ? status.st_size : position);
	return 0;
}

/* Zeroes behind what the file ends with now, but none beyond `end`. */
static int64_t append(struct side_files *files, int fd, uint64_t align, uint64_t end,
		      uint64_t bytes)
{
	struct iovec vector[VECTOR];
	struct stat status;
	ssize_t written;
	int count, r;

	if (fstat(fd, &status) < 0)
		return -errno;
	files->end = (uint64_t)status.st_size;
	if (files->end >= end || files->end % align)
		return 0;
	count = fill_vector(vector, files->zeroes, lesser(bytes, end - files->end));
	written = files->own ? writev(fd, vector, count)
			     : append_at(fd, vector, count, status.st_size);
	if (written < 0)
		return -errno;
	r = note_end(files, fd);
	return r < 0 ? r : written;
}

static int64_t append_direct(struct side_files *files, uint64_t end, uint64_t bytes)
{
	return append(files, files->direct_fd, files->align, end, round_down(bytes, files->align));
}

static int64_t append_plain(struct side_files *files, uint64_t end, uint64_t bytes)
{
	return append(files, files->append_fd, 1, end, bytes);
}

/*
 * What is left to append.  Where others append too, half of it at most, so that what
 * they put in between finds room before the end.
 */
static uint64_t prudent(const struct filling *filling)
{
	enum { LITTLE = 4096 };
	uint64_t left = filling->task->end - filling->size;

	return filling->task->others_grew_it && left > LITTLE ? greater(left / 2, LITTLE) : left;
}

/* How much the next append shall be, and whether it can be a direct one. */
static uint64_t next_append(const struct filling *filling, uint64_t *ret_direct)
{
	const struct side_files *files = side_files(filling->task->side);
	uint64_t left = prudent(filling), bytes;

	*ret_direct = 0;
	if (files->direct_fd < 0)
		return lesser(left, lesser(filling->pace.step_bytes, WINDOW_BYTES));
	if (filling->size % files->align)
		return lesser(left, files->align - filling->size % files->align);
	bytes = lesser(round_down(left, files->align), filling->pace.step_bytes);
	*ret_direct = bytes > 0;
	return bytes ? bytes : left;
}

/* The end as it is after an append; others are noticed on the way. */
static void follow_end(struct filling *filling, uint64_t written)
{
	uint64_t end = side_files(filling->task->side)->end;

	if (end != filling->size + written)
		filling->task->others_grew_it = 1;
	filling->size = end;
	filling->task->reached = greater(filling->task->reached, end);
}

static int append_once(struct filling *filling, uint64_t bytes, uint64_t direct)
{
	struct task *task = filling->task;
	struct side_files *files = side_files(task->side);
	int64_t written;

	task->reached = greater(task->reached, filling->size + bytes);
	task->result.calls++;
	written = side_run(task->side, direct ? append_direct : append_plain, task->end, bytes);
	if (direct && (written == -EINVAL || written == -EOPNOTSUPP)) {
		files->direct_fd = -1;
		return 0;
	}
	if (written < 0)
		return (int)written;
	follow_end(filling, (uint64_t)written);
	task->result.written_bytes += (uint64_t)written;
	filling->filled += (uint64_t)written;
	if (direct || written == 0)
		return 0;
	return drain_window(filling, filling->size - (uint64_t)written, (uint64_t)written);
}

/*
 * Appended, and the file is not longer: others cut it again, or what this is keeps nothing.
 * Such a thing may go on for ever.
 */
static int is_in_vain(unsigned *attempts, uint64_t before, const struct filling *filling)
{
	enum { MOST = 16 };

	*attempts = filling->size > before ? 0 : *attempts + 1;
	return *attempts > MOST;
}

int append_fill(struct filling *filling)
{
	struct task *task = filling->task;
	unsigned attempts = 0;

	while (filling->size < task->end) {
		/* What an uneven end takes says nothing of a whole step. */
		uint64_t measurable = lesser(filling->pace.step_bytes, FIRST_BYTES);
		uint64_t direct, bytes = next_append(filling, &direct), before = filling->size;
		int r;

		pace_start(&filling->pace);
		r = append_once(filling, bytes, direct);
		if (bytes >= measurable)
			pace_stop(&filling->pace);
		if (r == 0 && is_in_vain(&attempts, before, filling))
			r = -EAGAIN;
		if (r == 0 || r == -EINTR)
			r = task_told(task, filling->size);
		if (r < 0)
			return r;
	}
	return 0;
}
