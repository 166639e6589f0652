/* SPDX-License-Identifier: MIT */
/*
 * Each way has a trial, and the better one goes on.  The other is tried again when so
 * much has been written that the trial, were it as slow as the last one, would cost one
 * part in fifty; and at once when the rate breaks down.  A trial that is much slower ends
 * early: by what has come to the disk, and even before anything has, since no more can
 * come there than was handed over.
 */
#include "choice.h"

#include "scope.h"

enum { MIB = 1 << 20, RENEW = 64 * MIB, LEAST_RETRY = 256 * MIB, LEAST_TRIAL = 4 * MIB };

/* One request of O_DIRECT at its longest; through the page cache many short ones. */
static const uint64_t trial_bytes[WAYS] = { 64 * MIB, 16 * MIB };
static const uint64_t most_retry = (uint64_t)16 << 30;

struct choice choice_fixed(enum way way)
{
	return (struct choice) { .way = way };
}

struct choice choice_free(void)
{
	return (struct choice) { .way = WAY_DIRECT, .is_free = 1, .is_trial = 1 };
}

static enum way other_of(const struct choice *choice)
{
	return choice->way == WAY_DIRECT ? WAY_CACHED : WAY_DIRECT;
}

static uint64_t rate_of(uint64_t bytes, uint64_t ns)
{
	return greater(bytes * 1000 / (ns / 1000000 + 1), 1);
}

static uint64_t rate_now(const struct choice *choice)
{
	return rate_of(choice->bytes, choice->ns);
}

static int start_trial(struct choice *choice)
{
	choice->way = other_of(choice);
	choice->is_trial = 1;
	choice->bytes = choice->ns = choice->handed = choice->took = 0;
	return 1;
}

static int is_much_slower(const struct choice *choice, uint64_t rate)
{
	return rate + rate / 2 < choice->rate[other_of(choice)];
}

static int is_tried(const struct choice *choice)
{
	uint64_t enough = trial_bytes[choice->way];

	return choice->bytes >= enough ||
	       (choice->bytes >= enough / 4 && is_much_slower(choice, rate_now(choice)));
}

static uint64_t retry_after(uint64_t better, uint64_t worse, uint64_t tried)
{
	uint64_t percent = (better - worse) * 100 / greater(worse, 1);

	return lesser(greater(tried * lesser(percent, 10000) / 2, LEAST_RETRY), most_retry);
}

static int end_trial(struct choice *choice, uint64_t bytes, uint64_t rate)
{
	enum way tried = choice->way, other = other_of(choice);

	choice->rate[tried] = rate;
	if (choice->rate[other] == 0)
		return start_trial(choice);
	choice->is_trial = 0;
	choice->bytes = choice->ns = 0;
	choice->way = choice->rate[tried] >= choice->rate[other] ? tried : other;
	choice->until_retry =
		retry_after(choice->rate[choice->way], choice->rate[other_of(choice)], bytes);
	return choice->way != tried;
}

/* The rate of the way that was chosen is kept up to date.  Has it broken down? */
static int renew(struct choice *choice)
{
	uint64_t now = rate_now(choice), *rate = &choice->rate[choice->way];
	int broken = now < *rate / 5 * 3;

	if (choice->bytes < RENEW)
		return 0;
	*rate = broken ? now : (*rate * 3 + now) / 4;
	choice->bytes = choice->ns = 0;
	return broken;
}

int choice_hand(struct choice *choice, uint64_t bytes, uint64_t ns)
{
	uint64_t most;

	choice->handed += bytes;
	choice->took += ns;
	most = rate_of(choice->handed, choice->took);
	if (!choice->is_free || !choice->is_trial || choice->handed < LEAST_TRIAL ||
	    !is_much_slower(choice, most))
		return 0;
	return end_trial(choice, choice->handed, most);
}

int choice_note(struct choice *choice, uint64_t bytes, uint64_t ns)
{
	if (!choice->is_free)
		return 0;
	choice->bytes += bytes;
	choice->ns += ns;
	if (choice->is_trial)
		return is_tried(choice) ? end_trial(choice, choice->bytes, rate_now(choice)) : 0;
	choice->until_retry -= lesser(bytes, choice->until_retry);
	return renew(choice) || choice->until_retry == 0 ? start_trial(choice) : 0;
}
