/* SPDX-License-Identifier: MIT */
/*
 * Steps grow quickly, so that a fast file system is called a few times and not thousands.  They
 * shrink at once, because a slow step is what somebody waits for.
 */
#include "step.h"

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
