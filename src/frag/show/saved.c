/* SPDX-License-Identifier: MIT */
/*
 * Both sides are documents, so that a result of another machine or another year
 * is compared in the same way as one of now.
 */
#include "frag/show/show.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/quote.h"
#include "base/size.h"
#include "base/text_table.h"
#include "base/words.h"

static const double noise = 0.01;

static bool is_saved(const json_t *document)
{
	const json_t *schema = json_object_get(document, "schema");
	const char *kind = json_string_value(json_object_get(document, "kind"));
	const char *earlier = json_string_value(schema);

	/* Before there was a "kind". */
	if (earlier)
		return strcmp(earlier, "alloc-perf-frag/1") == 0;
	return json_integer_value(schema) == JSON_SCHEMA && kind && strcmp(kind, "frag") == 0;
}

int saved_read(const char *path, json_t **ret, struct problem *problem)
{
	json_error_t error;
	CLEANUP(json_decrefp) json_t *document = json_load_file(path, 0, &error);

	if (!document)
		return problem_set(problem, PROBLEM_USAGE, EINVAL, "%s cannot be read as JSON: %s",
				   path, error.text);
	if (!is_saved(document))
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "%s was not written by `alloc-perf frag --json`", path);
	*ret = json_incref(document);
	return 0;
}

static double value_of(const json_t *document, const char *part, const char *key)
{
	const json_t *value = json_object_get(json_object_get(document, part), key);

	return json_is_number(value) ? json_number_value(value) : 0;
}

static double excess_of(const json_t *document)
{
	return value_of(document, "all", "fragments") -
	       value_of(document, "all", "ideal_fragments");
}

/* ---- which files both have ---- */

static const char *const lists[SAVED_LISTS] = { "files", "worst" };

static const char *path_of(const json_t *row)
{
	return json_string_value(json_object_get(row, "path"));
}

static double fragments_of(const json_t *row)
{
	return json_number_value(json_object_get(row, "fragments"));
}

/* A path that stands there twice counts once. */
static int match(const json_t *document, const char *list, size_t side, struct pairs *pairs)
{
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(document, list), i, row)
	{
		const char *path = path_of(row);

		if (path && pairs_add(pairs, side, path, row) == -ENOMEM)
			return -ENOMEM;
	}
	return 0;
}

int saved_compare(const json_t *before, const json_t *after, struct saved_changes *ret)
{
	int r = 0;

	*ret = (struct saved_changes) {
		.before = before, .after = after, .was = excess_of(before), .is = excess_of(after)
	};
	ret->is_worse = ret->is > ret->was && ret->is - ret->was >= noise * ret->was;
	for (size_t i = 0; r == 0 && i < SAVED_LISTS; i++) {
		r = match(before, lists[i], 0, &ret->lists[i]);
		if (r == 0)
			r = match(after, lists[i], 1, &ret->lists[i]);
	}
	return r;
}

void saved_changes_clear(struct saved_changes *changes)
{
	for (size_t i = 0; i < SAVED_LISTS; i++)
		pairs_clear(&changes->lists[i]);
}

static const char *verdict_of(const struct saved_changes *changes)
{
	return changes->is_worse ? "worse" : changes->is < changes->was ? "better" : "no worse";
}

/* ---- the totals ---- */

struct total {
	const char *key, *name, *unit;
	/* NULL: a count */
	const char *(*human)(double value, char text[static SIZE_TEXT_MAX]);
};

static const struct total totals[] = {
	{ "files", "files", "count", NULL },
	{ "fragmented_files", "fragmented files", "count", NULL },
	{ "mapped_bytes", "size in extents", "bytes", size_human },
	{ "extents", "extents", "count", NULL },
	{ "fragments", "fragments", "count", NULL },
	{ "ideal_fragments", "minimum of fragments", "count", NULL },
	{ "extra_seconds", "cost of fragments", "seconds", duration_human },
};

static const char *human(const struct total *row, double value, char text[static SIZE_TEXT_MAX])
{
	if (row->human)
		return row->human(value, text);
	snprintf(text, SIZE_TEXT_MAX, "%.0f", value);
	return text;
}

/* The change in the unit of the row, and relative.  What does not show is no change. */
static void add_total(struct text_table *table, const struct total *row, double before,
		      double after)
{
	char was[SIZE_TEXT_MAX], is[SIZE_TEXT_MAX], difference[SIZE_TEXT_MAX];
	char change[CHANGE_TEXT_MAX];
	bool is_same = strcmp(human(row, before, was), human(row, after, is)) == 0;

	text_table_add(table, row->name);
	text_table_add(table, human(row, before, was));
	text_table_add(table, human(row, after, is));
	text_table_printf(table, "%s%s",
			  is_same	   ? ""
			  : after > before ? "+"
					   : "-",
			  is_same ? "" : human(row, fabs(after - before), difference));
	text_table_add(table, change_text(is_same ? 0 : change_of(before, after), change));
}

static int print_totals(FILE *to, const struct saved_changes *changes)
{
	static const char *const heading[] = { "", "before", "now", "change", "" };
	CLEANUP(text_table_clear)
	struct text_table table = { .columns = ARRAY_SIZE(heading), .align = "lr" };

	text_table_add_row(&table, heading);
	for (size_t i = 0; i < ARRAY_SIZE(totals); i++)
		add_total(&table, &totals[i], value_of(changes->before, "all", totals[i].key),
			  value_of(changes->after, "all", totals[i].key));
	if (text_table_check(&table) < 0)
		return -ENOMEM;
	text_table_print(to, &table);
	return 0;
}

/* ---- the files ---- */

/* The numbers of a file that somebody else wrote: too large for an integer, perhaps. */
static const char *plural_of(double number)
{
	return words_plural(number == 1 ? 1 : 2);
}

static void add_file(struct text_table *table, const struct pair *pair)
{
	double was = fragments_of(pair->item[0]), is = fragments_of(pair->item[1]);
	CLEANUP(freep) char *name = quote_name(pair->key);
	char change[CHANGE_TEXT_MAX];

	if (was == is)
		return;
	text_table_printf(table, "%.0f", was);
	text_table_printf(table, "%.0f", is);
	text_table_add(table, change_text(change_of(was, is), change));
	text_table_add(table, name ? name : "?");
}

/* Files that both have, if the number of fragments is another one. */
static int print_files(FILE *to, const struct pairs *files)
{
	static const char *const heading[] = { "before", "now", "change", "fragments of" };
	CLEANUP(text_table_clear)
	struct text_table table = { .columns = ARRAY_SIZE(heading), .align = "rrrl" };

	text_table_add_row(&table, heading);
	for (size_t i = 0; i < files->count; i++)
		if (files->pair[i].item[0] && files->pair[i].item[1])
			add_file(&table, &files->pair[i]);
	if (text_table_check(&table) < 0)
		return -ENOMEM;
	if (text_table_rows(&table) > 1) {
		putc('\n', to);
		text_table_print(to, &table);
	}
	return 0;
}

/* Of named files; what is missing in a list of the worst is only better. */
static void print_missing(FILE *to, const struct pairs *files)
{
	for (size_t i = 0; i < files->count; i++) {
		const struct pair *pair = &files->pair[i];
		CLEANUP(freep) char *name = NULL;

		if (pair->item[0] && pair->item[1])
			continue;
		name = quote_name(pair->key);
		fprintf(to, "only %s: %s\n", pair->item[0] ? "before" : "now", name ? name : "?");
	}
}

/* ---- all of it ---- */

static void print_verdict(FILE *to, const struct saved_changes *changes)
{
	fprintf(to, "\nVerdict: %s: %.0f fragment%s beyond the minimum, ", verdict_of(changes),
		changes->is, plural_of(changes->is));
	if (changes->is == changes->was)
		fprintf(to, "as before\n");
	else
		fprintf(to, "%.0f before\n", changes->was);
}

int saved_print(FILE *to, const struct saved_changes *changes)
{
	int r = print_totals(to, changes);

	for (size_t i = 0; r == 0 && i < SAVED_LISTS; i++)
		r = print_files(to, &changes->lists[i]);
	if (r < 0)
		return r;
	print_missing(to, &changes->lists[SAVED_FILES]);
	print_verdict(to, changes);
	return 0;
}

/* ---- json ---- */

static json_t *change_json(double before, double after)
{
	return json_pack("{so so so}", "old", json_of_number(before), "new", json_of_number(after),
			 "change", json_of_number(change_of(before, after)));
}

static json_t *totals_json(const struct saved_changes *changes)
{
	json_t *json = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(totals); i++) {
		json_t *row = change_json(value_of(changes->before, "all", totals[i].key),
					  value_of(changes->after, "all", totals[i].key));

		json_object_set_new(row, "unit", json_string(totals[i].unit));
		json_object_set_new(json, totals[i].key, row);
	}
	return json;
}

static json_t *file_json(const struct pair *pair)
{
	json_t *row = change_json(fragments_of(pair->item[0]), fragments_of(pair->item[1]));

	if (row)
		json_set_name(row, "path", pair->key);
	return row;
}

/* Those on both sides, or on one alone. */
static json_t *files_json(const struct pairs *files, bool is_old, bool is_new)
{
	json_t *json = json_array();

	for (size_t i = 0; i < files->count; i++) {
		const struct pair *pair = &files->pair[i];

		if ((pair->item[0] != NULL) != is_old || (pair->item[1] != NULL) != is_new)
			continue;
		json_array_append_new(json,
				      is_old && is_new ? file_json(pair) : json_of_text(pair->key));
	}
	return json;
}

json_t *saved_json(const struct saved_changes *changes)
{
	const struct pairs *files = &changes->lists[SAVED_FILES];

	return json_pack("{si ss ss so so so so so so}", "schema", JSON_SCHEMA, "kind", "frag-diff",
			 "verdict", verdict_of(changes), "excess_fragments",
			 change_json(changes->was, changes->is), "all", totals_json(changes),
			 "files", files_json(files, true, true), "only_old",
			 files_json(files, true, false), "only_new", files_json(files, false, true),
			 "worst", files_json(&changes->lists[SAVED_WORST], true, true));
}
