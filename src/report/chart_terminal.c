/* SPDX-License-Identifier: MIT */
/*
 * On a terminal the bars lie: there names fit beside them, and any number of
 * bars can be scrolled through.
 */
#include <math.h>

#include "report/chart_script.h"
#include "report/gnuplot.h"

enum { TERMINAL_COLUMNS_LEAST = 50, TERMINAL_COLUMNS = 80, TERMINAL_COLUMNS_MOST = 200 };

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

static int put_lying(FILE *to, const struct grid *grid, const struct chart_options *options,
		     const struct axis *axis, size_t number, size_t columns)
{
	size_t names = chart_widest(grid->filesystems, grid->filesystem_count),
	       methods = chart_widest(grid->methods, grid->method_count);
	size_t rows = grid->filesystem_count * (grid->method_count + 1) - 1;
	size_t taken = names + 1 + methods + 1 + VALUE_TEXT_MAX / 2;
	int r;

	fprintf(to, "set terminal dumb size %zu,%zu noenhanced mono\n", columns, rows + 4);
	r = chart_put_title(to, grid, options, axis);
	if (r < 0)
		return r;
	/* With these margins and this range each row of the data is a row of characters. */
	fprintf(to,
		"width = %zu\n"
		"label(i) = sprintf('%%-%zus %%%zus', strcol(i), strcol(i + 1))\n"
		"set lmargin %zu\n"
		"set yrange [%zu:-1]\n"
		"plot $data%zu using (0):1:(strcol(4) eq '-' ? ' ' . strcol(5) : bar(width * "
		"part(column(4))) . strcol(5)):ytic(label(2)) with labels left\n",
		columns > taken + 10 ? columns - taken : 10, names, methods, names + methods + 3,
		rows, number);
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
	fputs("set xrange [0:1]\nset border 0\nset tmargin 2\nset bmargin 0\nset rmargin 1\n"
	      "unset xtics\nset ytics scale 0 nomirror\nunset key\n",
	      to);
	for (size_t i = 0; r == 0 && i < grids->count; i++)
		r = put_lying(to, &grids->grid[i], options, axis, i, columns);
	return r;
}
