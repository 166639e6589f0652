/* SPDX-License-Identifier: MIT */
/*
 * One call of prealloc(): the request, the file before the call, the progress, and the steps that
 * share them.
 */
#ifndef PREALLOC_TASK_H
#define PREALLOC_TASK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "prealloc.h"
#include "pacing.h"
#include "helper.h"

/*
 * Touching a page allocates blocks for its whole folio, which is at most 2 MiB (ext4, Linux 6.18).
 */
enum { FOLIO_BYTES = 2 << 20 };

struct span {
	uint64_t start, end;
};

struct spans {
	struct span *span;
	size_t count, room;
};

/* How the file system reports blocks and holes. */
enum map_source {
	MAP_UNKNOWN,
	MAP_FIEMAP, /* distinguishes data, unwritten blocks and holes */
	MAP_SEEK,   /* unwritten blocks look like holes */
	MAP_NONE,   /* not at all: blocks that read as zeroes are taken for holes */
};

struct task {
	int fd;
	uint64_t offset, end;
	uint32_t flags;
	prealloc_progress_fn progress;
	void *context;

	/* the file before the call */
	uint64_t old_size;
	uint64_t old_block_bytes;
	int append_only;  /* chattr +a: holes cannot be filled, nothing can be freed */
	int keeps_length; /* append-only, or a memfd that is sealed against shrinking */
	uint64_t granule; /* the allocation unit of the file system, bytes */
	enum map_source source;
	struct spans holes;    /* of the range, in whole granules */
	struct spans spare;    /* extents allocated past the old end */
	int unwritten_hidden;  /* some of `holes` may be unwritten blocks */
	uint64_t hidden_bytes; /* at most this many bytes of them */

	uint64_t unreported_bytes; /* filled before the old end, and not known to have been holes */

	struct rate rate;     /* the limit of this call */
	struct rate *shared;  /* the limit of all jobs of a queue; NULL: none */
	uint64_t put_bytes;   /* zeroes written and pages touched */
	uint64_t spent_bytes; /* the part of these that the limits have counted */

	uint64_t reached;      /* new blocks are before this offset */
	int others_wrote;      /* others wrote into blocks of this call, as seen by the rollback */
	int others_grew_it;    /* others made the file grow */
	struct helper *helper; /* NULL until it is needed */
	struct prealloc_result result;
};

/*
 * Reports to the callback that everything before `position` is done, and waits as the rate limits
 * require.  0 or -ECANCELED.
 */
int task_report(struct task *task, uint64_t position);

/* The longest step under the rate limits, at most `max_bytes`. */
uint64_t task_step(const struct task *task, uint64_t max_bytes);

/* Opens task->helper.  0 or -errno. */
int task_need_helper(struct task *task);

/* By how many bytes the block count has grown. */
uint64_t task_grown_bytes(const struct task *task);

/*
 * Type, size and block size of a file, as from fstat(). fstat() also reads the time stamps.  The
 * kernel then gives the next change a new, finer time stamp, which costs three times as much as
 * the call itself (Linux 6.18).  0, or -1 with errno.
 */
int task_stat(int fd, struct stat *ret);

/* The present length of the file.  0 or -errno. */
int task_size(const struct task *task, uint64_t *ret_bytes);

/* ---- the file before the call ---- */

/*
 * Reads the file before the call: sets `holes`, `spare`, `old_size`, and `new_bytes` of the
 * result.  0 or -errno.
 */
int survey_take(struct task *task);
void survey_clear(struct task *task);

/* Whether survey_verify() is possible.  0, -EOPNOTSUPP or -errno. */
int survey_can_verify(struct task *task);

/* The minimum number of bytes for the holes of the range. */
uint64_t survey_hole_bytes(const struct task *task);

/*
 * Verifies that the range is allocated.  0; -EOPNOTSUPP: it is not, or this is unknown; or -errno.
 */
int survey_verify(struct task *task);

/* ---- allocating ---- */

/*
 * Allocates the range by one system call, for a task without a callback and without a result.
 * Whether it is done.  If not, the file is unchanged.
 */
int fast_path_fill(struct task *task);

/*
 * Allocates by fallocate(2), in steps.  0 or -errno.  Sets native_error of the result if it is not
 * supported.
 */
int native_fill(struct task *task);

/*
 * Allocates by zeroes: pages in holes are touched, and zeroes are appended past the end.  0 or
 * -errno.
 */
int zero_fill(struct task *task);

/* ---- undoing ---- */

/* Frees what was allocated before task->reached.  Sets left_bytes to what cannot be freed. */
void rollback(struct task *task);

/* ---- shared by prealloc(), jobs and queues ---- */

/* Copies options of any version of the header.  NULL stands for the defaults.  0 or -EINVAL. */
int call_take_options(const struct prealloc_options *given, struct prealloc_options *ret);

/*
 * Copies a struct of `bytes` to the caller's, which starts with its own size and may be of another
 * version of the header.  `to` may be NULL.
 */
void call_copy_out(const void *from, size_t bytes, void *to);

/* prealloc() under a rate limit that it shares with other calls.  `shared` may be NULL. */
int call_prealloc(int fd, uint64_t offset, uint64_t length, const struct prealloc_options *options,
		  struct prealloc_result *result, struct rate *shared);

#endif
