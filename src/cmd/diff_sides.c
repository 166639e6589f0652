/* SPDX-License-Identifier: MIT */
/*
 * A run on two kernels or file systems writes one file, so one file can contain all sides.  If
 * there are more than two, the user has to choose; the error message lists them.
 */
#include "cmd/diff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/pairs.h"
#include "base/strbuf.h"
#include "cmd/cmd.h"

void sides_clear(struct sides *sides)
{
	for (size_t i = 0; i < sides->count; i++) {
		free(sides->list[i].name);
		free(sides->list[i].files);
		grids_clear(&sides->list[i].grids);
		promise_grids_clear(&sides->list[i].promises);
		if (sides->views)
			view_clear(&sides->views[i]);
	}
	free(sides->list);
	free(sides->views);
	results_clear(&sides->results);
	*sides = (struct sides) { 0 };
}

/* The state while the files are read. */
struct reading {
	const struct sides_request *request;
	char *source; /* for messages: "FILE contains" */
	struct results *results;
	size_t *file_of; /* per record */
	size_t *part_of; /* per record; PART_NONE: excluded by a filter */
	size_t *wanted;	 /* the numbers of parts, the baseline first */
	size_t wanted_count;
};

static void reading_clear(struct reading *reading)
{
	free(reading->source);
	free(reading->file_of);
	free(reading->part_of);
	free(reading->wanted);
}

static int read_files(struct reading *reading, struct problem *problem)
{
	const struct sides_request *request = reading->request;

	for (size_t i = 0, known = 0; i < request->file_count; i++) {
		int r = cmd_read_results(request->files[i], reading->results, problem);

		for (; r == 0 && known < reading->results->record_count;)
			r = ARRAY_ADD(reading->file_of, known, i);
		if (r < 0)
			return r;
	}
	reading->part_of = calloc(reading->results->record_count + 1, sizeof(*reading->part_of));
	return reading->part_of ? 0 : -ENOMEM;
}

/* ---- filters ---- */

static int filter(struct reading *reading, const struct sides_filter *filter,
		  struct problem *problem)
{
	CLEANUP(parts_clear) struct parts parts = { 0 };
	CLEANUP(freep) size_t *wanted = NULL;
	size_t count = 0;
	int r = parts_make(&parts, reading->results, reading->source, 1u << filter->key, NULL);

	if (r == 0)
		r = parts_find_all(&parts, filter->values, &wanted, &count, problem);
	for (size_t i = 0; r == 0 && i < reading->results->record_count; i++) {
		size_t j = 0;

		while (j < count && wanted[j] != parts.of[i])
			j++;
		if (j == count)
			reading->part_of[i] = PART_NONE;
	}
	return r;
}

/* ---- the sides ---- */

static bool is_by_one_key(unsigned by)
{
	return by && !(by & (by - 1));
}

static int refuse_count(const struct parts *parts, struct problem *problem)
{
	CLEANUP(freep) char *all = parts_names(parts);
	const char *noun = parts_noun(parts->by);

	if (!all)
		return -ENOMEM;
	if (parts->count == 0)
		return problem_set(problem, PROBLEM_USAGE, EINVAL, "%s no trial%s", parts->source,
				   parts->results->record_count ? " that --only selects" : "");
	if (parts->count == 1)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "%s results of only one %s (%s); give another file, or "
				   "another key with --by",
				   parts->source, noun, all);
	return problem_set(problem, PROBLEM_USAGE, EINVAL,
			   "%s results of %zu %ss; select two of them with --old and --new: %s",
			   parts->source, parts->count, noun, all);
}

/* The sides of --old and --new, one of which may be missing. */
static int choose_named(struct reading *reading, const struct parts *parts, struct problem *problem)
{
	const struct sides_request *request = reading->request;
	size_t old_part = PART_NONE, new_part = PART_NONE;
	int r = 0;

	if (request->old_name)
		r = parts_find(parts, request->old_name, &old_part, problem);
	if (r == 0 && request->new_name)
		r = parts_find(parts, request->new_name, &new_part, problem);
	if (r < 0)
		return r;
	if (old_part == PART_NONE)
		old_part = new_part == 0;
	if (old_part == new_part)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "--old and --new are the same; there is nothing to compare");
	r = ARRAY_ADD(reading->wanted, reading->wanted_count, old_part);
	if (r == 0 && new_part != PART_NONE)
		r = ARRAY_ADD(reading->wanted, reading->wanted_count, new_part);
	return r;
}

/* If only the baseline is given, adds all others. */
static int choose_others(struct reading *reading, const struct parts *parts)
{
	size_t baseline = reading->wanted[0];
	int r = 0;

	for (size_t i = 0; r == 0 && i < parts->count; i++)
		if (i != baseline)
			r = ARRAY_ADD(reading->wanted, reading->wanted_count, i);
	return r;
}

static int choose(struct reading *reading, const struct parts *parts, struct problem *problem)
{
	const struct sides_request *request = reading->request;
	int is_named = (request->old_name != NULL) + (request->new_name != NULL);
	int r;

	if (parts->count < 2 || (parts->count > 2 && !is_by_one_key(request->by) && is_named < 2))
		return refuse_count(parts, problem);
	if (request->values)
		r = parts_find_all(parts, request->values, &reading->wanted, &reading->wanted_count,
				   problem);
	else
		r = choose_named(reading, parts, problem);
	return r < 0 || reading->wanted_count > 1 ? r : choose_others(reading, parts);
}

/* ---- their names ---- */

static const struct environment *environment_of(const struct results *results, size_t record)
{
	return &results->environments[results->environment_of[record]];
}

/* The keys in which the sides differ. */
static unsigned differing(const struct sides *sides, const size_t *first, unsigned by)
{
	unsigned keys = 0;

	for (enum record_key key = 0; key < RECORD_KEY_COUNT; key++)
		for (size_t i = 1; (by & 1u << key) && i < sides->count; i++) {
			const struct results *results = &sides->results;
			CLEANUP(freep)
			char *one = record_keys_text(1u << key, &results->records[first[0]],
						     environment_of(results, first[0]));
			CLEANUP(freep)
			char *other = record_keys_text(1u << key, &results->records[first[i]],
						       environment_of(results, first[i]));

			if (one && other && strcmp(one, other) != 0)
				keys |= 1u << key;
		}
	return keys;
}

/* Each name is what distinguishes the side. */
static int name_by_keys(struct sides *sides, const size_t *first, unsigned by)
{
	unsigned keys = is_by_one_key(by) ? by : differing(sides, first, by);

	for (size_t i = 0; i < sides->count; i++) {
		const struct record *record = &sides->results.records[first[i]];
		const struct environment *environment = environment_of(&sides->results, first[i]);

		sides->list[i].name = is_by_one_key(by)
					      ? record_key_text((enum record_key)__builtin_ctz(by),
								record, environment)
					      : record_keys_text(keys, record, environment);
		if (!sides->list[i].name)
			return -ENOMEM;
	}
	return 0;
}

/* The label of a side; NULL: it has none, or several. */
static const char *label_of(const struct view *side)
{
	const char *label = side->count ? side->grid[0]->label : NULL;

	for (size_t i = 1; label && i < side->count; i++)
		if (!side->grid[i]->label || strcmp(side->grid[i]->label, label) != 0)
			return NULL;
	return label && *label ? label : NULL;
}

/* Their labels, if they differ. */
static int name_files(struct sides *sides)
{
	const char *const names[] = { "OLD", "NEW" };
	const char *labels[] = { label_of(&sides->views[0]), label_of(&sides->views[1]) };
	bool by_label = labels[0] && labels[1] && strcmp(labels[0], labels[1]) != 0;

	for (size_t i = 0; i < sides->count; i++) {
		sides->list[i].name = strdup(by_label ? labels[i] : names[i]);
		if (!sides->list[i].name)
			return -ENOMEM;
	}
	return 0;
}

static char *files_of(const struct reading *reading, size_t part)
{
	CLEANUP(strbuf_clear) struct strbuf files = { 0 };

	for (size_t i = 0; i < reading->request->file_count; i++)
		for (size_t j = 0; j < reading->results->record_count; j++)
			if (reading->file_of[j] == i && reading->part_of[j] == part) {
				strbuf_join(&files, ", ", reading->request->files[i]);
				break;
			}
	return strbuf_take(&files);
}

/* ---- reading ---- */

static int fill_side(struct sides *sides, const struct reading *reading, size_t number)
{
	size_t part = reading->wanted[number];
	struct side *side = &sides->list[number];
	int r = grids_build_part(reading->results, reading->part_of, part, &side->grids);

	if (r == 0)
		r = promise_grids_build(reading->results, reading->part_of, part, &side->promises);
	if (r == 0)
		r = view_all(&side->grids, &sides->views[number]);
	side->files = files_of(reading, part);
	return side->files ? r : -ENOMEM;
}

static int fill_sides(struct sides *sides, const struct reading *reading)
{
	int r = 0;

	sides->list = calloc(reading->wanted_count, sizeof(*sides->list));
	sides->views = calloc(reading->wanted_count, sizeof(*sides->views));
	if (!sides->list || !sides->views)
		return -ENOMEM;
	sides->count = reading->wanted_count;
	for (size_t i = 0; r == 0 && i < sides->count; i++)
		r = fill_side(sides, reading, i);
	return r;
}

static int divide(struct sides *sides, struct reading *reading, struct problem *problem)
{
	CLEANUP(parts_clear) struct parts parts = { 0 };
	CLEANUP(freep) size_t *first = NULL;
	int r = parts_make(&parts, reading->results, reading->source, reading->request->by,
			   reading->part_of);

	if (r == 0)
		r = choose(reading, &parts, problem);
	if (r < 0)
		return r;
	free(reading->part_of);
	reading->part_of = TAKE_PTR(parts.of);
	first = calloc(reading->wanted_count, sizeof(*first));
	if (!first)
		return -ENOMEM;
	for (size_t i = 0; i < reading->wanted_count; i++)
		first[i] = parts.part[reading->wanted[i]].first;
	r = fill_sides(sides, reading);
	return r < 0 ? r : name_by_keys(sides, first, parts.by);
}

/* One side per file. */
static int take_files(struct sides *sides, struct reading *reading)
{
	int r = 0;

	for (size_t i = 0; i < reading->results->record_count; i++)
		if (reading->part_of[i] != PART_NONE)
			reading->part_of[i] = reading->file_of[i];
	for (size_t i = 0; r == 0 && i < reading->request->file_count; i++)
		r = ARRAY_ADD(reading->wanted, reading->wanted_count, i);
	if (r == 0)
		r = fill_sides(sides, reading);
	return r < 0 ? r : name_files(sides);
}

static char *source_of(const struct sides_request *request)
{
	CLEANUP(strbuf_clear) struct strbuf source = { 0 };

	for (size_t i = 0; i < request->file_count; i++)
		strbuf_join(&source, ", ", request->files[i]);
	strbuf_puts(&source, request->file_count == 1 ? " contains" : " contain");
	return strbuf_take(&source);
}

int sides_read(struct sides *sides, const struct sides_request *request, struct problem *problem)
{
	CLEANUP(reading_clear)
	struct reading reading = { .request = request,
				   .source = source_of(request),
				   .results = &sides->results };
	int r = reading.source ? read_files(&reading, problem) : -ENOMEM;

	for (size_t i = 0; r == 0 && i < request->filter_count; i++)
		r = filter(&reading, &request->filters[i], problem);
	if (r < 0)
		return r;
	return request->by ? divide(sides, &reading, problem) : take_files(sides, &reading);
}

/* The different values of a key on one side, separated by "; ".  NULL: out of memory. */
static char *values_of(const struct sides *sides, size_t side, enum record_key key)
{
	const struct grids *grids = &sides->list[side].grids;
	CLEANUP(pairs_clear) struct pairs values = { 0 };
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };

	for (size_t i = 0; i < grids->count; i++)
		for (size_t j = 0;
		     j < grids->grid[i].filesystem_count * grids->grid[i].method_count; j++) {
			const struct grid *grid = &grids->grid[i];
			const struct cell *cell = &grid->cells[j];
			CLEANUP(freep)
			char *value = cell->count ? record_key_text(key, cell->records[0],
								    grid->environment)
						  : NULL;

			if (value && pairs_add(&values, 0, value, cell) == 0)
				strbuf_join(&text, "; ", value);
		}
	return strbuf_take(&text);
}

int sides_refuse(const struct sides *sides, const struct compare_ambiguity *ambiguity,
		 struct problem *problem)
{
	const struct side *side = &sides->list[ambiguity->side];
	const char *key = record_keys[ambiguity->key].name;
	CLEANUP(freep) char *values = values_of(sides, ambiguity->side, ambiguity->key);
	CLEANUP(freep) char *others = values_of(sides, ambiguity->other, ambiguity->key);

	if (!values || !others)
		return -ENOMEM;
	return problem_set(problem, PROBLEM_USAGE, EINVAL,
			   "%s (%s) contains results of more than one %s (%s), and %s has none of "
			   "them (%s): select one of each by --only %s=NAME,NAME",
			   side->name, side->files, key, values, sides->list[ambiguity->other].name,
			   others, key);
}
