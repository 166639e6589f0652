/* SPDX-License-Identifier: MIT */
/* Two results: what is better, worse, or the same beyond the noise. */
#ifndef STATS_COMPARE_H
#define STATS_COMPARE_H

#include <stddef.h>

#include "stats/cell.h"

enum verdict {
	VERDICT_SAME,	 /* no difference beyond the noise, or too small a one to matter */
	VERDICT_BETTER,	 /* significant, and large enough */
	VERDICT_WORSE,	 /* the same */
	VERDICT_UNCLEAR, /* none seen, but one that matters could hide in the noise or the drift */
	VERDICT_UNKNOWN, /* too few runs to tell, whatever they had been */
};

/* "same", "better", "worse", "unclear", "unknown". */
const char *verdict_name(enum verdict verdict);

/* Into so many parts the course of a result is divided, to see whether the machine drifts. */
enum { COMPARE_PARTS = 4 };

/* One measure of one cell that both results have. */
struct comparison {
	const char *filesystem, *method;
	const char *method_key; /* of its records */
	int64_t file_bytes, volume_bytes;
	const struct measure *measure; /* NULL: whether the trial can be made at all */
	struct figure before, after;   /* empty where measure is NULL */
	double change; /* of the median: 0.05 is 5 % more; infinite from 0; NaN: no measure */
	/* Medians of the quarters of the runs, as parts of that of all; NaN: too few runs. */
	double before_course[COMPARE_PARTS], after_course[COMPARE_PARTS];
	double drift;	  /* what the machine drifted by in both results, as a part of the median */
	double chance;	  /* of the rank test, for this cell alone; NaN: no measure */
	double corrected; /* the same, to be held against COMPARE_LEVEL; NaN: no measure */
	const char *reason; /* why it cannot be made in one of them; NULL: it can, or not told */
	enum verdict verdict;
};

/* At most this part of comparisons of like with like may show any difference. */
#define COMPARE_LEVEL 0.05

struct compare_options {
	const struct measure *const *measures; /* ends with NULL */
	double threshold; /* smallest change that matters, 0.05 for 5 %; of a count also at least 1
			   */
};

struct comparisons {
	struct comparison *comparison;
	size_t count;
	size_t verdicts[VERDICT_UNKNOWN + 1]; /* how many of each */
	size_t tested;	    /* rank tests that were made: what the correction is for */
	size_t runs_needed; /* of each side, for a verdict on what is unknown; 0: nothing is */
	size_t only_before, only_after; /* cells that only one of them has */
};

/*
 * Compares what both have: cells by file system, method and sizes, whatever the
 * kernel, testbed and label, since these may be what is compared.  Each of the two
 * may hold a cell under one set of conditions only.  In the order of `before`.
 * Refers into both.  0, -EINVAL (one of them holds several conditions) or -ENOMEM.
 */
int compare_grids(const struct view *before, const struct view *after,
		  const struct compare_options *options, struct comparisons *ret);
void comparisons_clear(struct comparisons *comparisons);

#endif
