/* SPDX-License-Identifier: MIT */
/*
 * Both sides are documents, so that a result of another machine or another year
 * is compared in the same way as one of now.
 */
#include "frag/show/saved.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/quote.h"
#include "base/size.h"
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

/* ---- the table ---- */

struct compared {
	const char *key, *name;
	/* NULL: a count */
	const char *(*human)(double value, char text[static SIZE_TEXT_MAX]);
};

static const struct compared compared[] = {
	{ "files", "files", NULL },
	{ "fragmented_files", "fragmented files", NULL },
	{ "mapped_bytes", "size in extents", size_human },
	{ "extents", "extents", NULL },
	{ "fragments", "fragments", NULL },
	{ "ideal_fragments", "minimum of fragments", NULL },
	{ "extra_seconds", "cost of fragments", duration_human },
};

static const char *human(const struct compared *row, double value, char text[static SIZE_TEXT_MAX])
{
	if (row->human)
		return row->human(value, text);
	snprintf(text, SIZE_TEXT_MAX, "%.0f", value);
	return text;
}

static void put_change(FILE *to, const struct compared *row, double before, double after)
{
	char was[SIZE_TEXT_MAX], is[SIZE_TEXT_MAX], change[SIZE_TEXT_MAX];

	fprintf(to, "%-22s %13s %13s ", row->name, human(row, before, was), human(row, after, is));
	/* What does not show is no change. */
	if (strcmp(was, is) == 0)
		fprintf(to, "%14s\n", "the same");
	else
		fprintf(to, "%5s %8s\n", after > before ? "more:" : "less:",
			human(row, fabs(after - before), change));
}

static const json_t *row_of(const json_t *rows, const char *path)
{
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		const char *other = json_string_value(json_object_get(row, "path"));

		if (other && strcmp(other, path) == 0)
			return row;
	}
	return NULL;
}

/* The numbers of a file that somebody else wrote: too large for an integer, perhaps. */
static const char *plural_of(double number)
{
	return words_plural(number == 1 ? 1 : 2);
}

/* Files that both have, if the number of fragments is another one. */
static void show_files(FILE *to, const json_t *before, const json_t *after, const char *list)
{
	const json_t *old_rows = json_object_get(before, list), *row;
	size_t i;

	json_array_foreach(json_object_get(after, list), i, row)
	{
		const char *path = json_string_value(json_object_get(row, "path"));
		const json_t *old = path ? row_of(old_rows, path) : NULL;
		double was = json_number_value(json_object_get(old, "fragments"));
		double is = json_number_value(json_object_get(row, "fragments"));
		CLEANUP(freep) char *name = NULL;

		if (!old || was == is)
			continue;
		name = quote_name(path);
		fprintf(to, "  %.0f fragment%s before, %.0f now: %s\n", was, plural_of(was), is,
			name ? name : "?");
	}
}

static void put_verdict(FILE *to, double was, double is, bool worse)
{
	const char *verdict = worse ? "worse" : is < was ? "better" : "no worse";

	fprintf(to, "Verdict: %s: %.0f fragment%s beyond the minimum, ", verdict, is,
		plural_of(is));
	if (is == was)
		fprintf(to, "as before\n");
	else
		fprintf(to, "%.0f before\n", was);
}

int saved_compare(FILE *to, const json_t *before, const json_t *after)
{
	double was = excess_of(before), is = excess_of(after);
	bool worse = is > was && is - was >= noise * was;

	fprintf(to, "%-22s %13s %13s %14s\n", "", "before", "now", "change");
	for (size_t i = 0; i < ARRAY_SIZE(compared); i++)
		put_change(to, &compared[i], value_of(before, "all", compared[i].key),
			   value_of(after, "all", compared[i].key));
	show_files(to, before, after, "files");
	show_files(to, before, after, "worst");
	put_verdict(to, was, is, worse);
	return worse;
}
