/* SPDX-License-Identifier: MIT */
/*
 * Times of trials are not normally distributed: they have a minimum and a long tail.  So the
 * statistic is a median.  Its confidence interval is from the order statistics, which is valid for
 * any distribution: the number of values below the true median is binomial with one half.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>

#include "stats/cell.h"
#include "base/cleanup.h"
#include "results/resultfile.h"

/* The probability of each tail of a 95 % interval. */
static const double tail = 0.025;

/*
 * The modified Z-score of Iglewicz and Hoaglin is score_unit times the distance from the median,
 * divided by the median of these distances.  They call 3.5 an outlier.  Times of I/O have longer
 * tails, and only an outlier that matters is to be reported.
 */
static const double score_unit = 0.6745, outlier_score = 7, outlier_part = 0.1;

/*
 * The largest rank r, from 1, such that the interval from the r-th smallest to the r-th largest
 * value contains the median with 95 %; 0: there is none.
 */
static size_t interval_rank(size_t count)
{
	unsigned rank = 0;

	while (gsl_cdf_binomial_P(rank, 0.5, (unsigned)count) <= tail)
		rank++;
	return rank;
}

struct figure figure_of_values(double *values, size_t count)
{
	struct figure figure = { count, NAN, NAN, NAN, NAN, NAN };
	size_t rank;

	if (count == 0)
		return figure;
	gsl_sort(values, 1, count);
	figure.median = gsl_stats_median_from_sorted_data(values, 1, count);
	figure.minimum = values[0];
	figure.maximum = values[count - 1];
	rank = interval_rank(count);
	if (rank > 0) {
		figure.lower = values[rank - 1];
		figure.upper = values[count - rank];
	}
	return figure;
}

/* The larger distance of an end from the median, relative to the median. */
static double reach_of(const struct figure *figure, double low, double high)
{
	double reach = fmax(high - figure->median, figure->median - low);

	return reach == 0 ? 0 : reach / figure->median;
}

double figure_precision(const struct figure *figure)
{
	return isnan(figure->lower) ? NAN : reach_of(figure, figure->lower, figure->upper);
}

double figure_noise(const struct figure *figure)
{
	if (!isnan(figure->lower))
		return figure_precision(figure);
	return figure->count < 2 ? INFINITY : reach_of(figure, figure->minimum, figure->maximum);
}

int figure_spread(const struct figure *figure, double *ret_low, double *ret_high)
{
	int has_interval = !isnan(figure->lower);

	if (figure->count < 2 || figure->minimum == figure->maximum)
		return 0;
	*ret_low = has_interval ? figure->lower : figure->minimum;
	*ret_high = has_interval ? figure->upper : figure->maximum;
	return 1;
}

size_t figure_outliers(double *values, size_t count)
{
	CLEANUP(freep) double *distances = calloc(count ? count : 1, sizeof(*distances));
	struct figure figure = figure_of_values(values, count);
	double least;
	size_t outliers = 0;

	if (!distances)
		return SIZE_MAX;
	for (size_t i = 0; i < count; i++)
		distances[i] = fabs(values[i] - figure.median);
	least = fmax(outlier_score * figure_of_values(distances, count).median / score_unit,
		     outlier_part * figure.median);
	for (size_t i = 0; count >= FIGURE_RUNS_LEAST && i < count; i++)
		outliers += fabs(values[i] - figure.median) > least;
	return outliers;
}

int cell_values(const struct cell *cell, const struct measure *measure, double **ret,
		size_t *ret_count)
{
	double *values = calloc(cell->count ? cell->count : 1, sizeof(*values));

	if (!values)
		return -ENOMEM;
	*ret = values;
	*ret_count = 0;
	for (size_t i = 0; i < cell->count; i++) {
		const struct record *record = cell->records[i];
		double value = strcmp(record->status, STATUS_OK) == 0 ? measure->of(record) : NAN;

		if (!isnan(value))
			values[(*ret_count)++] = value;
	}
	return 0;
}

struct figure cell_figure(const struct cell *cell, const struct measure *measure)
{
	CLEANUP(freep) double *values = NULL;
	size_t count = 0;

	/* Out of memory: there is no statistic. */
	(void)cell_values(cell, measure, &values, &count);
	return figure_of_values(values, count);
}

static const struct phase_record *phase_of(const struct record *record, int64_t phase)
{
	if (strcmp(record->status, STATUS_OK) != 0 || phase >= record->phases.count)
		return NULL;
	return (const struct phase_record *)record->phases.element + phase;
}

struct figure cell_phase_figure(const struct cell *cell, int64_t phase,
				const struct phase_measure *measure)
{
	CLEANUP(freep) double *values = calloc(cell->count + 1, sizeof(*values));
	size_t count = 0;

	for (size_t i = 0; values && i < cell->count; i++) {
		const struct phase_record *record = phase_of(cell->records[i], phase);
		double value = record ? measure->of(record) : NAN;

		if (!isnan(value))
			values[count++] = value;
	}
	return figure_of_values(values, count);
}

const char *cell_phase_name(const struct cell *cell, int64_t phase)
{
	for (size_t i = 0; i < cell->count; i++)
		if (phase_of(cell->records[i], phase))
			return phase_of(cell->records[i], phase)->phase;
	return NULL;
}
