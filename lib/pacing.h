/* SPDX-License-Identifier: MIT */
/*
 * The size of a step, and the limit on bytes per second.
 *
 * A system call cannot be interrupted, and a fallocate() of 32 MiB took from microseconds to 800 ms
 * (XFS, fragmented).  So steps start small and adapt to the time of the last one.
 */
#ifndef PREALLOC_PACING_H
#define PREALLOC_PACING_H

#include <pthread.h>
#include <stdint.h>

/* CLOCK_MONOTONIC */
uint64_t step_clock_ns(void);

struct step {
	uint64_t bytes;
	uint64_t min_bytes, max_bytes;
	uint64_t started_ns;
};

/* Without an observer (`watched` is 0) each step has the maximum size. */
struct step step_new(uint64_t first_bytes, uint64_t max_bytes, int watched);

/*
 * To be called before and after each step. step_took_ns() is the time since the start of the
 * present one.
 */
void step_start(struct step *step);
void step_stop(struct step *step);
uint64_t step_took_ns(const struct step *step);

/* To be called after EINTR: makes steps smaller, or a periodic timer would prevent any progress. */
void step_interrupted(struct step *step);

/* ---- a limit, for one call or for several together ---- */

struct rate {
	uint64_t bytes_per_second; /* 0: no limit */
	pthread_mutex_t lock;
	uint64_t due_ns; /* when the bytes written so far are within the limit */
};

void rate_init(struct rate *rate, uint64_t bytes_per_second);
void rate_destroy(struct rate *rate);

/* The longest step for an even rate, at most `max_bytes`. */
uint64_t rate_step(const struct rate *rate, uint64_t max_bytes);

/*
 * Records that `bytes` were written.  Returns the time (step_clock_ns()) before which nothing more
 * may be written.
 */
uint64_t rate_spend(struct rate *rate, uint64_t bytes);

/* Sleeps until then, but no longer than one step.  1: it is not yet that time; 0: it is. */
int rate_sleep(uint64_t until_ns);

#endif
