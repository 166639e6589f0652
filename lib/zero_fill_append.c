/* SPDX-License-Identifier: MIT */
/*
 * Zeroes are appended past the end of the file with RWF_APPEND: the kernel reads the position
 * under the lock of all writers.  A direct append is one call of 64 MiB that consists of the same
 * 64 KiB buffer 1024 times.  Shorter calls take longer, and several calls in flight are slower and
 * cause more fragments.  Buffered appends have several windows in flight (zero_fill_writeback.c).
 * Which mode is faster is measured (io_tuner.c).
 *
 * Only RLIMIT_FSIZE, which applies to the whole process, stops an append at a given length.  So
 * the end of the file is read immediately before each append.  What another process appends
 * between the read and the lock makes the file that much longer than requested.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "zero_fill.h"
#include "util.h"

enum { VECTOR = APPEND_BYTES / HELPER_BUFFER_BYTES };

/* Without RWF_APPEND: sets O_APPEND on the second descriptor during the call. */
static ssize_t append_by_flag(int fd, const struct iovec *vector, int count)
{
	int flags = fcntl(fd, F_GETFL), error;
	ssize_t written;

	if (fcntl(fd, F_SETFL, flags | O_APPEND) < 0)
		return -1;
	written = writev(fd, vector, count);
	error = errno;
	fcntl(fd, F_SETFL, flags);
	errno = error;
	return written;
}

static int fill_vector(struct iovec vector[static VECTOR], char *zeroes, uint64_t bytes)
{
	int count = 0;

	for (; bytes > 0 && count < VECTOR; count++) {
		vector[count].iov_base = zeroes;
		vector[count].iov_len = lesser(bytes, HELPER_BUFFER_BYTES);
		bytes -= vector[count].iov_len;
	}
	return count;
}

/* Appends zeroes to the present end of the file, but not beyond `end`. */
static int64_t append(struct helper_files *files, enum helper_use use, uint64_t align, uint64_t end,
		      uint64_t bytes)
{
	int fd = helper_fd(files, use), count;
	struct iovec vector[VECTOR];
	struct stat status;
	ssize_t written;

	if (fstat(fd, &status) < 0)
		return -errno;
	files->end = (uint64_t)status.st_size;
	if (files->end >= end || files->end % align)
		return 0;
	count = fill_vector(vector, files->zeroes, lesser(bytes, end - files->end));
	written = files->no_append_calls && fd == files->work_fd
			  ? append_by_flag(fd, vector, count)
			  : helper_pwritev2(fd, vector, count, status.st_size, RWF_APPEND);
	if (written < 0)
		return -errno;
	if (fstat(fd, &status) < 0)
		return -errno;
	files->end = (uint64_t)status.st_size;
	return written;
}

static int64_t append_direct(struct helper_files *files, uint64_t end, uint64_t bytes)
{
	return append(files, HELPER_DIRECT, files->align, end, round_down(bytes, files->align));
}

static int64_t append_plain(struct helper_files *files, uint64_t end, uint64_t bytes)
{
	return append(files, HELPER_APPEND, 1, end, bytes);
}

static int64_t append_by(struct helper *helper, enum helper_use use, uint64_t end, uint64_t bytes)
{
	helper_fn function = use == HELPER_DIRECT ? append_direct : append_plain;
	struct helper_files *files = helper_files(helper);
	int64_t r;

	helper_acquire(helper, use);
	r = helper_run(helper, function, end, bytes);
	if (!helper_lacks_flag(r) || files->no_append_calls)
		return r;
	files->no_append_calls = 1;
	helper_replace_callers(helper, HELPER_APPEND);
	return helper_run(helper, function, end, bytes);
}

/*
 * The number of bytes left to append.  If others append as well, at most half of them, so that
 * their data stays before the end.
 */
static uint64_t bytes_to_append(const struct zero_fill *fill)
{
	enum { LITTLE = 4096 };
	uint64_t left = fill->task->end - fill->size;

	return fill->task->others_grew_it && left > LITTLE ? greater(left / 2, LITTLE) : left;
}

/* The size of the next append.  *ret_mode is the tuner's mode if possible, else buffered. */
static uint64_t next_append(const struct zero_fill *fill, enum io_mode *ret_mode)
{
	const struct helper_files *files = helper_files(fill->task->helper);
	enum io_mode mode = files->fd[HELPER_DIRECT] < 0 ? IO_BUFFERED : fill->tuner.mode;
	uint64_t left = bytes_to_append(fill), past = fill->size % files->align, bytes;

	*ret_mode = IO_BUFFERED;
	if (mode == IO_BUFFERED)
		return lesser(left, fill->step[IO_BUFFERED].bytes);
	if (past)
		return lesser(left, files->align - past);
	bytes = lesser(round_down(left, files->align), fill->step[IO_DIRECT].bytes);
	if (bytes == 0)
		return left;
	*ret_mode = IO_DIRECT;
	return bytes;
}

/* Updates the end of the file, and detects that others have appended. */
static void follow_end(struct zero_fill *fill, uint64_t written)
{
	uint64_t end = helper_files(fill->task->helper)->end;

	if (end != fill->size + written)
		fill->task->others_grew_it = 1;
	fill->size = end;
	fill->task->reached = greater(fill->task->reached, end);
}

static int append_once(struct zero_fill *fill, uint64_t bytes, enum io_mode mode)
{
	struct task *task = fill->task;
	int64_t written;

	task->reached = greater(task->reached, fill->size + bytes);
	task->result.calls++;
	written = append_by(task->helper, mode == IO_DIRECT ? HELPER_DIRECT : HELPER_APPEND,
			    task->end, bytes);
	if (mode == IO_DIRECT && (written == -EINVAL || helper_lacks_flag(written))) {
		helper_files(task->helper)->fd[HELPER_DIRECT] = -1;
		fill->tuner = io_tuner_fixed(IO_BUFFERED);
		return 0;
	}
	if (written < 0)
		return (int)written;
	follow_end(fill, (uint64_t)written);
	task->result.written_bytes += (uint64_t)written;
	fill->filled += (uint64_t)written;
	task->put_bytes += (uint64_t)written;
	if (mode == IO_DIRECT || written == 0)
		return 0;
	return zero_fill_start_window(fill, fill->size - (uint64_t)written, (uint64_t)written);
}

/* The bytes completed since the last count.  The first window starts the clock. */
static uint64_t count_completed(struct zero_fill *fill)
{
	uint64_t bytes = fill->counted ? fill->completed - fill->counted : 0;

	if (fill->completed > fill->counted && !bytes)
		fill->waiting_ns = 0;
	fill->counted = fill->completed;
	return bytes;
}

/* A trial of direct I/O starts when no writeback is in progress. */
static int change_mode(struct zero_fill *fill)
{
	fill->completed = fill->counted = fill->waiting_ns = 0;
	return fill->tuner.mode == IO_DIRECT && fill->tuner.is_trial
		       ? zero_fill_finish_windows(fill)
		       : 0;
}

static int note_step(struct zero_fill *fill, enum io_mode mode, uint64_t bytes, uint64_t took_ns)
{
	struct io_tuner *tuner = &fill->tuner;
	int changed;

	if (mode != tuner->mode || !tuner->is_adaptive)
		return 0;
	fill->waiting_ns += took_ns;
	changed = io_tuner_submitted(tuner, bytes, took_ns);
	if (!changed && mode == IO_BUFFERED)
		bytes = count_completed(fill);
	if (!changed && bytes > 0) {
		changed = io_tuner_completed(tuner, bytes, fill->waiting_ns);
		fill->waiting_ns = 0;
	}
	return changed ? change_mode(fill) : 0;
}

/*
 * Whether repeated appends do not make the file longer: others truncate it, or its contents are
 * not kept.
 */
static int makes_no_progress(unsigned *attempts, uint64_t before, const struct zero_fill *fill)
{
	enum { MOST = 16 };

	*attempts = fill->size > before ? 0 : *attempts + 1;
	return *attempts > MOST;
}

/* A second descriptor, whose cost is in helper.h, is used for large ranges only. */
void zero_fill_choose_mode(struct zero_fill *fill)
{
	struct task *task = fill->task;
	struct helper_files *files = helper_files(task->helper);
	uint64_t start = greater(task->old_size, task->offset);
	int is_large = start < task->end && task->end - start > DIRECT_BYTES;

	fill->tuner = io_tuner_fixed(files->fd[HELPER_DIRECT] < 0 ? IO_BUFFERED : IO_DIRECT);
	if (!is_large || fill->is_remote)
		return;
	if (files->journalled)
		helper_start(task->helper); /* for zero_fill_finish() */
	else if (helper_acquire(task->helper, HELPER_DIRECT) == 0)
		fill->tuner = io_tuner_adaptive();
}

static int append_step(struct zero_fill *fill)
{
	enum io_mode mode;
	uint64_t bytes = next_append(fill, &mode), took_ns, before = fill->size;
	struct step *step = &fill->step[mode];
	/* An unaligned end is no measure of a full step. */
	uint64_t measurable = lesser(step->bytes, FIRST_BYTES);
	int r;

	step_start(step);
	r = append_once(fill, bytes, mode);
	took_ns = step_took_ns(step);
	if (bytes >= measurable)
		step_stop(step);
	return r == 0 && fill->size > before ? note_step(fill, mode, fill->size - before, took_ns)
					     : r;
}

int zero_fill_append(struct zero_fill *fill)
{
	struct task *task = fill->task;
	unsigned attempts = 0;

	while (fill->size < task->end) {
		uint64_t before = fill->size;
		int r = append_step(fill);

		if (r == 0 && makes_no_progress(&attempts, before, fill))
			r = -EAGAIN;
		if (r == 0 || r == -EINTR)
			r = task_report(task, fill->size);
		if (r < 0)
			return r;
	}
	return 0;
}
