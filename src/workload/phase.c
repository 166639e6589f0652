/* SPDX-License-Identifier: MIT */
/*
 * Names are keys in result files, so a phase has exactly one spelling: sizes in plain bytes, and no
 * options with their default value.
 */
#include "workload/phase.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/problem.h"
#include "base/size.h"
#include "base/strbuf.h"
#include "base/suggest.h"
#include "base/words.h"

enum { BLOCK_MIN = 64, BLOCK_UNIT = 8 };
#define BLOCK_MAX ((uint64_t)64 << 20)
#define COUNT_MAX UINT32_MAX

static const struct workload write_seq = {
	.name = "write-seq",
	.summary = "write N bytes per call, from start to end",
	.kind = WORKLOAD_WRITE,
};
static const struct workload write_rand = {
	.name = "write-rand",
	.summary = "write each block of N bytes once, in random order",
	.kind = WORKLOAD_WRITE,
	.random = true,
};
static const struct workload overwrite_seq = {
	.name = "overwrite-seq",
	.summary = "write-seq over what an earlier phase has written",
	.kind = WORKLOAD_OVERWRITE,
};
static const struct workload overwrite_rand = {
	.name = "overwrite-rand",
	.summary = "write-rand over what an earlier phase has written",
	.kind = WORKLOAD_OVERWRITE,
	.random = true,
};
static const struct workload append = {
	.name = "append",
	.summary = "write N bytes per call behind what has been written so far",
	.kind = WORKLOAD_APPEND,
};
static const struct workload read_seq = {
	.name = "read-seq",
	.summary = "read N bytes per call, from start to end, from the disk",
	.kind = WORKLOAD_READ,
};
static const struct workload read_rand = {
	.name = "read-rand",
	.summary = "read each block of N bytes once, in random order, from the disk",
	.kind = WORKLOAD_READ,
	.random = true,
};

const struct workload *const workload_table[] = {
	&write_seq, &write_rand, &overwrite_seq, &overwrite_rand,
	&append,    &read_seq,	 &read_rand,	 NULL,
};

static int unknown_phase(const char *text, struct problem *problem)
{
	const char *nearest = NULL;
	/* "write-rnd-16K": without the size. */
	CLEANUP(freep) char *head = strndup(text, strcspn(text, "0123456789+"));

	if (!head)
		return -ENOMEM;
	for (size_t end = strlen(head); end > 0 && head[end - 1] == '-'; end--)
		head[end - 1] = '\0';
	for (const struct workload *const *row = workload_table; *row; row++)
		suggest_consider(head, (*row)->name, &nearest);
	if (nearest)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "unknown phase \"%s\"; did you mean \"%s-N\"?", text, nearest);
	return problem_set(problem, PROBLEM_USAGE, EINVAL,
			   "unknown phase \"%s\"; `alloc-perf list workloads` shows them all",
			   text);
}

static int invalid(const char *text, const char *why, struct problem *problem)
{
	return problem_set(problem, PROBLEM_USAGE, EINVAL, "phase \"%s\": %s", text, why);
}

/* Whether *at starts with the word; if so, *at is moved past it. */
static bool skip(const char **at, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(*at, word, length) != 0)
		return false;
	*at += length;
	return true;
}

/* The word up to one of "+-" or the end. */
static int parse_word(const char **at, char **ret)
{
	size_t length = strcspn(*at, "+-");

	*ret = strndup(*at, length);
	*at += length;
	return *ret ? 0 : -ENOMEM;
}

static int parse_block(const char *text, const char **at, struct phase *phase,
		       struct problem *problem)
{
	CLEANUP(freep) char *word = NULL;
	int r = parse_word(at, &word);

	if (r < 0)
		return r;
	if (!*word)
		return invalid(text, "it needs the bytes of a call, as in write-seq-64K", problem);
	if (size_parse(word, &phase->block_bytes) < 0)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "phase \"%s\": \"%s\" is not a size such as 4096, 64K or 1M",
				   text, word);
	if (phase->block_bytes < BLOCK_MIN || phase->block_bytes > BLOCK_MAX ||
	    phase->block_bytes % BLOCK_UNIT)
		return invalid(text, "use from 64 bytes to 64M per call, a multiple of 8", problem);
	return 0;
}

static int parse_count(const char *text, const char **at, uint64_t *ret, struct problem *problem)
{
	const char *digits = *at;
	char *end;

	errno = 0;
	*ret = strtoull(digits, &end, 10);
	if (!isdigit((unsigned char)*digits) || errno || *ret == 0 || *ret > COUNT_MAX)
		return invalid(text, "a number of calls is a whole number from 1", problem);
	*at = end;
	return 0;
}

static int parse_sync(const char *text, const char **at, struct phase *phase,
		      struct problem *problem)
{
	phase->sync = skip(at, "fsync")	      ? PHASE_FSYNC
		      : skip(at, "fdatasync") ? PHASE_FDATASYNC
					      : PHASE_SYNC_NONE;
	phase->sync_every = 1;
	if (phase->sync == PHASE_SYNC_NONE)
		return invalid(text,
			       "after + use fsync or fdatasync, as in +fdatasync or +fsync/16",
			       problem);
	if (!phase_writes(phase))
		return invalid(text, "a phase that reads has nothing to sync", problem);
	return skip(at, "/") ? parse_count(text, at, &phase->sync_every, problem) : 0;
}

static int parse_options(const char *text, const char *at, struct phase *phase,
			 struct problem *problem)
{
	int r = 0;

	while (r == 0 && *at) {
		if (skip(&at, "-direct") && !phase->direct)
			phase->direct = true;
		else if (skip(&at, "-x") && !phase->count)
			r = parse_count(text, &at, &phase->count, problem);
		else if (skip(&at, "+") && !phase->sync)
			r = parse_sync(text, &at, phase, problem);
		else
			return invalid(
				text,
				"after the size use -xN (calls), -direct, +fsync, +fdatasync "
				"or +fsync/N",
				problem);
	}
	if (r == 0 && phase->direct && phase->block_bytes % PHASE_DIRECT_UNIT)
		return invalid(text, "direct I/O needs a multiple of 512 bytes per call", problem);
	return r;
}

/* Sets the names, with the options in their fixed order. */
static void set_names(struct phase *phase)
{
	char *at = phase->name, *end = phase->name + sizeof(phase->name);

	at += snprintf(at, (size_t)(end - at), "%s-%" PRIu64, phase->workload->name,
		       phase->block_bytes);
	if (phase->count)
		at += snprintf(at, (size_t)(end - at), "-x%" PRIu64, phase->count);
	if (phase->direct)
		at += snprintf(at, (size_t)(end - at), "-direct");
	if (phase->sync)
		at += snprintf(at, (size_t)(end - at), "+%s",
			       phase->sync == PHASE_FSYNC ? "fsync" : "fdatasync");
	if (phase->sync_every > 1)
		snprintf(at, (size_t)(end - at), "/%" PRIu64, phase->sync_every);
	strcpy(phase->title, phase->name);
	size_shorten(phase->title);
}

static int phase_parse(const char *text, struct phase *ret, struct problem *problem)
{
	const char *at = text;
	int r;

	*ret = (struct phase) { 0 };
	for (const struct workload *const *row = workload_table; !ret->workload && *row; row++) {
		at = text;
		if (skip(&at, (*row)->name) && skip(&at, "-"))
			ret->workload = *row;
		else if (strcmp(text, (*row)->name) == 0)
			return invalid(text, "it needs the bytes of a call, as in write-seq-64K",
				       problem);
	}
	if (!ret->workload)
		return unknown_phase(text, problem);
	r = parse_block(text, &at, ret, problem);
	if (r == 0)
		r = parse_options(text, at, ret, problem);
	if (r == 0)
		set_names(ret);
	return r;
}

/*
 * A phase that reads or overwrites needs a phase that has written, one that appends needs free
 * space in the file.
 */
static int check_order(const struct phase_chain *chain, struct problem *problem)
{
	bool written = false, full = false;

	for (size_t i = 0; i < chain->count; i++) {
		const struct phase *phase = &chain->phase[i];

		switch (phase->workload->kind) {
		case WORKLOAD_OVERWRITE:
		case WORKLOAD_READ:
			if (!written)
				return invalid(phase->title,
					       "nothing has been written before; put a phase such "
					       "as write-seq-1M before it",
					       problem);
			break;
		case WORKLOAD_APPEND:
			if (full)
				return invalid(phase->title,
					       "the file is full after the phases before it; use "
					       "overwrite-seq, or append fewer blocks (-xN)",
					       problem);
			break;
		case WORKLOAD_WRITE:
			break;
		}
		written |= phase_writes(phase);
		full |= phase->workload->kind == WORKLOAD_WRITE ||
			(phase->workload->kind == WORKLOAD_APPEND && !phase->count);
	}
	return 0;
}

int phase_chain_parse(const char *text, struct phase_chain *ret, struct problem *problem)
{
	CLEANUP(freep) char **words = words_split(text, ", ");
	struct phase_chain chain = { .count = 0 };
	int r = words ? 0 : -ENOMEM;

	if (r == 0 && !words[0])
		return problem_set(problem, PROBLEM_USAGE, EINVAL, "no phase is given");
	for (char **word = words; r == 0 && *word; word++) {
		if (chain.count == PHASES_MAX)
			return problem_set(problem, PROBLEM_USAGE, EINVAL,
					   "a workload has at most %d phases", PHASES_MAX);
		r = phase_parse(*word, &chain.phase[chain.count++], problem);
	}
	if (r == 0)
		r = check_order(&chain, problem);
	if (r == 0)
		*ret = chain;
	return r;
}

char *phase_chain_text(const struct phase_chain *chain, bool titles)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };

	for (size_t i = 0; i < chain->count; i++)
		strbuf_join(&text, ",", titles ? chain->phase[i].title : chain->phase[i].name);
	return strbuf_take(&text);
}
