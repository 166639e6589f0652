/* SPDX-License-Identifier: MIT */
/* The best methods of a file system, and how certain that is. */
#ifndef STATS_SUMMARY_H
#define STATS_SUMMARY_H

#include <stddef.h>

#include "stats/cell.h"

enum summary_verdict {
	SUMMARY_NONE,	/* no method reserved the space and has a time */
	SUMMARY_UNTOLD, /* too few runs to distinguish the methods */
	SUMMARY_EQUAL,	/* no test distinguishes a method from the fastest */
	SUMMARY_FAR,	/* too few runs for a test, but some methods always took twice as long */
	SUMMARY_TESTED, /* tests distinguish some methods from the fastest */
};

/* "none", "untold", "equal", "far", "tested". */
const char *summary_verdict_name(enum summary_verdict verdict);

/* A method that reserved the space and set the size; with a workload, any method. */
struct summary_method {
	const char *name;   /* as in grid->methods */
	const char *key;    /* of its records */
	struct figure time; /* until all is on the disk; with a workload until its end */
	struct figure written, per_byte, fragments;
	struct figure allocation, latency; /* with a workload: of the allocation, of a write */
	double *values;			   /* of the time, sorted; owned */
	size_t count;
	int is_slower; /* significantly slower than the fastest */
};

/* The ratio of a slower method's time to that of the fastest. */
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
		*methods; /* the best methods, then the slower ones; each group is sorted by time */
	size_t count, best_count;
	size_t runs, most_runs;	       /* minimum and maximum of all methods */
	size_t runs_needed;	       /* per method, for a test */
	struct summary_ratio baseline; /* of "chunk-4096", with a workload of "none" */
	struct summary_ratio slowest;  /* of the slowest of all */
};

/*
 * The number of writes of the workload after which the method, whose allocation takes longer than
 * that of the baseline, has compensated for that by shorter writes.  NaN: never; or it is
 * uncertain, since the latencies of the two must differ in all runs; or no write is synced, so that
 * its cost is not in its latency.
 */
double summary_break_even(const struct summary *summary, const struct summary_method *method);

/*
 * The best methods of row `filesystem`: the fastest until all is on the disk, and those that no
 * test distinguishes from it.  A method that reserves nothing or leaves the size at 0 is not
 * compared, unless a workload uses the file afterwards.  Refers into the grid.  0 or -ENOMEM.
 */
int summary_make(const struct grid *grid, size_t filesystem, struct summary *ret);
void summary_clear(struct summary *summary);

/* Why a method is not compared, as a clause after its name; NULL: it is. */
const char *summary_excluded(const struct cell *cell);

#endif
