/* SPDX-License-Identifier: MIT */
/*
 * Charts of the page.  Their bars lie, a row for each method, so that names and
 * values can be read beside them on a telephone as well as on a desk, and so that
 * a chart can grow downwards: a picture that is wider than a small screen is
 * unreadable there, whatever one does.  Where a bar has parts, they are those of
 * the run whose sum is nearest to the median: medians of parts need not add up.
 *
 * Where grids are joined, the bars of one method stand close together and the
 * colour says which of the conditions each is of; there is none left for parts.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "axis.h"
#include "cleanup.h"
#include "format.h"
#include "gnuplot.h"
#include "html.h"

enum { PARTS_MOST = 4, NAME_LETTERS_MOST = 24, TICKS = 4 };
enum { WIDTH = 420, ROW_PIXELS = 18, TOP_PIXELS = 4, BOTTOM_PIXELS = 26, RIGHT_PIXELS = 76 };
enum { LETTER_PIXELS = 8, NAME_GAP_PIXELS = 12 };
/* Numbers of colours in the style sheet; the parts of bars are 1, 2, ... */
enum { COLOUR_INK = 10, COLOUR_GRID = 11, COLOUR_ONLY = 12 };
/* Of joined grids, in rows: from bar to bar, and between methods. */
static const double joined_step = 0.8, joined_gap = 0.4;

static double seconds(int64_t ns)
{
	return ns == FIELD_UNKNOWN ? NAN : (double)ns * 1e-9;
}

static double allocate_of(const struct record *record)
{
	return seconds(record->allocate.wall_ns);
}

static double sync_of(const struct record *record)
{
	return seconds(record->sync.wall_ns);
}

static double close_of(const struct record *record)
{
	return seconds(record->close.wall_ns);
}

static double unmount_of(const struct record *record)
{
	return seconds(record->unmount.wall_ns);
}

#define PART(word, what, function)                                                        \
	{                                                                                 \
		.name = (word), .title = (word), .note = (what), .unit = MEASURE_SECONDS, \
		.of = (function)                                                          \
	}

const struct measure html_stages[] = {
	PART("allocate", "the method's own calls", allocate_of),
	PART("sync", "fsync() of the file", sync_of),
	PART("close", "close() of the file", close_of),
	PART("unmount", "of the volume, which proves that all is on the disk", unmount_of),
};
const size_t html_stage_count = ARRAY_SIZE(html_stages);
_Static_assert((int)ARRAY_SIZE(html_stages) <= (int)PARTS_MOST, "each stage is a part of a bar");

/* User or system time of what `time` sums up. */
static double sum_cpu(const struct record *record, size_t member)
{
	const struct stage_cost *stages[] = { &record->allocate, &record->sync, &record->close,
					      &record->unmount };
	double sum = 0;

	for (size_t i = 0; i < ARRAY_SIZE(stages); i++)
		if (stages[i]->wall_ns != FIELD_UNKNOWN)
			sum += seconds(*(const int64_t *)((const char *)stages[i] + member));
	return sum;
}

static double user_of(const struct record *record)
{
	return sum_cpu(record, offsetof(struct stage_cost, user_ns));
}

static double system_of(const struct record *record)
{
	return sum_cpu(record, offsetof(struct stage_cost, system_ns));
}

static const struct measure cpu_parts[] = {
	PART("user", "in the program", user_of),
	PART("system", "in the kernel", system_of),
};

struct chart {
	const char *title, *joined_title; /* the second for bars without parts, if another */
	const char *measure;
	const struct measure *parts;
	size_t part_count; /* 0: bars have no parts */
};

static const struct chart charts[] = {
	{ "Time until on disk, by stage", "Time until on disk", "time", html_stages,
	  ARRAY_SIZE(html_stages) },
	{ "Fragments", NULL, "fragments", NULL, 0 },
	{ "Bytes written to the device", NULL, "written", NULL, 0 },
	{ "CPU time", NULL, "cpu", cpu_parts, ARRAY_SIZE(cpu_parts) },
	{ "Gaps between fragments", NULL, "gap", NULL, 0 },
	{ "Peak memory", NULL, "memory", NULL, 0 },
};

/* A chart of one grid on its way to the page. */
struct drawing {
	const struct chart *chart;
	const struct measure *measure;
	const struct grid *grid;
	struct axis axis;
	size_t conditions; /* bars a method */
	double step, gap;  /* from bar to bar, and between methods, in rows */
	double rows;
	int height, left_pixels;
};

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

/* ---- the script ---- */

/* As a label: at most NAME_LETTERS_MOST letters, so that it stays on the picture. */
static int put_label(FILE *to, const char *name)
{
	CLEANUP(freep) char *cut = strdup(name);
	char *at = cut;

	if (!cut)
		return -ENOMEM;
	for (size_t letters = 0; *at; at++)
		if ((*at & 0xc0) != 0x80 && ++letters > NAME_LETTERS_MOST)
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

static size_t count_methods(const struct drawing *drawing)
{
	return drawing->grid->method_count / drawing->conditions;
}

static const char *method_name(const struct drawing *drawing, size_t method)
{
	return drawing->conditions > 1 ? drawing->grid->plain_methods[method]
				       : drawing->grid->methods[method];
}

/* Of a file system's name and its bars together. */
static double rows_a_filesystem(const struct drawing *drawing)
{
	return 1 + (double)count_methods(drawing) *
			   ((double)drawing->conditions * drawing->step + drawing->gap);
}

/* Where its name stands. */
static double name_row(const struct drawing *drawing, size_t filesystem)
{
	return (double)filesystem * rows_a_filesystem(drawing);
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
	size_t methods = count_methods(drawing);
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
			r = put_label(to, method_name(drawing, j));
			fprintf(to, " %g", row_of(drawing, i, j * drawing->conditions) + middle);
		}
	fprintf(to, ") textcolor rgb '%s%02x'\n", SVG_COLOUR, COLOUR_INK);
	return r;
}

/* Bars of one colour each: of the parts, of the conditions, or of all. */
static size_t count_series(const struct drawing *drawing)
{
	if (drawing->conditions > 1)
		return drawing->conditions;
	return drawing->chart->part_count ? drawing->chart->part_count : 1;
}

static unsigned colour_of(const struct drawing *drawing, size_t series)
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
		WIDTH, drawing->height, (double)drawing->left_pixels / WIDTH,
		(double)(WIDTH - RIGHT_PIXELS) / WIDTH, 1 - TOP_PIXELS / height,
		BOTTOM_PIXELS / height);
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

static int put_script(FILE *to, const struct drawing *drawing)
{
	size_t series = count_series(drawing);
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
			colour_of(drawing, i));
	fprintf(to,
		"$spreads using 1:3:($2-$1):(0) with vectors heads size graph 0.008,90 lw 1 lc rgb "
		"'%s%02x', $values using 1:2:3 with labels left offset 0.6,0 tc rgb '%s%02x'\n",
		SVG_COLOUR, COLOUR_INK, SVG_COLOUR, COLOUR_INK);
	return 0;
}

/* ---- the axis ---- */

/* Parts cannot be added up on a logarithmic axis. */
static int find_axis(const struct grids *grids, const struct drawing *drawing, struct axis *ret)
{
	int r = axis_of(grids, drawing->measure, ret);

	if (r < 0)
		return r;
	ret->ticks = TICKS;
	if (ret->logarithmic && drawing->chart->part_count && drawing->conditions == 1) {
		ret->maximum /= 1.5 / 1.08;
		ret->minimum = 0;
		ret->logarithmic = 0;
	}
	return 0;
}

/* ---- to the page ---- */

static int draw(const struct drawing *drawing, char **ret_svg, struct problem *problem)
{
	CLEANUP(freep) char *script = NULL;
	size_t bytes;
	FILE *memory = open_memstream(&script, &bytes);
	int r;

	if (!memory)
		return -ENOMEM;
	r = put_script(memory, drawing);
	if (fclose(memory) != 0 || r < 0)
		return -ENOMEM;
	return gnuplot_run(script, bytes, ret_svg, &bytes, problem);
}

static void put_legend(FILE *to, const struct drawing *drawing)
{
	const struct chart *chart = drawing->chart;

	if (drawing->conditions == 1 && chart->part_count == 0)
		return;
	fputs("<ul class=\"legend\">", to);
	for (size_t i = 0; i < count_series(drawing); i++) {
		fprintf(to, "<li><i style=\"background:var(--c%u)\"></i>", colour_of(drawing, i));
		html_put_text(to, drawing->conditions > 1 ? drawing->grid->condition_names[i]
							  : chart->parts[i].title);
	}
	fputs("</ul>\n", to);
}

static int measure_drawing(const struct grids *grids, struct drawing *drawing)
{
	const struct grid *grid = drawing->grid;
	size_t widest = 0;

	drawing->conditions = grid->conditions ? grid->conditions : 1;
	drawing->step = drawing->conditions > 1 ? joined_step : 1;
	drawing->gap = drawing->conditions > 1 ? joined_gap : 0;
	for (size_t i = 0; i < count_methods(drawing); i++) {
		size_t width = text_width(method_name(drawing, i));

		widest = width > widest ? width : widest;
	}
	widest = widest > NAME_LETTERS_MOST ? NAME_LETTERS_MOST + 1 : widest;
	drawing->left_pixels = (int)widest * LETTER_PIXELS + NAME_GAP_PIXELS;
	drawing->rows = (double)grid->filesystem_count * rows_a_filesystem(drawing);
	drawing->height = (int)(drawing->rows * ROW_PIXELS) + TOP_PIXELS + BOTTOM_PIXELS;
	return find_axis(grids, drawing, &drawing->axis);
}

/* 0, -ENODATA (nothing to draw), or what gnuplot_run() says. */
static int put_chart(FILE *to, const struct grids *grids, const struct grid *grid,
		     const struct chart *chart, struct problem *problem)
{
	struct drawing drawing = { .chart = chart,
				   .measure = measure_find(chart->measure),
				   .grid = grid };
	CLEANUP(freep) char *svg = NULL, *label = NULL;
	int r = measure_drawing(grids, &drawing);

	if (r == 0)
		r = draw(&drawing, &svg, problem);
	if (r < 0)
		return r;
	if (asprintf(&label,
		     "Bar chart: %s of each method on each file system%s. The table of all figures "
		     "holds the same values.",
		     drawing.measure->title,
		     drawing.conditions > 1 ? ", under each of the conditions" : "") < 0)
		return -ENOMEM;
	fprintf(to, "<figure><figcaption><h4>%s%s</h4><p>%s</p></figcaption>\n",
		drawing.conditions > 1 && chart->joined_title ? chart->joined_title : chart->title,
		drawing.axis.logarithmic ? " <small>(logarithmic)</small>" : "",
		drawing.measure->note);
	put_legend(to, &drawing);
	svg_put_inline(to, svg, WIDTH, drawing.height, label);
	fputs("</figure>\n", to);
	return 0;
}

/* Has any figure an error bar? */
static int has_spreads(const struct grid *grid)
{
	double low, high;

	for (size_t i = 0; i < grid->filesystem_count * grid->method_count; i++)
		for (size_t j = 0; j < ARRAY_SIZE(charts); j++) {
			struct figure figure =
				cell_figure(&grid->cells[i], measure_find(charts[j].measure));

			if (figure_spread(&figure, &low, &high))
				return 1;
		}
	return 0;
}

/* Where the same is shown side by side already, the parts of bars are what is left to show. */
int html_put_charts(FILE *to, const struct grids *grids, size_t number, int parts_alone)
{
	CLEANUP(problem_clear) struct problem problem = { 0 };
	int r = 0;

	if (has_spreads(&grids->grid[number]))
		fprintf(to,
			"<p class=\"note\">Error bars span the 95&nbsp;%% confidence interval of "
			"the "
			"median, or the least and the most of fewer than %d runs.</p>\n",
			FIGURE_RUNS_LEAST);
	fputs("<div class=\"charts\">\n", to);
	for (size_t i = 0; i < ARRAY_SIZE(charts); i++) {
		if (parts_alone && charts[i].part_count == 0)
			continue;
		r = put_chart(to, grids, &grids->grid[number], &charts[i], &problem);
		if (r == -ENOMEM)
			return r;
		if (r < 0 && r != -ENODATA)
			break;
		r = 0;
	}
	fputs("</div>\n", to);
	if (r < 0) {
		fputs("<p class=\"warning\">There are no charts here: ", to);
		html_put_text(to, problem.message ? problem.message : strerror(-r));
		fputs(". The tables below hold the same figures.</p>\n", to);
	}
	return 0;
}
