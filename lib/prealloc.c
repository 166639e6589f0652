/* SPDX-License-Identifier: MIT */
/*
 * The order of a call: every check comes before the first block is allocated.  Everything after
 * that is undone if the call fails.
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

#include "task.h"
#include "file.h"
#include "thread.h"
#include "util.h"
#include "volume.h"

static const uint32_t known_flags = PREALLOC_KEEP_SIZE | PREALLOC_DURABLE |
				    PREALLOC_REQUIRE_NATIVE | PREALLOC_VERIFY | PREALLOC_HINT;

static int tell(struct task *task, uint64_t position)
{
	uint64_t done = lesser(position, task->end) - task->offset;

	return task->progress && task->progress(done, task->end - task->offset, task->context)
		       ? -ECANCELED
		       : 0;
}

int task_report(struct task *task, uint64_t position)
{
	uint64_t bytes = task->put_bytes - task->spent_bytes;
	uint64_t until_ns = rate_spend(&task->rate, bytes);
	int r = tell(task, position);

	if (task->shared)
		until_ns = greater(until_ns, rate_spend(task->shared, bytes));
	task->spent_bytes = task->put_bytes;
	while (r == 0 && rate_sleep(until_ns))
		r = tell(task, position);
	return r;
}

uint64_t task_step(const struct task *task, uint64_t max_bytes)
{
	max_bytes = rate_step(&task->rate, max_bytes);
	return task->shared ? rate_step(task->shared, max_bytes) : max_bytes;
}

int task_need_helper(struct task *task)
{
	return task->helper ? 0 : helper_open(task->fd, &task->helper);
}

int task_stat(int fd, struct stat *ret)
{
#ifdef STATX_SIZE
	struct statx status;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_SIZE, &status) < 0)
		return -1;
	ret->st_mode = status.stx_mode;
	ret->st_size = (off_t)status.stx_size;
	ret->st_blksize = (blksize_t)status.stx_blksize;
	return 0;
#else
	return fstat(fd, ret);
#endif
}

int task_size(const struct task *task, uint64_t *ret_bytes)
{
	struct stat status;

	if (task_stat(task->fd, &status) < 0)
		return -errno;
	*ret_bytes = (uint64_t)status.st_size;
	return 0;
}

uint64_t task_grown_bytes(const struct task *task)
{
	struct stat status;
	uint64_t bytes = fstat(task->fd, &status) < 0 ? 0 : (uint64_t)status.st_blocks * 512;

	return bytes > task->old_block_bytes ? bytes - task->old_block_bytes : 0;
}

int call_take_options(const struct prealloc_options *given, struct prealloc_options *ret)
{
	struct prealloc_options options = { 0 };

	if (given && given->size < offsetof(struct prealloc_options, progress))
		return -EINVAL;
	if (given)
		memcpy(&options, given, lesser(given->size, sizeof(options)));
	if ((options.flags & ~known_flags) || options.io_priority > PREALLOC_IO_IDLE ||
	    options.reserved)
		return -EINVAL;
	options.size = sizeof(options);
	*ret = options;
	return 0;
}

static int check_arguments(uint64_t offset, uint64_t length, const struct prealloc_result *result)
{
	if (result && result->size < sizeof(size_t))
		return -EINVAL;
	if (length == 0)
		return -EINVAL;
	return offset > INT64_MAX || length > INT64_MAX - offset ? -EFBIG : 0;
}

/* A block device would be overwritten, and files of /proc would take zeroes for commands. */
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

/* The kernel would raise SIGXFSZ: on tmpfs, f2fs and NFS even if the file does not get longer. */
static int check_limit(const struct task *task, int written)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_FSIZE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY ||
	    task->end <= limit.rlim_cur)
		return 0;
	return written || task->end > task->old_size ? -EFBIG : 0;
}

static int check_bounds(const struct task *task, int written)
{
	int r = check_limit(task, written);

	return r == 0 ? volume_has_room(task->fd, survey_hole_bytes(task), written) : r;
}

static int fill(struct task *task)
{
	int r = native_fill(task);

	if (r == 0 || task->result.native_error == 0)
		return r;
	if (task->flags & PREALLOC_REQUIRE_NATIVE)
		return -EOPNOTSUPP;
	r = check_bounds(task, 1);
	return r == 0 ? zero_fill(task) : r;
}

static int make_durable(struct task *task)
{
	int r = file_sync(task->fd);

	if (r < 0)
		return r;
	r = file_sync_directory(task->fd);
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
		r = task_report(task, task->offset);
	if (r == 0)
		r = fill(task);
	if (r == 0 && (task->flags & PREALLOC_VERIFY))
		r = survey_verify(task);
	if (r == 0 && (task->flags & PREALLOC_DURABLE))
		r = make_durable(task);
	return r;
}

/* tmpfs reports unwritten blocks as holes; its block count is exact. */
static void note_new(struct task *task)
{
	task->result.new_bytes += task->unreported_bytes;
	if (task->source == MAP_SEEK && task->hidden_bytes && volume_counts_blocks(task->fd))
		task->result.new_bytes = lesser(task->result.new_bytes, task_grown_bytes(task));
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

void call_copy_out(const void *from, size_t bytes, void *to)
{
	size_t size;

	if (!to)
		return;
	memcpy(&size, to, sizeof(size));
	memset(to, 0, size);
	memcpy(to, from, lesser(size, bytes));
	memcpy(to, &size, sizeof(size));
}

/* No callback, no limits, and no result requested. */
static int is_plain(const struct task *task, const struct prealloc_options *options,
		    const struct prealloc_result *result)
{
	return !result && !task->flags && !task->progress && !options->io_priority &&
	       !options->write_bytes_per_second;
}

static int run(struct task *task, const struct prealloc_options *options)
{
	int before, r;

	if (priority_lower(options->io_priority, &before))
		task->result.did |= PREALLOC_DID_IO_PRIORITY;
	rate_init(&task->rate, options->write_bytes_per_second);
	r = attempt(task, options->extent_bytes);
	rate_destroy(&task->rate);
	priority_restore(before);
	return r;
}

int call_prealloc(int fd, uint64_t offset, uint64_t length, const struct prealloc_options *options,
		  struct prealloc_result *result, struct rate *shared)
{
	int r = check_arguments(offset, length, result), saved = errno, cancellable;
	struct task task = {
		.fd = fd,
		.offset = offset,
		.end = offset + length,
		.flags = options->flags,
		.progress = options->progress,
		.context = options->context,
		.shared = shared,
	};

	if (r < 0)
		return r;
	/* Cancellation in the middle would leave a thread and a half-allocated file. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancellable);
	if (!is_plain(&task, options, result) || !fast_path_fill(&task))
		r = run(&task, options);
	helper_close(task.helper);
	survey_clear(&task);
	call_copy_out(&task.result, sizeof(task.result), result);
	pthread_setcancelstate(cancellable, &cancellable);
	errno = saved;
	return r;
}

int prealloc(int fd, uint64_t offset, uint64_t length, const struct prealloc_options *options,
	     struct prealloc_result *result)
{
	struct prealloc_options taken;
	int r = call_take_options(options, &taken);

	return r == 0 ? call_prealloc(fd, offset, length, &taken, result, NULL) : r;
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
