/* SPDX-License-Identifier: MIT */
/* The comparison of results: better, worse, or no significant difference. */
#ifndef STATS_COMPARE_H
#define STATS_COMPARE_H

#include <stddef.h>

#include "stats/cell.h"
#include "stats/record_key.h"

enum verdict {
	VERDICT_SAME,	 /* no significant difference, or one that is too small to matter */
	VERDICT_BETTER,	 /* significant, and large enough */
	VERDICT_WORSE,	 /* likewise */
	VERDICT_UNCLEAR, /* none found, but the noise or the drift could hide one that matters */
	VERDICT_UNKNOWN, /* too few runs for any conclusion */
};

/* "same", "better", "worse", "unclear", "unknown". */
const char *verdict_name(enum verdict verdict);

/* The runs of a result are divided into this many parts, to detect a drift of the machine. */
enum { COMPARE_PARTS = 4 };

/* All runs of one method on one file system under one set of conditions. */
struct compare_cell {
	const struct grid *grid;
	const struct cell *cell;
	const struct record *record; /* the first of the cell */
};

/* One measure of one cell that both sides have. */
struct comparison {
	size_t side; /* the side that is compared with side 0 */
	struct compare_cell old_cell, new_cell;
	const struct measure *measure; /* NULL: whether the trial succeeds at all */
	struct figure before, after;   /* empty if `measure` is NULL */
	double change; /* of the median: 0.05 is 5 % more; infinite from 0; NaN: no measure */
	/* Medians of the quarters of the runs, relative to that of all; NaN: too few runs. */
	double before_course[COMPARE_PARTS], after_course[COMPARE_PARTS];
	double drift;	    /* drift of the machine in both results, relative to the median */
	double chance;	    /* p of the rank test for this cell; NaN: no measure */
	double corrected;   /* corrected p, to be compared with COMPARE_LEVEL; NaN: no measure */
	const char *reason; /* why the trial fails in one of them; NULL: it does not, or unknown */
	enum verdict verdict;
};

/* The maximum rate of comparisons of equal conditions that report any difference. */
#define COMPARE_LEVEL 0.05

struct compare_options {
	const struct measure *const *measures; /* terminated by NULL */
	double threshold; /* smallest change that matters, 0.05 for 5 %; of a count also at least 1
			   */
	unsigned by;	  /* set of keys that distinguish the sides; none: they are files */
};

/* Common and different cells of one side and side 0. */
struct compare_side {
	unsigned matched; /* keys of which both cells of a row have the same value */
	unsigned differs; /* keys that should have been, but no value of which is on both sides */
	unsigned columns; /* matched keys that distinguish its cells and those of side 0 */
	struct compare_cell *only_old, *only_new; /* cells without a counterpart */
	size_t only_old_count, only_new_count;
};

struct comparisons {
	struct comparison *comparison;
	size_t count;
	struct compare_side *sides; /* number 0 is empty */
	size_t side_count;
	size_t verdicts[VERDICT_UNKNOWN + 1]; /* the number of each */
	size_t tested;			      /* number of rank tests, for the correction */
	size_t runs_needed; /* per side, for a verdict on unknown cells; 0: there are none */
};

/* Why sides cannot be compared: `side` has several values of a key, and the other has none of them.
 */
struct compare_ambiguity {
	size_t side, other;
	enum record_key key;
};

/*
 * Compares each side with side 0, cell by cell, in the order of side 0.  Both cells of a
 * comparison have the same value of every key except those of `by`.  If options are compared, a
 * file system is matched by everything else that defines it.  What changes together with a
 * compared key may differ if it differs throughout: conditions with each other and with files, the
 * volume with the size.  Refers into the sides.  0, -EINVAL with *ret_ambiguity set, or -ENOMEM.
 */
int compare_grids(const struct view *sides, size_t side_count,
		  const struct compare_options *options, struct comparisons *ret,
		  struct compare_ambiguity *ret_ambiguity);
void comparisons_clear(struct comparisons *comparisons);

#endif
