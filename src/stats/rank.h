/* SPDX-License-Identifier: MIT */
/* The rank test of Mann and Whitney, and what many of them at once may claim. */
#ifndef STATS_RANK_H
#define STATS_RANK_H

#include <stddef.h>

/*
 * How likely ranks at least as uneven are if both samples come from one
 * distribution, two-sided.  Exact, also with ties, up to RANK_EXACT_MOST values
 * in all; beyond that by the normal approximation.  NaN: a sample is empty, or out
 * of memory.
 */
double rank_test(const double *one, size_t one_count, const double *other, size_t other_count);

enum { RANK_EXACT_MOST = 80 };

/* The smallest value that rank_test() can give for samples of this size without ties. */
double rank_test_least(size_t one_count, size_t other_count);

/* How large both samples have to be for rank_test() to reach `level`. */
size_t rank_test_size(double level);

/* Some values; a sample of these tests. */
struct sample {
	double *values;
	size_t count;
};

/*
 * The test of Kruskal and Wallis: how likely ranks at least as uneven are if all samples come from
 * one distribution; by chi-squared, with the correction for ties.  NaN: out of memory.
 */
double rank_test_several(const struct sample *samples, size_t count);

/*
 * The interval of Moses: of the differences or ratios between each value of one sample and each of
 * the other, in their order, the rank-th from either end bound a 95 % interval of how far the
 * distributions lie apart.  Returns that rank, from 1; 0: there is no such interval.
 */
size_t rank_interval(size_t one_count, size_t other_count);

/*
 * Holm's correction: replaces each of the probabilities by the one that may be
 * compared with the level of the whole family, so that with that level at most
 * that part of families without any difference shows one.  NaN is left out.
 */
void rank_correct(double *probabilities, size_t count);

#endif
