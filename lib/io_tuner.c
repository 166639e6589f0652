/* SPDX-License-Identifier: MIT */
/*
 * Each mode has a trial, and the faster one is used.  The other is tried again after so many bytes
 * that the trial, if it is as slow as the last one, costs 2 % of the time; and at once if the rate
 * drops sharply.  A trial that is much slower ends early: based on completed bytes, and even
 * before any have completed, since no more can complete than was submitted.
 */
#include "io_tuner.h"

#include "util.h"

enum { MIB = 1 << 20, RENEW = 64 * MIB, LEAST_RETRY = 256 * MIB, LEAST_TRIAL = 4 * MIB };

/* One direct request of maximum size; many short buffered ones. */
static const uint64_t trial_bytes[IO_MODES] = { 64 * MIB, 16 * MIB };
static const uint64_t most_retry = (uint64_t)16 << 30;

struct io_tuner io_tuner_fixed(enum io_mode mode)
{
	return (struct io_tuner) { .mode = mode };
}

struct io_tuner io_tuner_adaptive(void)
{
	return (struct io_tuner) { .mode = IO_DIRECT, .is_adaptive = 1, .is_trial = 1 };
}

static enum io_mode other_of(const struct io_tuner *tuner)
{
	return tuner->mode == IO_DIRECT ? IO_BUFFERED : IO_DIRECT;
}

static uint64_t rate_of(uint64_t bytes, uint64_t ns)
{
	return greater(bytes * 1000 / (ns / 1000000 + 1), 1);
}

static uint64_t rate_now(const struct io_tuner *tuner)
{
	return rate_of(tuner->bytes, tuner->ns);
}

static int start_trial(struct io_tuner *tuner)
{
	tuner->mode = other_of(tuner);
	tuner->is_trial = 1;
	tuner->bytes = tuner->ns = tuner->submitted = tuner->submit_ns = 0;
	return 1;
}

static int is_much_slower(const struct io_tuner *tuner, uint64_t rate)
{
	return rate + rate / 2 < tuner->rate[other_of(tuner)];
}

static int is_tried(const struct io_tuner *tuner)
{
	uint64_t enough = trial_bytes[tuner->mode];

	return tuner->bytes >= enough ||
	       (tuner->bytes >= enough / 4 && is_much_slower(tuner, rate_now(tuner)));
}

static uint64_t retry_after(uint64_t better, uint64_t worse, uint64_t tried)
{
	uint64_t percent = (better - worse) * 100 / greater(worse, 1);

	return lesser(greater(tried * lesser(percent, 10000) / 2, LEAST_RETRY), most_retry);
}

static int end_trial(struct io_tuner *tuner, uint64_t bytes, uint64_t rate)
{
	enum io_mode tried = tuner->mode, other = other_of(tuner);

	tuner->rate[tried] = rate;
	if (tuner->rate[other] == 0)
		return start_trial(tuner);
	tuner->is_trial = 0;
	tuner->bytes = tuner->ns = 0;
	tuner->mode = tuner->rate[tried] >= tuner->rate[other] ? tried : other;
	tuner->until_retry =
		retry_after(tuner->rate[tuner->mode], tuner->rate[other_of(tuner)], bytes);
	return tuner->mode != tried;
}

/* Updates the rate of the chosen mode.  Whether it has dropped sharply. */
static int renew(struct io_tuner *tuner)
{
	uint64_t now = rate_now(tuner), *rate = &tuner->rate[tuner->mode];
	int broken = now < *rate / 5 * 3;

	if (tuner->bytes < RENEW)
		return 0;
	*rate = broken ? now : (*rate * 3 + now) / 4;
	tuner->bytes = tuner->ns = 0;
	return broken;
}

int io_tuner_submitted(struct io_tuner *tuner, uint64_t bytes, uint64_t ns)
{
	uint64_t most;

	tuner->submitted += bytes;
	tuner->submit_ns += ns;
	most = rate_of(tuner->submitted, tuner->submit_ns);
	if (!tuner->is_adaptive || !tuner->is_trial || tuner->submitted < LEAST_TRIAL ||
	    !is_much_slower(tuner, most))
		return 0;
	return end_trial(tuner, tuner->submitted, most);
}

int io_tuner_completed(struct io_tuner *tuner, uint64_t bytes, uint64_t ns)
{
	if (!tuner->is_adaptive)
		return 0;
	tuner->bytes += bytes;
	tuner->ns += ns;
	if (tuner->is_trial)
		return is_tried(tuner) ? end_trial(tuner, tuner->bytes, rate_now(tuner)) : 0;
	tuner->until_retry -= lesser(bytes, tuner->until_retry);
	return renew(tuner) || tuner->until_retry == 0 ? start_trial(tuner) : 0;
}
