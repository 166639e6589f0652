/* SPDX-License-Identifier: MIT */
/*
 * Steps grow quickly, so that a fast file system is called a few times and not thousands.  They
 * shrink at once, because the caller waits for a slow step.
 *
 * Under a limit, bytes are accounted after they were written, with the time that the limit gives
 * them.  Time that the disk takes counts.  At most a fifth of a second of unused time is kept as
 * credit, so that no burst follows a pause.
 */
#include "pacing.h"

#include <time.h>

#include "util.h"

enum { FLOOR_BYTES = 64 * 1024 };

static const uint64_t target_ns = 40 * 1000000;

uint64_t step_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

struct step step_new(uint64_t first_bytes, uint64_t max_bytes, int watched)
{
	return (struct step) {
		.bytes = watched ? first_bytes : max_bytes,
		.min_bytes = watched ? FLOOR_BYTES : max_bytes,
		.max_bytes = max_bytes,
	};
}

void step_start(struct step *step)
{
	step->started_ns = step_clock_ns();
}

uint64_t step_took_ns(const struct step *step)
{
	return step_clock_ns() - step->started_ns;
}

void step_stop(struct step *step)
{
	uint64_t took_ns = step_took_ns(step), bytes = step->bytes;

	if (took_ns < target_ns / 16)
		bytes = bytes > step->max_bytes / 8 ? step->max_bytes : bytes * 8;
	else if (took_ns < target_ns / 2)
		bytes = bytes > step->max_bytes / 2 ? step->max_bytes : bytes * 2;
	else if (took_ns > target_ns)
		bytes /= took_ns / target_ns + 1;
	step->bytes = lesser(greater(bytes, step->min_bytes), step->max_bytes);
}

void step_interrupted(struct step *step)
{
	step->min_bytes = lesser(step->min_bytes, FLOOR_BYTES);
	step->bytes = greater(step->bytes / 2, step->min_bytes);
}

/* ---- a limit ---- */

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
