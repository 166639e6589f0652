/* SPDX-License-Identifier: MIT */
/*
 * How much to ask of the kernel at once.  A call cannot be interrupted, and a
 * fallocate() of 32 MiB was seen to take anything from microseconds to 800 ms
 * (XFS, fragmented).  So steps start small and follow what the last one took.
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

/* Not watched by anybody: always the largest step. */
struct step step_new(uint64_t first_bytes, uint64_t max_bytes, int watched);

/* Around each step.  step_took_ns() is how long the step that has been started takes so far. */
void step_start(struct step *step);
void step_stop(struct step *step);
uint64_t step_took_ns(const struct step *step);

/* After an EINTR: smaller, or a timer that fires all the time would let nothing be done. */
void step_interrupted(struct step *step);

#endif
