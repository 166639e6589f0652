/* SPDX-License-Identifier: MIT */
/*
 * How sure a figure is has to be seen at a glance, in one form for all outputs.
 * A percentage takes the least room; where it cannot be given or would be large, the
 * ends are the honest answer: of the interval, or of what was measured.
 */
#include <math.h>
#include <string.h>

#include "base/terminal.h"
#include "report/format.h"
#include "stats/cell.h"

/* Below this part of the median the ends of a few runs are not worth the room. */
static const double spread_worth_showing = 0.05;

/* A percentage of more than this part is no symmetric distance any more, and misleads. */
static const double precision_worth_showing = 0.30;

/* "33.0 ms (16.5..70.4)", and a unit with each where they differ. */
static void put_range(const struct figure *figure, double from, double to, enum measure_unit unit,
		      char text[static FIGURE_TEXT_MAX])
{
	char buffers[3][VALUE_TEXT_MAX];
	const char *median = value_text(figure->median, unit, buffers[0]);
	const char *low = value_text(from, unit, buffers[1]);
	const char *high = value_text(to, unit, buffers[2]);
	const char *median_unit = strchr(median, ' '), *low_unit = strchr(low, ' '),
		   *high_unit = strchr(high, ' ');

	if (unit == MEASURE_COUNT)
		snprintf(text, FIGURE_TEXT_MAX, "%s..%s", low, high);
	else if (median_unit && low_unit && high_unit && strcmp(median_unit, low_unit) == 0 &&
		 strcmp(median_unit, high_unit) == 0)
		snprintf(text, FIGURE_TEXT_MAX, "%s (%.*s..%.*s)", median, (int)(low_unit - low),
			 low, (int)(high_unit - high), high);
	else
		snprintf(text, FIGURE_TEXT_MAX, "%s (%s..%s)", median, low, high);
}

static const char *put_figure(const struct figure *figure, enum measure_unit unit,
			      const char *plus_minus, char text[static FIGURE_TEXT_MAX])
{
	double precision = figure_precision(figure);
	double spread = figure->maximum - figure->minimum;
	char value[VALUE_TEXT_MAX];

	if (unit != MEASURE_COUNT && precision > precision_worth_showing)
		put_range(figure, figure->lower, figure->upper, unit, text);
	else if (unit != MEASURE_COUNT && spread > 0 && isfinite(precision))
		/* Rounded up: it promises that the median is no farther off. */
		snprintf(text, FIGURE_TEXT_MAX, "%s %s%.0f %%",
			 value_text(figure->median, unit, value), plus_minus,
			 ceil(precision * 100));
	else if (spread > (unit == MEASURE_COUNT ? 0 : spread_worth_showing * figure->median))
		put_range(figure, figure->minimum, figure->maximum, unit, text);
	else
		snprintf(text, FIGURE_TEXT_MAX, "%s", value_text(figure->median, unit, value));
	return text;
}

const char *figure_text(const struct figure *figure, enum measure_unit unit,
			char text[static FIGURE_TEXT_MAX])
{
	return put_figure(figure, unit, "±", text);
}

const char *plus_minus_local(void)
{
	return terminal_is_utf8() ? "±" : "+-";
}

const char *figure_text_local(const struct figure *figure, enum measure_unit unit,
			      char text[static FIGURE_TEXT_MAX])
{
	return put_figure(figure, unit, plus_minus_local(), text);
}
