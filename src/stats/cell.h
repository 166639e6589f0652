/* SPDX-License-Identifier: MIT */
/*
 * Records gathered into a grid: file systems down, methods across, in the order
 * of the plan (of their first appearance, where the records do not tell it), one
 * grid per set of conditions (condition.h) and sizes.
 */
#ifndef STATS_CELL_H
#define STATS_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stats/measure.h"

struct environment;
struct record;
struct results;
struct warning;

/* Below this many values no 95 % confidence interval of the median exists. */
enum { FIGURE_RUNS_LEAST = 6 };

/* One figure. */
struct figure {
	size_t count; /* values that it is made of; 0: none, the rest is NaN */
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
	int64_t files;	      /* 1 where nothing else is known */
	const char **filesystems;
	size_t filesystem_count;
	const char **methods; /* as people type them, see size_shorten(); keys are in the records */
	size_t method_count;
	struct cell *cells;		 /* filesystem_count rows of method_count */
	const struct warning **warnings; /* about the runs that made any of it */
	size_t warning_count;
	struct join *join; /* NULL: it was not joined */
};

/* What the columns of a grid that grids_join() made are of: neighbours are of one method. */
struct join {
	size_t count;		     /* of neighbours, and of what they are of */
	const char **names;	     /* what tells them apart */
	const struct grid **members; /* the grids that they are of */
	const char **methods;	     /* method_count / count: without what tells apart */
};

struct grids {
	const struct results *results; /* what they were built from */
	struct grid *grid;
	size_t count;
	char **names; /* that were made up */
	size_t name_count;
};

/* Some grids of another's. */
struct view {
	const struct grid **grid;
	size_t count;
};

/* Of all of them.  Refers into `grids`.  0 or -ENOMEM. */
int view_all(const struct grids *grids, struct view *ret);
void view_clear(struct view *view);

/* A record, and where it goes: the names of its row and column, and what tells its grid apart. */
struct grid_entry {
	const struct record *record;
	const struct environment *environment;
	const char *row, *column;
	const char *kernel, *label; /* NULL: none */
	int64_t place; /* of its row and column among the others; FIELD_UNKNOWN: as they come */
};

/* Refers into the entries and into `results`, whose warnings it takes.  0 or -ENOMEM. */
int grids_gather(const struct results *results, const struct grid_entry *entries, size_t count,
		 struct grids *ret);

/*
 * A row for each file system and a column for each method.
 * In the order of their appearance; those of one run in that of its plan, and then
 * of the versions of their kernels, since trials are made in a random order.
 * Refers into `results`, which has to outlive it.  0 or -ENOMEM.
 */
int grids_build(const struct results *results, struct grids *ret);

/* The same, only of the records that have `part` in part_of (NULL: of all). */
int grids_build_part(const struct results *results, const size_t *part_of, size_t part,
		     struct grids *ret);
void grids_clear(struct grids *grids);

/*
 * One grid for all that have the same sizes, whatever their testbeds, kernels and
 * labels: a column for each method under each of these, and where there are several,
 * named by what differs ("mmap, 6.1.0", see condition_name()).  Refers into `grids`.  0 or -ENOMEM.
 */
int grids_join(const struct grids *grids, struct grids *ret);

const struct cell *grid_cell(const struct grid *grid, size_t filesystem, size_t method);

/* Have their trials the same sizes, files and workload? */
bool grid_same_trials(const struct grid *one, const struct grid *other);

/* Over the ok runs that know the measure. */
struct figure cell_figure(const struct cell *cell, const struct measure *measure);

/* The same of number `phase` of the workload. */
struct figure cell_phase_figure(const struct cell *cell, int64_t phase,
				const struct phase_measure *measure);

/* Its canonical name; NULL: no ok run has so many phases. */
const char *cell_phase_name(const struct cell *cell, int64_t phase);

/* The same of plain values, which it sorts. */
struct figure figure_of_values(double *values, size_t count);

/*
 * How far the interval reaches from the median on its farther side, as a part of
 * the median: 0.05 is 5 %.  NaN: no interval.  0 where all values are the same.
 */
double figure_precision(const struct figure *figure);

/* The same, and where there is no interval, of all values; infinite: a single one. */
double figure_noise(const struct figure *figure);

/*
 * What an error bar spans: the interval, or the smallest and the largest value where
 * there are too few for one.  0: a single value, or all are the same.
 */
int figure_spread(const struct figure *figure, double *ret_low, double *ret_high);

/*
 * How many of the values lie so far off that something else than the trial made
 * them so.  None of fewer than FIGURE_RUNS_LEAST.  Sorts them.  SIZE_MAX: out of memory.
 */
size_t figure_outliers(double *values, size_t count);

/*
 * The values of the ok runs that know the measure, in the order of the records.
 * The caller frees *ret.  0 or -ENOMEM.
 */
int cell_values(const struct cell *cell, const struct measure *measure, double **ret,
		size_t *ret_count);

#endif
