/* SPDX-License-Identifier: MIT */
/*
 * gnuplot would choose ticks by powers of ten, which makes odd numbers of bytes,
 * and knows no units of time.
 */
#include "report/axis.h"

#include <errno.h>
#include <math.h>

#include "report/format.h"

enum { TICKS_WANTED = 6, LOG_SPAN = 100 };

static void take_grid(const struct grid *grid, const struct measure *measure, double *smallest,
		      double *largest)
{
	for (size_t i = 0; i < grid->filesystem_count * grid->method_count; i++) {
		struct figure figure = cell_figure(&grid->cells[i], measure);
		double low = figure.median, high = figure.median;

		if (figure.count == 0)
			continue;
		figure_spread(&figure, &low, &high);
		*largest = fmax(*largest, high);
		if (figure.median > 0)
			*smallest = fmin(*smallest, low > 0 ? low : figure.median);
	}
}

int axis_of(const struct grids *grids, const struct measure *measure, struct axis *ret)
{
	double smallest = INFINITY, largest = -INFINITY;

	for (size_t i = 0; i < grids->count; i++)
		take_grid(&grids->grid[i], measure, &smallest, &largest);
	if (isinf(largest))
		return -ENODATA;
	*ret = (struct axis) { .unit = measure->unit };
	if (largest <= 0) {
		ret->maximum = 1;
	} else if (largest / smallest > LOG_SPAN) {
		ret->logarithmic = 1;
		ret->minimum = smallest / 2; /* so that the lowest bar has a height */
		ret->maximum = largest * 1.5;
	} else {
		ret->maximum = largest * 1.08;
	}
	return 0;
}

static double linear_step(const struct axis *axis)
{
	double rough = axis->maximum / TICKS_WANTED, decade;

	if (axis->unit == MEASURE_BYTES)
		return fmax(exp2(ceil(log2(rough))), 1);
	decade = pow(10, floor(log10(rough)));
	if (axis->unit == MEASURE_COUNT && decade < 1)
		return 1;
	if (rough <= 2 * decade)
		return 2 * decade;
	return rough <= 5 * decade ? 5 * decade : 10 * decade;
}

/* Exact for the round numbers that ticks are. */
static void put_tick(FILE *to, enum measure_unit unit, double value, const char *separator)
{
	char text[VALUE_TEXT_MAX];

	fprintf(to, "%s'", separator);
	if (unit != MEASURE_SECONDS || value == 0)
		fputs(value_text(value, unit, text), to);
	else if (value >= 0.9995)
		fprintf(to, "%g s", value);
	else if (value >= 0.9995e-3)
		fprintf(to, "%g ms", value * 1e3);
	else
		fprintf(to, "%g us", value * 1e6);
	fprintf(to, "' %.15g", value);
}

void axis_put_ticks(FILE *to, const struct axis *axis)
{
	double factor = axis->unit == MEASURE_BYTES ? 32 : 10, step;
	const char *separator = "";

	putc('(', to);
	if (axis->logarithmic) {
		double first = pow(factor, ceil(log(axis->minimum) / log(factor) - 1e-9));

		for (double value = first; value <= axis->maximum; value *= factor) {
			put_tick(to, axis->unit, value, separator);
			separator = ", ";
		}
	} else {
		step = linear_step(axis);
		for (int i = 0; i * step <= axis->maximum; i++) {
			put_tick(to, axis->unit, i * step, separator);
			separator = ", ";
		}
	}
	putc(')', to);
}
