/* SPDX-License-Identifier: MIT */
/*
 * Where methods are values of one parameter, the value has an axis of its own: a line for each file
 * system, and a level one, dashed, for each method without the parameter.
 */
#include <stdbool.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "report/chart.h"
#include "stats/sweep.h"

enum { CURVE_WIDTH = 960, CURVE_HEIGHT = 460, LABEL_PIXELS = 60 };
enum { TERMINAL_ROWS = 24, TERMINAL_COLUMNS = 80, LABEL_COLUMNS = 7 };

/* So that points at the ends do not stand on the border. */
static const double margin = 1.25;

/* The curves of one grid. */
struct curves {
	const struct grid *grid;
	const struct chart_options *options;
	struct sweep sweep;
	uint64_t *values; /* of the parameter */
	size_t value_count;
	size_t number; /* of the grid */
};

static void curves_clear(struct curves *curves)
{
	sweep_clear(&curves->sweep);
	free(curves->values);
}

/* 0 or -ENOMEM. */
static int curves_find(struct curves *curves)
{
	int r = sweep_find(curves->grid, &curves->sweep);

	return r < 0 ? r : sweep_values(&curves->sweep, &curves->values, &curves->value_count);
}

/* ---- lines ---- */

struct line {
	size_t filesystem;
	const struct sweep_curve *curve; /* NULL: a level line */
	size_t method;			 /* of that */
	size_t number;			 /* among those of its grid */
	size_t colour, form;		 /* from 1; points and dashes go by the form */
};

typedef void (*put_line_fn)(FILE *to, const struct curves *curves, const struct line *line);

static struct figure figure_at(const struct curves *curves, const struct line *line, size_t method)
{
	return cell_figure(grid_cell(curves->grid, line->filesystem, method),
			   curves->options->measure);
}

static bool has_value(const struct curves *curves, const struct line *line)
{
	size_t count = line->curve ? line->curve->count : 1;

	for (size_t i = 0; i < count; i++)
		if (figure_at(curves, line,
			      line->curve ? line->curve->points[i].method : line->method)
			    .count)
			return true;
	return false;
}

static void put_if_known(FILE *to, const struct curves *curves, struct line *line, put_line_fn put)
{
	if (!has_value(curves, line))
		return;
	put(to, curves, line);
	line->number++;
}

/* gnuplot refuses a table without a row: what has no value has no line. */
static void each_line(FILE *to, const struct curves *curves, put_line_fn put)
{
	const struct sweep *sweep = &curves->sweep;
	struct line line = { 0 };

	for (line.filesystem = 0; line.filesystem < curves->grid->filesystem_count;
	     line.filesystem++) {
		for (size_t i = 0; i < sweep->curve_count; i++) {
			line.curve = &sweep->curves[i];
			line.colour = line.filesystem * sweep->curve_count + i + 1;
			line.form = i + 1;
			put_if_known(to, curves, &line, put);
		}
		for (size_t i = 0; i < sweep->other_count; i++) {
			line.curve = NULL;
			line.colour = line.filesystem * sweep->curve_count + 1;
			line.form = i + 1;
			line.method = sweep->others[i];
			put_if_known(to, curves, &line, put);
		}
	}
}

static void put_point(FILE *to, double value, const struct figure *figure)
{
	double low = figure->median, high = figure->median;

	if (figure->count == 0)
		return;
	figure_spread(figure, &low, &high);
	fprintf(to, "%.9g %.9g %.9g %.9g\n", value, figure->median, low, high);
}

static double first_value(const struct curves *curves)
{
	return (double)curves->values[0] / margin;
}

static double last_value(const struct curves *curves)
{
	return (double)curves->values[curves->value_count - 1] * margin;
}

static void put_name(FILE *to, const struct curves *curves, const struct line *line)
{
	const char *filesystem = curves->grid->filesystems[line->filesystem];
	const char *method = line->curve ? line->curve->name : curves->grid->methods[line->method];

	gnuplot_put_text(to, filesystem);
	if (line->curve && curves->sweep.curve_count == 1)
		return;
	fputs(" . ', ' . ", to);
	gnuplot_put_text(to, method);
}

static void put_data(FILE *to, const struct curves *curves, const struct line *line)
{
	fprintf(to, "\n# ");
	put_name(to, curves, line);
	fprintf(to, "\n$line%zu_%zu << EOD\n", curves->number, line->number);
	if (line->curve) {
		for (size_t i = 0; i < line->curve->count; i++) {
			struct figure figure =
				figure_at(curves, line, line->curve->points[i].method);

			put_point(to, (double)line->curve->points[i].value, &figure);
		}
	} else {
		struct figure figure = figure_at(curves, line, line->method);

		put_point(to, first_value(curves), &figure);
		put_point(to, last_value(curves), &figure);
	}
	fputs("EOD\n", to);
}

/* ---- what is drawn ---- */

static void put_form(FILE *to, const struct curves *curves, const struct line *line)
{
	static const size_t points[] = { 7, 5, 9, 11, 13, 4, 6, 8 };

	if (!line->curve)
		fprintf(to, "using 1:(clip($2)) with lines dt %zu", line->form + 1);
	else if (curves->options->output)
		fprintf(to,
			"using 1:(clip($2)):(clip($3)):(clip($4)) with yerrorlines ps 0.7 pt %zu",
			points[(line->form - 1) % ARRAY_SIZE(points)]);
	else
		fprintf(to, "using 1:(clip($2)) with linespoints pt %zu", line->colour);
	fprintf(to, " lt %zu", line->colour);
}

static void put_plot(FILE *to, const struct curves *curves, const struct line *line)
{
	fprintf(to, "%s$line%zu_%zu ", line->number ? ", \\\n     " : "plot ", curves->number,
		line->number);
	put_form(to, curves, line);
	fputs(" title ", to);
	put_name(to, curves, line);
}

/* As many labels as there is room for. */
static void put_values(FILE *to, const struct curves *curves, size_t room)
{
	size_t step = room ? (curves->value_count + room - 1) / room : curves->value_count;
	char text[SIZE_TEXT_MAX];

	fputs("set xtics (", to);
	for (size_t i = 0; i < curves->value_count; i += step)
		fprintf(to, "%s'%s' %.15g", i ? ", " : "",
			sweep_value_text(&curves->sweep, curves->values[i], text),
			(double)curves->values[i]);
	fprintf(to, ")\nset xrange [%.9g:%.9g]\nset xlabel ", first_value(curves),
		last_value(curves));
	if (curves->sweep.curve_count == 1)
		gnuplot_put_text(to, curves->sweep.curves[0].name);
	else
		fputs(curves->sweep.is_depth ? "'DEPTH'" : "'SIZE'", to);
	putc('\n', to);
}

static void put_style(FILE *to, const struct axis *axis)
{
	fputs("clip(value) = value < base ? base : value\n"
	      "set logscale x 2\n"
	      "set border 3 lc rgb '#808080'\n"
	      "set tics nomirror scale 0.5 textcolor rgb '#202020'\n"
	      "set key below center horizontal Left reverse samplen 2 width 1\n",
	      to);
	chart_put_axis(to, axis);
}

/* The terminal of gnuplot, and how many values can be labelled on it. */
static void put_room(FILE *to, const struct chart_options *options, size_t grids,
		     size_t *ret_labels)
{
	if (options->output) {
		double width = options->width ? options->width : CURVE_WIDTH;
		double height = options->height ? options->height : CURVE_HEIGHT * (double)grids;

		gnuplot_put_terminal(to, options->output, width, height);
		gnuplot_put_colours(to);
		fputs("set grid ytics noxtics lt 1 lw 1 lc rgb '#d8d8d8'\n", to);
		*ret_labels = (size_t)(width / LABEL_PIXELS);
	} else {
		size_t columns = options->columns ? options->columns : TERMINAL_COLUMNS;

		fprintf(to, "set terminal dumb size %zu,%d noenhanced mono\n", columns,
			TERMINAL_ROWS);
		*ret_labels = columns / LABEL_COLUMNS;
	}
}

static int put_grid(FILE *to, const struct grids *grids, size_t number,
		    const struct chart_options *options, const struct axis *axis, size_t labels)
{
	CLEANUP(curves_clear)
	struct curves curves = { &grids->grid[number], options, .number = number };
	int r = curves_find(&curves);

	if (r < 0)
		return r;
	each_line(to, &curves, put_data);
	putc('\n', to);
	r = chart_put_title(to, curves.grid, options, axis);
	if (r < 0)
		return r;
	put_values(to, &curves, labels);
	each_line(to, &curves, put_plot);
	putc('\n', to);
	return 0;
}

int chart_put_curves(FILE *to, const struct grids *grids, const struct chart_options *options,
		     const struct axis *axis)
{
	bool is_multiple = options->output && grids->count > 1;
	size_t labels;
	int r = 0;

	put_room(to, options, grids->count, &labels);
	put_style(to, axis);
	if (is_multiple)
		fprintf(to, "set multiplot layout %zu,1\n", grids->count);
	for (size_t i = 0; r == 0 && i < grids->count; i++)
		r = put_grid(to, grids, i, options, axis, labels);
	if (is_multiple)
		fputs("unset multiplot\n", to);
	return r;
}

int chart_has_curves(const struct grids *grids, enum chart_style style)
{
	for (size_t i = 0; i < grids->count; i++) {
		CLEANUP(sweep_clear) struct sweep sweep = { 0 };
		int r = sweep_find(&grids->grid[i], &sweep);

		if (r < 0)
			return r;
		if (style == CHART_CURVE ? sweep.curve_count == 0
					 : !sweep_prevails(&sweep, &grids->grid[i]))
			return 0;
	}
	return 1;
}
