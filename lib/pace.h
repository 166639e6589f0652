/* SPDX-License-Identifier: MIT */
/*
 * How much to ask of the kernel at once.  A call cannot be interrupted, and a
 * fallocate() of 32 MiB was seen to take anything from microseconds to 800 ms
 * (XFS, fragmented).  So steps start small and follow what the last one took.
 */
#ifndef PREALLOC_PACE_H
#define PREALLOC_PACE_H

#include <stdint.h>

/* CLOCK_MONOTONIC */
uint64_t pace_now_ns(void);

struct pace {
	uint64_t step_bytes;
	uint64_t least_bytes, most_bytes;
	uint64_t started_ns;
};

/* Not watched by anybody: always the largest step. */
struct pace pace_new(uint64_t first_bytes, uint64_t most_bytes, int watched);

/* Around each step.  pace_took_ns() is how long the step that has been started takes so far. */
void pace_start(struct pace *pace);
void pace_stop(struct pace *pace);
uint64_t pace_took_ns(const struct pace *pace);

/* After an EINTR: smaller, or a timer that fires all the time would let nothing be done. */
void pace_interrupted(struct pace *pace);

#endif
