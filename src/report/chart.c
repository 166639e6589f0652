/* SPDX-License-Identifier: MIT */
/*
 * Charts as in 2009: a group of bars per file system, a bar per method.  The script contains its
 * data as a table that users can change before running it, and computes the positions of bars and
 * labels from that table.
 *
 * Error bars have the range of figure_spread().
 *
 * A cell without a value is a word in the table and instead of its bar, since no bar looks like a
 * small one.  A zero is marked "0", since its bar has no height, and no position on a logarithmic
 * axis.
 */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "report/chart.h"
#include "results/record.h"
#include "stats/sweep.h"

static const char logarithmic[] = " (logarithmic)";

enum { TITLE_COLUMNS = 110 };			     /* of a picture */
enum { SENTENCE_WIDTH = 700, SENTENCE_HEIGHT = 60 }; /* pixels */

size_t chart_widest(const char *const *names, size_t count)
{
	size_t width = 0;

	for (size_t i = 0; i < count; i++)
		width = text_width(names[i]) > width ? text_width(names[i]) : width;
	return width;
}

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
			without ? "from minimum to maximum" : "");
}

/* The sizes of files and volume, and the workload. */
static void put_sizes_line(FILE *to, const struct grid *grid, const struct chart_options *options)
{
	if (!options->title)
		put_sizes(to, grid);
}

/* Under which conditions, and what error bars are. */
static void put_conditions_line(FILE *to, const struct grid *grid,
				const struct chart_options *options)
{
	put_conditions(to, grid);
	if (options->output)
		put_spread_meaning(to, grid, options->measure);
}

/* 0 or -ENOMEM. */
static int print_line(struct strbuf *line, const struct grid *grid,
		      const struct chart_options *options,
		      void (*put)(FILE *, const struct grid *, const struct chart_options *))
{
	FILE *to = strbuf_stream(line);

	if (!to)
		return -ENOMEM;
	put(to, grid, options);
	fclose(to);
	return line->failed ? -ENOMEM : 0;
}

/* Do title and sizes go together on the first line? */
static bool fits_on_line(const char *title, const struct strbuf *sizes,
			 const struct chart_options *options)
{
	size_t room = options->columns ? options->columns : TITLE_COLUMNS;

	return text_width(title) + sizes->bytes + strlen(logarithmic) + 2 < room;
}

static void put_further_line(FILE *to, const struct strbuf *line)
{
	fputs(" . \"\\n\" . ", to);
	gnuplot_put_text(to, line->text);
}

int chart_put_title(FILE *to, const struct grid *grid, const struct chart_options *options,
		    const struct axis *axis)
{
	const char *title = options->title ? options->title : options->measure->title;
	CLEANUP(strbuf_clear) struct strbuf first = { 0 }, sizes = { 0 }, conditions = { 0 };
	bool has_sizes_line, has_conditions;

	if (print_line(&sizes, grid, options, put_sizes_line) < 0 ||
	    print_line(&conditions, grid, options, put_conditions_line) < 0)
		return -ENOMEM;
	has_conditions = conditions.bytes > 0;
	has_sizes_line = sizes.bytes > 0 && !fits_on_line(title, &sizes, options);
	strbuf_puts(&first, title);
	if (sizes.bytes && !has_sizes_line)
		strbuf_printf(&first, ", %s", sizes.text);
	strbuf_puts(&first, axis->logarithmic ? logarithmic : "");
	if (first.failed)
		return -ENOMEM;
	fputs("set title ", to);
	gnuplot_put_text(to, first.text);
	if (has_sizes_line)
		put_further_line(to, &sizes);
	if (has_conditions)
		put_further_line(to, &conditions);
	putc('\n', to);
	return 1 + has_sizes_line + has_conditions;
}

void chart_put_axis(FILE *to, const struct axis *axis)
{
	if (axis->logarithmic)
		fputs("set logscale y\n", to);
	fprintf(to, "base = %.9g\nset yrange [base:%.9g]\nset ytics ", axis->minimum,
		axis->maximum);
	axis_put_ticks(to, axis);
	putc('\n', to);
}

/* ---- a sentence instead of equal bars ---- */

/* NaN: values differ, or there are fewer than two. */
static double common_value(const struct grids *grids, const struct measure *measure)
{
	double value = NAN;
	size_t count = 0;

	for (size_t i = 0; i < grids->count; i++) {
		const struct grid *grid = &grids->grid[i];

		for (size_t j = 0; j < grid->filesystem_count * grid->method_count; j++) {
			struct figure figure = cell_figure(&grid->cells[j], measure);

			if (figure.count == 0)
				continue;
			value = count++ ? value : figure.median;
			if (figure.minimum != value || figure.maximum != value)
				return NAN;
		}
	}
	return count > 1 ? value : NAN;
}

/* NULL: out of memory. */
static char *sentence_of(const struct chart_options *options, double value)
{
	char text[VALUE_TEXT_MAX];

	return text_format("%s%s%s: %s in every trial", options->title ? options->title : "",
			   options->title ? "; " : "", options->measure->title,
			   value_text(value, options->measure->unit, text));
}

static int print_sentence(FILE *to, const struct chart_options *options, double value)
{
	CLEANUP(freep) char *sentence = sentence_of(options, value);

	if (!sentence)
		return -ENOMEM;
	text_put(to, sentence);
	putc('\n', to);
	return 0;
}

/* As a picture. */
static int put_sentence(FILE *to, const struct chart_options *options, double value)
{
	CLEANUP(freep) char *sentence = sentence_of(options, value);

	if (!sentence)
		return -ENOMEM;
	gnuplot_put_terminal(to, options->output, options->width ? options->width : SENTENCE_WIDTH,
			     options->height ? options->height : SENTENCE_HEIGHT);
	fputs("set label ", to);
	gnuplot_put_text(to, sentence);
	fputs(" at screen 0.5, screen 0.5 center\nunset border\nunset tics\nunset key\n"
	      "set xrange [0:1]\nset yrange [0:1]\nplot NaN\n",
	      to);
	return 0;
}

static int put_chart(FILE *to, const struct grids *grids, const struct chart_options *options,
		     const struct axis *axis)
{
	int has_curves = options->style == CHART_BARS ? 0 : chart_has_curves(grids, options->style);

	if (has_curves < 0)
		return has_curves;
	if (has_curves)
		return chart_put_curves(to, grids, options, axis);
	if (options->style == CHART_CURVE)
		return -EDOM;
	return options->output ? chart_put_picture(to, grids, options, axis)
			       : chart_put_terminal(to, grids, options, axis);
}

static int put_script(FILE *to, const struct grids *grids, const struct chart_options *options,
		      int to_file)
{
	double common = common_value(grids, options->measure);
	struct axis axis;
	int r = axis_of(grids, options->measure, &axis);

	if (r < 0)
		return r;
	if (options->output && !chart_is_picture(options->output))
		return -EINVAL;
	fputs("# Run it with gnuplot 5.2 or later: gnuplot FILE\nset encoding utf8\n", to);
	if (to_file && options->output) {
		/* A name that starts with a bar would be a command. */
		fputs(*options->output == '|' ? "set output './' . " : "set output ", to);
		gnuplot_put_text(to, options->output);
		putc('\n', to);
	}
	if (options->output && !isnan(common))
		return put_sentence(to, options, common);
	return put_chart(to, grids, options, &axis);
}

static int explain_failure(const struct chart_options *options, int r, struct problem *problem)
{
	if (r == -ENODATA)
		return problem_set(problem, PROBLEM_VERDICT, ENODATA,
				   "nothing to draw: no trial has a value for \"%s\"",
				   options->measure->name);
	if (r == -EINVAL)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "the name of a chart must end in .svg, .png or .pdf: %s",
				   options->output);
	if (r == -EDOM)
		return problem_set(
			problem, PROBLEM_USAGE, EDOM,
			"no curve to draw: it takes methods that differ in one parameter, "
			"with at least %d values, as `run --vary step=64K..8M` measures",
			SWEEP_VALUES_LEAST);
	return problem_set(problem, PROBLEM_LACK, -r, "cannot create the chart: %s", strerror(-r));
}

int chart_script(FILE *to, const struct grids *grids, const struct chart_options *options,
		 struct problem *problem)
{
	int r = put_script(to, grids, options, 1);

	return r < 0 ? explain_failure(options, r, problem) : 0;
}

static int script_in_memory(const struct grids *grids, const struct chart_options *options,
			    struct strbuf *script)
{
	FILE *to = strbuf_stream(script);
	int r;

	if (!to)
		return -ENOMEM;
	r = put_script(to, grids, options, 0);
	fclose(to);
	return r == 0 && script->failed ? -ENOMEM : r;
}

/* Removes the form feeds and the padding of gnuplot's "dumb" terminal. */
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

int chart_draw(FILE *to, const struct grids *grids, const struct chart_options *options,
	       struct problem *problem)
{
	CLEANUP(strbuf_clear) struct strbuf script = { 0 };
	CLEANUP(freep) char *picture = NULL;
	double common = common_value(grids, options->measure);
	size_t bytes;
	int r;

	if (!options->output && !isnan(common))
		return print_sentence(to, options, common);
	r = script_in_memory(grids, options, &script);
	if (r < 0)
		return explain_failure(options, r, problem);
	r = gnuplot_run(script.text, script.bytes, &picture, &bytes, problem);
	if (r < 0)
		return r;
	if (options->output)
		fwrite(picture, 1, bytes, to);
	else
		put_screen(to, picture);
	return 0;
}
