/* SPDX-License-Identifier: MIT */
/*
 * Which methods to use on a file system, and how sure that is: what a reader in a hurry wants, and
 * nothing that the noise could have said.
 */
#ifndef STATS_SUMMARY_H
#define STATS_SUMMARY_H

#include <stddef.h>

#include "stats/cell.h"

enum summary_verdict {
	SUMMARY_NONE,	/* no method reserved the space and has a time */
	SUMMARY_UNTOLD, /* too few runs to tell any method from another */
	SUMMARY_EQUAL,	/* no test tells any method from the fastest */
	SUMMARY_FAR,	/* too few runs for a test, but some methods always took twice as long */
	SUMMARY_TESTED, /* tests tell some methods from the fastest */
};

/* "none", "untold", "equal", "far", "tested". */
const char *summary_verdict_name(enum summary_verdict verdict);

/* A method that reserved the space and set the size; with a workload any. */
struct summary_method {
	const char *name;   /* as in grid->methods */
	const char *key;    /* of its records */
	struct figure time; /* until all is on the disk; with a workload until its end */
	struct figure written, per_byte, fragments;
	struct figure allocation, latency; /* with a workload: of the allocation, of a write */
	double *values;			   /* of the time, sorted; owned */
	size_t count;
	int is_slower; /* than the fastest, beyond the noise */
};

/* How many times as long a slower method takes as the fastest. */
struct summary_ratio {
	const struct summary_method *method; /* NULL: there is none, or it is not slower */
	double ratio;
	double lower, upper; /* 95 % confidence interval; NaN: too few runs for one */
};

struct summary {
	const char *filesystem;
	const char *workload; /* NULL: the allocation alone */
	enum summary_verdict verdict;
	struct summary_method
		*methods; /* the best first, then the slower; the fastest first in each */
	size_t count, best_count;
	size_t runs;		       /* the fewest of any method */
	size_t runs_needed;	       /* of each method, for a test */
	struct summary_ratio baseline; /* of summary_baseline() */
	struct summary_ratio slowest;  /* of the slowest of all */
};

/* The method that all are compared with, as in records: "chunk-4096", with a workload "none". */
const char *summary_baseline(const struct grid *grid);

/*
 * After how many writes of the workload the method, whose allocation takes longer than that of the
 * baseline, has made up for it by shorter writes.  NaN: never, or it is not sure: the latencies of
 * the two have to be apart in all runs.
 */
double summary_break_even(const struct summary *summary, const struct summary_method *method);

/*
 * The best methods of row `filesystem`: the fastest until all is on the disk, and all that no test
 * tells from it.  A method that reserves nothing or leaves the size at 0 does not compete, unless
 * a workload uses the file afterwards.  Refers into the grid.  0 or -ENOMEM.
 */
int summary_make(const struct grid *grid, size_t filesystem, struct summary *ret);
void summary_clear(struct summary *summary);

/* Why a method does not compete, in words behind its name; NULL: it does. */
const char *summary_excluded(const struct cell *cell);

#endif
