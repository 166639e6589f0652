/* SPDX-License-Identifier: MIT */
/* Two results: what is better, worse, or the same beyond the noise. */
#ifndef STATS_COMPARE_H
#define STATS_COMPARE_H

#include <stddef.h>

#include "stats/cell.h"
#include "stats/record_key.h"

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

/* All runs of one method on one file system under one set of conditions. */
struct compare_cell {
	const struct grid *grid;
	const struct cell *cell;
	const struct record *record; /* the first of the cell */
};

/* One measure of one cell that both sides have. */
struct comparison {
	size_t side; /* the one that is compared with side 0 */
	struct compare_cell old_cell, new_cell;
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
	unsigned by;	  /* set of keys that tell the sides apart; none: they are files */
};

/* What one side has in common with side 0, and what it has not. */
struct compare_side {
	unsigned matched; /* keys of which both cells of a row have the same value */
	unsigned differs; /* keys that should have been, but no value of which is on both sides */
	unsigned columns; /* matched keys that tell its cells and those of side 0 apart */
	struct compare_cell *only_old, *only_new; /* cells without a partner */
	size_t only_old_count, only_new_count;
};

struct comparisons {
	struct comparison *comparison;
	size_t count;
	struct compare_side *sides; /* number 0 is empty */
	size_t side_count;
	size_t verdicts[VERDICT_UNKNOWN + 1]; /* how many of each */
	size_t tested;	    /* rank tests that were made: what the correction is for */
	size_t runs_needed; /* of each side, for a verdict on what is unknown; 0: nothing is */
};

/* Why sides cannot be compared: `side` has several values of a key, and the other has none of them.
 */
struct compare_ambiguity {
	size_t side, other;
	enum record_key key;
};

/*
 * Compares each side with side 0, cell by cell.  Both cells of a comparison have the same value of
 * every key but those of `by`; a file system is matched by the rest of what it was made by where
 * its options are compared.  What goes with a compared key may differ if it differs throughout:
 * conditions with one another and with files, the volume with the size.  In the order of side 0.
 * Refers into the sides.  0, -EINVAL and *ret_ambiguity, or -ENOMEM.
 */
int compare_grids(const struct view *sides, size_t side_count,
		  const struct compare_options *options, struct comparisons *ret,
		  struct compare_ambiguity *ret_ambiguity);
void comparisons_clear(struct comparisons *comparisons);

#endif
