/* SPDX-License-Identifier: MIT */
/*
 * The size of a step.  A system call cannot be interrupted, and a fallocate() of 32 MiB took from
 * microseconds to 800 ms (XFS, fragmented).  So steps start small and adapt to the time of the
 * last one.
 */
#ifndef PREALLOC_STEP_H
#define PREALLOC_STEP_H

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

#endif
