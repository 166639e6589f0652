/* SPDX-License-Identifier: MIT */
/*
 * Bytes are accounted after they were written, with the time that the limit gives them.  Time that
 * the disk takes counts.  At most a fifth of a second of unused time is kept as credit, so that no
 * burst follows a pause.
 */
#include "rate.h"

#include <time.h>

#include "step.h"
#include "util.h"

enum { SECOND_NS = 1000000000, CREDIT_NS = SECOND_NS / 5, NAP_NS = SECOND_NS / 25 };

void rate_init(struct rate *rate, uint64_t bytes_per_second)
{
	rate->bytes_per_second = bytes_per_second;
	rate->due_ns = step_clock_ns();
	pthread_mutex_init(&rate->lock, NULL);
}

void rate_destroy(struct rate *rate)
{
	pthread_mutex_destroy(&rate->lock);
}

uint64_t rate_step(const struct rate *rate, uint64_t max_bytes)
{
	enum { STEPS_PER_SECOND = 10, LEAST = 64 * 1024 };

	if (rate->bytes_per_second == 0)
		return max_bytes;
	return lesser(greater(rate->bytes_per_second / STEPS_PER_SECOND, LEAST), max_bytes);
}

uint64_t rate_spend(struct rate *rate, uint64_t bytes)
{
	uint64_t now_ns, due_ns;

	if (rate->bytes_per_second == 0)
		return 0;
	pthread_mutex_lock(&rate->lock);
	now_ns = step_clock_ns();
	if (rate->due_ns + CREDIT_NS < now_ns)
		rate->due_ns = now_ns - CREDIT_NS;
	/* At most one step: this does not overflow. */
	rate->due_ns += bytes * SECOND_NS / rate->bytes_per_second;
	due_ns = rate->due_ns;
	pthread_mutex_unlock(&rate->lock);
	return due_ns;
}

int rate_sleep(uint64_t until_ns)
{
	uint64_t now_ns = until_ns ? step_clock_ns() : 0, nap_ns;
	struct timespec nap = { 0 };

	if (now_ns >= until_ns)
		return 0;
	nap_ns = lesser(until_ns - now_ns, NAP_NS);
	nap.tv_nsec = (long)nap_ns;
	nanosleep(&nap, NULL);
	return 1;
}
