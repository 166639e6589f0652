/* SPDX-License-Identifier: MIT */
/*
 * gnuplot would choose ticks by powers of ten, which gives odd numbers of bytes, and it has no
 * units of time.
 */
#include "report/chart.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>

#include "base/cleanup.h"
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
		take_grid(&grids->grid[i], grid_measure(&grids->grid[i], measure), &smallest,
			  &largest);
	if (isinf(largest))
		return -ENODATA;
	*ret = (struct axis) { .unit = grid_measure(grids->grid, measure)->unit };
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

/* Labels of bytes, and of bytes per second, count in powers of 1024. */
static bool is_binary(const struct axis *axis)
{
	return axis->unit == MEASURE_BYTES || axis->unit == MEASURE_RATE;
}

static double linear_step(const struct axis *axis)
{
	double rough = axis->maximum / TICKS_WANTED, decade;

	if (is_binary(axis))
		return fmax(exp2(ceil(log2(rough))), 1);
	decade = pow(10, floor(log10(rough)));
	if (axis->unit == MEASURE_COUNT && decade < 1)
		return 1;
	if (rough <= 2 * decade)
		return 2 * decade;
	return rough <= 5 * decade ? 5 * decade : 10 * decade;
}

/* Exact for round numbers, such as ticks. */
static const char *label_text(double value, enum measure_unit unit,
			      char text[static VALUE_TEXT_MAX])
{
	if (unit != MEASURE_SECONDS || value == 0)
		return value_text(value, unit, text);
	if (value >= 0.9995)
		snprintf(text, VALUE_TEXT_MAX, "%g s", value);
	else if (value >= 0.9995e-3)
		snprintf(text, VALUE_TEXT_MAX, "%g ms", value * 1e3);
	else
		snprintf(text, VALUE_TEXT_MAX, "%g us", value * 1e6);
	return text;
}

static void emit_label(const struct axis *axis, double value, axis_tick_fn each, void *context)
{
	char text[VALUE_TEXT_MAX];

	each(label_text(value, axis->unit, text), value, context);
}

/* Labels at multiples of every `step`th power of the base; the coarsest ones first. */
struct ladder {
	int base, step;
	int multiples[4]; /* terminated by 0 */
};

enum { LABELS_LEAST = 4 };

static const struct ladder ladders[] = {
	{ 2, 5, { 1 } }, { 2, 4, { 1 } },  { 2, 3, { 1 } },	{ 2, 2, { 1 } },
	{ 2, 1, { 1 } }, { 10, 1, { 1 } }, { 10, 1, { 1, 3 } }, { 10, 1, { 1, 2, 5 } },
};

/* Calls `each`, if it is not NULL, per label, from below.  Returns their number. */
static int climb(const struct axis *axis, const struct ladder *ladder, axis_tick_fn each,
		 void *context)
{
	double rung = pow(ladder->base, ladder->step);
	double power = pow(rung, floor(log(axis->minimum) / log(rung) - 1e-9));
	int count = 0;

	for (; power <= axis->maximum; power *= rung)
		for (const int *multiple = ladder->multiples; *multiple; multiple++) {
			double value = *multiple * power;

			if (value < axis->minimum * (1 - 1e-9) || value > axis->maximum)
				continue;
			if (each)
				emit_label(axis, value, each, context);
			count++;
		}
	return count;
}

static const struct ladder *choose_ladder(const struct axis *axis)
{
	int base = is_binary(axis) ? 2 : 10;
	const struct ladder *found = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(ladders); i++)
		if (ladders[i].base == base) {
			found = &ladders[i];
			if (climb(axis, found, NULL, NULL) >= LABELS_LEAST)
				break;
		}
	return found;
}

/* Shorter, and without a label. */
static void put_minor_ticks(FILE *to, const struct axis *axis)
{
	int base = is_binary(axis) ? 2 : 10;
	double power = pow(base, floor(log(axis->minimum) / log(base)));

	for (; power <= axis->maximum; power *= base)
		for (int i = 1; i < base; i++)
			if (i * power >= axis->minimum && i * power <= axis->maximum)
				fprintf(to, ", '' %.15g 1", i * power);
}

void axis_each_label(const struct axis *axis, axis_tick_fn each, void *context)
{
	double step = linear_step(axis);

	if (axis->logarithmic)
		climb(axis, choose_ladder(axis), each, context);
	for (int i = 0; !axis->logarithmic && i * step <= axis->maximum; i++)
		emit_label(axis, i * step, each, context);
}

double axis_part(const struct axis *axis, double value)
{
	if (!axis->logarithmic)
		return value / axis->maximum;
	return value > 0 ? log(value / axis->minimum) / log(axis->maximum / axis->minimum) : 0;
}

/* The ticks of gnuplot. */
struct ticks {
	FILE *to;
	const char *separator;
};

static void put_tick(const char *label, double value, void *context)
{
	struct ticks *ticks = context;

	fprintf(ticks->to, "%s'%s' %.15g", ticks->separator, label, value);
	ticks->separator = ", ";
}

void axis_put_ticks(FILE *to, const struct axis *axis)
{
	putc('(', to);
	axis_each_label(axis, put_tick, &(struct ticks) { to, "" });
	if (axis->logarithmic)
		put_minor_ticks(to, axis);
	putc(')', to);
}
