/* SPDX-License-Identifier: MIT */
/*
 * Charts of the page.  Their bars lie, a row for each method, so that names and
 * values can be read beside them on a telephone as well as on a desk, and so that
 * a chart can grow downwards: a picture that is wider than a small screen is
 * unreadable there, whatever one does.  Where a bar has parts, they are those of
 * the run whose sum is nearest to the median: medians of parts need not add up.
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
	const char *title;
	const char *measure;
	const struct measure *parts;
	size_t part_count; /* 0: bars have no parts */
};

static const struct chart charts[] = {
	{ "Time until on disk, by stage", "time", html_stages, ARRAY_SIZE(html_stages) },
	{ "Fragments", "fragments", NULL, 0 },
	{ "Bytes written to the device", "written", NULL, 0 },
	{ "CPU time", "cpu", cpu_parts, ARRAY_SIZE(cpu_parts) },
	{ "Gaps between fragments", "gap", NULL, 0 },
	{ "Peak memory", "memory", NULL, 0 },
};

/* A chart of one grid on its way to the page. */
struct drawing {
	const struct chart *chart;
	const struct measure *measure;
	const struct grid *grid;
	struct axis axis;
	size_t rows;
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

static size_t row_of(const struct drawing *drawing, size_t filesystem, size_t method)
{
	return filesystem * (drawing->grid->method_count + 1) + 1 + method;
}

static int put_names(FILE *to, const struct drawing *drawing)
{
	const struct grid *grid = drawing->grid;
	int r = 0;

	for (size_t i = 0; r == 0 && i < grid->filesystem_count; i++) {
		fputs("set label ", to);
		r = put_label(to, grid->filesystems[i]);
		fprintf(to, " at screen 0, first %zu left font ':Bold' tc rgb '%s%02x'\n",
			row_of(drawing, i, 0) - 1, SVG_COLOUR, COLOUR_INK);
	}
	fputs("set ytics scale 0 (", to);
	for (size_t i = 0; r == 0 && i < grid->filesystem_count; i++)
		for (size_t j = 0; r == 0 && j < grid->method_count; j++) {
			fputs(i + j ? ", " : "", to);
			r = put_label(to, grid->methods[j]);
			fprintf(to, " %zu", row_of(drawing, i, j));
		}
	fprintf(to, ") textcolor rgb '%s%02x'\n", SVG_COLOUR, COLOUR_INK);
	return r;
}

static void put_bar(FILE *to, const struct drawing *drawing, size_t filesystem, size_t method,
		    size_t part)
{
	const struct cell *cell = grid_cell(drawing->grid, filesystem, method);
	const struct record *record = typical_run(cell, drawing->measure);
	double from = drawing->axis.minimum, value;

	if (!record)
		return;
	for (size_t i = 0; i < part; i++)
		from += fmax(drawing->chart->parts[i].of(record), 0);
	value = drawing->chart->part_count ? from + drawing->chart->parts[part].of(record)
					   : cell_figure(cell, drawing->measure).median;
	if (value > from)
		fprintf(to, "%.9g %.9g %zu\n", from, value, row_of(drawing, filesystem, method));
}

static void put_bars(FILE *to, const struct drawing *drawing, size_t part)
{
	fprintf(to, "$part%zu << EOD\n", part);
	for (size_t i = 0; i < drawing->grid->filesystem_count; i++)
		for (size_t j = 0; j < drawing->grid->method_count; j++)
			put_bar(to, drawing, i, j, part);
	/* gnuplot complains of a table that is empty; this is outside of the picture. */
	fputs("-2 -1 -9\nEOD\n", to);
}

static void put_values(FILE *to, const struct drawing *drawing)
{
	fputs("$values << EOD\n", to);
	for (size_t i = 0; i < drawing->grid->filesystem_count; i++)
		for (size_t j = 0; j < drawing->grid->method_count; j++) {
			const struct cell *cell = grid_cell(drawing->grid, i, j);
			double value = cell_figure(cell, drawing->measure).median;
			char text[VALUE_TEXT_MAX];

			fprintf(to, "%.9g %zu \"%s\"\n",
				isnan(value) ? drawing->axis.minimum
					     : fmax(value, drawing->axis.minimum),
				row_of(drawing, i, j),
				isnan(value) ? "-"
					     : value_text(value, drawing->measure->unit, text));
		}
	fputs("EOD\n", to);
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
		drawing->axis.minimum, drawing->axis.maximum, (double)drawing->rows - 0.5,
		drawing->axis.logarithmic ? "set logscale x\n" : "", SVG_COLOUR, COLOUR_GRID,
		SVG_COLOUR, COLOUR_INK);
	axis_put_ticks(to, &drawing->axis);
	putc('\n', to);
}

static int put_script(FILE *to, const struct drawing *drawing)
{
	size_t parts = drawing->chart->part_count ? drawing->chart->part_count : 1;
	int r;

	put_frame(to, drawing);
	r = put_names(to, drawing);
	if (r < 0)
		return r;
	for (size_t i = 0; i < parts; i++)
		put_bars(to, drawing, i);
	put_values(to, drawing);
	fputs("plot ", to);
	for (size_t i = 0; i < parts; i++)
		fprintf(to,
			"$part%zu using 1:3:1:2:($3-0.36):($3+0.36) with boxxyerror fc rgb "
			"'%s%02zx', ",
			i, SVG_COLOUR, drawing->chart->part_count ? i + 1 : COLOUR_ONLY);
	fprintf(to, "$values using 1:2:3 with labels left offset 0.6,0 tc rgb '%s%02x'\n",
		SVG_COLOUR, COLOUR_INK);
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
	if (ret->logarithmic && drawing->chart->part_count) {
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

static void put_legend(FILE *to, const struct chart *chart)
{
	if (chart->part_count == 0)
		return;
	fputs("<ul class=\"legend\">", to);
	for (size_t i = 0; i < chart->part_count; i++)
		fprintf(to, "<li><i style=\"background:var(--c%zu)\"></i>%s", i + 1,
			chart->parts[i].title);
	fputs("</ul>\n", to);
}

static int measure_drawing(const struct grids *grids, struct drawing *drawing)
{
	const struct grid *grid = drawing->grid;
	size_t widest = 0;

	for (size_t i = 0; i < grid->method_count; i++) {
		size_t width = text_width(grid->methods[i]);

		widest = width > widest ? width : widest;
	}
	widest = widest > NAME_LETTERS_MOST ? NAME_LETTERS_MOST + 1 : widest;
	drawing->left_pixels = (int)widest * LETTER_PIXELS + NAME_GAP_PIXELS;
	drawing->rows = grid->filesystem_count * (grid->method_count + 1);
	drawing->height = (int)drawing->rows * ROW_PIXELS + TOP_PIXELS + BOTTOM_PIXELS;
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
		     "Bar chart: %s of each method on each file system. The table of all figures "
		     "holds the same values.",
		     drawing.measure->title) < 0)
		return -ENOMEM;
	fprintf(to, "<figure><figcaption><h4>%s%s</h4><p>%s</p></figcaption>\n", chart->title,
		drawing.axis.logarithmic ? " <small>(logarithmic)</small>" : "",
		drawing.measure->note);
	put_legend(to, chart);
	svg_put_inline(to, svg, WIDTH, drawing.height, label);
	fputs("</figure>\n", to);
	return 0;
}

int html_put_charts(FILE *to, const struct grids *grids, size_t number)
{
	CLEANUP(problem_clear) struct problem problem = { 0 };
	int r = 0;

	fprintf(to, "<section aria-labelledby=\"charts-%zu\"><h3 id=\"charts-%zu\">Charts</h3>\n",
		number, number);
	fputs("<div class=\"charts\">\n", to);
	for (size_t i = 0; i < ARRAY_SIZE(charts); i++) {
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
	fputs("</section>\n", to);
	return 0;
}
