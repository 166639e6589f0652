/* SPDX-License-Identifier: MIT */
/*
 * Samples have only a few values, for which the normal approximation is too inaccurate, so the
 * distribution of the rank sum is computed exactly.  Counts and bytes have many ties.  Then ranks
 * are means, and the distribution is that of the observed ranks, with each division of them into
 * two samples equally likely.  Ranks are doubled, so that they are integers.
 */
#include "stats/rank.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_heapsort.h>
#include <gsl/gsl_sf_gamma.h>
#include <gsl/gsl_sort.h>

#include "base/cleanup.h"

struct ranked {
	double value;
	int first; /* of the first sample */
};

static int compare_ranked(const void *one, const void *other)
{
	const struct ranked *a = one, *b = other;

	return (a->value > b->value) - (a->value < b->value);
}

/* Both samples in one order. */
static struct ranked *merge(const double *one, size_t one_count, const double *other,
			    size_t other_count)
{
	size_t count = one_count + other_count;
	struct ranked *all = calloc(count, sizeof(*all));

	for (size_t i = 0; all && i < count; i++)
		all[i] = (struct ranked) { i < one_count ? one[i] : other[i - one_count],
					   i < one_count };
	if (all)
		gsl_heapsort(all, count, sizeof(*all), compare_ranked);
	return all;
}

/* Computes doubled mean ranks.  Returns the sum of those of the first sample. */
static size_t rank_all(const struct ranked *all, size_t count, size_t *ranks)
{
	size_t sum = 0;

	for (size_t start = 0, end; start < count; start = end) {
		for (end = start + 1; end < count && all[end].value == all[start].value; end++)
			;
		for (size_t i = start; i < end; i++) {
			ranks[i] = start + 1 + end;
			sum += all[i].first ? ranks[i] : 0;
		}
	}
	return sum;
}

/*
 * The number of ways in which `chosen` of the ranks have each sum: ways[k * (most + 1) + s] for k
 * ranks with the sum s, computed rank by rank.
 */
static double *count_ways(const size_t *ranks, size_t count, size_t chosen, size_t most)
{
	double *ways = calloc((chosen + 1) * (most + 1), sizeof(*ways));

	if (!ways)
		return NULL;
	ways[0] = 1;
	for (size_t i = 0; i < count; i++)
		for (size_t k = chosen < i + 1 ? chosen : i + 1; k > 0; k--)
			for (size_t s = most; s >= ranks[i]; s--)
				ways[k * (most + 1) + s] +=
					ways[(k - 1) * (most + 1) + s - ranks[i]];
	return ways;
}

/* The share of divisions whose rank sum is at least as far from its mean. */
static double exact(const size_t *ranks, size_t count, size_t chosen, size_t sum)
{
	size_t most = count * (count + 1); /* sum of all doubled ranks */
	CLEANUP(freep) double *ways = count_ways(ranks, count, chosen, most);
	double mean = (double)chosen * (double)(count + 1), far = 0, all = 0;

	if (!ways)
		return NAN;
	for (size_t s = 0; s <= most; s++) {
		double here = ways[chosen * (most + 1) + s];

		all += here;
		if (fabs((double)s - mean) >= fabs((double)sum - mean))
			far += here;
	}
	return far / all;
}

/* Corrected for ties, and for continuity. */
static double approximate(const size_t *ranks, size_t count, size_t chosen, size_t sum)
{
	double n = (double)count, m = (double)chosen, squares = 0, distance, variance;

	for (size_t i = 0; i < count; i++)
		squares += ((double)ranks[i] / 2) * ((double)ranks[i] / 2);
	variance = m * (n - m) / (n * (n - 1)) * (squares - n * (n + 1) * (n + 1) / 4);
	if (variance <= 0)
		return 1;
	distance = fmax(fabs((double)sum / 2 - m * (n + 1) / 2) - 0.5, 0);
	return fmin(2 * gsl_cdf_ugaussian_Q(distance / sqrt(variance)), 1);
}

double rank_test(const double *one, size_t one_count, const double *other, size_t other_count)
{
	size_t count = one_count + other_count, sum;
	CLEANUP(freep) struct ranked *all = merge(one, one_count, other, other_count);
	CLEANUP(freep) size_t *ranks = calloc(count ? count : 1, sizeof(*ranks));

	if (!all || !ranks || one_count == 0 || other_count == 0)
		return NAN;
	sum = rank_all(all, count, ranks);
	return (count <= RANK_EXACT_MOST ? exact : approximate)(ranks, count, one_count, sum);
}

/* The doubled rank sum of each sample.  0 or -ENOMEM. */
static int sum_ranks(const struct sample *samples, size_t count, size_t *sums, size_t *ret_ties)
{
	size_t total = 0, at = 0;
	struct member {
		double value;
		size_t sample;
	};
	CLEANUP(freep) struct member *all = NULL;

	for (size_t i = 0; i < count; i++)
		total += samples[i].count;
	all = calloc(total ? total : 1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < samples[i].count; j++)
			all[at++] = (struct member) { samples[i].values[j], i };
	/* `struct ranked` and this both start with their value. */
	gsl_heapsort(all, total, sizeof(*all), compare_ranked);
	for (size_t start = 0, end; start < total; start = end) {
		for (end = start + 1; end < total && all[end].value == all[start].value; end++)
			;
		for (size_t i = start; i < end; i++)
			sums[all[i].sample] += start + 1 + end;
		*ret_ties += (end - start) * (end - start) * (end - start) - (end - start);
	}
	return 0;
}

double rank_test_several(const struct sample *samples, size_t count)
{
	CLEANUP(freep) size_t *sums = calloc(count ? count : 1, sizeof(*sums));
	double total = 0, squares = 0, uneven, correction;
	size_t ties = 0;

	if (!sums || sum_ranks(samples, count, sums, &ties) < 0)
		return NAN;
	for (size_t i = 0; i < count; i++) {
		total += (double)samples[i].count;
		squares += (double)sums[i] * (double)sums[i] / 4 / (double)samples[i].count;
	}
	correction = 1 - (double)ties / (total * total * total - total);
	if (count < 2 || !(correction > 0))
		return 1;
	uneven = (12 / (total * (total + 1)) * squares - 3 * (total + 1)) / correction;
	return gsl_cdf_chisq_Q(fmax(uneven, 0), (double)(count - 1));
}

/* The probability of each tail of a 95 % interval. */
static const double tail = 0.025;

static size_t interval_exact(size_t one_count, size_t other_count)
{
	size_t count = one_count + other_count, least = one_count * (one_count + 1), rank = 0;
	CLEANUP(freep) size_t *ranks = calloc(count, sizeof(*ranks));
	CLEANUP(freep) double *ways = NULL;
	double below = 0, all = exp(gsl_sf_lnchoose((unsigned)count, (unsigned)one_count));

	for (size_t i = 0; ranks && i < count; i++)
		ranks[i] = 2 * (i + 1);
	ways = ranks ? count_ways(ranks, count, one_count, count * (count + 1)) : NULL;
	while (ways) {
		below += ways[one_count * (count * (count + 1) + 1) + least + 2 * rank];
		if (below > tail * all)
			break;
		rank++;
	}
	return rank;
}

size_t rank_interval(size_t one_count, size_t other_count)
{
	double n = (double)one_count, m = (double)other_count, rank;

	if (one_count == 0 || other_count == 0)
		return 0;
	if (one_count + other_count <= RANK_EXACT_MOST)
		return interval_exact(one_count, other_count);
	rank = floor(n * m / 2 - gsl_cdf_ugaussian_Qinv(tail) * sqrt(n * m * (n + m + 1) / 12));
	return rank >= 1 ? (size_t)rank : 0;
}

double rank_test_least(size_t one_count, size_t other_count)
{
	/* Two divisions are extreme.  In logarithms, since the number of divisions may be large. */
	double divisions =
		gsl_sf_lnchoose((unsigned)(one_count + other_count), (unsigned)one_count);

	if (one_count == 0 || other_count == 0)
		return 1;
	return fmin(2 * exp(-divisions), 1);
}

size_t rank_test_size(double level)
{
	size_t size = 1;

	/* A small tolerance, since the level may be reached exactly. */
	while (rank_test_least(size, size) > level * (1 + 1e-9))
		size++;
	return size;
}

void rank_correct(double *probabilities, size_t count)
{
	CLEANUP(freep) size_t *order = calloc(count ? count : 1, sizeof(*order));
	CLEANUP(freep) double *known = calloc(count ? count : 1, sizeof(*known));
	size_t family = 0;
	double largest = 0;

	for (size_t i = 0; i < count; i++)
		if (known && !isnan(probabilities[i]))
			known[family++] = probabilities[i];
	if (!order || !known) {
		/* No difference is reported. */
		for (size_t i = 0; i < count; i++)
			probabilities[i] = NAN;
		return;
	}
	gsl_sort_index(order, known, 1, family);
	for (size_t i = 0; i < family; i++) {
		largest = fmax(largest, fmin(known[order[i]] * (double)(family - i), 1));
		known[order[i]] = largest;
	}
	family = 0;
	for (size_t i = 0; i < count; i++)
		if (!isnan(probabilities[i]))
			probabilities[i] = known[family++];
}
