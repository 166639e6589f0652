/* SPDX-License-Identifier: MIT */
#include "base/histogram.h"

#include <math.h>

enum { PER_POWER = 1 << HISTOGRAM_BITS };

uint64_t histogram_lower(unsigned interval)
{
	unsigned shift;

	if (interval < 2 * PER_POWER)
		return interval;
	shift = (interval >> HISTOGRAM_BITS) - 1;
	return (uint64_t)(interval - (shift << HISTOGRAM_BITS)) << shift;
}

/* The largest value of an interval. */
static uint64_t upper(unsigned interval)
{
	return interval + 1 < HISTOGRAM_INTERVALS ? histogram_lower(interval + 1) - 1 : UINT64_MAX;
}

void histogram_add_counted(struct histogram *histogram, uint64_t value, uint64_t count)
{
	unsigned interval = histogram_interval(value);
	uint64_t least = histogram_lower(interval), largest = upper(interval);

	if (count == 0)
		return;
	if (histogram->total == 0 || least < histogram->minimum)
		histogram->minimum = least;
	if (histogram->total == 0 || largest > histogram->maximum)
		histogram->maximum = largest;
	histogram->total += count;
	histogram->count[interval] += count;
}

static double middle(const struct histogram *histogram, unsigned interval)
{
	double value = ((double)histogram_lower(interval) + (double)upper(interval)) / 2;

	return fmin(fmax(value, (double)histogram->minimum), (double)histogram->maximum);
}

double histogram_quantile(const struct histogram *histogram, double share)
{
	double wanted = ceil(share * (double)histogram->total);
	uint64_t before = 0;

	if (histogram->total == 0)
		return NAN;
	for (unsigned i = 0; i < HISTOGRAM_INTERVALS; i++) {
		before += histogram->count[i];
		if (histogram->count[i] && (double)before >= wanted)
			return middle(histogram, i);
	}
	return (double)histogram->maximum;
}
