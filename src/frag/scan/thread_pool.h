/* SPDX-License-Identifier: MIT */
/* Threads that look at files side by side, each with its own totals, and the wish to stop. */
#ifndef FRAG_THREAD_POOL_H
#define FRAG_THREAD_POOL_H

#include <pthread.h>
#include <stdatomic.h>

#include "frag/scan/names.h"
#include "frag/account/totals.h"
#include "frag/account/file.h"
#include "frag/account/link_set.h"

struct frag_result;
struct frag_settings;

struct pool_worker;

struct thread_pool {
	const struct frag_settings *settings;
	struct frag_result *result; /* its totals are ready; gets those of all workers */
	/* What each thread does.  0 or -errno, which stops the others. */
	int (*work)(struct pool_worker *worker);
	void (*wake)(void *context); /* once, if the work is to stop; may be NULL */
	void *context;
	struct link_set *links; /* hard links met; NULL: inodes come once */

	atomic_bool stop;
	atomic_uint_fast64_t files; /* seen so far, for who watches */
	atomic_int error;
	int done_fd; /* eventfd: counts the workers that have ended */

	pthread_mutex_t turn_lock;
	pthread_cond_t turn_changed;
	atomic_uint_fast64_t turn; /* the unit whose rows are handed out now */
};

/* Gives a file its name; all zero: files are known by their inodes. */
struct pool_namer {
	/* `whole`: its path, else what it ends with is enough.  *ret NULL: not known.  0 or
	 * -ENOMEM. */
	int (*name)(void *context, const struct frag_file *file, bool whole, const char **ret);
	void *context;
};

struct pool_worker {
	struct thread_pool *pool;
	struct totals totals;
	const struct filesystem_facts *facts; /* at first those of the result, as the model */
	const struct seek_model *model;
	struct pool_namer namer;
	struct frag_file file; /* in hand */
	struct frag_collector collector;
	pthread_t thread;
	bool started;
	uint64_t unit;		/* of work, that it is at */
	struct frag_file *rows; /* of this unit, with paths of their own; not handed out yet */
	size_t row_count;
	const struct names *names; /* by pool_use_names() */
	char path[NAMES_PATH_BYTES];
};

/* More threads than processors: they wait for the disk most of the time. */
unsigned pool_size(const struct frag_settings *settings);

/*
 * Runs `count` threads to their end, calls settings->tick meanwhile, and stops
 * them when settings->cancel_fd asks for it (result->partial).  The first failure
 * of any worker, or 0.
 */
int pool_run(struct thread_pool *pool, unsigned count);

static inline bool pool_is_over(struct thread_pool *pool)
{
	return atomic_load_explicit(&pool->stop, memory_order_relaxed);
}

/*
 * settings->each sees the files of unit 0 first, then those of unit 1 and so on,
 * whichever thread is faster.  Each unit of work has to be begun and ended once, by
 * one worker, in rising order.  0 or -errno.
 */
void pool_begin_unit(struct pool_worker *worker, uint64_t unit);
int pool_end_unit(struct pool_worker *worker);

/* Hands the file to settings->each, if there is one, when its unit has its turn.  0 or -errno. */
int pool_emit(struct pool_worker *worker, const struct frag_file *file);

/* Names files by their inodes, if `names` are known (NULL: they are not). */
void pool_use_names(struct pool_worker *worker, const struct names *names);

/* An extent_fn that ends the walk over a file when the pool is to stop; context is the pool. */
int pool_watch_extent(const struct extent *extent, void *pool);

#endif
