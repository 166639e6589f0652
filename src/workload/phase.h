/* SPDX-License-Identifier: MIT */
/*
 * What is done with files after their allocation: a chain of phases.  The name of a phase contains
 * its parameters: "write-rand-16K", "append-8K+fdatasync",
 * "overwrite-rand-4K-x1000-direct+fsync/16".
 */
#ifndef WORKLOAD_PHASE_H
#define WORKLOAD_PHASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct problem;

enum { PHASE_NAME_MAX = 96, PHASES_MAX = 16, PHASE_DIRECT_UNIT = 512 };

enum workload_kind {
	WORKLOAD_WRITE,	    /* anywhere in the file */
	WORKLOAD_OVERWRITE, /* where an earlier phase has written */
	WORKLOAD_APPEND,    /* after the last byte that was appended */
	WORKLOAD_READ,
};

/* One way to use a file. */
struct workload {
	const char *name;    /* "write-rand"; never changes */
	const char *summary; /* one line for `list` */
	enum workload_kind kind;
	bool random; /* each block once, in a random order that the seed determines; else in order
		      */
};

/* All of them, in the order of `alloc-perf list`; terminated by NULL. */
extern const struct workload *const workload_table[];

enum phase_sync {
	PHASE_SYNC_NONE, /* only at the end of the phase */
	PHASE_FSYNC,
	PHASE_FDATASYNC,
};

struct phase {
	const struct workload *workload;
	uint64_t block_bytes;
	uint64_t count; /* calls; 0: one per block of the files */
	enum phase_sync sync;
	uint64_t sync_every; /* calls per sync; at least 1 if there is one */
	bool direct;
	char name[PHASE_NAME_MAX];  /* canonical: "write-rand-16384" */
	char title[PHASE_NAME_MAX]; /* for users: "write-rand-16K" */
};

struct phase_chain {
	struct phase phase[PHASES_MAX];
	size_t count;
};

static inline bool phase_writes(const struct phase *phase)
{
	return phase->workload->kind != WORKLOAD_READ;
}

/* Parses phases, separated by commas.  0, -ENOMEM, or -EINVAL with *problem set. */
int phase_chain_parse(const char *text, struct phase_chain *ret, struct problem *problem);

/* Canonical names, or titles, separated by commas.  The caller frees it; NULL: out of memory. */
char *phase_chain_text(const struct phase_chain *chain, bool titles);

#endif
