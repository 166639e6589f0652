/* SPDX-License-Identifier: MIT */
/*
 * One call of prealloc(), as its parts see it: what is asked, what the file was
 * before, how far it has come.
 */
#ifndef PREALLOC_TASK_H
#define PREALLOC_TASK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "prealloc.h"
#include "rate.h"
#include "helper.h"

/*
 * Touching a page allocates for the whole folio that it is in: 2 MiB at most (ext4,
 * seen on Linux 6.18).
 */
enum { FOLIO_BYTES = 2 << 20 };

struct span {
	uint64_t start, end;
};

struct spans {
	struct span *span;
	size_t count, room;
};

/* Who tells where the file has blocks. */
enum map_source {
	MAP_UNKNOWN,
	MAP_FIEMAP, /* data, unwritten blocks and holes are told apart */
	MAP_SEEK,   /* unwritten blocks look like holes */
	MAP_NONE,   /* nobody: blocks that read as zeroes are taken for holes */
};

struct task {
	int fd;
	uint64_t offset, end;
	uint32_t flags;
	prealloc_progress_fn progress;
	void *context;

	/* before anything was done */
	uint64_t old_size;
	uint64_t old_block_bytes;
	int append_only;  /* chattr +a: holes cannot be filled, nothing can be taken back */
	int keeps_length; /* so does a memfd that is sealed against shrinking */
	uint64_t granule; /* what the file system allocates at least, bytes */
	enum map_source source;
	struct spans holes;    /* of the range, in whole granules */
	struct spans spare;    /* allocated past the old end */
	int unwritten_hidden;  /* some of `holes` may be unwritten blocks */
	uint64_t hidden_bytes; /* of these, so many at most */

	uint64_t
		unreported_bytes; /* before the old end, filled, and not known to have been holes */

	struct rate rate;     /* of this call */
	struct rate *shared;  /* of all jobs of a queue; NULL: none */
	uint64_t put_bytes;   /* zeroes written and pages touched */
	uint64_t spent_bytes; /* of these, held against the limits */

	uint64_t reached;   /* new blocks lie before it */
	int others_wrote;   /* into what the call had allocated, as was seen when giving it back */
	int others_grew_it; /* the file was seen growing by another's hand */
	struct helper *helper; /* NULL until it is needed */
	struct prealloc_result result;
};

/*
 * Tells the callback that all before `position` is done, and waits as long as the
 * limits on the rate ask.  0 or -ECANCELED.
 */
int task_report(struct task *task, uint64_t position);

/* The longest step, of `max_bytes` at most, under the limits on the rate. */
uint64_t task_step(const struct task *task, uint64_t max_bytes);

/* Opens task->side.  0 or -errno. */
int task_need_helper(struct task *task);

/* By how much the count of blocks has grown, bytes. */
uint64_t task_grown_bytes(const struct task *task);

/*
 * Type, size and block size of a file, as fstat() has them.  fstat() asks for the times of the file
 * as well, and the kernel then makes the next change take a new, finer time stamp, which costs
 * three times as much as the question (Linux 6.18).  -1 and errno.
 */
int task_stat(int fd, struct stat *ret);

/* The file's length now.  0 or -errno. */
int task_size(const struct task *task, uint64_t *ret_bytes);

/* ---- the file before the call ---- */

/* Fills holes, spare, old_size, and new_bytes of the result.  0 or -errno. */
int survey_take(struct task *task);
void survey_clear(struct task *task);

/* Will survey_verify() have anything to go by?  0, -EOPNOTSUPP, -errno. */
int survey_can_verify(struct task *task);

/* What filling the holes of the range takes at least. */
uint64_t survey_hole_bytes(const struct task *task);

/* Is the range allocated now?  0, -EOPNOTSUPP (no, or nobody can tell), -errno. */
int survey_verify(struct task *task);

/* ---- allocating ---- */

/*
 * Allocates the range of a task that nobody watches and whose result nobody wants.
 * Is it done?  If not, the file is as it was.
 */
int fast_path_fill(struct task *task);

/* fallocate(2) in steps.  0, -errno; native_error of the result is set where it is not supported.
 */
int native_fill(struct task *task);

/* Zeroes: holes of the range are touched, what lies past the end is appended.  0 or -errno. */
int zero_fill(struct task *task);

/* ---- undoing ---- */

/* Gives back what was allocated below task->reached; what it cannot, goes into left_bytes. */
void rollback(struct task *task);

#endif
