/* SPDX-License-Identifier: MIT */
/*
 * Past the end, zeroes are appended (RWF_APPEND: the kernel takes the position under
 * the lock that every writer takes).  By O_DIRECT that is one call of 64 MiB made of the
 * same 64 KiB 1024 times, one at a time: shorter calls take longer, and more of them in
 * flight are slower and leave more fragments.  Through the page cache several
 * windows are in flight (writeback.c).  Which of the two is faster is measured (io_tuner.c).
 *
 * Nothing but RLIMIT_FSIZE, which is the whole process's, stops an append at a given
 * length.  So the end is looked at immediately before each, and what another appends
 * between the look and the lock makes the file that much longer than asked.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "filling.h"
#include "scope.h"

enum { VECTOR = APPEND_BYTES / SIDE_BUFFER_BYTES };

/* Where RWF_APPEND is not known: a description of our own gets the flag meanwhile. */
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
		vector[count].iov_len = lesser(bytes, SIDE_BUFFER_BYTES);
		bytes -= vector[count].iov_len;
	}
	return count;
}

/* Zeroes behind what the file ends with now, but none beyond `end`. */
static int64_t append(struct side_files *files, enum side_use use, uint64_t align, uint64_t end,
		      uint64_t bytes)
{
	int fd = side_fd(files, use), count;
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
			  : side_write(fd, vector, count, status.st_size, RWF_APPEND);
	if (written < 0)
		return -errno;
	if (fstat(fd, &status) < 0)
		return -errno;
	files->end = (uint64_t)status.st_size;
	return written;
}

static int64_t append_direct(struct side_files *files, uint64_t end, uint64_t bytes)
{
	return append(files, SIDE_DIRECT, files->align, end, round_down(bytes, files->align));
}

static int64_t append_plain(struct side_files *files, uint64_t end, uint64_t bytes)
{
	return append(files, SIDE_APPEND, 1, end, bytes);
}

static int64_t append_by(struct side *side, enum side_use use, uint64_t end, uint64_t bytes)
{
	side_fn function = use == SIDE_DIRECT ? append_direct : append_plain;
	struct side_files *files = side_files(side);
	int64_t r;

	side_want(side, use);
	r = side_run(side, function, end, bytes);
	if (!side_lacks_flag(r) || files->no_append_calls)
		return r;
	files->no_append_calls = 1;
	files->fd[SIDE_APPEND] = -1;
	side_want(side, SIDE_APPEND);
	return side_run(side, function, end, bytes);
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

/* How much the next append shall be.  *way is what can be had: the tuner, or the other. */
static uint64_t next_append(const struct filling *filling, enum io_mode *ret_mode)
{
	const struct side_files *files = side_files(filling->task->side);
	enum io_mode mode = files->fd[SIDE_DIRECT] < 0 ? IO_BUFFERED : filling->tuner.mode;
	uint64_t left = prudent(filling), past = filling->size % files->align, bytes;

	*ret_mode = IO_BUFFERED;
	if (mode == IO_BUFFERED)
		return lesser(left, filling->step[IO_BUFFERED].bytes);
	if (past)
		return lesser(left, files->align - past);
	bytes = lesser(round_down(left, files->align), filling->step[IO_DIRECT].bytes);
	if (bytes == 0)
		return left;
	*ret_mode = IO_DIRECT;
	return bytes;
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

static int append_once(struct filling *filling, uint64_t bytes, enum io_mode mode)
{
	struct task *task = filling->task;
	int64_t written;

	task->reached = greater(task->reached, filling->size + bytes);
	task->result.calls++;
	written = append_by(task->side, mode == IO_DIRECT ? SIDE_DIRECT : SIDE_APPEND, task->end,
			    bytes);
	if (mode == IO_DIRECT && (written == -EINVAL || side_lacks_flag(written))) {
		side_files(task->side)->fd[SIDE_DIRECT] = -1;
		filling->tuner = io_tuner_fixed(IO_BUFFERED);
		return 0;
	}
	if (written < 0)
		return (int)written;
	follow_end(filling, (uint64_t)written);
	task->result.written_bytes += (uint64_t)written;
	filling->filled += (uint64_t)written;
	task->put_bytes += (uint64_t)written;
	if (mode == IO_DIRECT || written == 0)
		return 0;
	return writeback_window(filling, filling->size - (uint64_t)written, (uint64_t)written);
}

/* What has come to the disk since it was counted last; the first window starts the clock. */
static uint64_t count_drained(struct filling *filling)
{
	uint64_t bytes = filling->counted ? filling->drained - filling->counted : 0;

	if (filling->drained > filling->counted && !bytes)
		filling->waiting_ns = 0;
	filling->counted = filling->drained;
	return bytes;
}

/* A trial of O_DIRECT begins with nothing else under way. */
static int change_mode(struct filling *filling)
{
	filling->drained = filling->counted = filling->waiting_ns = 0;
	return filling->tuner.mode == IO_DIRECT && filling->tuner.is_trial
		       ? writeback_windows(filling)
		       : 0;
}

static int note_step(struct filling *filling, enum io_mode mode, uint64_t bytes, uint64_t took_ns)
{
	struct io_tuner *tuner = &filling->tuner;
	int changed;

	if (mode != tuner->mode || !tuner->is_adaptive)
		return 0;
	filling->waiting_ns += took_ns;
	changed = io_tuner_submitted(tuner, bytes, took_ns);
	if (!changed && mode == IO_BUFFERED)
		bytes = count_drained(filling);
	if (!changed && bytes > 0) {
		changed = io_tuner_completed(tuner, bytes, filling->waiting_ns);
		filling->waiting_ns = 0;
	}
	return changed ? change_mode(filling) : 0;
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

/* A second descriptor is worth its price (see side.h) for a large part only. */
void append_choose(struct filling *filling)
{
	struct task *task = filling->task;
	struct side_files *files = side_files(task->side);
	uint64_t start = greater(task->old_size, task->offset);
	int is_large = start < task->end && task->end - start > DIRECT_BYTES;

	filling->tuner = io_tuner_fixed(files->fd[SIDE_DIRECT] < 0 ? IO_BUFFERED : IO_DIRECT);
	if (!is_large || filling->is_remote)
		return;
	if (files->journalled)
		side_start(task->side); /* for writeback_rest() */
	else if (side_want(task->side, SIDE_DIRECT) == 0)
		filling->tuner = io_tuner_adaptive();
}

static int append_step(struct filling *filling)
{
	enum io_mode mode;
	uint64_t bytes = next_append(filling, &mode), took_ns, before = filling->size;
	struct step *step = &filling->step[mode];
	/* What an uneven end takes says nothing of a whole step. */
	uint64_t measurable = lesser(step->bytes, FIRST_BYTES);
	int r;

	step_start(step);
	r = append_once(filling, bytes, mode);
	took_ns = step_took_ns(step);
	if (bytes >= measurable)
		step_stop(step);
	return r == 0 && filling->size > before
		       ? note_step(filling, mode, filling->size - before, took_ns)
		       : r;
}

int append_fill(struct filling *filling)
{
	struct task *task = filling->task;
	unsigned attempts = 0;

	while (filling->size < task->end) {
		uint64_t before = filling->size;
		int r = append_step(filling);

		if (r == 0 && is_in_vain(&attempts, before, filling))
			r = -EAGAIN;
		if (r == 0 || r == -EINTR)
			r = task_report(task, filling->size);
		if (r < 0)
			return r;
	}
	return 0;
}
