/* SPDX-License-Identifier: MIT */
/* Threads that look at files side by side, each with its own totals, and the wish to stop. */
#ifndef FRAG_CREW_H
#define FRAG_CREW_H

#include <pthread.h>
#include <stdatomic.h>

#include "frag.h"
#include "names.h"

struct crew_member;

struct crew {
	const struct frag_settings *settings;
	struct frag_result *result; /* its totals are ready; gets those of all members */
	/* What each thread does.  0 or -errno, which stops the others. */
	int (*work)(struct crew_member *member);
	void (*wake)(void *context); /* once, if the work is to stop; may be NULL */
	void *context;

	atomic_bool stop;
	atomic_uint_fast64_t files; /* seen so far, for who watches */
	atomic_int error;
	int done_fd; /* eventfd: counts the members that have ended */
};

struct crew_member {
	struct crew *crew;
	struct totals totals;
	pthread_t thread;
	bool started;
	char path[NAMES_PATH_BYTES]; /* for names_path() */
};

/* More threads than processors: they wait for the disk most of the time. */
unsigned crew_size(const struct frag_settings *settings);

/*
 * Runs `count` threads to their end, calls settings->tick meanwhile, and stops
 * them when settings->cancel_fd asks for it (result->partial).  The first failure
 * of any member, or 0.
 */
int crew_run(struct crew *crew, unsigned count);

static inline bool crew_is_over(struct crew *crew)
{
	return atomic_load_explicit(&crew->stop, memory_order_relaxed);
}

/*
 * Adds a file that is known by its inode to the member's totals, with its path if
 * `names` (NULL: none) has one, and hands it to settings->each.  0 or -errno.
 */
int crew_account(struct crew_member *member, const struct names *names, struct frag_file *file);

/* An extent_fn that ends the walk over a file when the crew is to stop; context is the crew. */
int crew_watch_extent(const struct extent *extent, void *crew);

#endif
