/* SPDX-License-Identifier: MIT */
/*
 * How sure a figure is has to be seen at a glance, in one form for all outputs.
 * A percentage takes the least room; where it cannot be given, the ends of what
 * was measured are the honest answer.
 */
#include <math.h>
#include <string.h>

#include "charset.h"
#include "format.h"

/* Below this part of the median the ends of a few runs are not worth the room. */
static const double spread_worth_showing = 0.05;

static void put_spread(const struct figure *figure, enum measure_unit unit,
		       char text[static FIGURE_TEXT_MAX])
{
	char buffers[3][VALUE_TEXT_MAX];
	const char *median = value_text(figure->median, unit, buffers[0]);
	const char *minimum = value_text(figure->minimum, unit, buffers[1]);
	const char *maximum = value_text(figure->maximum, unit, buffers[2]);
	const char *median_unit = strchr(median, ' '), *minimum_unit = strchr(minimum, ' '),
		   *maximum_unit = strchr(maximum, ' ');

	if (unit == MEASURE_COUNT)
		snprintf(text, FIGURE_TEXT_MAX, "%s..%s", minimum, maximum);
	else if (median_unit && minimum_unit && maximum_unit &&
		 strcmp(median_unit, minimum_unit) == 0 && strcmp(median_unit, maximum_unit) == 0)
		snprintf(text, FIGURE_TEXT_MAX, "%s (%.*s..%.*s)", median,
			 (int)(minimum_unit - minimum), minimum, (int)(maximum_unit - maximum),
			 maximum);
	else
		snprintf(text, FIGURE_TEXT_MAX, "%s (%s..%s)", median, minimum, maximum);
}

static const char *put_figure(const struct figure *figure, enum measure_unit unit,
			      const char *plus_minus, char text[static FIGURE_TEXT_MAX])
{
	double precision = figure_precision(figure);
	double spread = figure->maximum - figure->minimum;
	char value[VALUE_TEXT_MAX];

	if (unit != MEASURE_COUNT && spread > 0 && isfinite(precision))
		/* Rounded up: it promises that the median is no farther off. */
		snprintf(text, FIGURE_TEXT_MAX, "%s %s%.0f %%",
			 value_text(figure->median, unit, value), plus_minus,
			 ceil(precision * 100));
	else if (spread > (unit == MEASURE_COUNT ? 0 : spread_worth_showing * figure->median))
		put_spread(figure, unit, text);
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
	return charset_is_utf8() ? "±" : "+-";
}

const char *figure_text_local(const struct figure *figure, enum measure_unit unit,
			      char text[static FIGURE_TEXT_MAX])
{
	return put_figure(figure, unit, plus_minus_local(), text);
}
