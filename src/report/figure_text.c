/* SPDX-License-Identifier: MIT */
/*
 * The uncertainty of a statistic has the same form in all outputs.  A percentage is the shortest
 * one; if it is unknown or large, the ends of the interval or of the values are printed.
 */
#include <math.h>
#include <string.h>

#include "base/terminal.h"
#include "report/format.h"
#include "stats/cell.h"

/* The ends of a few runs are omitted if they are closer to the median than this. */
static const double spread_worth_showing = 0.05;

/* A larger percentage would mislead, since such an interval is not symmetric. */
static const double precision_worth_showing = 0.30;

/* A statistic in two parts. */
struct parts {
	char *value;  /* "33.0 ms" */
	char *spread; /* "(16.5..70.4)", each with its unit if they differ; "": not shown */
};

static void put_range(double from, double to, enum measure_unit unit, const struct parts *ret)
{
	char buffers[2][VALUE_TEXT_MAX];
	const char *low = value_text(from, unit, buffers[0]);
	const char *high = value_text(to, unit, buffers[1]);
	const char *median_unit = strchr(ret->value, ' '), *low_unit = strchr(low, ' '),
		   *high_unit = strchr(high, ' ');

	if (unit == MEASURE_COUNT)
		snprintf(ret->value, FIGURE_TEXT_MAX, "%s..%s", low, high);
	else if (median_unit && low_unit && high_unit && strcmp(median_unit, low_unit) == 0 &&
		 strcmp(median_unit, high_unit) == 0)
		snprintf(ret->spread, FIGURE_TEXT_MAX, "(%.*s..%.*s)", (int)(low_unit - low), low,
			 (int)(high_unit - high), high);
	else
		snprintf(ret->spread, FIGURE_TEXT_MAX, "(%s..%s)", low, high);
}

const char figure_one_run[] = "(one run)";

static void put_parts(const struct figure *figure, enum measure_unit unit, const char *plus_minus,
		      const struct parts *ret)
{
	double precision = figure_precision(figure);
	double spread = figure->maximum - figure->minimum;
	char value[VALUE_TEXT_MAX];

	*ret->spread = '\0';
	snprintf(ret->value, FIGURE_TEXT_MAX, "%s", value_text(figure->median, unit, value));
	if (figure->count == 1)
		strcpy(ret->spread, figure_one_run);
	else if (unit != MEASURE_COUNT && precision > precision_worth_showing)
		put_range(figure->lower, figure->upper, unit, ret);
	else if (unit != MEASURE_COUNT && precision > 0)
		/* Rounded up, since it is an upper limit. */
		snprintf(ret->spread, FIGURE_TEXT_MAX, "%s%.0f %%", plus_minus,
			 ceil(precision * 100));
	else if (unit != MEASURE_COUNT && precision == 0)
		return; /* more than half of the values are equal */
	else if (spread > (unit == MEASURE_COUNT ? 0 : spread_worth_showing * figure->median))
		put_range(figure->minimum, figure->maximum, unit, ret);
}

static const char *put_figure(const struct figure *figure, enum measure_unit unit,
			      const char *plus_minus, char text[static FIGURE_TEXT_MAX])
{
	char spread[FIGURE_TEXT_MAX];
	size_t bytes;

	put_parts(figure, unit, plus_minus, &(struct parts) { text, spread });
	bytes = strlen(text);
	snprintf(text + bytes, FIGURE_TEXT_MAX - bytes, "%s%s", *spread ? " " : "", spread);
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

void figure_parts_local(const struct figure *figure, enum measure_unit unit,
			char value[static FIGURE_TEXT_MAX], char spread[static FIGURE_TEXT_MAX])
{
	put_parts(figure, unit, plus_minus_local(), &(struct parts) { value, spread });
}
