/* SPDX-License-Identifier: MIT */
/*
 * Charts in the manner of 2009: a group of bars for each file system, a bar for
 * each method.  The script holds its data as a table that a user can change
 * before running it, and computes the places of bars and labels from that table.
 *
 * Where there were several runs, an error bar spans what figure_spread() says.
 *
 * A cell without a value is a "-" in the table and a small "-" where its bar
 * would stand; a true zero is marked "0", since its bar has no height and on a
 * logarithmic axis no place.
 *
 * On a terminal the bars lie: there names fit beside them, and any number of
 * bars can be scrolled through.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "axis.h"
#include "cleanup.h"
#include "format.h"
#include "gnuplot.h"

enum { TERMINAL_COLUMNS_LEAST = 50, TERMINAL_COLUMNS = 80, TERMINAL_COLUMNS_MOST = 200 };
enum { PICTURE_WIDTH_LEAST = 960, PICTURE_WIDTH_FOR_NAMES = 1200, PICTURE_WIDTH_MOST = 1800 };
enum { PICTURE_HEIGHT = 460, MARGIN_PIXELS = 100 };
enum { BAR_PIXELS = 13, LEGEND_ENTRY_PIXELS = 190, LEGEND_ROW_PIXELS = 20 };
enum { NAME_PIXELS = 8, NAME_SLANTED_PIXELS = 6 };

static void put_spread_meaning(FILE *to, const struct grid *grid, const struct measure *measure)
{
	int with_interval = 0, without = 0;
	double low, high;

	for (size_t i = 0; i < grid->filesystem_count * grid->method_count; i++) {
		struct figure figure = cell_figure(&grid->cells[i], measure);

		if (!figure_spread(&figure, &low, &high))
			continue;
		with_interval |= !isnan(figure.lower);
		without |= isnan(figure.lower);
	}
	if (with_interval || without)
		fprintf(to, "; error bars: %s%s%s", with_interval ? "95 % interval" : "",
			with_interval && without ? " or " : "",
			without ? "from the least to the most" : "");
}

/* Two lines: what is shown, and under which conditions. */
static int put_title(FILE *to, const struct grid *grid, const struct chart_options *options,
		     const struct axis *axis)
{
	CLEANUP(freep) char *conditions = NULL;
	size_t bytes;
	FILE *memory = open_memstream(&conditions, &bytes);

	if (!memory)
		return -ENOMEM;
	put_conditions(memory, grid);
	if (options->output)
		put_spread_meaning(memory, grid, options->measure);
	if (fclose(memory) != 0)
		return -ENOMEM;
	fprintf(to, "set title '%s, ", options->measure->title);
	put_sizes(to, grid);
	fprintf(to, "%s'", axis->logarithmic ? " (logarithmic)" : "");
	if (*conditions) {
		fputs(" . \"\\n\" . ", to);
		gnuplot_put_text(to, conditions);
	}
	putc('\n', to);
	return 0;
}

/* ---- pictures: standing bars ---- */

static void put_picture_data(FILE *to, const struct grid *grid, const struct measure *measure,
			     size_t number)
{
	static const char *const units[] = {
		[MEASURE_SECONDS] = "seconds", [MEASURE_BYTES] = "bytes", [MEASURE_COUNT] = "counts"
	};

	fprintf(to, "\n# %s in %s; - where there is none\n$data%zu << EOD\nfilesystem",
		measure->title, units[measure->unit], number);
	for (size_t i = 0; i < grid->method_count; i++) {
		putc(' ', to);
		gnuplot_put_name(to, grid->methods[i]);
	}
	putc('\n', to);
	for (size_t i = 0; i < grid->filesystem_count; i++) {
		gnuplot_put_name(to, grid->filesystems[i]);
		for (size_t j = 0; j < grid->method_count; j++)
			gnuplot_put_value(to, cell_figure(grid_cell(grid, i, j), measure).median);
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

/* gnuplot complains of a table that is empty. */
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

static size_t widest(const char *const *names, size_t count)
{
	size_t width = 0;

	for (size_t i = 0; i < count; i++)
		width = text_width(names[i]) > width ? text_width(names[i]) : width;
	return width;
}

static size_t widest_filesystem(const struct grid *grid)
{
	return widest(grid->filesystems, grid->filesystem_count);
}

/* Wide enough for the bars, and for the names while that is not too wide. */
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

static void put_axis(FILE *to, const struct axis *axis)
{
	if (axis->logarithmic)
		fputs("set logscale y\n", to);
	fprintf(to, "base = %.9g\nset yrange [base:%.9g]\nset ytics ", axis->minimum,
		axis->maximum);
	axis_put_ticks(to, axis);
	putc('\n', to);
}

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
	put_axis(to, axis);
}

/* Columns from, from + step, ...; the fill tells conditions apart, the colour methods. */
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
	size_t last = grid->method_count + 1, conditions = grid->conditions;

	if (conditions > 1) {
		for (size_t i = 0; i < conditions; i++)
			put_bar_columns(to, 2 + i, last, conditions, number,
					patterns[i % ARRAY_SIZE(patterns)]);
	} else {
		size_t solid = last <= GNUPLOT_COLOURS ? last : GNUPLOT_COLOURS + 1;

		put_bar_columns(to, 2, solid, 1, number, 0);
		/* More methods than colours: the others are hatched. */
		if (solid < last)
			put_bar_columns(to, solid + 1, last, 1, number, 2);
	}
	fprintf(to,
		"     for [i=2:%zu] $data%zu skip 1 using (place($0, i)):(base):(mark(i)) with "
		"labels offset 0,0.5 tc rgb '#404040' notitle, \\\n"
		"     $data%zu skip 1 using 0:(base):(''):xtic(1) with labels notitle",
		last, number, number);
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
	int r = put_title(to, grid, options, axis);

	if (r < 0)
		return r;
	fprintf(to,
		"methods = %zu\n"
		"place(row, i) = row + (i - 2 - (methods - 1) / 2.0) / (methods + 1)\n"
		"top(i) = strcol(i) eq '-' || column(i) <= base ? base : column(i)\n"
		"clip(value) = value < base ? base : value\n"
		"mark(i) = strcol(i) eq '-' ? '-' : column(i) == 0 ? '0' : ''\n"
		"set boxwidth %g\n"
		"set xrange [-0.6:%g]\n"
		"set xtics %s\n",
		grid->method_count, 0.92 / (double)(grid->method_count + 1),
		(double)grid->filesystem_count - 0.4,
		names_are_slanted(grid, width) ? "rotate by 35 right" : "norotate");
	put_bars(to, grid, number, has_spreads(grid, options->measure));
	return 0;
}

static int put_picture_script(FILE *to, const struct grids *grids,
			      const struct chart_options *options, const struct axis *axis)
{
	double width = picture_width(grids), height = picture_height(grids, width);
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

/* ---- terminal: lying bars ---- */

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
	gnuplot_put_name(to, isnan(value) ? "-" : value_text(value, measure->unit, text));
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
	size_t names = widest_filesystem(grid), methods = widest(grid->methods, grid->method_count);
	size_t rows = grid->filesystem_count * (grid->method_count + 1) - 1;
	size_t taken = names + 1 + methods + 1 + VALUE_TEXT_MAX / 2;
	int r;

	fprintf(to, "set terminal dumb size %zu,%zu noenhanced mono\n", columns, rows + 4);
	r = put_title(to, grid, options, axis);
	if (r < 0)
		return r;
	/* With these margins and this range each row of the data is a row of characters. */
	fprintf(to,
		"width = %zu\n"
		"label(i) = sprintf('%%-%zus %%%zus', strcol(i), strcol(i + 1))\n"
		"set lmargin %zu\n"
		"set yrange [%zu:-1]\n"
		"plot $data%zu using (0):1:(strcol(4) eq '-' ? ' -' : bar(width * part(column(4))) "
		". "
		"strcol(5)):ytic(label(2)) with labels left\n",
		columns > taken + 10 ? columns - taken : 10, names, methods, names + methods + 3,
		rows, number);
	return 0;
}

static int put_terminal_script(FILE *to, const struct grids *grids,
			       const struct chart_options *options, const struct axis *axis)
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

/* ---- both ---- */

static int put_script(FILE *to, const struct grids *grids, const struct chart_options *options,
		      int to_file)
{
	struct axis axis;
	int r = axis_of(grids, options->measure, &axis);

	if (r < 0)
		return r;
	if (options->output && !chart_is_picture(options->output))
		return -EINVAL;
	fputs("# Run it with gnuplot 5.2 or later: gnuplot FILE\nset encoding utf8\n", to);
	if (!options->output)
		return put_terminal_script(to, grids, options, &axis);
	if (to_file) {
		/* A name that begins with a bar would be a command. */
		fputs(*options->output == '|' ? "set output './' . " : "set output ", to);
		gnuplot_put_text(to, options->output);
		putc('\n', to);
	}
	return put_picture_script(to, grids, options, &axis);
}

static int explain_failure(const struct chart_options *options, int r, struct problem *problem)
{
	if (r == -ENODATA)
		return problem_set(problem, PROBLEM_VERDICT, ENODATA,
				   "nothing to draw: no trial has a value for \"%s\"",
				   options->measure->name);
	if (r == -EINVAL)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "the name of a chart has to end in .svg, .png or .pdf: %s",
				   options->output);
	return problem_set(problem, PROBLEM_LACK, -r, "cannot make the chart: %s", strerror(-r));
}

int chart_script(FILE *to, const struct grids *grids, const struct chart_options *options,
		 struct problem *problem)
{
	int r = put_script(to, grids, options, 1);

	return r < 0 ? explain_failure(options, r, problem) : 0;
}

static int script_in_memory(const struct grids *grids, const struct chart_options *options,
			    char **ret_script, size_t *ret_bytes)
{
	FILE *memory = open_memstream(ret_script, ret_bytes);
	int r;

	if (!memory)
		return -ENOMEM;
	r = put_script(memory, grids, options, 0);
	return fclose(memory) != 0 && r == 0 ? -ENOMEM : r;
}

/* Without the form feeds and the padding of gnuplot's "dumb" terminal. */
static void put_screen(FILE *terminal, const char *screen)
{
	while (*screen) {
		int bytes = (int)strcspn(screen, "\n\f"), printed = bytes;

		while (printed > 0 && screen[printed - 1] == ' ')
			printed--;
		fprintf(terminal, "%.*s", printed, screen);
		if (screen[bytes] == '\n')
			putc('\n', terminal);
		screen += bytes + (screen[bytes] != '\0');
	}
}

int chart_draw(FILE *terminal, const struct grids *grids, const struct chart_options *options,
	       struct problem *problem)
{
	CLEANUP(freep) char *script = NULL, *picture = NULL;
	size_t script_bytes, bytes;
	int r = script_in_memory(grids, options, &script, &script_bytes);

	if (r < 0)
		return explain_failure(options, r, problem);
	r = gnuplot_run(script, script_bytes, &picture, &bytes, problem);
	if (r < 0)
		return r;
	if (options->output)
		return gnuplot_write(options->output, picture, bytes, problem);
	put_screen(terminal, picture);
	return 0;
}
