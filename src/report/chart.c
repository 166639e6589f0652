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
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "report/chart.h"
#include "results/record.h"

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

int chart_put_title(FILE *to, const struct grid *grid, const struct chart_options *options,
		    const struct axis *axis)
{
	CLEANUP(strbuf_clear) struct strbuf conditions = { 0 };
	FILE *conditions_to = strbuf_stream(&conditions);

	if (!conditions_to)
		return -ENOMEM;
	put_conditions(conditions_to, grid);
	if (options->output)
		put_spread_meaning(conditions_to, grid, options->measure);
	fclose(conditions_to);
	if (conditions.failed)
		return -ENOMEM;
	fputs("set title ", to);
	if (options->title) {
		gnuplot_put_text(to, options->title);
		fputs(axis->logarithmic ? " . ' (logarithmic)'" : "", to);
	} else {
		fprintf(to, "'%s, ", options->measure->title);
		put_sizes(to, grid);
		fprintf(to, "%s'", axis->logarithmic ? " (logarithmic)" : "");
	}
	if (conditions.bytes) {
		fputs(" . \"\\n\" . ", to);
		gnuplot_put_text(to, conditions.text);
	}
	putc('\n', to);
	return 0;
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
	if (!options->output)
		return chart_put_terminal(to, grids, options, &axis);
	if (to_file) {
		/* A name that starts with a bar would be a command. */
		fputs(*options->output == '|' ? "set output './' . " : "set output ", to);
		gnuplot_put_text(to, options->output);
		putc('\n', to);
	}
	return isnan(common) ? chart_put_picture(to, grids, options, &axis)
			     : put_sentence(to, options, common);
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
