/* SPDX-License-Identifier: MIT */
/* Which verdicts about promises changed from one side to another. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/csv.h"
#include "base/json.h"
#include "base/text.h"
#include "base/text_table.h"
#include "report/difference.h"
#include "report/format.h"
#include "results/resultfile.h"
#include "stats/promises.h"

typedef void (*put_fn)(FILE *to, const char *text);

/* Where kernels tell cells apart, each has one. */
static bool names_kernels(const struct promise_changes *changes)
{
	return changes->count && changes->change[0].kernel;
}

static void add_change(struct text_table *table, const struct promise_change *change)
{
	text_table_add(table, change->filesystem);
	text_table_add(table, change->method);
	if (table->columns == 6)
		text_table_add(table, change->kernel ? change->kernel : "");
	text_table_add(table, change->promise);
	text_table_add(table, promise_outcome_name(change->before));
	text_table_add(table, promise_outcome_name(change->after));
}

static int make_table(struct text_table *table, const struct difference_report *report, size_t side)
{
	const struct promise_changes *changes = &report->promises[side - 1];

	*table = (struct text_table) { .columns = names_kernels(changes) ? 6 : 5, .align = "l" };
	text_table_add(table, "filesystem");
	text_table_add(table, "method");
	if (table->columns == 6)
		text_table_add(table, "kernel");
	text_table_add(table, "promise");
	text_table_add(table, report->sides[0].name);
	text_table_add(table, report->sides[side].name);
	for (size_t i = 0; i < changes->count; i++)
		add_change(table, &changes->change[i]);
	return text_table_check(table);
}

static void put_lone(FILE *to, size_t count, const char *name, const char *bullet, put_fn put)
{
	if (count == 0)
		return;
	fprintf(to, "%s%zu verdict%s only in ", bullet, count, count == 1 ? "" : "s");
	put(to, name);
	putc('\n', to);
}

static void put_repeat(FILE *to, const char *command, bool in_markdown)
{
	if (command && in_markdown) {
		markdown_put_command(to, command);
	} else if (command) {
		fputs("\n    ", to);
		text_put(to, command);
	}
	putc('\n', to);
}

/* What is broken now, in words, and how to see it. */
static void put_examples(FILE *to, const struct promise_changes *changes, const char *bullet,
			 put_fn put)
{
	for (size_t i = 0; i < changes->count; i++) {
		const struct promise_change *change = &changes->change[i];

		if (change->after != PROMISE_BROKEN)
			continue;
		fputs(bullet, to);
		put(to, change->filesystem);
		putc(' ', to);
		put(to, change->method);
		putc(' ', to);
		put(to, change->promise);
		fputs(": ", to);
		put(to, promise_words(change->example));
		put_repeat(to, change->example->repeat, put == markdown_put);
	}
}

static int print_side(FILE *to, const struct difference_report *report, size_t side,
		      bool in_markdown)
{
	const struct promise_changes *changes = &report->promises[side - 1];
	const char *bullet = in_markdown ? "- " : "";
	put_fn put = in_markdown ? markdown_put : text_put;
	CLEANUP(text_table_clear) struct text_table table = { 0 };
	int r = make_table(&table, report, side);

	if (r < 0)
		return r;
	if (changes->count)
		fprintf(to, "promises: %zu of %zu verdicts changed from ", changes->count,
			changes->compared);
	else if (changes->compared)
		fprintf(to, "promises: none of %zu verdicts changed from ", changes->compared);
	else
		fputs("promises: nothing to compare: no method on a file system was tested in "
		      "both ",
		      to);
	put(to, report->sides[0].name);
	fputs(changes->compared ? " to " : " and ", to);
	put(to, report->sides[side].name);
	fputs("\n", to);
	if (changes->count) {
		putc('\n', to);
		(in_markdown ? markdown_put_table : text_table_print)(to, &table);
		putc('\n', to);
	}
	put_examples(to, changes, bullet, put);
	put_lone(to, changes->only_old, report->sides[0].name, bullet, put);
	put_lone(to, changes->only_new, report->sides[side].name, bullet, put);
	return 0;
}

int promise_changes_print(FILE *to, const struct difference_report *report, bool in_markdown)
{
	int r = 0;

	for (size_t side = 1; r == 0 && side < report->side_count; side++) {
		fputs(side > 1 ? "\n" : "", to);
		r = print_side(to, report, side, in_markdown);
	}
	return r;
}

/* ---- for programs ---- */

int promise_changes_print_csv(FILE *to, const struct difference_report *report)
{
	struct csv csv = { .to = to };

	csv_plain(&csv, "old_name,new_name,filesystem,method,kernel,promise,old,new,words,repeat");
	csv_end_row(&csv);
	for (size_t side = 1; side < report->side_count; side++)
		for (size_t i = 0; i < report->promises[side - 1].count; i++) {
			const struct promise_change *change = &report->promises[side - 1].change[i];

			csv_text(&csv, report->sides[0].name);
			csv_text(&csv, report->sides[side].name);
			csv_text(&csv, change->filesystem);
			csv_text(&csv, change->method);
			csv_text(&csv, change->kernel);
			csv_text(&csv, change->promise);
			csv_text(&csv, promise_outcome_name(change->before));
			csv_text(&csv, promise_outcome_name(change->after));
			csv_text(&csv, promise_words(change->example));
			csv_text(&csv, change->example->repeat);
			csv_end_row(&csv);
		}
	return 0;
}

static json_t *change_json(const struct promise_change *change)
{
	const char *words = promise_words(change->example);

	return json_pack(
		"{so so so ss ss ss so so}", "filesystem", json_of_text(change->filesystem),
		"method", json_of_text(change->method), "kernel", json_of_text(change->kernel),
		"promise", change->promise, "old", promise_outcome_name(change->before), "new",
		promise_outcome_name(change->after), "reason", json_of_text(*words ? words : NULL),
		"repeat", json_of_text(change->example->repeat));
}

json_t *json_of_promise_changes(const struct difference_report *report)
{
	json_t *json = json_array();

	for (size_t side = 1; side < report->side_count; side++) {
		const struct promise_changes *changes = &report->promises[side - 1];
		json_t *rows = json_array();

		for (size_t i = 0; i < changes->count; i++)
			json_array_append_new(rows, change_json(&changes->change[i]));
		json_array_append_new(json,
				      json_pack("{so so sI sI sI so}", "old",
						json_of_text(report->sides[0].name), "new",
						json_of_text(report->sides[side].name), "compared",
						(json_int_t)changes->compared, "only_old",
						(json_int_t)changes->only_old, "only_new",
						(json_int_t)changes->only_new, "changes", rows));
	}
	return json;
}
