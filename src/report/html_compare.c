/* SPDX-License-Identifier: MIT */
/*
 * What a page of two kernels is opened for: the same cells under each of the
 * conditions, next to one another.  Two of them are also held against each other
 * by the test of `alloc-perf diff`, for eyes see differences in every noise.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "stats/condition.h"
#include "report/difference.h"
#include "report/format.h"
#include "report/html.h"

static const double threshold = 0.05;

/* ---- which they are ---- */

static const char *note_of(const struct grid *grid)
{
	return grid->environment->testbed_note ? grid->environment->testbed_note : "";
}

/* Of one run on all of them they are the same: said once. */
static void put_warnings(FILE *to, const struct grid *joined)
{
	int same = 1;

	for (size_t i = 1; i < joined->join->count; i++)
		same &= joined->join->members[i]->environment ==
			joined->join->members[0]->environment;
	for (size_t i = 0; i < (same ? 1 : joined->join->count); i++)
		html_put_warnings(to, joined->join->members[i], same ? "" : joined->join->names[i]);
}

/* What the figures of each testbed do not mean, once. */
static void put_notes(FILE *to, const struct grid *joined)
{
	int several = 0;

	for (size_t i = 0; i < joined->join->count; i++) {
		const struct grid *grid = joined->join->members[i];
		size_t said = 0;

		several |= !condition_same(grid, joined->join->members[0], CONDITION_TESTBED);
		while (said < i && strcmp(note_of(joined->join->members[said]), note_of(grid)) != 0)
			said++;
		if (said < i || !*note_of(grid))
			continue;
		fputs("<p class=\"warning\">", to);
		html_put_text(to, note_of(grid));
		fputs("</p>\n", to);
	}
	put_warnings(to, joined);
	if (several)
		fputs("<p class=\"warning\">Times of different testbeds do not compare.</p>\n", to);
}

static int put_conditions_of(FILE *to, const struct grid *joined)
{
	int r = 0;

	fputs("<ul class=\"legend\">", to);
	for (size_t i = 0; r == 0 && i < joined->join->count; i++) {
		fprintf(to, "<li><i style=\"background:var(--c%zu)\"></i><b>",
			1 + i % HTML_COLOURS);
		html_put_text(to, joined->join->names[i]);
		fputs("</b> <small>", to);
		r = html_put_escaped(to, put_conditions, joined->join->members[i]);
		fputs("</small>", to);
	}
	fputs("</ul>\n", to);
	put_notes(to, joined);
	return r;
}

/* ---- what differs ---- */

static void put_cell(FILE *to, const char *text)
{
	fputs("<td class=\"n\">", to);
	html_put_text(to, text);
}

/* The verdict comes early: on a telephone the columns behind it are out of sight. */
static void put_difference(FILE *to, const struct comparison *found)
{
	char text[FIGURE_TEXT_MAX], change[DIFFERENCE_TEXT_MAX], chance[DIFFERENCE_TEXT_MAX];
	const struct measure *measure = found->measure;
	const char *verdict = verdict_name(found->verdict);
	int broken = found->verdict == VERDICT_WORSE;

	fputs("<tr><th scope=\"row\">", to);
	html_put_text(to, found->filesystem);
	putc(' ', to);
	html_put_text(to, found->method);
	fprintf(to, "<br><small>%s</small><td class=\"n %s\">%s %s",
		measure ? measure->title : "can be made", verdict,
		measure ? difference_change_text(found->change, change) : "", verdict);
	if (measure) {
		put_cell(to, figure_text(&found->before, measure->unit, text));
		put_cell(to, figure_text(&found->after, measure->unit, text));
		put_cell(to, difference_chance_text(found->corrected, chance));
	} else {
		put_cell(to, broken ? "yes" : "no");
		put_cell(to, broken ? "no" : "yes");
		put_cell(to, "");
	}
	fputs("</tr>\n", to);
}

static void put_differences(FILE *to, const struct grid *joined, const struct comparisons *all)
{
	static const enum verdict order[] = { VERDICT_WORSE, VERDICT_BETTER };

	fputs("<div class=\"wide\" role=\"region\" tabindex=\"0\" "
	      "aria-label=\"Differences\">\n<table>\n<thead><tr><th scope=\"col\">what"
	      "<th scope=\"col\" class=\"n\">change",
	      to);
	for (size_t i = 0; i < joined->join->count; i++) {
		fputs("<th scope=\"col\" class=\"n\">", to);
		html_put_text(to, joined->join->names[i]);
	}
	fputs("<th scope=\"col\" class=\"n\">p</tr></thead>\n<tbody>\n", to);
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		for (size_t j = 0; j < all->count; j++)
			if (all->comparison[j].verdict == order[i])
				put_difference(to, &all->comparison[j]);
	fputs("</tbody></table></div>\n", to);
}

/* What difference.c says in lines of text. */
static int put_basis(FILE *to, const struct difference_report *report)
{
	CLEANUP(freep) char *text = NULL;
	size_t bytes;
	FILE *memory = open_memstream(&text, &bytes);
	char *rest;

	if (!memory)
		return -ENOMEM;
	difference_put_counts(memory, report->comparisons);
	difference_put_basis(memory, report, "");
	if (fclose(memory) != 0)
		return -ENOMEM;
	fputs("<ul class=\"note\">\n", to);
	rest = text;
	for (char *line; (line = strsep(&rest, "\n")) && *line;) {
		fputs("<li>", to);
		html_put_text(to, line);
		putc('\n', to);
	}
	fputs("</ul>\n", to);
	return 0;
}

static int compare_two(const struct grid *joined, const struct report_options *options,
		       struct view sides[static 2], struct comparisons *ret)
{
	const struct measure *const measures[] = { measure_find("time"), measure_find("written"),
						   measure_find("fragments"), NULL };
	const struct compare_options wanted = {
		.measures = options->measures ? options->measures : measures,
		.threshold = threshold,
	};

	for (size_t i = 0; i < 2; i++)
		sides[i] = (struct view) { &joined->join->members[i], 1 };
	return compare_grids(&sides[0], &sides[1], &wanted, ret);
}

/* Of two: OLD and NEW in the words of `diff`. */
static int put_verdicts(FILE *to, const struct grid *joined, const struct report_options *options)
{
	CLEANUP(comparisons_clear) struct comparisons all = { 0 };
	struct view sides[2];
	int r = compare_two(joined, options, sides, &all);

	if (r < 0)
		return r;
	fputs("<section><h3>What differs beyond the noise</h3>\n<p>From <b>", to);
	html_put_text(to, joined->join->names[0]);
	fputs("</b> (OLD) to <b>", to);
	html_put_text(to, joined->join->names[1]);
	fputs("</b> (NEW), by the test of <code>alloc-perf diff</code>:</p>\n", to);
	if (all.verdicts[VERDICT_WORSE] || all.verdicts[VERDICT_BETTER])
		put_differences(to, joined, &all);
	r = put_basis(to, &(struct difference_report) { .comparisons = &all,
							.before = &sides[0],
							.after = &sides[1],
							.before_name = "",
							.after_name = "",
							.threshold = threshold });
	fputs("</section>\n", to);
	return r;
}

/* ---- the section ---- */

int html_put_comparison(FILE *to, const struct grids *joined, size_t number,
			const struct report_options *options)
{
	const struct grid *grid = &joined->grid[number];
	int r;

	fprintf(to, "<section id=\"beside-%zu\" class=\"grid\"><h2>Side by side: ", number);
	r = html_put_escaped(to, put_sizes, grid);
	fputs("</h2>\n", to);
	if (r == 0)
		r = put_conditions_of(to, grid);
	if (r == 0) {
		fputs("<section><h3>Best method</h3>\n", to);
		html_put_best_of_each(to, grid);
		fputs("</section>\n", to);
	}
	if (r == 0 && grid->join->count == 2)
		r = put_verdicts(to, grid, options);
	if (r == 0 && !options->no_charts) {
		fputs("<section><h3>Charts</h3>\n", to);
		r = html_put_charts(to, joined, number, 0);
		fputs("</section>\n", to);
	}
	fputs("</section>\n", to);
	return r;
}
