/* SPDX-License-Identifier: MIT */
/* The rank test of Mann and Whitney, and corrections for multiple tests. */
#ifndef STATS_RANK_H
#define STATS_RANK_H

#include <stddef.h>

/*
 * The two-sided probability of ranks at least as uneven if both samples come from one
 * distribution.  Exact, also with ties, for up to RANK_EXACT_MOST values in total; beyond that the
 * normal approximation.  NaN: a sample is empty, or out of memory.
 */
double rank_test(const double *one, size_t one_count, const double *other, size_t other_count);

enum { RANK_EXACT_MOST = 80 };

/* The minimum of rank_test() for samples of these sizes without ties. */
double rank_test_least(size_t one_count, size_t other_count);

/* The sample size for which rank_test() can reach `level`. */
size_t rank_test_size(double level);

/* The values of one sample. */
struct sample {
	double *values;
	size_t count;
};

/*
 * The Kruskal-Wallis test: the probability of ranks at least as uneven if all samples come from
 * one distribution; by chi-squared, corrected for ties.  NaN: out of memory.
 */
double rank_test_several(const struct sample *samples, size_t count);

/*
 * The interval of Moses.  If the differences or ratios of all pairs of values of two samples are
 * sorted, the rank-th from either end are the bounds of a 95 % interval for the distance of the
 * distributions.  Returns that rank, from 1; 0: there is no such interval.
 */
size_t rank_interval(size_t one_count, size_t other_count);

/*
 * Holm's correction: replaces each probability by one that can be compared with the level of the
 * whole family, so that at most that share of families without any difference shows one.  NaN is
 * ignored.
 */
void rank_correct(double *probabilities, size_t count);

#endif
