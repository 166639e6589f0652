/* SPDX-License-Identifier: MIT */
/*
 * Pages in a hole are mapped and made writable (MADV_POPULATE_WRITE, Linux 5.14).  The file system
 * must then allocate the block, and the contents stay what they are, ours or another's.  A full
 * volume is an error here; a store would raise SIGBUS.  On ext2 this is also faster than O_DIRECT,
 * which the kernel turns into buffered writes in holes.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "zero_fill.h"
#include "map.h"
#include "util.h"
#include "volume.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

enum { BLOCK = 4096 /* unit of the scan for zeroes if holes are not reported */ };

int zero_fill_takes_any_advice(void *pages, size_t length)
{
	enum { NONSENSE = 9999 };

	return madvise(pages, length, NONSENSE) == 0;
}

static int64_t populate(struct helper_files *files, uint64_t offset, uint64_t bytes)
{
	uint64_t start = round_down(offset, (uint64_t)sysconf(_SC_PAGESIZE));
	size_t length = (size_t)(offset + bytes - start);
	void *pages = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED,
			   helper_fd(files, HELPER_MAP), (off_t)start);
	int r = 0;

	if (pages == MAP_FAILED)
		return -EOPNOTSUPP;
	if (zero_fill_takes_any_advice(pages, length))
		r = -EOPNOTSUPP;
	/* Kernels before 5.14 return EINVAL, seccomp filters EPERM or ENOSYS. */
	else if (madvise(pages, length, MADV_POPULATE_WRITE) < 0)
		r = errno == EFAULT || errno == EINTR ? -errno : -EOPNOTSUPP;
	munmap(pages, length);
	return r;
}

/* For a file that may not be read: writes what SEEK_DATA reports as a hole at this moment. */
static int64_t write_if_hole(struct helper_files *files, uint64_t offset, uint64_t bytes)
{
	off_t data = lseek(helper_fd(files, HELPER_SEEK), (off_t)offset, SEEK_DATA);

	if (data < 0 && errno != ENXIO)
		return -errno;
	if (data >= 0)
		bytes = lesser(bytes, (uint64_t)data - offset);
	return bytes == 0 ? 0 : helper_write_zeroes(files, offset, bytes);
}

/* Last resort: reads the range, and writes zeroes if it is all zeroes. */
static int64_t write_if_zero(struct helper_files *files, uint64_t offset, uint64_t bytes)
{
	ssize_t got = pread(helper_fd(files, HELPER_READ), files->scratch, bytes, (off_t)offset);

	if (got < 0 && errno == EBADF && files->fd[HELPER_SEEK] >= 0)
		return write_if_hole(files, offset, bytes);
	if (got < 0)
		return -errno;
	if (memcmp(files->scratch, files->zeroes, (size_t)got) != 0)
		return 0;
	return got == 0 ? 0 : helper_write_zeroes(files, offset, (uint64_t)got);
}

static int first_gap(const struct span *gap, void *context)
{
	*(struct span *)context = *gap;
	return 1;
}

/* The same by extents, which needs no second descriptor. */
static int64_t fill_if_hole(struct task *task, uint64_t offset, uint64_t bytes)
{
	struct span gap = { UINT64_MAX, 0 };
	int r = map_gaps(task, offset, offset + bytes, first_gap, &gap);

	if (r < 0 || gap.start > offset)
		return r < 0 ? r : 0;
	return helper_run_write(task->helper, helper_write_zeroes, offset,
				lesser(bytes, gap.end - offset));
}

static int64_t fill_if_zero(struct task *task, uint64_t offset, uint64_t bytes)
{
	int r = helper_acquire(task->helper, HELPER_READ);

	if (r < 0 && task->source == MAP_FIEMAP)
		return fill_if_hole(task, offset, bytes);
	if (r < 0)
		helper_acquire(task->helper, HELPER_SEEK);
	return helper_run_write(task->helper, write_if_zero, offset, bytes);
}

/* The reason why a page could not be made writable, which madvise() does not report. */
static int fault_reason(struct task *task, uint64_t offset)
{
	uint64_t size;
	int64_t r = task_size(task, &size);

	if (r < 0 || offset >= size)
		return (int)r;
	if (volume_has_room(task->fd, BLOCK, 1) < 0)
		return -ENOSPC;
	/* A quota may be exceeded.  A write reports it. */
	r = fill_if_zero(task, offset, 1);
	return r < 0 ? (int)r : 0;
}

static int write_piecewise(struct task *task, uint64_t offset, uint64_t bytes)
{
	for (uint64_t done = 0, piece; done < bytes; done += piece) {
		int64_t r;

		piece = lesser(bytes - done, HELPER_BUFFER_BYTES);
		r = fill_if_zero(task, offset + done, piece);
		if (r < 0)
			return (int)r;
		task->result.written_bytes += (uint64_t)r;
	}
	return 0;
}

/* What read as zeroes may have been a hole. */
static void count_unreported(struct task *task, uint64_t offset, uint64_t bytes)
{
	uint64_t end = lesser(offset + bytes, task->old_size);

	if (task->source == MAP_NONE && offset < end)
		task->unreported_bytes += end - offset;
}

static int touch(struct zero_fill *fill, uint64_t offset, uint64_t bytes)
{
	struct task *task = fill->task;
	int64_t r;

	task->reached = greater(task->reached, offset + bytes);
	task->result.calls++;
	helper_acquire(task->helper, HELPER_MAP);
	r = helper_run(task->helper, populate, offset, bytes);
	if (r == -EFAULT)
		r = fault_reason(task, offset);
	else if (r == -EOPNOTSUPP)
		r = write_piecewise(task, offset, bytes);
	if (r != -EINTR)
		count_unreported(task, offset, bytes);
	if (r < 0)
		return (int)r;
	fill->filled += bytes;
	task->put_bytes += bytes;
	return zero_fill_start_window(fill, offset, bytes);
}

/* Fills one hole or one run of zeroes. */
static int touch_gap(const struct span *gap, void *context)
{
	struct zero_fill *fill = context;
	struct step *step = &fill->step[IO_BUFFERED];
	struct task *task = fill->task;
	uint64_t at = greater(gap->start, task->offset);
	uint64_t end = lesser(lesser(gap->end, task->end), fill->size);

	/* An append-only file would append the write. */
	if (at < end && task->append_only)
		return -EPERM;
	while (at < end) {
		uint64_t bytes = lesser(end - at, step->bytes);
		int r;

		step_start(step);
		r = touch(fill, at, bytes);
		step_stop(step);
		if (r == 0)
			at += bytes;
		if (r == 0 || r == -EINTR)
			r = task_report(task, at);
		if (r < 0)
			return r;
	}
	return 0;
}

static int is_zero(const struct helper_files *files, uint64_t at, uint64_t got)
{
	return at < got && memcmp(files->scratch + at, files->zeroes, lesser(got - at, BLOCK)) == 0;
}

/* Fills the runs of zeroes in what was read at `base`. */
static int touch_piece(struct zero_fill *fill, uint64_t base, uint64_t got)
{
	const struct helper_files *files = helper_files(fill->task->helper);
	uint64_t start = 0, end;
	int r = 0;

	while (r == 0 && start < got) {
		for (end = start; is_zero(files, end, got); end += BLOCK)
			;
		if (start < end)
			r = touch_gap(&(struct span) { base + start, base + lesser(end, got) },
				      fill);
		start = end + BLOCK;
	}
	return r;
}

/* Holes are not reported: what reads as zeroes is taken for a hole. */
static int touch_zeroes(struct zero_fill *fill, uint64_t start, uint64_t end)
{
	struct task *task = fill->task;

	for (uint64_t at = round_down(start, BLOCK); at < end; at += HELPER_BUFFER_BYTES) {
		int64_t got = helper_read(task->helper, at, HELPER_BUFFER_BYTES);
		int r = got == -EBADF ? -EACCES
			: got < 0     ? (int)got
				      : touch_piece(fill, at, (uint64_t)got);

		if (r < 0)
			return r;
	}
	return 0;
}

int zero_fill_holes(struct zero_fill *fill)
{
	struct task *task = fill->task;
	uint64_t end = lesser(task->end, fill->size);
	uint64_t start = greater(task->offset, fill->zeroes_end);

	if (task->source != MAP_NONE)
		return task->offset < end ? map_gaps(task, task->offset, end, touch_gap, fill) : 0;
	/* What was appended since has no holes, unless others extended the file. */
	if (fill->scanned && !task->others_grew_it)
		return 0;
	fill->scanned = 1;
	fill->zeroes_end = end;
	return start < end ? touch_zeroes(fill, start, end) : 0;
}
