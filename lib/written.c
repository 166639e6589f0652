/* SPDX-License-Identifier: MIT */
/*
 * Where there is no fallocate(2).  Two ways, because others may write to the file
 * meanwhile and zeroes must never land on their bytes:
 *
 * Past the end, zeroes are appended (RWF_APPEND: the kernel takes the position
 * under the lock that every writer takes).  O_DIRECT, one call of 16 MiB made of
 * the same 64 KiB 256 times, one at a time: on ext2 and ext3 that is ten times as
 * fast as one byte a block and reaches what the device can do; more in flight is
 * slower and leaves more fragments.
 *
 * Inside the file, pages over a hole are mapped and made writable
 * (MADV_POPULATE_WRITE, Linux 5.14): the file system has to allocate the block
 * then, and the contents are whatever they are, ours or another's.  A full volume
 * is an error here, where a store would be a SIGBUS.  On ext2 this also beats
 * O_DIRECT, which the kernel turns into buffered writes over holes.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fill.h"
#include "map.h"
#include "pace.h"
#include "scope.h"
#include "volume.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

enum {
	VECTOR = 256,
	LEAST_STEP = 1 << 20,
	DIRECT_STEP = VECTOR * SIDE_BUFFER_BYTES,
	CACHED_STEP = 8 << 20,
	BLOCK = 4096, /* what is looked at where nobody tells of holes */
	ROUNDS = 16,
};

/* ---- beside: on the descriptors of our own ---- */

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
	written = pwritev2(fd, vector, count, -1, RWF_APPEND);
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
	written = pwritev2(files->plain_fd, &vector, 1, (off_t)offset, RWF_APPEND);
	return written < 0 ? -errno : written;
}

/* Where the last append ended. */
static int64_t direct_position(struct side_files *files, uint64_t offset, uint64_t bytes)
{
	(void)offset, (void)bytes;
	return lseek(files->direct_fd, 0, SEEK_CUR);
}

static int64_t place(struct side_files *files, uint64_t offset, uint64_t bytes)
{
	ssize_t written = pwrite(files->plain_fd, files->zeroes, bytes, (off_t)offset);

	return written < 0 ? -errno : written;
}

static int64_t populate(struct side_files *files, uint64_t offset, uint64_t bytes)
{
	uint64_t start = round_down(offset, (uint64_t)sysconf(_SC_PAGESIZE));
	size_t length = (size_t)(offset + bytes - start);
	void *pages = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, files->plain_fd,
			   (off_t)start);
	int r = 0;

	if (pages == MAP_FAILED)
		return -EOPNOTSUPP;
	if (madvise(pages, length, MADV_POPULATE_WRITE) < 0)
		r = errno == EINVAL ? -EOPNOTSUPP : -errno;
	munmap(pages, length);
	return r;
}

/* Of a file that may not be read: what SEEK_DATA says is a hole at this moment. */
static int64_t write_if_hole(struct side_files *files, uint64_t offset, uint64_t bytes)
{
	off_t data = lseek(files->plain_fd, (off_t)offset, SEEK_DATA);

	if (data < 0 && errno != ENXIO)
		return -errno;
	if (data >= 0)
		bytes = lesser(bytes, (uint64_t)data - offset);
	return bytes == 0 ? 0 : place(files, offset, bytes);
}

/* The last resort: looked at, and written if it is all zeroes. */
static int64_t write_if_zero(struct side_files *files, uint64_t offset, uint64_t bytes)
{
	ssize_t got = pread(files->plain_fd, files->scratch, bytes, (off_t)offset);

	if (got < 0 && errno == EBADF && files->own)
		return write_if_hole(files, offset, bytes);
	if (got < 0)
		return -errno;
	if (memcmp(files->scratch, files->zeroes, (size_t)got) != 0)
		return 0;
	return got == 0 ? 0 : place(files, offset, (uint64_t)got);
}

static int64_t start_writing(struct side_files *files, uint64_t offset, uint64_t bytes)
{
	sync_file_range(files->plain_fd, (off64_t)offset, (off64_t)bytes, SYNC_FILE_RANGE_WRITE);
	return 0;
}

static int64_t drop_pages(struct side_files *files, uint64_t offset, uint64_t bytes)
{
	posix_fadvise(files->plain_fd, (off_t)offset, (off_t)bytes, POSIX_FADV_DONTNEED);
	return 0;
}

static int64_t finish_writing(struct side_files *files, uint64_t offset, uint64_t bytes)
{
	enum {
		WHOLE = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
			SYNC_FILE_RANGE_WAIT_AFTER
	};

	if (sync_file_range(files->plain_fd, (off64_t)offset, (off64_t)bytes, WHOLE) < 0 &&
	    (errno == EIO || errno == ENOSPC || errno == EDQUOT))
		return -errno;
	return drop_pages(files, offset, bytes);
}

static int64_t sync_data(struct side_files *files, uint64_t offset, uint64_t bytes)
{
	(void)offset, (void)bytes;
	return fdatasync(files->plain_fd) < 0 && errno != EINVAL && errno != ENOSYS ? -errno : 0;
}

/* ---- through the page cache ---- */

struct filling {
	struct task *task;
	struct pace pace;
	uint64_t size;	     /* of the file when the round began */
	uint64_t filled;     /* bytes, in this round */
	struct span writing; /* on its way from the page cache to the disk */
	uint64_t zeroes_end; /* before it all zeroes were touched, and look no different now */
};

/*
 * Starts the write-back of one window and waits for the one before, so that no
 * more than two are ever in memory, and the disk is busy all the time.  What goes
 * through the journal is written twice, and later: waiting for it takes 1.7 times
 * as long in all.
 */
static int drain(struct filling *filling, uint64_t offset, uint64_t bytes)
{
	struct side *side = filling->task->side;
	struct span before = filling->writing;
	int64_t r = 0;

	filling->writing = (struct span) { offset, offset + bytes };
	if (side_files(side)->journalled) {
		if (before.end)
			filling->writing.start = lesser(before.start, offset);
		return 0;
	}
	side_run(side, start_writing, offset, bytes);
	if (before.end)
		r = side_run(side, finish_writing, before.start, before.end - before.start);
	return (int)r;
}

/*
 * Network file systems tell of a full volume only when the data goes out.  That
 * is to be our error and not the later writer's.
 */
static int flush(struct filling *filling)
{
	const struct span *last = &filling->writing;
	int64_t r;

	if (last->end == 0)
		return 0;
	r = side_run(filling->task->side, sync_data, 0, 0);
	side_run(filling->task->side, drop_pages, last->start, last->end - last->start);
	return (int)r;
}

/* ---- inside the file ---- */

/* A page could not be made writable; the kernel keeps the reason to itself. */
static int fault_reason(struct task *task, uint64_t offset)
{
	uint64_t size;
	int64_t r = task_size(task, &size);

	if (r < 0 || offset >= size)
		return (int)r;
	if (volume_has_room(task->fd, BLOCK, 1) < 0)
		return -ENOSPC;
	/* A quota, perhaps.  This tells. */
	r = side_run(task->side, write_if_zero, offset, 1);
	return r < 0 ? (int)r : 0;
}

static int write_piecewise(struct task *task, uint64_t offset, uint64_t bytes)
{
	for (uint64_t done = 0, piece; done < bytes; done += piece) {
		int64_t r;

		piece = lesser(bytes - done, SIDE_BUFFER_BYTES);
		r = side_run(task->side, write_if_zero, offset + done, piece);
		if (r < 0)
			return (int)r;
		task->result.written_bytes += (uint64_t)r;
	}
	return 0;
}

static int touch(struct filling *filling, uint64_t offset, uint64_t bytes)
{
	struct task *task = filling->task;
	int64_t r;

	task->reached = greater(task->reached, offset + bytes);
	task->result.calls++;
	r = side_run(task->side, populate, offset, bytes);
	if (r == -EFAULT)
		r = fault_reason(task, offset);
	else if (r == -EOPNOTSUPP)
		r = write_piecewise(task, offset, bytes);
	if (r < 0)
		return (int)r;
	filling->filled += bytes;
	return drain(filling, offset, bytes);
}

/* One hole, or one run of zeroes. */
static int touch_gap(const struct span *gap, void *context)
{
	struct filling *filling = context;
	struct task *task = filling->task;
	uint64_t at = greater(gap->start, task->offset);
	uint64_t end = lesser(lesser(gap->end, task->end), filling->size);

	while (at < end) {
		uint64_t bytes = lesser(end - at, lesser(filling->pace.step_bytes, CACHED_STEP));
		int r;

		pace_start(&filling->pace);
		r = touch(filling, at, bytes);
		pace_stop(&filling->pace);
		if (r == 0)
			at += bytes;
		if (r == 0 || r == -EINTR)
			r = task_told(task, at);
		if (r < 0)
			return r;
	}
	return 0;
}

static int is_zero(const struct side_files *files, uint64_t at, uint64_t got)
{
	return at < got && memcmp(files->scratch + at, files->zeroes, lesser(got - at, BLOCK)) == 0;
}

/* The runs of zeroes in what was read at `base`. */
static int touch_piece(struct filling *filling, uint64_t base, uint64_t got)
{
	const struct side_files *files = side_files(filling->task->side);
	uint64_t start = 0, end;
	int r = 0;

	while (r == 0 && start < got) {
		for (end = start; is_zero(files, end, got); end += BLOCK)
			;
		if (start < end)
			r = touch_gap(&(struct span) { base + start, base + lesser(end, got) },
				      filling);
		start = end + BLOCK;
	}
	return r;
}

/* Nobody tells of holes: what reads as zeroes is taken for one. */
static int touch_zeroes(struct filling *filling, uint64_t start, uint64_t end)
{
	struct task *task = filling->task;

	for (uint64_t at = round_down(start, BLOCK); at < end; at += SIDE_BUFFER_BYTES) {
		int64_t got = side_read(task->side, at, SIDE_BUFFER_BYTES);
		int r = got == -EBADF ? -EACCES
			: got < 0     ? (int)got
				      : touch_piece(filling, at, (uint64_t)got);

		if (r < 0)
			return r;
	}
	return 0;
}

static int fill_inside(struct filling *filling)
{
	struct task *task = filling->task;
	uint64_t end = lesser(task->end, filling->size), start;

	if (task->offset >= end)
		return 0;
	if (task->source != MAP_BLIND)
		return map_gaps(task, task->offset, end, touch_gap, filling);
	start = greater(task->offset, filling->zeroes_end);
	/* What was appended since is no hole, unless others leapt ahead. */
	if (start >= end || (filling->zeroes_end && !task->others_grew_it))
		return 0;
	filling->zeroes_end = end;
	return touch_zeroes(filling, start, end);
}

/* ---- past its end ---- */

/* How much the next append shall be, and whether it can be a direct one. */
static uint64_t next_append(const struct filling *filling, uint64_t *ret_direct)
{
	const struct side_files *files = side_files(filling->task->side);
	uint64_t left = filling->task->end - filling->size, bytes;

	*ret_direct = 0;
	if (files->direct_fd < 0)
		return lesser(left, lesser(filling->pace.step_bytes, CACHED_STEP));
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
		int r = drain(filling, filling->size, (uint64_t)written);

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

static int append_past_end(struct filling *filling)
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
		if (bytes >= LEAST_STEP)
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

/* The gap between the old end and the range has to stay a hole. */
static int leap(struct filling *filling)
{
	struct task *task = filling->task;
	int64_t r;

	if (filling->size >= task->offset)
		return 0;
	r = side_run(task->side, place, task->offset, 1);
	if (r < 0)
		return (int)r;
	task->reached = greater(task->reached, task->offset + 1);
	task->result.written_bytes++;
	filling->filled++;
	return task_size(task, &filling->size);
}

/* ---- both, until nothing is left to do ---- */

static int fill_round(struct filling *filling)
{
	struct task *task = filling->task;
	int r = task_size(task, &filling->size);

	filling->filled = 0;
	if (r == 0)
		r = map_probe_again(task);
	if (r == 0)
		r = fill_inside(filling);
	if (r == 0 && filling->size < task->end)
		r = leap(filling);
	return r == 0 ? append_past_end(filling) : r;
}

int written_fill(struct task *task)
{
	struct filling filling = {
		.task = task,
		.pace = pace_new(LEAST_STEP, DIRECT_STEP, task->progress != NULL),
	};
	int r = task_need_side(task);

	if (r < 0)
		return r;
	if ((task->flags & PREALLOC_KEEP_SIZE) && task->end > task->old_size)
		return -EOPNOTSUPP;
	task->result.path = PREALLOC_WRITTEN;
	/* Others may make holes, or grow the file by leaps, at the same time. */
	for (int round = 0; round < ROUNDS; round++) {
		r = fill_round(&filling);
		if (r < 0)
			return r;
		if (filling.filled == 0)
			return flush(&filling);
	}
	return -EAGAIN;
}
