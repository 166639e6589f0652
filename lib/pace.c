/* SPDX-License-Identifier: MIT */
/*
 * Growing is quick, so that a file system that answers at once is called a few
 * times and not thousands; shrinking is done at once, since it is the slow step that
 * somebody waits for.
 */
#include "pace.h"

#include <time.h>

#include "scope.h"

enum { FLOOR_BYTES = 64 * 1024 };

static const uint64_t target_ns = 40 * 1000000;

uint64_t pace_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

struct pace pace_new(uint64_t first_bytes, uint64_t most_bytes, int watched)
{
	return (struct pace) {
		.step_bytes = watched ? first_bytes : most_bytes,
		.least_bytes = watched ? FLOOR_BYTES : most_bytes,
		.most_bytes = most_bytes,
	};
}

void pace_start(struct pace *pace)
{
	pace->started_ns = pace_now_ns();
}

uint64_t pace_took_ns(const struct pace *pace)
{
	return pace_now_ns() - pace->started_ns;
}

void pace_stop(struct pace *pace)
{
	uint64_t took_ns = pace_took_ns(pace), step = pace->step_bytes;

	if (took_ns < target_ns / 16)
		step = step > pace->most_bytes / 8 ? pace->most_bytes : step * 8;
	else if (took_ns < target_ns / 2)
		step = step > pace->most_bytes / 2 ? pace->most_bytes : step * 2;
	else if (took_ns > target_ns)
		step /= took_ns / target_ns + 1;
	pace->step_bytes = lesser(greater(step, pace->least_bytes), pace->most_bytes);
}

void pace_interrupted(struct pace *pace)
{
	pace->least_bytes = lesser(pace->least_bytes, FLOOR_BYTES);
	pace->step_bytes = greater(pace->step_bytes / 2, pace->least_bytes);
}
