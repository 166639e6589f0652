/* SPDX-License-Identifier: MIT */
/* A limit on bytes per second, for one call or for several together. */
#ifndef PREALLOC_RATE_H
#define PREALLOC_RATE_H

#include <pthread.h>
#include <stdint.h>

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
