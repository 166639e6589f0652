/* SPDX-License-Identifier: MIT */
/*
 * Records as a grid: a row per file system, a column per method, in the order of the plan (or of
 * their first appearance, if the records do not contain it).  There is one grid per set of
 * conditions (condition.c) and sizes.
 */
#ifndef STATS_CELL_H
#define STATS_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stats/measure.h"
#include "stats/record_key.h"

struct environment;
struct record;
struct results;
struct warning;

/* The minimum number of values for a 95 % confidence interval of the median. */
enum { FIGURE_RUNS_LEAST = 6 };

/* A statistic. */
struct figure {
	size_t count; /* number of values; 0: none, and the rest is NaN */
	double median;
	double minimum;
	double maximum;
	double lower, upper; /* 95 % confidence interval of the median; NaN: too few values */
};

/* All runs of one method on one file system. */
struct cell {
	const struct record **records;
	size_t count;
};

struct grid {
	const struct environment *environment;
	const char *testbed, *kernel, *label; /* label may be NULL */
	const char *accelerator, *throttle;   /* of a guest; NULL: none */
	int64_t file_bytes, volume_bytes;
	const char *workload; /* NULL: the allocation alone */
	int64_t files;	      /* 1 if unknown */
	bool mixed_sizes;     /* of the files, whose mean is file_bytes */
	const char **filesystems;
	size_t filesystem_count;
	const char *
		*methods; /* as users type them, see size_shorten(); the records contain the keys */
	size_t method_count;
	struct cell *cells;		 /* filesystem_count rows of method_count */
	const struct warning **warnings; /* about the runs of its records */
	size_t warning_count;
	struct join *join; /* NULL: not joined */
};

/* The columns of a joined grid (grids_join()): neighbours have the same method. */
struct join {
	size_t count;		     /* number of neighbours and of members */
	const char **names;	     /* what distinguishes them */
	const struct grid **members; /* their original grids */
	const char **methods;	     /* method_count / count names, without the distinction */
};

struct grids {
	const struct results *results; /* their source */
	struct grid *grid;
	size_t count;
	char **names; /* names that were created */
	size_t name_count;
};

/* A subset of grids. */
struct view {
	const struct grid **grid;
	size_t count;
};

/* All of them.  Refers into `grids`.  0 or -ENOMEM. */
int view_all(const struct grids *grids, struct view *ret);
void view_clear(struct view *view);

/* A record, the names of its row and column, and what distinguishes its grid. */
struct grid_entry {
	const struct record *record;
	const struct environment *environment;
	const char *row, *column;
	const char *kernel, *label; /* NULL: none */
	int64_t place; /* of its row and column; FIELD_UNKNOWN: in the order of appearance */
};

/* Refers into the entries and into `results`, whose warnings it includes.  0 or -ENOMEM. */
int grids_gather(const struct results *results, const struct grid_entry *entries, size_t count,
		 struct grids *ret);

/*
 * Builds grids of the measurements, with a row per file system and a column per method, in the
 * order of their appearance.  Those of one run are in the order of its plan, since trials run in a
 * random order, and then in that of their kernels' versions.  Refers into `results`, which must
 * outlive it.  0 or -ENOMEM.
 */
int grids_build(const struct results *results, struct grids *ret);

/* The same for the records whose part_of is `part`; NULL: all. */
int grids_build_part(const struct results *results, const size_t *part_of, size_t part,
		     struct grids *ret);
void grids_clear(struct grids *grids);

/*
 * Joins all grids with the same sizes, whatever their testbeds, kernels and labels: one column per
 * method and condition, named by what differs if there are several ("mmap, 6.1.0", see
 * condition_name()).  Refers into `grids`.  0 or -ENOMEM.
 */
int grids_join(const struct grids *grids, struct grids *ret);

const struct cell *grid_cell(const struct grid *grid, size_t filesystem, size_t method);

/* The method of a column, as its records name it. */
const char *grid_method_key(const struct grid *grid, size_t method);

/* The measure that was asked for; of NULL, the time that the trials of the grid are compared by. */
const struct measure *grid_measure(const struct grid *grid, const struct measure *wanted);

/* Whether their trials have the same sizes, files and workload. */
bool grid_same_trials(const struct grid *one, const struct grid *other);

/* The statistic of a measure over the ok runs in which it is known. */
struct figure cell_figure(const struct cell *cell, const struct measure *measure);

/* The same for phase number `phase` of the workload. */
struct figure cell_phase_figure(const struct cell *cell, int64_t phase,
				const struct phase_measure *measure);

/* The canonical name of a phase; NULL: no ok run has it. */
const char *cell_phase_name(const struct cell *cell, int64_t phase);

/* The statistic of plain values, which it sorts. */
struct figure figure_of_values(double *values, size_t count);

/*
 * The larger distance from the median to an end of the interval, relative to the median: 0.05 is 5
 * %.  NaN: there is no interval.  0 if all values are equal.
 */
double figure_precision(const struct figure *figure);

/* The same, or that of all values if there is no interval; infinite for a single value. */
double figure_noise(const struct figure *figure);

/*
 * The range of an error bar: the interval, or the minimum and maximum if there are too few values
 * for one.  0: a single value, or all are equal.
 */
int figure_spread(const struct figure *figure, double *ret_low, double *ret_high);

/*
 * The number of outliers: values so far from the median that something other than the trial caused
 * them.  None of fewer than FIGURE_RUNS_LEAST values.  Sorts them.  SIZE_MAX: out of memory.
 */
size_t figure_outliers(double *values, size_t count);

/*
 * The values of the ok runs in which the measure is known, in the order of the records.  The
 * caller frees *ret.  0 or -ENOMEM.
 */
int cell_values(const struct cell *cell, const struct measure *measure, double **ret,
		size_t *ret_count);

/* ---- conditions: condition.c ---- */

/* Whether each of the conditions, a set of keys, is the same for both. */
int condition_same(const struct grid *one, const struct grid *other, unsigned conditions);

/*
 * The differences between the grid and those of the same sizes among `count`: "6.1.0" or "uml,
 * 6.1.0, desktop on"; "" if there are none.  A label that is unique is sufficient, since the user
 * chose it for that.  A copy; NULL: out of memory.
 */
char *condition_name(const struct grid *const *grids, size_t count, const struct grid *grid);

#endif
