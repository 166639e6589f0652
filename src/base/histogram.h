/* SPDX-License-Identifier: MIT */
/*
 * Counts of integers, such as nanoseconds, in intervals whose width is at most 1/64 of their lower
 * bound, over the whole range of 64 bits.  Counting takes a few nanoseconds and no memory.  All
 * counts, the minimum and the maximum are exact.
 */
#ifndef BASE_HISTOGRAM_H
#define BASE_HISTOGRAM_H

#include <stdint.h>

enum {
	HISTOGRAM_BITS = 6, /* 64 intervals for each power of two */
	HISTOGRAM_INTERVALS = (64 - HISTOGRAM_BITS + 1) << HISTOGRAM_BITS,
};

struct histogram {
	uint64_t total;		   /* of the counts */
	uint64_t minimum, maximum; /* of the values; 0 while there is none */
	uint64_t count[HISTOGRAM_INTERVALS];
};

/* Values below 2^(HISTOGRAM_BITS + 1) have an interval each. */
static inline unsigned histogram_interval(uint64_t value)
{
	unsigned shift;

	if (value >> HISTOGRAM_BITS == 0)
		return (unsigned)value;
	shift = (unsigned)(63 - HISTOGRAM_BITS - __builtin_clzll(value));
	return (shift << HISTOGRAM_BITS) + (unsigned)(value >> shift);
}

/* The least value of an interval. */
uint64_t histogram_lower(unsigned interval);

static inline void histogram_add(struct histogram *histogram, uint64_t value)
{
	if (histogram->total++ == 0)
		histogram->minimum = histogram->maximum = value;
	else if (value < histogram->minimum)
		histogram->minimum = value;
	else if (value > histogram->maximum)
		histogram->maximum = value;
	histogram->count[histogram_interval(value)]++;
}

/* Adds `count` values of which no more is known than the interval of `value`; least and largest
 * value become bounds of intervals, which the caller can set if it knows them. */
void histogram_add_counted(struct histogram *histogram, uint64_t value, uint64_t count);

/* The value that this share of all, from 0 to 1, does not exceed: the middle of its interval, or
 * the maximum if that is less.  NaN: it is empty. */
double histogram_quantile(const struct histogram *histogram, double share);

#endif
