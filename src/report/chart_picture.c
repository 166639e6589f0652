/* SPDX-License-Identifier: MIT */
/*
 * The script of a picture.  Users can change its data, so the script computes the positions of bars
 * and labels from its table.  The picture is as wide as bars and names need.
 */
#include <math.h>

#include "base/cleanup.h"
#include "report/chart.h"

enum { PICTURE_WIDTH_LEAST = 960, PICTURE_WIDTH_FOR_NAMES = 1200, PICTURE_WIDTH_MOST = 1800 };
enum { PICTURE_HEIGHT = 460, MARGIN_PIXELS = 100 };
enum { BAR_PIXELS = 13, LEGEND_ENTRY_PIXELS = 190, LEGEND_ROW_PIXELS = 20 };
enum { NAME_PIXELS = 8, NAME_SLANTED_PIXELS = 6 };

/* ---- data ---- */

static void put_value(FILE *to, const struct cell *cell, const struct measure *measure)
{
	struct figure figure = cell_figure(cell, measure);

	if (figure.count) {
		gnuplot_put_value(to, figure.median);
		return;
	}
	putc(' ', to);
	gnuplot_put_name(to, cell_word(cell));
}

static void put_picture_data(FILE *to, const struct grid *grid, const struct measure *measure,
			     size_t number)
{
	fprintf(to, "\n# %s (%s); a word where there is none\n$data%zu << EOD\nfilesystem",
		measure->title, measure_unit_name(measure->unit), number);
	for (size_t i = 0; i < grid->method_count; i++) {
		putc(' ', to);
		gnuplot_put_name(to, grid->methods[i]);
	}
	putc('\n', to);
	for (size_t i = 0; i < grid->filesystem_count; i++) {
		gnuplot_put_name(to, grid->filesystems[i]);
		for (size_t j = 0; j < grid->method_count; j++)
			put_value(to, grid_cell(grid, i, j), measure);
		putc('\n', to);
	}
	fputs("EOD\n", to);
}

static int has_spreads(const struct grid *grid, const struct measure *measure)
{
	double low, high;

	for (size_t i = 0; i < grid->filesystem_count * grid->method_count; i++) {
		struct figure figure = cell_figure(&grid->cells[i], measure);

		if (figure_spread(&figure, &low, &high))
			return 1;
	}
	return 0;
}

/* gnuplot fails with an empty table. */
static void put_spread_data(FILE *to, const struct grid *grid, const struct measure *measure,
			    size_t number)
{
	double low, high;

	if (!has_spreads(grid, measure))
		return;
	fprintf(to,
		"\n# error bars: row and column of the table above, and the ends of the median's "
		"95 %% interval\n# (of the runs, where they are fewer than %d)\n$spread%zu << "
		"EOD\n",
		FIGURE_RUNS_LEAST, number);
	for (size_t i = 0; i < grid->filesystem_count; i++)
		for (size_t j = 0; j < grid->method_count; j++) {
			struct figure figure = cell_figure(grid_cell(grid, i, j), measure);

			if (figure_spread(&figure, &low, &high))
				fprintf(to, "%zu %zu %.9g %.9g\n", i, j + 2, low, high);
		}
	fputs("EOD\n", to);
}

/* ---- size ---- */

static size_t widest_filesystem(const struct grid *grid)
{
	return chart_widest(grid->filesystems, grid->filesystem_count);
}

/* Wide enough for the bars, and for the names if that is not too wide. */
static double picture_width(const struct grids *grids)
{
	size_t width = PICTURE_WIDTH_LEAST;

	for (size_t i = 0; i < grids->count; i++) {
		const struct grid *grid = &grids->grid[i];
		size_t bars = grid->filesystem_count * (grid->method_count + 1) * BAR_PIXELS;
		size_t names = grid->filesystem_count * widest_filesystem(grid) * NAME_PIXELS;

		bars += MARGIN_PIXELS;
		names += MARGIN_PIXELS;
		if (names <= PICTURE_WIDTH_FOR_NAMES && names > width)
			width = names;
		if (bars > width)
			width = bars;
	}
	return fmin((double)width, PICTURE_WIDTH_MOST);
}

static int names_are_slanted(const struct grid *grid, double width)
{
	double room = (width - MARGIN_PIXELS) / (double)grid->filesystem_count;

	return (double)widest_filesystem(grid) * NAME_PIXELS > room;
}

static double picture_height(const struct grids *grids, double width)
{
	double height = 0, across = floor(width / LEGEND_ENTRY_PIXELS);

	for (size_t i = 0; i < grids->count; i++) {
		const struct grid *grid = &grids->grid[i];

		height += PICTURE_HEIGHT;
		height += LEGEND_ROW_PIXELS * ceil((double)grid->method_count / across);
		if (names_are_slanted(grid, width))
			height += (double)widest_filesystem(grid) * NAME_SLANTED_PIXELS;
	}
	return height;
}

/* ---- plot ---- */

static void put_picture_style(FILE *to, const struct axis *axis)
{
	gnuplot_put_colours(to);
	fputs("set border 3 lc rgb '#808080'\n"
	      "set tics nomirror scale 0.5 textcolor rgb '#202020'\n"
	      "set xtics scale 0\n"
	      "set xlabel ' '\n"
	      "set grid ytics noxtics lt 1 lw 1 lc rgb '#d8d8d8'\n"
	      "set key below center horizontal Left reverse samplen 1.2 width 1\n",
	      to);
	chart_put_axis(to, axis);
}

/* Columns from, from + step, ...  Conditions differ in the fill, methods in the colour. */
static void put_bar_columns(FILE *to, size_t from, size_t last, size_t step, size_t number,
			    size_t pattern)
{
	fprintf(to,
		"%s for [i=%zu:%zu:%zu] $data%zu using (place($0, i)):(top(i)) with boxes lt "
		"(i-2)/%zu+1 fs ",
		from == 2 ? "plot" : "    ", from, last, step, number, step);
	if (pattern == 0)
		fputs("solid 1 border lc rgb '#404040'", to);
	else
		fprintf(to, "pattern %zu", pattern);
	fputs(" title columnheader(i), \\\n", to);
}

static void put_bars(FILE *to, const struct grid *grid, size_t number, int with_spreads)
{
	static const size_t patterns[] = { 0, 2, 1, 4, 5, 6 };
	size_t last = grid->method_count + 1, conditions = grid->join ? grid->join->count : 1;

	if (conditions > 1) {
		for (size_t i = 0; i < conditions; i++)
			put_bar_columns(to, 2 + i, last, conditions, number,
					patterns[i % ARRAY_SIZE(patterns)]);
	} else {
		size_t solid = last <= GNUPLOT_COLOURS ? last : GNUPLOT_COLOURS + 1;

		put_bar_columns(to, 2, solid, 1, number, 0);
		/* Methods beyond the number of colours are hatched. */
		if (solid < last)
			put_bar_columns(to, solid + 1, last, 1, number, 2);
	}
	fprintf(to,
		"     for [i=2:%zu] $data%zu skip 1 using (place($0, i)):(base):(zero(i)) with "
		"labels offset 0,0.5 tc rgb '#404040' notitle, \\\n"
		"     for [i=2:%zu] $data%zu skip 1 using (place($0, i)):(base):(reason(i)) with "
		"labels left rotate offset 0,0.3 tc rgb '#606060' notitle, \\\n"
		"     $data%zu skip 1 using 0:(base):(''):xtic(1) with labels notitle",
		last, number, last, number, number);
	if (with_spreads)
		fprintf(to,
			", \\\n     $spread%zu using (place($1, $2)):(clip($3)):(0):(clip($4) - "
			"clip($3)) with vectors heads size graph 0.004,90 lw 1 lc rgb '#202020' "
			"notitle",
			number);
	putc('\n', to);
}

static int put_picture(FILE *to, const struct grid *grid, const struct chart_options *options,
		       const struct axis *axis, size_t number, double width)
{
	int title = chart_put_title(to, grid, options, axis);

	if (title < 0)
		return title;
	fprintf(to,
		"methods = %zu\n"
		"place(row, i) = row + (i - 2 - (methods - 1) / 2.0) / (methods + 1)\n"
		"top(i) = valid(i) && column(i) > base ? column(i) : base\n"
		"clip(value) = value < base ? base : value\n"
		"zero(i) = valid(i) && column(i) == 0 ? '0' : ''\n"
		"reason(i) = valid(i) ? '' : strcol(i)\n"
		"set boxwidth %g\n"
		"set xrange [-0.6:%g]\n"
		"set xtics %s\n",
		grid->method_count, 0.92 / (double)(grid->method_count + 1),
		(double)grid->filesystem_count - 0.4,
		names_are_slanted(grid, width) ? "rotate by 35 right" : "norotate");
	put_bars(to, grid, number, has_spreads(grid, options->measure));
	return 0;
}

int chart_put_picture(FILE *to, const struct grids *grids, const struct chart_options *options,
		      const struct axis *axis)
{
	double width = options->width ? options->width : picture_width(grids);
	double height = options->height ? options->height : picture_height(grids, width);
	int r = 0;

	gnuplot_put_terminal(to, options->output, width, height);
	for (size_t i = 0; i < grids->count; i++) {
		put_picture_data(to, &grids->grid[i], options->measure, i);
		put_spread_data(to, &grids->grid[i], options->measure, i);
	}
	putc('\n', to);
	put_picture_style(to, axis);
	if (grids->count > 1)
		fprintf(to, "set multiplot layout %zu,1\n", grids->count);
	for (size_t i = 0; r == 0 && i < grids->count; i++)
		r = put_picture(to, &grids->grid[i], options, axis, i, width);
	if (grids->count > 1)
		fputs("unset multiplot\n", to);
	return r;
}
