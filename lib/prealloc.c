/* SPDX-License-Identifier: MIT */
/*
 * The order of a call: everything that can refuse comes before the first block is
 * allocated; everything after is undone when it fails.
 */
#include "prealloc.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "durable.h"
#include "fill.h"
#include "quick.h"
#include "rollback.h"
#include "scope.h"
#include "survey.h"
#include "task.h"
#include "volume.h"

static const uint32_t known_flags = PREALLOC_KEEP_SIZE | PREALLOC_DURABLE |
				    PREALLOC_REQUIRE_NATIVE | PREALLOC_VERIFY | PREALLOC_HINT;

int task_told(struct task *task, uint64_t position)
{
	uint64_t done = lesser(position, task->end) - task->offset;

	return task->progress && task->progress(done, task->end - task->offset, task->context)
		       ? -ECANCELED
		       : 0;
}

int task_need_side(struct task *task)
{
	return task->side ? 0 : side_open(task->fd, &task->side);
}

int task_size(const struct task *task, uint64_t *ret_bytes)
{
	struct stat status;

	if (fstat(task->fd, &status) < 0)
		return -errno;
	*ret_bytes = (uint64_t)status.st_size;
	return 0;
}

static int check_arguments(uint64_t offset, uint64_t length, const struct prealloc_options *options,
			   const struct prealloc_result *result)
{
	const size_t least_options = offsetof(struct prealloc_options, progress);

	if (options && (options->size < least_options || (options->flags & ~known_flags)))
		return -EINVAL;
	if (result && result->size < sizeof(size_t))
		return -EINVAL;
	if (length == 0)
		return -EINVAL;
	return offset > INT64_MAX || length > INT64_MAX - offset ? -EFBIG : 0;
}

/* A block device would be overwritten, and /proc would take zeroes for commands. */
static int check_file(int fd)
{
	struct stat status;
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fstat(fd, &status) < 0)
		return -errno;
	if ((flags & O_PATH) || (flags & O_ACCMODE) == O_RDONLY)
		return -EBADF;
	if (S_ISFIFO(status.st_mode))
		return -ESPIPE;
	if (!S_ISREG(status.st_mode))
		return S_ISSOCK(status.st_mode) ? -ESPIPE : -ENODEV;
	return volume_stores(fd) ? 0 : -ENODEV;
}

/*
 * The kernel would raise SIGXFSZ: on tmpfs, f2fs and NFS even where the file is not to
 * get longer.
 */
static int check_limit(const struct task *task, int written)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_FSIZE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY ||
	    task->end <= limit.rlim_cur)
		return 0;
	return written || task->end > task->old_size ? -EFBIG : 0;
}

/* What filling the holes takes at least. */
static uint64_t hole_bytes(const struct task *task)
{
	const uint64_t first = round_down(task->offset, task->granule);
	const uint64_t last = round_up(task->end, task->granule);
	uint64_t bytes = 0;

	for (size_t i = 0; i < task->holes.count; i++) {
		const struct span *hole = &task->holes.span[i];
		uint64_t start = greater(hole->start, first), end = lesser(hole->end, last);

		bytes += start < end ? end - start : 0;
	}
	return bytes > task->hidden_bytes ? bytes - task->hidden_bytes : 0;
}

static int check_bounds(const struct task *task, int written)
{
	int r = check_limit(task, written);

	return r == 0 ? volume_has_room(task->fd, hole_bytes(task), written) : r;
}

static int fill(struct task *task)
{
	int r = native_fill(task);

	if (r == 0 || task->result.native_error == 0)
		return r;
	if (task->flags & PREALLOC_REQUIRE_NATIVE)
		return -EOPNOTSUPP;
	r = check_bounds(task, 1);
	return r == 0 ? written_fill(task) : r;
}

static int make_durable(struct task *task)
{
	int r = durable_file(task->fd);

	if (r < 0)
		return r;
	r = durable_directory(task->fd);
	if (r == 0)
		task->result.did |= PREALLOC_DID_SYNC_DIRECTORY;
	return r == -EIO || r == -ENOSPC || r == -EDQUOT ? r : 0;
}

static int allocate(struct task *task)
{
	int r = survey_take(task);

	if (r == 0 && (task->flags & PREALLOC_VERIFY))
		r = survey_can_verify(task);
	if (r == 0)
		r = check_bounds(task, 0);
	if (r == 0)
		r = task_told(task, task->offset);
	if (r == 0)
		r = fill(task);
	if (r == 0 && (task->flags & PREALLOC_VERIFY))
		r = survey_verify(task);
	if (r == 0 && (task->flags & PREALLOC_DURABLE))
		r = make_durable(task);
	return r;
}

static uint64_t grown_bytes(const struct task *task)
{
	struct stat status;
	uint64_t bytes = fstat(task->fd, &status) < 0 ? 0 : (uint64_t)status.st_blocks * 512;

	return bytes > task->old_block_bytes ? bytes - task->old_block_bytes : 0;
}

/* tmpfs reports unwritten blocks as holes; its count of blocks is exact. */
static void note_new(struct task *task)
{
	task->result.new_bytes += task->blind_bytes;
	if (task->source == MAP_SEEK && task->hidden_bytes && volume_counts_blocks(task->fd))
		task->result.new_bytes = lesser(task->result.new_bytes, grown_bytes(task));
}

static int attempt(struct task *task, uint64_t extent_bytes)
{
	struct volume_hint hint = { .kind = HINT_NONE };
	int r = check_file(task->fd);

	if (r < 0)
		return r;
	if (task->flags & PREALLOC_HINT)
		volume_hint(task->fd, extent_bytes, &hint);
	task->granule = volume_granule(task->fd);
	r = allocate(task);
	task->result.risks |= volume_risks(task->fd);
	if (r < 0) {
		rollback(task);
		volume_unhint(task->fd, &hint);
		task->result.new_bytes = 0;
		return r;
	}
	note_new(task);
	if (hint.kind != HINT_NONE)
		task->result.did |= PREALLOC_DID_HINT;
	if (volume_reserves(task->fd))
		task->result.reserved_bytes = task->end - task->offset;
	return 0;
}

static void hand_over(const struct prealloc_result *from, struct prealloc_result *to)
{
	size_t size = to ? to->size : 0;

	if (!to)
		return;
	memset(to, 0, size);
	memcpy(to, from, lesser(size, sizeof(*from)));
	to->size = size;
}

static int call(int fd, uint64_t offset, uint64_t length, const struct prealloc_options *given,
		struct prealloc_result *result)
{
	struct prealloc_options options = { 0 };
	struct task task = { .fd = fd, .offset = offset, .end = offset + length };
	int r = QUICK_NOT_HERE;

	if (given)
		memcpy(&options, given, lesser(given->size, sizeof(options)));
	task.flags = options.flags;
	task.progress = options.progress;
	task.context = options.context;
	if (!result && !options.flags && !options.progress)
		r = quick_fill(&task);
	if (r == QUICK_NOT_HERE)
		r = attempt(&task, options.extent_bytes);
	side_close(task.side);
	survey_clear(&task);
	hand_over(&task.result, result);
	return r;
}

int prealloc(int fd, uint64_t offset, uint64_t length, const struct prealloc_options *options,
	     struct prealloc_result *result)
{
	int r = check_arguments(offset, length, options, result), saved = errno, cancellable;

	if (r < 0)
		return r;
	/* Cancelled in the middle, it would leave a thread and a half-made file. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancellable);
	r = call(fd, offset, length, options, result);
	pthread_setcancelstate(cancellable, &cancellable);
	errno = saved;
	return r;
}

const char *prealloc_path_name(uint32_t path)
{
	switch (path) {
	case PREALLOC_NATIVE:
		return "native";
	case PREALLOC_WRITTEN:
		return "written";
	default:
		return "none";
	}
}

#define TEXT(number) #number
#define DOTTED(major, minor, patch) TEXT(major) "." TEXT(minor) "." TEXT(patch)

const char *prealloc_version(void)
{
	return DOTTED(PREALLOC_VERSION_MAJOR, PREALLOC_VERSION_MINOR, PREALLOC_VERSION_PATCH);
}
