/* SPDX-License-Identifier: MIT */
#include "crash/states.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/random.h"
#include "base/strbuf.h"

void crash_states_clear(struct crash_states *states)
{
	free(states->states);
	*states = (struct crash_states) { 0 };
}

static const struct crash_write *write_of(const struct crash_log *log, uint32_t number)
{
	return &log->writes[number - 1];
}

static bool range_has(struct crash_range range, uint32_t number)
{
	return range.first && range.first <= number && number <= range.last;
}

static uint32_t range_count(struct crash_range range)
{
	return range.first ? range.last - range.first + 1 : 0;
}

/* ---- one state ---- */

void crash_state_part(const struct crash_state *state, const struct crash_log *log, uint32_t number,
		      uint64_t *ret_from, uint64_t *ret_to)
{
	bool is_lost = number > state->writes;

	for (size_t i = 0; i < CRASH_LOST_MAX; i++)
		is_lost |= range_has(state->lost[i], number);
	*ret_from = 0;
	*ret_to = is_lost ? 0 : write_of(log, number)->bytes;
	if (number != state->writes || !state->torn_bytes)
		return;
	if (state->is_end)
		*ret_from = state->torn_bytes;
	else
		*ret_to = state->torn_bytes;
}

/* Whether a mark can have been passed while this write is not on the disk. */
static bool may_lack(const struct crash_log *log, const struct crash_mark *mark, uint32_t number)
{
	const struct crash_write *write = write_of(log, number);

	if (number > mark->writes || write->flags & WRITE_LOG_DISCARD)
		return true;
	return number > mark->flushed && !(write->flags & WRITE_LOG_FUA);
}

static bool is_passed(const struct crash_state *state, const struct crash_log *log,
		      const struct crash_mark *mark)
{
	if (mark->writes > state->writes ||
	    (state->torn_bytes && !may_lack(log, mark, state->writes)))
		return false;
	for (size_t i = 0; i < CRASH_LOST_MAX; i++) {
		struct crash_range lost = state->lost[i];

		for (uint32_t number = lost.first; number && number <= lost.last; number++)
			if (!may_lack(log, mark, number))
				return false;
	}
	return true;
}

size_t crash_state_marks(const struct crash_state *state, const struct crash_log *log)
{
	size_t passed = 0;

	while (passed < log->mark_count && is_passed(state, log, &log->marks[passed]))
		passed++;
	return passed;
}

uint64_t crash_state_lost(const struct crash_state *state)
{
	uint64_t count = state->torn_bytes != 0;

	for (size_t i = 0; i < CRASH_LOST_MAX; i++)
		count += range_count(state->lost[i]);
	return count;
}

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

int crash_state_compare(const void *a, const void *b)
{
	const struct crash_state *one = a, *other = b;
	int order = compare(crash_state_lost(one), crash_state_lost(other));

	if (!order)
		order = compare(one->writes, other->writes);
	for (size_t i = 0; !order && i < CRASH_LOST_MAX; i++)
		order = compare(one->lost[i].first, other->lost[i].first);
	if (!order)
		order = compare(one->torn_bytes, other->torn_bytes);
	return order ? order : one->is_end - other->is_end;
}

/* ---- text ---- */

char *crash_state_print(const struct crash_state *state, char text[static CRASH_STATE_TEXT_MAX])
{
	int at = snprintf(text, CRASH_STATE_TEXT_MAX, "%" PRIu32, state->writes);

	for (size_t i = 0; i < CRASH_LOST_MAX; i++) {
		struct crash_range lost = state->lost[i];

		if (lost.first)
			at += snprintf(text + at, CRASH_STATE_TEXT_MAX - (size_t)at, "-%" PRIu32,
				       lost.first);
		if (lost.last > lost.first)
			at += snprintf(text + at, CRASH_STATE_TEXT_MAX - (size_t)at, "..%" PRIu32,
				       lost.last);
	}
	if (state->torn_bytes)
		snprintf(text + at, CRASH_STATE_TEXT_MAX - (size_t)at, ":%" PRIu64 "%s",
			 state->torn_bytes, state->is_end ? ".." : "");
	return text;
}

/* A decimal number without a sign or zeroes in front. */
static bool take_number(const char **at, uint64_t most, uint64_t *ret)
{
	const char *digits = *at;
	uint64_t number = 0;

	while (**at >= '0' && **at <= '9' && number <= most / 10)
		number = number * 10 + (uint64_t)(*(*at)++ - '0');
	*ret = number;
	return *at > digits && number <= most && (*digits != '0' || *at == digits + 1);
}

static bool take_word(const char **at, const char *word)
{
	bool is_there = strncmp(*at, word, strlen(word)) == 0;

	if (is_there)
		*at += strlen(word);
	return is_there;
}

static bool take_write(const char **at, uint32_t *ret)
{
	uint64_t number;

	if (!take_number(at, UINT32_MAX, &number))
		return false;
	*ret = (uint32_t)number;
	return true;
}

static bool take_lost(const char **at, struct crash_range *ret)
{
	if (!take_write(at, &ret->first) || !ret->first)
		return false;
	ret->last = ret->first;
	return !take_word(at, "..") || (take_write(at, &ret->last) && ret->last > ret->first);
}

/* Whether the text has the form of a state. */
static bool take_state(const char *at, struct crash_state *ret)
{
	*ret = (struct crash_state) { 0 };
	if (!take_write(&at, &ret->writes))
		return false;
	for (size_t i = 0; i < CRASH_LOST_MAX && take_word(&at, "-"); i++)
		if (!take_lost(&at, &ret->lost[i]))
			return false;
	if (take_word(&at, ":")) {
		if (!take_number(&at, INT64_MAX, &ret->torn_bytes) || !ret->torn_bytes)
			return false;
		ret->is_end = take_word(&at, "..");
	}
	return !*at;
}

/* Whether a write can be lost although a later one has reached the disk. */
static bool can_lose(const struct crash_log *log, uint32_t writes, uint32_t number)
{
	const struct crash_write *write = write_of(log, number);

	if (write->flags & WRITE_LOG_DISCARD)
		return true;
	return number > write_of(log, writes)->flushed && !(write->flags & WRITE_LOG_FUA);
}

static int refuse(struct problem *problem, const char *text, const char *why)
{
	return problem_set(problem, PROBLEM_USAGE, EINVAL, "invalid state \"%s\": %s", text, why);
}

static const char *check_lost(const struct crash_state *state, const struct crash_log *log)
{
	uint32_t after = 0;

	for (size_t i = 0; i < CRASH_LOST_MAX && state->lost[i].first; i++) {
		struct crash_range lost = state->lost[i];

		if (lost.first <= after + (i > 0))
			return "lost writes must be in ascending order, and adjacent ones one "
			       "range";
		if (lost.last >= state->writes)
			return "only writes before the last one can be lost";
		for (uint32_t number = lost.first; number <= lost.last; number++)
			if (!can_lose(log, state->writes, number))
				return "a lost write was made durable before the last one";
		after = lost.last;
	}
	return NULL;
}

/* NULL, or why this cannot be a state of the log. */
static const char *check_state(const struct crash_state *state, const struct crash_log *log)
{
	const struct crash_write *last;

	if (state->writes > log->write_count)
		return "the log has fewer writes";
	if (!state->torn_bytes)
		return check_lost(state, log);
	last = state->writes ? write_of(log, state->writes) : NULL;
	if (!last || last->flags & WRITE_LOG_DISCARD || state->torn_bytes % CRASH_SECTOR ||
	    state->torn_bytes >= last->bytes)
		return "a write is torn at a multiple of 512 bytes inside it";
	return check_lost(state, log);
}

int crash_state_parse(const char *text, const struct crash_log *log, struct crash_state *ret,
		      struct problem *problem)
{
	struct crash_state state;
	const char *why;

	if (!take_state(text, &state))
		return refuse(problem, text, "use a form such as 412, 412-409 or 412:1024");
	why = check_state(&state, log);
	if (why)
		return refuse(problem, text, why);
	*ret = state;
	return 0;
}

/* ---- words ---- */

static void describe_marks(struct strbuf *words, const struct crash_log *log, size_t passed)
{
	if (passed && passed < log->mark_count)
		strbuf_printf(words, ", between the marks %s and %s", log->marks[passed - 1].name,
			      log->marks[passed].name);
	else if (passed)
		strbuf_printf(words, ", after the mark %s", log->marks[passed - 1].name);
	else if (log->mark_count)
		strbuf_printf(words, ", before the mark %s", log->marks[0].name);
}

static void describe_range(struct strbuf *words, struct crash_range range)
{
	strbuf_printf(words, "%" PRIu32, range.first);
	if (range.last > range.first)
		strbuf_printf(words, " %s %" PRIu32, range.last == range.first + 1 ? "and" : "to",
			      range.last);
}

static void describe_lost(struct strbuf *words, const struct crash_state *state)
{
	bool is_one = !state->lost[1].first && state->lost[0].first == state->lost[0].last;

	if (!state->lost[0].first)
		return;
	strbuf_puts(words, is_one ? "; write " : "; writes ");
	describe_range(words, state->lost[0]);
	for (size_t i = 1; i < CRASH_LOST_MAX && state->lost[i].first; i++) {
		strbuf_puts(words, " and ");
		describe_range(words, state->lost[i]);
	}
	strbuf_puts(words, is_one ? " is lost" : " are lost");
}

char *crash_state_describe(const struct crash_state *state, const struct crash_log *log)
{
	CLEANUP(strbuf_clear) struct strbuf words = { 0 };

	strbuf_printf(&words, "after %" PRIu32 " of %zu writes", state->writes, log->write_count);
	describe_marks(&words, log, crash_state_marks(state, log));
	describe_lost(&words, state);
	if (state->torn_bytes)
		strbuf_printf(&words,
			      "; write %" PRIu32 " is torn: only %s %" PRIu64
			      " bytes reached the disk",
			      state->writes, state->is_end ? "what follows its first" : "its first",
			      state->torn_bytes);
	return strbuf_take(&words);
}

/* ---- enumeration ---- */

/* What is kept if not all states are wanted. */
enum sort { SORT_NEAR, SORT_PREFIX, SORT_OTHER, SORT_COUNT };

/* Goes through all states twice: to count them, then to choose. */
struct walk {
	const struct crash_log *log;
	const struct crash_bounds *bounds;
	bool is_choosing;
	uint64_t count[SORT_COUNT], wanted[SORT_COUNT];
	uint64_t seen[SORT_COUNT], chosen[SORT_COUNT];
	uint64_t random;
	struct crash_states *states;
	int error;
};

/* Evenly, but for the others: each subset of the wanted size is as likely as another (Knuth, S). */
static bool is_chosen(struct walk *walk, enum sort sort)
{
	uint64_t seen = walk->seen[sort]++, count = walk->count[sort], wanted = walk->wanted[sort];

	if (wanted == count)
		return true;
	if (sort == SORT_OTHER)
		return random_next(&walk->random) % (count - seen) < wanted - walk->chosen[sort];
	return (seen + 1) * wanted / count > seen * wanted / count;
}

static void visit(struct walk *walk, enum sort sort, struct crash_state state)
{
	if (!walk->is_choosing) {
		walk->count[sort]++;
		return;
	}
	if (walk->error || !is_chosen(walk, sort))
		return;
	walk->chosen[sort]++;
	walk->error = ARRAY_ADD(walk->states->states, walk->states->count, state);
}

static void visit_lost(struct walk *walk, uint32_t writes, uint32_t first, uint32_t last)
{
	visit(walk, SORT_OTHER,
	      (struct crash_state) { .writes = writes, .lost = { { first, last } } });
}

static void visit_tear(struct walk *walk, const struct crash_write *write, struct crash_state state)
{
	uint64_t at = write->offset + state.torn_bytes;

	if (at <= walk->bounds->whole_from || at >= walk->bounds->whole_to)
		visit(walk, SORT_OTHER, state);
}

static void visit_torn(struct walk *walk, uint32_t number)
{
	const struct crash_write *write = write_of(walk->log, number);
	uint64_t sectors = write->bytes / CRASH_SECTOR;
	uint64_t tears = walk->bounds->tears < sectors ? walk->bounds->tears : sectors - 1;
	struct crash_state state = { .writes = number };

	if (write->flags & WRITE_LOG_DISCARD || !tears)
		return;
	state.is_end = true;
	state.torn_bytes = sectors / 2 * CRASH_SECTOR;
	visit_tear(walk, write, state);
	state.is_end = false;
	for (uint64_t i = 1; i <= tears; i++) {
		state.torn_bytes = sectors * i / (tears + 1) * CRASH_SECTOR;
		visit_tear(walk, write, state);
	}
}

static bool is_stop(const struct crash_log *log, uint32_t writes)
{
	bool is = writes == log->write_count;

	for (size_t i = 0; i < log->mark_count; i++)
		is |= log->marks[i].writes == writes;
	return is;
}

/* The last write of the epoch. */
static uint32_t epoch_end(const struct crash_log *log, uint32_t number)
{
	uint32_t flushed = write_of(log, number)->flushed;

	while (number < log->write_count && log->writes[number].flushed == flushed)
		number++;
	return number;
}

static enum sort sort_of(const struct crash_log *log, uint32_t writes)
{
	uint32_t from = writes ? writes - 1 : 0,
		 to = writes < log->write_count ? writes + 1 : writes;
	bool is_near = from == 0 || to == log->write_count;

	for (size_t i = 0; i < log->mark_count; i++)
		is_near |= from <= log->marks[i].writes && log->marks[i].writes <= to;
	for (uint32_t number = from; !log->in_order && number <= to && number < log->write_count;
	     number++)
		is_near |= log->writes[number].flushed == number;
	return is_near ? SORT_NEAR : SORT_PREFIX;
}

/* Discards that are lost at a mark or at the end, and not already as a part of their epoch. */
static void visit_discards(struct walk *walk, uint32_t writes)
{
	const struct crash_log *log = walk->log;
	uint32_t flushed = write_of(log, writes)->flushed;
	bool is_end = writes == epoch_end(log, writes);

	for (uint32_t number = 1; number + 1 < writes; number++)
		if (write_of(log, number)->flags & WRITE_LOG_DISCARD &&
		    !(number > flushed && is_end))
			visit_lost(walk, writes, number, number);
}

static void visit_writes(struct walk *walk, uint32_t writes)
{
	visit_torn(walk, writes);
	visit(walk, sort_of(walk->log, writes), (struct crash_state) { .writes = writes });
	if (writes > 1 && can_lose(walk->log, writes, writes - 1))
		visit_lost(walk, writes, writes - 1, writes - 1);
	if (is_stop(walk->log, writes))
		visit_discards(walk, writes);
}

/* One lost but for the last but one, which visit_writes() has. */
static void visit_singles(struct walk *walk, uint32_t first, uint32_t last)
{
	for (uint32_t number = last - 1; number-- > first;)
		if (can_lose(walk->log, last, number))
			visit_lost(walk, last, number, number);
}

/* In an epoch of three writes, visit_late() has the only pair. */
static void visit_pairs(struct walk *walk, uint32_t first, uint32_t last)
{
	for (uint32_t distance = 1; first + distance < last; distance *= 2)
		for (uint32_t number = first; number + distance < last; number++) {
			uint32_t other = number + distance;

			if (!can_lose(walk->log, last, number) || !can_lose(walk->log, last, other))
				continue;
			if (distance == 1)
				visit_lost(walk, last, number, other);
			else
				visit(walk, SORT_OTHER,
				      (struct crash_state) {
					      .writes = last,
					      .lost = { { number, number }, { other, other } } });
		}
}

/* How many writes can be lost from the start of the epoch on. */
static uint32_t losable(const struct crash_log *log, uint32_t first, uint32_t last)
{
	uint32_t number = first;

	while (number < last && can_lose(log, last, number))
		number++;
	return number - first;
}

/* Several lost from the start of the epoch on, and all that follow or only the next there. */
static void visit_late(struct walk *walk, uint32_t first, uint32_t last)
{
	uint32_t most = losable(walk->log, first, last);

	for (uint32_t lost = 3; lost <= most && first + lost < last; lost++)
		visit_lost(walk, last, first, first + lost - 1);
	for (uint32_t lost = most; lost >= 2; lost--)
		visit_lost(walk, first + lost, first, first + lost - 1);
}

static void visit_epoch(struct walk *walk, uint32_t first, uint32_t last)
{
	for (uint32_t writes = first; writes <= last; writes++)
		visit_writes(walk, writes);
	visit_singles(walk, first, last);
	if (last - first != 2)
		visit_pairs(walk, first, last);
	visit_late(walk, first, last);
}

static void walk_states(struct walk *walk)
{
	visit(walk, SORT_NEAR, (struct crash_state) { 0 });
	for (uint32_t first = 1, last; first <= walk->log->write_count; first = last + 1) {
		last = epoch_end(walk->log, first);
		visit_epoch(walk, first, last);
	}
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Prefixes and others have half of what those nearby leave, or more where there are few. */
static void share_out(struct walk *walk, uint64_t most)
{
	const uint64_t *count = walk->count;
	uint64_t near = least(count[SORT_NEAR], most), rest = most - near;
	uint64_t other = least(count[SORT_OTHER], rest / 2);
	uint64_t prefix = least(count[SORT_PREFIX], rest - other);

	walk->wanted[SORT_NEAR] = near;
	walk->wanted[SORT_PREFIX] = prefix;
	walk->wanted[SORT_OTHER] = least(count[SORT_OTHER], rest - prefix);
}

int crash_states_enumerate(const struct crash_log *log, const struct crash_bounds *bounds,
			   struct crash_states *ret)
{
	CLEANUP(crash_states_clear) struct crash_states states = { 0 };
	struct walk walk = {
		.log = log, .bounds = bounds, .random = bounds->seed, .states = &states
	};

	walk_states(&walk);
	for (size_t i = 0; i < SORT_COUNT; i++)
		states.possible += walk.count[i];
	share_out(&walk, bounds->states_max ? bounds->states_max : UINT64_MAX);
	walk.is_choosing = true;
	walk_states(&walk);
	if (walk.error)
		return walk.error;
	*ret = states;
	states = (struct crash_states) { 0 };
	return 0;
}
