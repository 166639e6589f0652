/* SPDX-License-Identifier: MIT */
/*
 * The script of a chart on a terminal, with horizontal bars: names fit beside them, and any number
 * of bars can be scrolled.
 */
#include <errno.h>
#include <math.h>
#include <stdbool.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "report/chart.h"

enum { TERMINAL_COLUMNS_LEAST = 50, TERMINAL_COLUMNS = 80, TERMINAL_COLUMNS_MOST = 200 };
enum { VALUE_COLUMNS = 12 }; /* after a bar: "119 min 59 s" */

static void put_lying_bar(FILE *to, const struct grid *grid, size_t filesystem, size_t method,
			  const struct measure *measure)
{
	const struct cell *cell = grid_cell(grid, filesystem, method);
	double value = cell_figure(cell, measure).median;
	char text[VALUE_TEXT_MAX];
	size_t row = filesystem * (grid->method_count + 1) + method;

	fprintf(to, "%zu ", row);
	gnuplot_put_name(to, method == 0 ? grid->filesystems[filesystem] : "");
	putc(' ', to);
	gnuplot_put_name(to, grid->methods[method]);
	gnuplot_put_value(to, value);
	putc(' ', to);
	gnuplot_put_name(to, isnan(value) ? cell_word(grid_cell(grid, filesystem, method))
					  : value_text(value, measure->unit, text));
	putc('\n', to);
}

static void put_lying_data(FILE *to, const struct grid *grid, const struct measure *measure,
			   size_t number)
{
	fprintf(to, "\n# row, file system, method, value, value as text\n$data%zu << EOD\n",
		number);
	for (size_t i = 0; i < grid->filesystem_count; i++)
		for (size_t j = 0; j < grid->method_count; j++)
			put_lying_bar(to, grid, i, j, measure);
	fputs("EOD\n", to);
}

/* Two lines of characters: the axis with its ticks, and their labels. */
struct scale {
	const struct axis *axis;
	size_t width; /* of the axis */
	bool ascii;
	struct strbuf line, labels;
	size_t drawn, labelled; /* columns */
};

static void draw_line(struct scale *scale, size_t column)
{
	for (; scale->drawn < column; scale->drawn++)
		strbuf_puts(&scale->line, scale->ascii ? "-" : "─");
}

/* A label that would touch the previous one is omitted. */
static void add_tick(const char *label, double value, void *context)
{
	struct scale *scale = context;
	size_t column = (size_t)lround((double)scale->width * axis_part(scale->axis, value));
	size_t half = text_width(label) / 2, from = column > half ? column - half : 0;

	draw_line(scale, column);
	strbuf_puts(&scale->line, scale->ascii ? "+" : scale->drawn ? "┬" : "├");
	scale->drawn++;
	if (scale->labelled && from <= scale->labelled)
		return;
	strbuf_printf(&scale->labels, "%*s%s", (int)(from - scale->labelled), "", label);
	scale->labelled = from + text_width(label);
}

static int put_scale(FILE *to, const struct axis *axis, size_t width, bool ascii, size_t row)
{
	struct scale scale = { .axis = axis, .width = width, .ascii = ascii };
	CLEANUP(freep) char *line = NULL, *labels = NULL;

	axis_each_label(axis, add_tick, &scale);
	draw_line(&scale, width + 1);
	line = strbuf_take(&scale.line);
	labels = strbuf_take(&scale.labels);
	if (!line || !labels)
		return -ENOMEM;
	fprintf(to,
		"set label 1 '%s' at 0, %zu left\n"
		"set label 2 '%s' at 0, %zu left\n",
		line, row, labels, row + 1);
	return 0;
}

static int put_lying(FILE *to, const struct grid *grid, const struct chart_options *options,
		     const struct axis *axis, size_t number, size_t columns)
{
	size_t names = chart_widest(grid->filesystems, grid->filesystem_count),
	       methods = chart_widest(grid->methods, grid->method_count);
	size_t rows = grid->filesystem_count * (grid->method_count + 1) - 1;
	size_t taken = names + 1 + methods + 1 + VALUE_COLUMNS;
	size_t width = columns > taken + 10 ? columns - taken : 10;
	int title = chart_put_title(to, grid, options, axis);
	int r = title < 0 ? title : put_scale(to, axis, width, options->ascii, rows);

	if (r < 0)
		return r;
	fprintf(to,
		"set terminal dumb size %zu,%zu noenhanced mono\n"
		"set tmargin %d\n",
		columns, rows + 4 + (size_t)title, title);
	/* With these margins and this range each row of data is a row of characters. */
	fprintf(to,
		"width = %zu\n"
		"label(i) = sprintf('%%-%zus %%%zus', strcol(i), strcol(i + 1))\n"
		"set lmargin %zu\n"
		"set yrange [%zu:-1]\n"
		"plot $data%zu using (0):1:(strcol(4) eq '-' ? ' ' . strcol(5) : bar(width * "
		"part(column(4))) . strcol(5)):ytic(label(2)) with labels left\n",
		width, names, methods, names + methods + 3, rows + 2, number);
	return 0;
}

int chart_put_terminal(FILE *to, const struct grids *grids, const struct chart_options *options,
		       const struct axis *axis)
{
	size_t columns = options->columns ? options->columns : TERMINAL_COLUMNS;
	int r = 0;

	columns = columns < TERMINAL_COLUMNS_LEAST ? TERMINAL_COLUMNS_LEAST : columns;
	columns = columns > TERMINAL_COLUMNS_MOST ? TERMINAL_COLUMNS_MOST : columns;
	for (size_t i = 0; i < grids->count; i++)
		put_lying_data(to, &grids->grid[i], options->measure, i);
	if (options->ascii)
		fputs("\nbar(n) = n >= 0.5 ? '#' . bar(n - 1) : ' '\n", to);
	else
		fputs("\nbar(n) = n >= 1 ? '█' . bar(n - 1) : n >= 0.5 ? '▌ ' : ' '\n", to);
	if (axis->logarithmic)
		fprintf(to, "part(value) = value > 0 ? log(value / %.9g) / log(%.9g) : 0\n",
			axis->minimum, axis->maximum / axis->minimum);
	else
		fprintf(to, "part(value) = value / %.9g\n", axis->maximum);
	fputs("set xrange [0:1]\nset border 0\nset bmargin 0\nset rmargin 1\n"
	      "unset xtics\nset ytics scale 0 nomirror\nunset key\n",
	      to);
	for (size_t i = 0; r == 0 && i < grids->count; i++)
		r = put_lying(to, &grids->grid[i], options, axis, i, columns);
	return r;
}
