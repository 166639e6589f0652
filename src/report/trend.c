/* SPDX-License-Identifier: MIT */
/*
 * How a figure went.  The rows of these grids are not file systems but points in
 * time, so a table has the change from row to row beside each figure, and a
 * chart joins them: bars would be compared with their neighbours of another
 * method instead.  Points stand at equal distances, whatever lay between them,
 * since between two kernels there is nothing to be read off.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "report/axis.h"
#include "base/cleanup.h"
#include "report/format.h"
#include "report/gnuplot.h"

enum { COLUMN_GAP = 2, WIDTH = 960, HEIGHT = 420, NAMES_MOST = 24 };

/* ---- the table ---- */

static void put_change(FILE *to, double before, double now)
{
	double percent = 100 * (now - before) / before;

	if (isnan(before) || isnan(now) || before == 0)
		return;
	if (fabs(percent) < 0.05)
		fputs("  same", to);
	else
		fprintf(to, fabs(percent) < 10 ? "  %+.1f %%" : "  %+.0f %%", percent);
}

/* Names may have letters of several bytes, which printf's widths count. */
static void put_padded(FILE *to, const char *text, size_t width)
{
	put_text(to, text);
	fprintf(to, "%*s", (int)(width - text_width(text)) + COLUMN_GAP, "");
}

static size_t widest_name(const struct grid *grid, const char *heading)
{
	size_t width = text_width(heading);

	for (size_t i = 0; i < grid->filesystem_count; i++)
		if (text_width(grid->filesystems[i]) > width)
			width = text_width(grid->filesystems[i]);
	return width;
}

static void put_method(FILE *to, const struct grid *grid, size_t method,
		       const struct trend_options *options)
{
	size_t width = widest_name(grid, options->by);
	double before = NAN;

	putc('\n', to);
	put_text(to, grid->methods[method]);
	putc('\n', to);
	put_padded(to, options->by, width);
	fputs("runs  figure\n", to);
	for (size_t i = 0; i < grid->filesystem_count; i++) {
		struct figure figure = cell_figure(grid_cell(grid, i, method), options->measure);
		char text[FIGURE_TEXT_MAX];

		put_padded(to, grid->filesystems[i], width);
		fprintf(to, "%4zu  %s", figure.count,
			figure.count > 0 ? figure_text_local(&figure, options->measure->unit, text)
					 : "-");
		put_change(to, before, figure.median);
		putc('\n', to);
		if (figure.count > 0)
			before = figure.median;
	}
}

static void put_title(FILE *to, const struct grid *grid, const struct trend_options *options)
{
	CLEANUP(freep) char *conditions = NULL;
	size_t bytes;
	FILE *memory = open_memstream(&conditions, &bytes);

	put_text(to, options->filesystem);
	fprintf(to, ", %s; ", options->measure->title);
	put_sizes(to, grid);
	if (!memory)
		return;
	put_conditions(memory, grid);
	if (fclose(memory) == 0 && *conditions)
		fprintf(to, "; %s", conditions);
}

void trend_print(FILE *to, const struct grids *grids, const struct trend_options *options)
{
	for (size_t i = 0; i < grids->count; i++) {
		const struct grid *grid = &grids->grid[i];

		fputs(i ? "\n\n" : "", to);
		put_title(to, grid, options);
		putc('\n', to);
		for (size_t j = 0; j < grid->method_count; j++)
			put_method(to, grid, j, options);
	}
}

/* ---- the chart ---- */

static void put_data(FILE *to, const struct grid *grid, size_t number,
		     const struct measure *measure)
{
	for (size_t j = 0; j < grid->method_count; j++) {
		fprintf(to, "$data%zu_%zu << EOD\n", number, j);
		for (size_t i = 0; i < grid->filesystem_count; i++) {
			struct figure figure = cell_figure(grid_cell(grid, i, j), measure);

			fprintf(to, "%zu", i);
			gnuplot_put_value(to, figure.median);
			gnuplot_put_value(to, figure.minimum);
			gnuplot_put_value(to, figure.maximum);
			putc('\n', to);
		}
		fputs("EOD\n", to);
	}
}

/* Of very many points only some are named. */
static void put_names(FILE *to, const struct grid *grid)
{
	size_t step = (grid->filesystem_count + NAMES_MOST - 1) / NAMES_MOST;

	fputs("set xtics rotate by 30 right (", to);
	for (size_t i = 0; i < grid->filesystem_count; i += step) {
		fputs(i ? ", " : "", to);
		gnuplot_put_text(to, grid->filesystems[i]);
		fprintf(to, " %zu", i);
	}
	fputs(")\n", to);
}

static int put_plot(FILE *to, const struct grid *grid, size_t number,
		    const struct trend_options *options)
{
	CLEANUP(freep) char *title = NULL;
	size_t bytes;
	FILE *memory = open_memstream(&title, &bytes);

	if (!memory)
		return -ENOMEM;
	put_title(memory, grid, options);
	if (fclose(memory) != 0)
		return -ENOMEM;
	fputs("set title ", to);
	gnuplot_put_text(to, title);
	fprintf(to, "\nset xrange [-0.5:%g]\n", (double)grid->filesystem_count - 0.5);
	put_names(to, grid);
	fputs("plot ", to);
	for (size_t j = 0; j < grid->method_count; j++) {
		fprintf(to,
			"%s$data%zu_%zu using 1:2:3:4 with yerrorlines lt %zu pt 7 ps 0.6 title ",
			j ? ", \\\n     " : "", number, j, j + 1);
		gnuplot_put_text(to, grid->methods[j]);
	}
	putc('\n', to);
	return 0;
}

/* Room for the whole spread, and not for the medians alone. */
static void widen(struct axis *axis, const struct grids *grids, const struct measure *measure)
{
	for (size_t i = 0; i < grids->count; i++) {
		const struct grid *grid = &grids->grid[i];

		for (size_t j = 0; j < grid->filesystem_count * grid->method_count; j++) {
			struct figure figure = cell_figure(&grid->cells[j], measure);

			axis->maximum = fmax(axis->maximum, 1.05 * figure.maximum);
			if (axis->logarithmic && figure.minimum > 0)
				axis->minimum = fmin(axis->minimum, figure.minimum / 1.5);
		}
	}
}

static void put_style(FILE *to, const struct axis *axis)
{
	gnuplot_put_colours(to);
	fputs("set encoding utf8\nset datafile missing '-'\n"
	      "set border 3 lc rgb '#808080'\n"
	      "set tics nomirror scale 0.5 textcolor rgb '#202020'\n"
	      "set grid ytics noxtics lt 1 lw 1 lc rgb '#d8d8d8'\n"
	      "set key below center horizontal Left reverse samplen 1.2 width 1\n",
	      to);
	if (axis->logarithmic)
		fputs("set logscale y\n", to);
	fprintf(to, "set yrange [%.9g:%.9g]\nset ytics ", axis->minimum, axis->maximum);
	axis_put_ticks(to, axis);
	putc('\n', to);
}

static int put_script(FILE *to, const struct grids *grids, const struct trend_options *options,
		      const struct axis *axis)
{
	int r = 0;

	gnuplot_put_terminal(to, options->output, WIDTH, HEIGHT * (double)grids->count);
	put_style(to, axis);
	for (size_t i = 0; i < grids->count; i++)
		put_data(to, &grids->grid[i], i, options->measure);
	if (grids->count > 1)
		fprintf(to, "set multiplot layout %zu,1\n", grids->count);
	for (size_t i = 0; r == 0 && i < grids->count; i++)
		r = put_plot(to, &grids->grid[i], i, options);
	if (grids->count > 1)
		fputs("unset multiplot\n", to);
	return r;
}

int trend_draw(FILE *to, const struct grids *grids, const struct trend_options *options,
	       struct problem *problem)
{
	CLEANUP(freep) char *script = NULL, *picture = NULL;
	size_t script_bytes, bytes;
	struct axis axis;
	FILE *memory;
	int r;

	if (axis_of(grids, options->measure, &axis) < 0)
		return problem_set(problem, PROBLEM_VERDICT, ENODATA,
				   "nothing to draw: no trial has a value for \"%s\"",
				   options->measure->name);
	widen(&axis, grids, options->measure);
	memory = open_memstream(&script, &script_bytes);
	if (!memory)
		return -ENOMEM;
	r = put_script(memory, grids, options, &axis);
	if (fclose(memory) != 0 || r < 0)
		return -ENOMEM;
	r = gnuplot_run(script, script_bytes, &picture, &bytes, problem);
	if (r == 0)
		fwrite(picture, 1, bytes, to);
	return r;
}
