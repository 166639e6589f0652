/* SPDX-License-Identifier: MIT */
/*
 * The script leaves no choice to gnuplot: rows have a height in pixels, and all margins are
 * given, so that names and values stay where there is room for them.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/format.h"
#include "report/gnuplot.h"
#include "report/html.h"
#include "report/html_chart.h"

enum { RIGHT_PIXELS = 76 };
/* Numbers of colours in the style sheet; the parts of bars are 1, 2, ... */
enum { COLOUR_INK = 10, COLOUR_GRID = 11, COLOUR_ONLY = 12 };

/* The run whose value is nearest to the median; NULL: none has one. */
static const struct record *typical_run(const struct cell *cell, const struct measure *measure)
{
	double median = cell_figure(cell, measure).median, nearest = INFINITY;
	const struct record *found = NULL;

	for (size_t i = 0; i < cell->count; i++) {
		const struct record *record = cell->records[i];
		double distance;

		if (strcmp(record->status, STATUS_OK) != 0)
			continue;
		distance = fabs(measure->of(record) - median);
		if (distance < nearest) {
			nearest = distance;
			found = record;
		}
	}
	return found;
}

/* As a label: at most HTML_CHART_NAME_LETTERS letters, so that it stays on the picture. */
static int put_label(FILE *to, const char *name)
{
	CLEANUP(freep) char *cut = strdup(name);
	char *at = cut;

	if (!cut)
		return -ENOMEM;
	for (size_t letters = 0; *at; at++)
		if ((*at & 0xc0) != 0x80 && ++letters > HTML_CHART_NAME_LETTERS)
			break;
	if (*at) {
		*at = '\0';
		gnuplot_put_text(to, cut);
		fputs(" . '…'", to);
	} else {
		gnuplot_put_text(to, cut);
	}
	return 0;
}

size_t html_chart_methods(const struct drawing *drawing)
{
	return drawing->grid->method_count / drawing->conditions;
}

const char *html_chart_method(const struct drawing *drawing, size_t method)
{
	return drawing->conditions > 1 ? drawing->grid->join->methods[method]
				       : drawing->grid->methods[method];
}

double html_chart_rows(const struct drawing *drawing)
{
	return 1 + (double)html_chart_methods(drawing) *
			   ((double)drawing->conditions * drawing->step + drawing->gap);
}

/* Where its name stands. */
static double name_row(const struct drawing *drawing, size_t filesystem)
{
	return (double)filesystem * html_chart_rows(drawing);
}

/* The middle of a bar. */
static double row_of(const struct drawing *drawing, size_t filesystem, size_t column)
{
	size_t method = column / drawing->conditions;

	return name_row(drawing, filesystem) + 0.5 + drawing->step / 2 +
	       (double)column * drawing->step + (double)method * drawing->gap;
}

static int put_names(FILE *to, const struct drawing *drawing)
{
	const struct grid *grid = drawing->grid;
	size_t methods = html_chart_methods(drawing);
	double middle = (double)(drawing->conditions - 1) * drawing->step / 2;
	int r = 0;

	for (size_t i = 0; r == 0 && i < grid->filesystem_count; i++) {
		fputs("set label ", to);
		r = put_label(to, grid->filesystems[i]);
		fprintf(to, " at screen 0, first %g left font ':Bold' tc rgb '%s%02x'\n",
			name_row(drawing, i), SVG_COLOUR, COLOUR_INK);
	}
	fputs("set ytics scale 0 (", to);
	for (size_t i = 0; r == 0 && i < grid->filesystem_count; i++)
		for (size_t j = 0; r == 0 && j < methods; j++) {
			fputs(i + j ? ", " : "", to);
			r = put_label(to, html_chart_method(drawing, j));
			fprintf(to, " %g", row_of(drawing, i, j * drawing->conditions) + middle);
		}
	fprintf(to, ") textcolor rgb '%s%02x'\n", SVG_COLOUR, COLOUR_INK);
	return r;
}

size_t html_chart_series(const struct drawing *drawing)
{
	if (drawing->conditions > 1)
		return drawing->conditions;
	return drawing->chart->part_count ? drawing->chart->part_count : 1;
}

unsigned html_chart_colour(const struct drawing *drawing, size_t series)
{
	if (drawing->conditions > 1 || drawing->chart->part_count)
		return 1 + (unsigned)series % HTML_COLOURS;
	return COLOUR_ONLY;
}

static void put_bar(FILE *to, const struct drawing *drawing, size_t filesystem, size_t column,
		    size_t part)
{
	const struct cell *cell = grid_cell(drawing->grid, filesystem, column);
	const struct record *record = typical_run(cell, drawing->measure);
	int has_parts = drawing->conditions == 1 && drawing->chart->part_count;
	double from = drawing->axis.minimum, value;

	if (!record)
		return;
	for (size_t i = 0; has_parts && i < part; i++)
		from += fmax(drawing->chart->parts[i].of(record), 0);
	value = has_parts ? from + drawing->chart->parts[part].of(record)
			  : cell_figure(cell, drawing->measure).median;
	if (value > from)
		fprintf(to, "%.9g %.9g %g\n", from, value, row_of(drawing, filesystem, column));
}

static void put_bars(FILE *to, const struct drawing *drawing, size_t series)
{
	size_t step = drawing->conditions, first = step > 1 ? series : 0;

	fprintf(to, "$bars%zu << EOD\n", series);
	for (size_t i = 0; i < drawing->grid->filesystem_count; i++)
		for (size_t j = first; j < drawing->grid->method_count; j += step)
			put_bar(to, drawing, i, j, series);
	/* gnuplot complains of a table that is empty; this is outside of the picture. */
	fputs("-2 -1 -9\nEOD\n", to);
}

/* Behind the end of the bar and its error bar. */
static void put_value(FILE *to, const struct drawing *drawing, size_t filesystem, size_t column)
{
	struct figure figure =
		cell_figure(grid_cell(drawing->grid, filesystem, column), drawing->measure);
	double end = figure.median, low;
	char text[VALUE_TEXT_MAX];

	figure_spread(&figure, &low, &end);
	fprintf(to, "%.9g %g \"%s\"\n",
		figure.count ? fmax(end, drawing->axis.minimum) : drawing->axis.minimum,
		row_of(drawing, filesystem, column),
		figure.count ? value_text(figure.median, drawing->measure->unit, text) : "-");
}

static void put_values(FILE *to, const struct drawing *drawing)
{
	fputs("$values << EOD\n", to);
	for (size_t i = 0; i < drawing->grid->filesystem_count; i++)
		for (size_t j = 0; j < drawing->grid->method_count; j++)
			put_value(to, drawing, i, j);
	fputs("EOD\n", to);
}

static void put_spreads(FILE *to, const struct drawing *drawing)
{
	double low, high;

	fputs("$spreads << EOD\n", to);
	for (size_t i = 0; i < drawing->grid->filesystem_count; i++)
		for (size_t j = 0; j < drawing->grid->method_count; j++) {
			struct figure figure =
				cell_figure(grid_cell(drawing->grid, i, j), drawing->measure);

			if (figure_spread(&figure, &low, &high))
				fprintf(to, "%.9g %.9g %g\n", fmax(low, drawing->axis.minimum),
					high, row_of(drawing, i, j));
		}
	fputs("-2 -1 -9\nEOD\n", to);
}

static void put_frame(FILE *to, const struct drawing *drawing)
{
	double height = drawing->height;

	fprintf(to,
		"set encoding utf8\n"
		"set terminal svg size %d,%d dynamic noenhanced font 'sans-serif,13'\n"
		"set lmargin at screen %.6g\nset rmargin at screen %.6g\n"
		"set tmargin at screen %.6g\nset bmargin at screen %.6g\n",
		HTML_CHART_WIDTH, drawing->height, (double)drawing->left_pixels / HTML_CHART_WIDTH,
		(double)(HTML_CHART_WIDTH - RIGHT_PIXELS) / HTML_CHART_WIDTH,
		1 - HTML_CHART_TOP / height, HTML_CHART_BOTTOM / height);
	fprintf(to,
		"set border 0\nunset key\nset style fill solid 1 noborder\n"
		"set xrange [%.9g:%.9g]\nset yrange [%g:-0.5]\n%s"
		"set grid xtics noytics lt 1 lw 1 lc rgb '%s%02x'\n"
		"set xtics scale 0 textcolor rgb '%s%02x' offset 0,0.4 ",
		drawing->axis.minimum, drawing->axis.maximum, drawing->rows - 0.5,
		drawing->axis.logarithmic ? "set logscale x\n" : "", SVG_COLOUR, COLOUR_GRID,
		SVG_COLOUR, COLOUR_INK);
	axis_put_ticks(to, &drawing->axis);
	putc('\n', to);
}

int html_chart_put_script(FILE *to, const struct drawing *drawing)
{
	size_t series = html_chart_series(drawing);
	int r;

	put_frame(to, drawing);
	r = put_names(to, drawing);
	if (r < 0)
		return r;
	for (size_t i = 0; i < series; i++)
		put_bars(to, drawing, i);
	put_values(to, drawing);
	put_spreads(to, drawing);
	fputs("plot ", to);
	for (size_t i = 0; i < series; i++)
		fprintf(to,
			"$bars%zu using 1:3:1:2:($3-%g):($3+%g) with boxxyerror fc rgb '%s%02x', ",
			i, 0.36 * drawing->step, 0.36 * drawing->step, SVG_COLOUR,
			html_chart_colour(drawing, i));
	fprintf(to,
		"$spreads using 1:3:($2-$1):(0) with vectors heads size graph 0.008,90 lw 1 lc rgb "
		"'%s%02x', $values using 1:2:3 with labels left offset 0.6,0 tc rgb '%s%02x'\n",
		SVG_COLOUR, COLOUR_INK, SVG_COLOUR, COLOUR_INK);
	return 0;
}
