/* SPDX-License-Identifier: MIT */
/*
 * Both sides are documents, so that a result of another machine or another year
 * is compared in the same way as one of now.
 */
#include "saved.h"

#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "quote.h"

static const double noise = 0.01;

static void decrefp(json_t **json)
{
	json_decref(*json);
}

int saved_read(const char *path, json_t **ret, struct problem *problem)
{
	json_error_t error;
	CLEANUP(decrefp) json_t *document = json_load_file(path, 0, &error);
	const char *schema = json_string_value(json_object_get(document, "schema"));

	if (!document)
		return problem_set(problem, PROBLEM_USAGE, EINVAL, "%s cannot be read as JSON: %s",
				   path, error.text);
	if (!schema || strcmp(schema, "alloc-perf-frag/1") != 0)
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

static void put_change(FILE *to, const char *name, double before, double after)
{
	fprintf(to, "%-24s %16.12g %16.12g %+15.12g\n", name, before, after, after - before);
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
		fprintf(to, "  %.0f -> %.0f fragments: %s\n", was, is, name ? name : "?");
	}
}

int saved_compare(FILE *to, const json_t *before, const json_t *after)
{
	static const char *const keys[] = { "files",	    "fragmented_files", "mapped_bytes",
					    "extents",	    "fragments",	"ideal_fragments",
					    "extra_seconds" };
	double was = excess_of(before), is = excess_of(after);
	int worse = is > was && is - was >= noise * was;

	fprintf(to, "%-24s %16s %16s %15s\n", "", "before", "now", "change");
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		put_change(to, keys[i], value_of(before, "all", keys[i]),
			   value_of(after, "all", keys[i]));
	show_files(to, before, after, "files");
	show_files(to, before, after, "worst");
	fprintf(to, "Verdict: %s\n", worse ? "worse" : is < was ? "better" : "no worse");
	return worse;
}
