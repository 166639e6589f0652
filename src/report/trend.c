/* SPDX-License-Identifier: MIT */
/*
 * The change of a statistic over time.  The rows of these grids are points in time, so a table has
 * the change from the previous row, and a chart connects the points with lines: adjacent bars would
 * be of different methods.  The points have equal distances, since there is no scale between two
 * kernels.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "report/chart.h"
#include "base/cleanup.h"
#include "base/pairs.h"
#include "base/strbuf.h"
#include "base/text_table.h"
#include "report/format.h"

enum { WIDTH = 960, HEIGHT = 420, NAMES_MOST = 24 };

/* ---- the table ---- */

/* A single run has no mark: its number has a column. */
static const char *value_or_dash(const struct figure *figure, enum measure_unit unit,
				 char text[static FIGURE_TEXT_MAX])
{
	if (figure->count == 0)
		return "-";
	if (figure->count == 1)
		return value_text(figure->median, unit, text);
	return figure_text_local(figure, unit, text);
}

static int put_method(FILE *to, const struct grid *grid, size_t method,
		      const struct trend_options *options)
{
	const char *const heading[] = { options->by, "runs", "figure" };
	CLEANUP(text_table_clear)
	struct text_table table = { .columns = ARRAY_SIZE(heading), .align = "lrl" };
	const struct measure *measure = grid_measure(grid, options->measure);
	double before = NAN;

	text_table_add_row(&table, heading);
	for (size_t i = 0; i < grid->filesystem_count; i++) {
		struct figure figure = cell_figure(grid_cell(grid, i, method), measure);
		char text[FIGURE_TEXT_MAX], change[CHANGE_TEXT_MAX];
		int is_change = !isnan(before) && !isnan(figure.median);

		text_table_add(&table, grid->filesystems[i]);
		text_table_printf(&table, "%zu", figure.count);
		text_table_printf(&table, "%s%s%s", value_or_dash(&figure, measure->unit, text),
				  is_change ? "  " : "",
				  is_change ? change_text(change_of(before, figure.median), change)
					    : "");
		if (figure.count > 0)
			before = figure.median;
	}
	if (text_table_check(&table) < 0)
		return -ENOMEM;
	putc('\n', to);
	text_put(to, grid->methods[method]);
	putc('\n', to);
	text_table_print(to, &table);
	return 0;
}

static void put_title(FILE *to, const struct grid *grid, const struct trend_options *options)
{
	CLEANUP(freep) char *conditions = conditions_text(grid);

	text_put(to, options->filesystem);
	fprintf(to, ", %s; ", grid_measure(grid, options->measure)->title);
	put_sizes(to, grid);
	if (conditions && *conditions)
		fprintf(to, "; %s", conditions);
}

int trend_print(FILE *to, const struct grids *grids, const struct trend_options *options)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < grids->count; i++) {
		const struct grid *grid = &grids->grid[i];

		fputs(i ? "\n\n" : "", to);
		put_title(to, grid, options);
		putc('\n', to);
		for (size_t j = 0; r == 0 && j < grid->method_count; j++)
			r = put_method(to, grid, j, options);
	}
	return r;
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

/* Only some of many points have labels. */
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
	CLEANUP(strbuf_clear) struct strbuf title = { 0 };
	FILE *title_to = strbuf_stream(&title);

	if (!title_to)
		return -ENOMEM;
	put_title(title_to, grid, options);
	fclose(title_to);
	if (title.failed)
		return -ENOMEM;
	fputs("set title ", to);
	gnuplot_put_text(to, title.text);
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

/* Includes the error bars, not only the medians. */
static void widen(struct axis *axis, const struct grids *grids, const struct measure *wanted)
{
	for (size_t i = 0; i < grids->count; i++) {
		const struct grid *grid = &grids->grid[i];
		const struct measure *measure = grid_measure(grid, wanted);

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
		put_data(to, &grids->grid[i], i, grid_measure(&grids->grid[i], options->measure));
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
	CLEANUP(strbuf_clear) struct strbuf script = { 0 };
	CLEANUP(freep) char *picture = NULL;
	struct axis axis;
	size_t bytes;
	FILE *script_to;
	int r;

	if (axis_of(grids, options->measure, &axis) < 0)
		return problem_set(problem, PROBLEM_VERDICT, ENODATA,
				   "nothing to draw: no trial has a value for \"%s\"",
				   grid_measure(grids->grid, options->measure)->name);
	widen(&axis, grids, options->measure);
	script_to = strbuf_stream(&script);
	if (!script_to)
		return -ENOMEM;
	r = put_script(script_to, grids, options, &axis);
	fclose(script_to);
	if (r < 0 || script.failed)
		return -ENOMEM;
	r = gnuplot_run(script.text, script.bytes, &picture, &bytes, problem);
	if (r == 0)
		fwrite(picture, 1, bytes, to);
	return r;
}
