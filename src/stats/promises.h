/* SPDX-License-Identifier: MIT */
/*
 * Records of tested promises as a grid: a row per method on a file system, a column per promise.
 * There is one grid per set of conditions.  The sizes of files and volumes are a case's own and
 * no condition.
 */
#ifndef STATS_PROMISES_H
#define STATS_PROMISES_H

#include "promise/promise.h"
#include "stats/cell.h"

/* How a case ended, or several: the last of these counts. */
enum promise_outcome {
	PROMISE_UNTESTED,
	PROMISE_NA, /* cannot be tested there */
	PROMISE_KEPT,
	PROMISE_NOT_MADE, /* it does not hold, and the method does not claim it */
	PROMISE_FAILED,	  /* the test itself failed */
	PROMISE_BROKEN,
};

struct promise_line {
	const char *filesystem;
	char *method; /* as users type it, owned */
	const char *key;
};

struct promise_grid {
	struct grid conditions; /* without cells and sizes */
	struct promise_line *lines;
	size_t line_count;
	const char **promises; /* in the order of promise_table, then others */
	size_t promise_count;
	struct cell *cells; /* line_count rows of promise_count; a record per case */
};

struct promise_grids {
	struct promise_grid *grid;
	size_t count;
};

/*
 * The records that test a promise and whose part_of is `part` (part_of NULL: all), in the order of
 * their appearance.  Refers into `results`.  0 or -ENOMEM.
 */
int promise_grids_build(const struct results *results, const size_t *part_of, size_t part,
			struct promise_grids *ret);
void promise_grids_clear(struct promise_grids *grids);

static inline const struct cell *promise_cell(const struct promise_grid *grid, size_t line,
					      size_t promise)
{
	return &grid->cells[line * grid->promise_count + promise];
}

enum promise_outcome promise_outcome(const struct record *record);
enum promise_outcome promise_cell_outcome(const struct cell *cell);

/* "kept", "broken", ...; "-" for what was not tested. */
const char *promise_outcome_name(enum promise_outcome outcome);

/* Why it ended so, in words; "" if there is nothing to explain. */
const char *promise_words(const struct record *record);

/* The record with the fewest words among those that ended like the cell; NULL: none was tested. */
const struct record *promise_example(const struct cell *cell);

/* ---- two of them ---- */

struct promise_change {
	const char *filesystem, *method, *promise;
	const char *kernel; /* NULL unless several are on one side */
	enum promise_outcome before, after;
	const struct record *example; /* of the new one */
};

struct promise_changes {
	struct promise_change *change; /* cells whose outcomes differ */
	size_t count;
	size_t compared; /* cells that both have */
	size_t only_old, only_new;
	size_t newly_broken;
};

/*
 * Compares cell by cell.  What of file system and method is compared itself (`by`, a set of record
 * keys) does not tell cells apart.  Refers into both.  0 or -ENOMEM.
 */
int promise_compare(const struct promise_grids *old_grids, const struct promise_grids *new_grids,
		    unsigned by, struct promise_changes *ret);
void promise_changes_clear(struct promise_changes *changes);

#endif
