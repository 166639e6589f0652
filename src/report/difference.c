/* SPDX-License-Identifier: MIT */
/*
 * "Same" is printed like "worse", since users also want to know that a patch costs nothing.  The
 * rows are followed by the basis of the verdicts, for readers of a patch's description.
 */
#include "report/difference.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/pairs.h"
#include "base/strbuf.h"
#include "base/words.h"
#include "report/format.h"
#include "base/text_table.h"
#include "results/resultfile.h"
#include "stats/compare.h"

/* The maximum number of cells without a counterpart that are listed; JSON has all. */
enum { LONE_MOST = 8 };

/* Prints foreign text in the syntax of the format. */
typedef void (*put_fn)(FILE *to, const char *text);

const char *difference_chance_text(double chance, char text[static DIFFERENCE_TEXT_MAX])
{
	if (isnan(chance))
		return "n/a";
	if (chance < 0.0001)
		return "<0.0001";
	snprintf(text, DIFFERENCE_TEXT_MAX, chance < 0.001 ? "%.4f" : "%.2g", chance);
	return text;
}

unsigned difference_columns(const struct comparisons *all, size_t side)
{
	const unsigned always =
		KEY_SET(FILESYSTEM) | KEY_SET(BASE) | KEY_SET(METHOD) | KEY_SET(SIZE);

	return (always & all->sides[side].matched) | all->sides[side].columns;
}

static void add_keys(struct text_table *table, const struct compare_cell *cell, unsigned columns)
{
	for (enum record_key key = 0; key < RECORD_KEY_COUNT; key++)
		if (columns & 1u << key) {
			CLEANUP(freep)
			char *text = record_key_text(key, cell->record, cell->grid->environment);

			text_table_add(table, text ? text : "?");
		}
}

static void add_row(struct text_table *table, const struct comparison *found, unsigned columns)
{
	char before[FIGURE_TEXT_MAX], after[FIGURE_TEXT_MAX], change[CHANGE_TEXT_MAX];
	char chance[DIFFERENCE_TEXT_MAX];
	enum measure_unit unit = found->measure->unit;

	add_keys(table, &found->old_cell, columns);
	text_table_add(table, figure_text_local(&found->before, unit, before));
	text_table_add(table, figure_text_local(&found->after, unit, after));
	text_table_add(table, change_text(found->change, change));
	text_table_add(table, difference_chance_text(found->corrected, chance));
	text_table_add(table, verdict_name(found->verdict));
}

static void add_heading(struct text_table *table, const struct difference_report *report,
			size_t side, unsigned columns)
{
	const char *const others[] = { report->sides[0].name, report->sides[side].name, "change",
				       "p", "verdict" };

	for (enum record_key key = 0; key < RECORD_KEY_COUNT; key++)
		if (columns & 1u << key)
			text_table_add(table, record_keys[key].title);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		text_table_add(table, others[i]);
}

/* Keys are left-aligned, other columns right-aligned. */
static const char *align_of(size_t keys)
{
	static const char left_then_right[] = "llllllllllllllllllllr";

	return left_then_right + sizeof(left_then_right) - 2 - keys;
}

/* The rows of one measure and side, possibly only the heading. */
static int make_table(struct text_table *table, const struct difference_report *report, size_t side,
		      const struct measure *measure)
{
	const struct comparisons *all = report->comparisons;
	unsigned columns = difference_columns(all, side);
	size_t keys = (size_t)__builtin_popcount(columns);

	*table = (struct text_table) { .columns = keys + 5, .align = align_of(keys) };
	add_heading(table, report, side, columns);
	for (size_t i = 0; i < all->count; i++)
		if (all->comparison[i].measure == measure && all->comparison[i].side == side)
			add_row(table, &all->comparison[i], columns);
	return text_table_check(table);
}

/* Whether it is the first comparison with this measure. */
static int starts_measure(const struct comparisons *all, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (all->comparison[i].measure == all->comparison[index].measure)
			return 0;
	return 1;
}

static void put_cell(FILE *to, const struct compare_cell *cell, unsigned columns, put_fn put)
{
	const char *separator = "";

	for (enum record_key key = 0; key < RECORD_KEY_COUNT; key++)
		if (columns & 1u << key) {
			CLEANUP(freep)
			char *text = record_key_text(key, cell->record, cell->grid->environment);

			fputs(separator, to);
			put(to, text ? text : "?");
			separator = " ";
		}
}

/* Trials that succeed on only one of two sides. */
static void put_broken(FILE *to, const struct difference_report *report, const char *bullet,
		       put_fn put)
{
	const struct comparisons *all = report->comparisons;

	for (size_t i = 0; i < all->count; i++) {
		const struct comparison *found = &all->comparison[i];
		size_t broken = found->verdict == VERDICT_WORSE ? found->side : 0;

		if (found->measure)
			continue;
		fputs(bullet, to);
		put_cell(to, &found->old_cell, difference_columns(all, found->side), put);
		fprintf(to, ": %s: cannot be made %s ", verdict_name(found->verdict),
			report->by ? "with" : "in");
		put(to, report->sides[broken].name);
		if (found->reason && *found->reason) {
			fputs(" (", to);
			put(to, found->reason);
			putc(')', to);
		}
		putc('\n', to);
	}
}

/* "FILE (loop, Linux 6.1, medians of 8 runs)".  The caller frees it; NULL: out of memory. */
static char *side_text(const struct difference_side *side)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	CLEANUP(pairs_clear) struct pairs known = { 0 };
	const char *separator = " (";

	strbuf_puts(&text, side->file);
	for (size_t i = 0; i < side->view->count; i++) {
		CLEANUP(freep) char *conditions = conditions_text(side->view->grid[i]);
		int r = conditions ? pairs_add(&known, 0, conditions, side) : -ENOMEM;

		if (r == -ENOMEM)
			return NULL;
		if (r == 0)
			strbuf_printf(&text, "%s%s", separator, conditions);
		separator = "; ";
	}
	strbuf_puts(&text, side->view->count ? ")" : "");
	return strbuf_take(&text);
}

/* Whether the side has this warning. */
static bool has_warning(const struct difference_side *side, const char *warning)
{
	for (size_t i = 0; i < side->view->count; i++)
		for (size_t j = 0; j < side->view->grid[i]->warning_count; j++)
			if (strcmp(side->view->grid[i]->warnings[j]->text, warning) == 0)
				return true;
	return false;
}

/* The names of the sides, starting at `from`, to which the text applies: "OLD, NEW: ". */
static void put_names(FILE *to, const struct difference_report *report, size_t from,
		      char *const *texts, const char *warning, put_fn put)
{
	for (size_t i = from; i < report->comparisons->side_count; i++)
		if (warning ? has_warning(&report->sides[i], warning)
			    : strcmp(texts[i], texts[from]) == 0) {
			fputs(i > from ? ", " : "", to);
			put(to, report->sides[i].name);
		}
	fputs(": ", to);
}

/* One line for all sides with the same text. */
static void put_side(FILE *to, const struct difference_report *report, char *const *texts,
		     size_t index, const char *bullet, put_fn put)
{
	for (size_t i = 0; i < index; i++)
		if (strcmp(texts[i], texts[index]) == 0)
			return;
	fputs(bullet, to);
	put_names(to, report, index, texts, NULL, put);
	put(to, texts[index]);
	putc('\n', to);
}

/* The warnings of one side that no previous side has. */
static void put_warnings(FILE *to, const struct difference_report *report, size_t index,
			 const char *bullet, put_fn put)
{
	const struct view *grids = report->sides[index].view;
	CLEANUP(pairs_clear) struct pairs known = { 0 };

	for (size_t i = 0; i < grids->count; i++)
		for (size_t j = 0; j < grids->grid[i]->warning_count; j++) {
			const char *text = grids->grid[i]->warnings[j]->text;
			size_t before = 0;

			while (before < index && !has_warning(&report->sides[before], text))
				before++;
			if (before < index || pairs_add(&known, 0, text, text) < 0)
				continue;
			fputs(bullet, to);
			put_names(to, report, index, NULL, text, put);
			fputs("warning: ", to);
			put(to, text);
			putc('\n', to);
		}
}

static void clear_texts(char ***texts)
{
	for (char **text = *texts; text && *text; text++)
		free(*text);
	free(*texts);
}

/* Times of different testbeds cannot be compared. */
static void put_testbeds(FILE *to, const struct difference_report *report, size_t side,
			 const char *bullet, put_fn put)
{
	const struct difference_side *before = &report->sides[0], *after = &report->sides[side];
	const char *old_testbed = before->view->count ? before->view->grid[0]->testbed : NULL;
	const char *new_testbed = after->view->count ? after->view->grid[0]->testbed : NULL;

	if (report->comparisons->sides[side].matched & KEY_SET(TESTBED) || !old_testbed ||
	    !new_testbed || strcmp(old_testbed, new_testbed) == 0)
		return;
	fputs(bullet, to);
	fputs("the times of ", to);
	put(to, before->name);
	fputs(" and ", to);
	put(to, after->name);
	fputs(" are not comparable", to);
	if (!(report->by & KEY_SET(TESTBED))) {
		fputs(": they were measured on ", to);
		put(to, old_testbed);
		fputs(" and ", to);
		put(to, new_testbed);
	}
	putc('\n', to);
}

/* For files it follows their names. */
static void put_differing(FILE *to, const struct difference_report *report, size_t side,
			  const char *bullet, put_fn put)
{
	unsigned differs = report->by ? report->comparisons->sides[side].differs : 0;
	const char *separator = "";

	if (!differs)
		return;
	fputs(bullet, to);
	put(to, report->sides[0].name);
	fputs(" and ", to);
	put(to, report->sides[side].name);
	fputs(" also differ in: ", to);
	for (enum record_key key = 0; key < RECORD_KEY_COUNT; key++)
		if (differs & 1u << key) {
			fprintf(to, "%s%s", separator, record_keys[key].name);
			separator = ", ";
		}
	putc('\n', to);
}

/* The description of each side, and notes about them. */
static int put_sides(FILE *to, const struct difference_report *report, const char *bullet,
		     put_fn put)
{
	size_t count = report->comparisons->side_count;
	CLEANUP(clear_texts) char **texts = calloc(count + 1, sizeof(*texts));

	if (!texts)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		texts[i] = side_text(&report->sides[i]);
		if (!texts[i])
			return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++)
		put_side(to, report, texts, i, bullet, put);
	for (size_t i = 0; i < count; i++)
		put_warnings(to, report, i, bullet, put);
	for (size_t i = 1; i < count; i++) {
		put_testbeds(to, report, i, bullet, put);
		put_differing(to, report, i, bullet, put);
	}
	return 0;
}

void difference_put_counts(FILE *to, const struct comparisons *all)
{
	static const enum verdict order[] = { VERDICT_WORSE, VERDICT_BETTER, VERDICT_SAME,
					      VERDICT_UNCLEAR, VERDICT_UNKNOWN };
	const char *separator = ": ";

	if (all->count == 0) {
		fputs("nothing to compare: no cell has a value in both\n", to);
		return;
	}
	if (all->verdicts[VERDICT_SAME] == all->count) {
		fprintf(to, "no difference: %zu of %zu comparisons are the same\n", all->count,
			all->count);
		return;
	}
	fprintf(to, "%zu comparison%s", all->count, all->count == 1 ? "" : "s");
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		if (all->verdicts[order[i]]) {
			fprintf(to, "%s%zu %s", separator, all->verdicts[order[i]],
				verdict_name(order[i]));
			separator = ", ";
		}
	putc('\n', to);
}

static void put_lone(FILE *to, const struct difference_report *report, size_t side,
		     const struct compare_cell *cells, size_t count, const char *name,
		     const char *bullet, put_fn put)
{
	unsigned columns = difference_columns(report->comparisons, side);

	if (count == 0)
		return;
	fprintf(to, "%sonly in ", bullet);
	put(to, name);
	for (size_t i = 0; i < count && i < LONE_MOST; i++) {
		fputs(i ? ", " : ": ", to);
		put_cell(to, &cells[i], columns, put);
	}
	if (count > LONE_MOST)
		fprintf(to, " and %zu more", count - LONE_MOST);
	putc('\n', to);
}

/* Cells without a counterpart. */
static void put_left_out(FILE *to, const struct difference_report *report, const char *bullet,
			 put_fn put)
{
	for (size_t i = 1; i < report->comparisons->side_count; i++) {
		const struct compare_side *side = &report->comparisons->sides[i];
		const char *before = report->sides[0].name, *after = report->sides[i].name;

		if (side->only_old_count + side->only_new_count == 0)
			continue;
		fprintf(to, "%snot compared: %zu cell%s only in ", bullet, side->only_old_count,
			words_plural(side->only_old_count));
		put(to, before);
		fprintf(to, " and %zu only in ", side->only_new_count);
		put(to, after);
		putc('\n', to);
		put_lone(to, report, i, side->only_old, side->only_old_count, before, bullet, put);
		put_lone(to, report, i, side->only_new, side->only_new_count, after, bullet, put);
	}
}

void difference_put_basis(FILE *to, const struct difference_report *report, const char *bullet)
{
	const struct comparisons *all = report->comparisons;

	if (all->runs_needed)
		fprintf(to,
			"%sunknown: too few runs: at least %zu per side are needed (--runs %zu)\n",
			bullet, all->runs_needed, all->runs_needed);
	if (all->verdicts[VERDICT_UNCLEAR])
		fprintf(to,
			"%sunclear: too noisy to detect a %g %% change; use more runs or an idle "
			"machine\n",
			bullet, report->threshold * 100);
	put_left_out(to, report, bullet, *bullet ? markdown_put : text_put);
	fprintf(to,
		"%sa difference has p below %g (rank test of Mann and Whitney, Holm's correction "
		"for %zu tests), and is %g %% or more, of a count also 1 or more\n",
		bullet, COMPARE_LEVEL, all->tested, report->threshold * 100);
}

static void put_title(FILE *to, const struct difference_report *report, size_t side,
		      const struct measure *measure, const char *emphasis, put_fn put)
{
	fprintf(to, "\n%s%s (%s)", emphasis, measure->title, measure->note);
	if (report->comparisons->side_count > 2) {
		fputs(": ", to);
		put(to, report->sides[side].name);
		fputs(" compared with ", to);
		put(to, report->sides[0].name);
	}
	fprintf(to, "%s\n%s", emphasis, *emphasis ? "\n" : "");
}

static int print_block(FILE *to, const struct difference_report *report, size_t side,
		       const struct measure *measure, bool in_markdown)
{
	CLEANUP(text_table_clear) struct text_table table = { 0 };
	int r = make_table(&table, report, side, measure);

	if (r < 0 || text_table_rows(&table) < 2)
		return r;
	put_title(to, report, side, measure, in_markdown ? "**" : "",
		  in_markdown ? markdown_put : text_put);
	(in_markdown ? markdown_put_table : text_table_print)(to, &table);
	return 0;
}

static int print_blocks(FILE *to, const struct difference_report *report, bool in_markdown)
{
	const struct comparisons *all = report->comparisons;
	int r = 0;

	for (size_t i = 0; r == 0 && i < all->count; i++) {
		const struct measure *measure = all->comparison[i].measure;

		if (measure && starts_measure(all, i))
			for (size_t side = 1; r == 0 && side < all->side_count; side++)
				r = print_block(to, report, side, measure, in_markdown);
	}
	return r;
}

static int print_measured(FILE *to, const struct difference_report *report)
{
	int r = put_sides(to, report, "", text_put);

	if (r == 0)
		r = print_blocks(to, report, false);
	putc('\n', to);
	put_broken(to, report, "", text_put);
	difference_put_counts(to, report->comparisons);
	difference_put_basis(to, report, "");
	return r;
}

static int print_measured_markdown(FILE *to, const struct difference_report *report)
{
	int r;

	difference_put_counts(to, report->comparisons);
	putc('\n', to);
	r = put_sides(to, report, "- ", markdown_put);
	put_broken(to, report, "- ", markdown_put);
	if (r == 0)
		r = print_blocks(to, report, true);
	putc('\n', to);
	difference_put_basis(to, report, "- ");
	return r;
}

static int print_both(FILE *to, const struct difference_report *report, bool in_markdown)
{
	bool was_measured = report->comparisons->side_count > 0;
	int r = 0;

	if (was_measured)
		r = (in_markdown ? print_measured_markdown : print_measured)(to, report);
	if (was_measured && report->promises)
		putc('\n', to);
	return r < 0 || !report->promises ? r : promise_changes_print(to, report, in_markdown);
}

static int print_table(FILE *to, const struct difference_report *report)
{
	return print_both(to, report, false);
}

static int print_markdown(FILE *to, const struct difference_report *report)
{
	return print_both(to, report, true);
}

const struct difference_format difference_formats[] = {
	{ "table", print_table },
	{ "markdown", print_markdown },
	{ "json", difference_print_json },
	{ "csv", difference_print_csv },
};
const size_t difference_format_count = ARRAY_SIZE(difference_formats);

const struct difference_format *difference_format_find(const char *name)
{
	for (size_t i = 0; i < difference_format_count; i++)
		if (strcmp(difference_formats[i].name, name) == 0)
			return &difference_formats[i];
	return NULL;
}
