/* SPDX-License-Identifier: MIT */
/* At most so many bytes per second, for one call or for several together. */
#ifndef PREALLOC_RATE_H
#define PREALLOC_RATE_H

#include <pthread.h>
#include <stdint.h>

struct rate {
	uint64_t bytes_per_second; /* 0: no limit */
	pthread_mutex_t lock;
	uint64_t due_ns; /* when everything that was spent is paid for */
};

void rate_init(struct rate *rate, uint64_t bytes_per_second);
void rate_destroy(struct rate *rate);

/* The longest step that keeps the flow of bytes even, of `max_bytes` at most. */
uint64_t rate_step(const struct rate *rate, uint64_t max_bytes);

/* `bytes` were written.  Returns the time (step_clock_ns()) before which no more may be. */
uint64_t rate_spend(struct rate *rate, uint64_t bytes);

/* Sleeps until then, but only for a step's time.  1: it is not yet time; 0: it is. */
int rate_sleep(uint64_t until_ns);

#endif
