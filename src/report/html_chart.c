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

#include "base/cleanup.h"
#include "report/format.h"
#include "report/gnuplot.h"
#include "report/html.h"
#include "report/html_chart.h"

enum { PARTS_MOST = 4, TICKS = 4 };
enum { ROW_PIXELS = 18, LETTER_PIXELS = 8, NAME_GAP_PIXELS = 12 };
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

static const struct chart charts[] = {
	{ "Time until on disk, by stage", "Time until on disk", "time", html_stages,
	  ARRAY_SIZE(html_stages) },
	{ "Fragments", NULL, "fragments", NULL, 0 },
	{ "Bytes written to the device", NULL, "written", NULL, 0 },
	{ "CPU time", NULL, "cpu", cpu_parts, ARRAY_SIZE(cpu_parts) },
	{ "Gaps between fragments", NULL, "gap", NULL, 0 },
	{ "Peak memory", NULL, "memory", NULL, 0 },
};

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
	r = html_chart_put_script(memory, drawing);
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
	for (size_t i = 0; i < html_chart_series(drawing); i++) {
		fprintf(to, "<li><i style=\"background:var(--c%u)\"></i>",
			html_chart_colour(drawing, i));
		html_put_text(to, drawing->conditions > 1 ? drawing->grid->join->names[i]
							  : chart->parts[i].title);
	}
	fputs("</ul>\n", to);
}

static int measure_drawing(const struct grids *grids, struct drawing *drawing)
{
	const struct grid *grid = drawing->grid;
	size_t widest = 0;

	drawing->conditions = grid->join ? grid->join->count : 1;
	drawing->step = drawing->conditions > 1 ? joined_step : 1;
	drawing->gap = drawing->conditions > 1 ? joined_gap : 0;
	for (size_t i = 0; i < html_chart_methods(drawing); i++) {
		size_t width = text_width(html_chart_method(drawing, i));

		widest = width > widest ? width : widest;
	}
	widest = widest > HTML_CHART_NAME_LETTERS ? HTML_CHART_NAME_LETTERS + 1 : widest;
	drawing->left_pixels = (int)widest * LETTER_PIXELS + NAME_GAP_PIXELS;
	drawing->rows = (double)grid->filesystem_count * html_chart_rows(drawing);
	drawing->height = (int)(drawing->rows * ROW_PIXELS) + HTML_CHART_TOP + HTML_CHART_BOTTOM;
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
	svg_put_inline(to, svg, HTML_CHART_WIDTH, drawing.height, label);
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
