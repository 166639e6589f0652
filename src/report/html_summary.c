/* SPDX-License-Identifier: MIT */
/*
 * What a reader in a hurry wants: which method to take on his file system, and
 * what he pays with the worst.  The best is the fastest until all is on the disk;
 * of those that are nearly as fast, the one with the fewest fragments, since a
 * file is allocated once and read often.  What reserves nothing does not compete.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "report/format.h"
#include "report/html.h"

/* Within this part of the fastest, a difference is not worth a recommendation. */
static const double nearly = 0.05;

/* A method on a file system, for comparison. */
struct entry {
	const char *method;
	double seconds, fragments, written; /* NaN: not known */
	struct figure time;		    /* whose median the seconds are */
};

static int reserves(const struct cell *cell)
{
	for (size_t i = 0; i < cell->count; i++) {
		const struct record *record = cell->records[i];

		if (strcmp(record->status, STATUS_OK) == 0 && record->path &&
		    strcmp(record->path, "sparse") == 0)
			return 0;
	}
	return 1;
}

/* 0: it does not compete. */
static int entry_of(const struct grid *grid, size_t filesystem, size_t method, struct entry *ret)
{
	const struct cell *cell = grid_cell(grid, filesystem, method);
	struct figure seconds = cell_figure(cell, measure_find("time"));

	if (seconds.count == 0 || !reserves(cell))
		return 0;
	*ret = (struct entry) {
		.method = grid->methods[method],
		.seconds = seconds.median,
		.time = seconds,
		.fragments = cell_figure(cell, measure_find("fragments")).median,
		.written = cell_figure(cell, measure_find("written")).median,
	};
	return 1;
}

/* The contest on one file system. */
struct contest {
	struct entry best, slowest, most_pieces; /* most fragments, where known */
	double fastest;				 /* seconds */
	size_t entries;
};

static int is_nearly_fastest(const struct contest *contest, const struct entry *entry)
{
	return entry->seconds <= contest->fastest * (1 + nearly);
}

static int is_better(const struct contest *contest, const struct entry *entry)
{
	const struct entry *best = &contest->best;

	if (!is_nearly_fastest(contest, entry))
		return 0;
	if (!best->method)
		return 1;
	if (!isnan(entry->fragments) && entry->fragments != best->fragments)
		return !(entry->fragments > best->fragments);
	return entry->seconds < best->seconds;
}

static void hold_contest(const struct grid *grid, size_t filesystem, struct contest *contest)
{
	struct entry entry;

	*contest = (struct contest) { .fastest = INFINITY, .slowest = { .seconds = -1 } };
	for (size_t i = 0; i < grid->method_count; i++)
		if (entry_of(grid, filesystem, i, &entry)) {
			contest->entries++;
			contest->fastest = fmin(contest->fastest, entry.seconds);
			if (entry.seconds > contest->slowest.seconds)
				contest->slowest = entry;
			if (!contest->most_pieces.method ||
			    entry.fragments > contest->most_pieces.fragments)
				contest->most_pieces = entry;
		}
	for (size_t i = 0; i < grid->method_count; i++)
		if (entry_of(grid, filesystem, i, &entry) && is_better(contest, &entry))
			contest->best = entry;
}

/* ---- words ---- */

static void put_value(FILE *to, double value, enum measure_unit unit)
{
	char text[VALUE_TEXT_MAX];

	html_put_figure(to, value_text(value, unit, text));
}

static void put_fragments(FILE *to, double fragments)
{
	put_value(to, fragments, MEASURE_COUNT);
	fputs(fragments == 1 ? " fragment" : " fragments", to);
}

/* "1.4", "23", "730". */
static void put_ratio(FILE *to, double ratio)
{
	double unit = pow(10, fmax(floor(log10(ratio)) - 1, -1));

	fprintf(to, ratio < 10 ? "%.1f" : "%.0f", round(ratio / unit) * unit);
}

static void put_others(FILE *to, const struct grid *grid, size_t filesystem,
		       const struct contest *contest)
{
	const char *separator = " <small>and within 5&nbsp;%: ";
	struct entry entry;

	for (size_t i = 0; i < grid->method_count; i++) {
		if (!entry_of(grid, filesystem, i, &entry) ||
		    entry.method == contest->best.method || !is_nearly_fastest(contest, &entry))
			continue;
		fputs(separator, to);
		html_put_text(to, entry.method);
		separator = ", ";
	}
	if (*separator == ',')
		fputs("</small>", to);
}

static void put_best(FILE *to, const struct entry *best)
{
	char text[FIGURE_TEXT_MAX];

	fputs("<p class=\"figures\"><b>", to);
	html_put_figure(to, figure_text(&best->time, MEASURE_SECONDS, text));
	fputs("</b>", to);
	if (!isnan(best->fragments)) {
		fputs(" · ", to);
		put_fragments(to, best->fragments);
	}
	if (!isnan(best->written)) {
		fputs(" · ", to);
		put_value(to, best->written, MEASURE_BYTES);
		fputs(" written", to);
	}
	fputs("</p>\n", to);
}

/* How it compares, in what it is worse. */
static void put_worst(FILE *to, const struct entry *worst, const struct entry *best)
{
	fprintf(to,
		"<p class=\"bar\" aria-hidden=\"true\"><i style=\"width:%.4g%%\"></i><i></i></p>\n",
		100 * fmax(best->seconds / worst->seconds, 0.004));
	fputs("<p>Worst: <b>", to);
	html_put_text(to, worst->method);
	fputs("</b> takes <b>", to);
	if (best->seconds > 0) {
		put_ratio(to, worst->seconds / best->seconds);
		fputs("&nbsp;×</b> as long (", to);
		put_value(to, worst->seconds, MEASURE_SECONDS);
		putc(')', to);
	} else {
		put_value(to, worst->seconds, MEASURE_SECONDS);
		fputs("</b>", to);
	}
	if (worst->written > best->written * (1 + nearly)) {
		fputs(", writes ", to);
		put_value(to, worst->written, MEASURE_BYTES);
	}
	if (worst->fragments > best->fragments) {
		fputs(", leaves ", to);
		put_fragments(to, worst->fragments);
	}
	fputs(".</p>\n", to);
}

static void put_pieces(FILE *to, const struct contest *contest)
{
	const struct entry *most = &contest->most_pieces;

	if (most->method == contest->slowest.method ||
	    !(most->fragments > contest->best.fragments) ||
	    !(most->fragments > contest->slowest.fragments))
		return;
	fputs("<p>In most pieces: <b>", to);
	html_put_text(to, most->method);
	fputs("</b>, ", to);
	put_fragments(to, most->fragments);
	fputs(".</p>\n", to);
}

static void put_card(FILE *to, const struct grid *grid, size_t filesystem)
{
	struct contest contest;

	hold_contest(grid, filesystem, &contest);
	fputs("<article><h4>", to);
	html_put_text(to, grid->filesystems[filesystem]);
	fputs("</h4>\n", to);
	if (contest.entries == 0) {
		fputs("<p>No method reserved the space and has a time; the notes say why.</p>", to);
	} else {
		fputs("<p class=\"best\">", to);
		html_put_text(to, contest.best.method);
		put_others(to, grid, filesystem, &contest);
		fputs("</p>\n", to);
		put_best(to, &contest.best);
	}
	if (contest.entries > 1 && !is_nearly_fastest(&contest, &contest.slowest))
		put_worst(to, &contest.slowest, &contest.best);
	else if (contest.entries > 1)
		fputs("<p>All methods take about as long.</p>\n", to);
	else if (contest.entries == 1)
		fputs("<p>The only method that reserved the space here.</p>\n", to);
	put_pieces(to, &contest);
	fputs("</article>\n", to);
}

/* What was measured but does not compete. */
static void put_excluded(FILE *to, const struct grid *grid)
{
	const char *separator = "";
	size_t found = 0;

	for (size_t i = 0; i < grid->method_count; i++)
		for (size_t j = 0; j < grid->filesystem_count; j++)
			if (!reserves(grid_cell(grid, j, i))) {
				fputs(separator, to);
				html_put_text(to, grid->methods[i]);
				separator = ", ";
				found++;
				break;
			}
	if (found > 0)
		fprintf(to, "%s no space and so %s not compared. ",
			found > 1 ? " reserve" : " reserves", found > 1 ? "are" : "is");
}

static void put_best_under(FILE *to, const struct grid *joined, const char *filesystem,
			   size_t condition)
{
	const struct grid *grid = joined->join->members[condition];
	struct contest contest = { 0 };

	for (size_t i = 0; i < grid->filesystem_count; i++)
		if (strcmp(grid->filesystems[i], filesystem) == 0)
			hold_contest(grid, i, &contest);
	if (contest.entries == 0) {
		fputs("<td>-", to);
		return;
	}
	fputs("<td>", to);
	html_put_text(to, contest.best.method);
	fputs(", ", to);
	put_value(to, contest.best.seconds, MEASURE_SECONDS);
}

void html_put_best_of_each(FILE *to, const struct grid *joined)
{
	fputs("<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"Best "
	      "methods\">\n<table>\n<thead><tr><th scope=\"col\">file system",
	      to);
	for (size_t i = 0; i < joined->join->count; i++) {
		fputs("<th scope=\"col\">", to);
		html_put_text(to, joined->join->names[i]);
	}
	fputs("</tr></thead>\n<tbody>\n", to);
	for (size_t i = 0; i < joined->filesystem_count; i++) {
		fputs("<tr><th scope=\"row\">", to);
		html_put_text(to, joined->filesystems[i]);
		for (size_t j = 0; j < joined->join->count; j++)
			put_best_under(to, joined, joined->filesystems[i], j);
		fputs("</tr>\n", to);
	}
	fputs("</tbody></table></div>\n", to);
}

static size_t most_runs(const struct grid *grid)
{
	size_t most = 0;

	for (size_t i = 0; i < grid->filesystem_count * grid->method_count; i++)
		most = grid->cells[i].count > most ? grid->cells[i].count : most;
	return most;
}

int html_put_summary(FILE *to, const struct grid *grid)
{
	fputs("<section><h3>In short</h3>\n<div class=\"cards\">\n", to);
	for (size_t i = 0; i < grid->filesystem_count; i++)
		put_card(to, grid, i);
	fputs("</div>\n<p class=\"note\">", to);
	put_excluded(to, grid);
	fputs("Best is what takes the least time until the file is on the disk; of methods within "
	      "5&nbsp;% of "
	      "that, the one that leaves the fewest fragments.",
	      to);
	if (most_runs(grid) < 2)
		fputs(" Each was measured once, so nothing here says how sure a difference is; run "
		      "--runs auto does.",
		      to);
	fputs("</p></section>\n", to);
	return 0;
}
