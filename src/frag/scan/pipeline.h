/* SPDX-License-Identifier: MIT */
/*
 * The steps for each file of any source: it is filtered, counted once, its extents are read if
 * necessary, its statistics are added to the totals, and it is passed to settings->each.  Threads
 * do this in parallel.
 */
#ifndef FRAG_PIPELINE_H
#define FRAG_PIPELINE_H

#include <pthread.h>
#include <stdatomic.h>

#include "frag/account/file.h"
#include "frag/account/inode_set.h"
#include "frag/account/totals.h"
#include "frag/scan/inode_paths.h"
#include "frag/scan/source.h"

struct frag_result;
struct frag_settings;

/* ---- threads, each with its own totals ---- */

struct pipeline_worker;

struct pipeline {
	const struct frag_settings *settings;
	struct frag_result *result; /* initialised; gets the totals of all workers */
	/* What each thread does.  0 or -errno, which stops the others. */
	int (*work)(struct pipeline_worker *worker);
	void (*wake)(void *context); /* called once when the work is to stop; may be NULL */
	void *context;
	struct inode_paths *paths; /* by pipeline_run_by_inode(): of all files; NULL: not known */
	struct inode_set *counted; /* inodes with hard links; NULL: each inode comes once */

	atomic_bool stop;
	atomic_uint_fast64_t files; /* so far, for the progress line */
	atomic_int error;
	int done_fd; /* eventfd: counts the workers that have ended */

	pthread_mutex_t turn_lock;
	pthread_cond_t turn_changed;
	atomic_uint_fast64_t turn; /* the unit whose rows are handed out now */
	atomic_uint_fast64_t next_unit;
};

/* Finds the name of a file; all zero: files have no names. */
struct pipeline_namer {
	/* `whole`: the path, otherwise its last part is enough.  *ret NULL: not known.  0 or
	 * -ENOMEM. */
	int (*name)(void *context, const struct frag_file *file, bool whole, const char **ret);
	void *context;
};

struct pipeline_worker {
	struct pipeline *pipeline;
	struct totals totals;
	const struct filesystem_facts *facts; /* those of the result, unless work() sets others */
	const struct seek_model *model;
	struct pipeline_namer namer;
	struct frag_file file; /* the current one */
	struct frag_collector collector;
	pthread_t thread;
	bool started;
	uint64_t unit;		/* the current unit of work */
	struct frag_file *rows; /* of this unit, not handed out yet; each owns its path */
	size_t row_count;
	char path[INODE_PATH_BYTES]; /* for inode_paths_find() */
};

/*
 * Runs the threads to their end, calls settings->tick meanwhile, and stops them when
 * settings->cancel_fd becomes readable (result->partial).  0, or the first failure of a worker.
 */
int pipeline_run(struct pipeline *pipeline);

/*
 * The same for workers that know files by their inodes alone.  Paths come from `directories`:
 * those of all files before the work, or those of the worst files after it.
 */
int pipeline_run_by_inode(struct pipeline *pipeline, const struct directory_reader *directories);

static inline bool pipeline_is_over(struct pipeline *pipeline)
{
	return atomic_load_explicit(&pipeline->stop, memory_order_relaxed);
}

/*
 * settings->each gets the files of unit 0 first, then those of unit 1 and so on, independent of the
 * speed of threads.  Each unit of work must be started and ended once, by one worker, in ascending
 * order.  0 or -errno.
 */
void pipeline_begin_unit(struct pipeline_worker *worker, uint64_t unit);
int pipeline_end_unit(struct pipeline_worker *worker);

/* Starts the next of `count` units.  False: there is none, or the work must stop. */
bool pipeline_next_unit(struct pipeline_worker *worker, uint64_t count);

/* An extent_fn that stops reading a file when the work is to stop; context is the pipeline. */
int pipeline_watch_extent(const struct extent *extent, void *pipeline);

/* ---- a regular file ---- */

/*
 * Starts a file.  1: its extents are wanted: hand them to worker->collector, fill worker->file by
 * frag_collected(), and call pipeline_end_file(); 0: nothing more to do; -errno.
 */
int pipeline_begin_file(struct pipeline_worker *worker, const struct source_inode *inode);

/* Ends a file; `error`: why worker->file could not be filled, 0: it was.  0 or -errno. */
int pipeline_end_file(struct pipeline_worker *worker, int error);

/* Starts reading the same file again, by another source. */
void pipeline_restart_file(struct pipeline_worker *worker);

/* Counts the error of a single file, which is not fatal; `path` NULL: not known.  0 or -ENOMEM. */
int pipeline_note_error(struct pipeline_worker *worker, const char *path, uint64_t inode,
			int error);

#endif
