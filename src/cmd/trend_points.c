/* SPDX-License-Identifier: MIT */
/*
 * Each trial gets the name of its point (its kernel, its day, its label) in the
 * place of its file system, of which there is only one.  What must not be mixed
 * (testbeds, sizes, and whatever else the rows do not tell apart) falls into grids
 * of its own.
 */
#include "cmd/trend_points.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"

enum { DAY_LETTERS = sizeof("2009-04-01") - 1 };

static char *kernel_of(const struct record *record)
{
	return strdup(record->kernel ? record->kernel : "unknown");
}

static char *day_of(const struct record *record)
{
	return record->started ? strndup(record->started, DAY_LETTERS) : strdup("unknown");
}

static char *label_of(const struct record *record)
{
	return strdup(record->label && *record->label ? record->label : "(none)");
}

static const struct trend_by by_table[] = {
	{ "kernel", TREND_KERNEL, kernel_of, strverscmp },
	{ "date", TREND_DATE, day_of, strverscmp },
	{ "label", TREND_LABEL, label_of, NULL },
};

const struct trend_by *trend_by_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(by_table); i++)
		if (strcmp(by_table[i].name, name) == 0)
			return &by_table[i];
	return NULL;
}

/* The points of the records, and the kernels that each was measured under. */
struct points {
	char **name; /* of each record */
	size_t count;
	struct {
		const char *point, *kernel;
	} * pair; /* each once */
	size_t pair_count;
	int several_kernels;	     /* there are, in all */
	int several_kernels_a_point; /* at least one point has */
};

static void points_clear(struct points *points)
{
	for (size_t i = 0; points->name && i < points->count; i++)
		free(points->name[i]);
	free(points->name);
	free(points->pair);
}

static const char *kernel_or_none(const struct record *record)
{
	return record->kernel ? record->kernel : "unknown";
}

/* From the latest back: records of one point mostly follow one another. */
static int add_pair(struct points *points, const char *point, const char *kernel)
{
	for (size_t i = points->pair_count; i > 0; i--)
		if (strcmp(points->pair[i - 1].point, point) == 0 &&
		    strcmp(points->pair[i - 1].kernel, kernel) == 0)
			return 0;
	for (size_t i = 0; i < points->pair_count; i++)
		if (strcmp(points->pair[i].kernel, kernel) != 0) {
			points->several_kernels = 1;
			points->several_kernels_a_point |= !strcmp(points->pair[i].point, point);
		}
	if (ARRAY_ROOM(points->pair, points->pair_count) < 0)
		return -ENOMEM;
	points->pair[points->pair_count].point = point;
	points->pair[points->pair_count++].kernel = kernel;
	return 0;
}

static int find_points(const struct results *results, const struct trend_by *by,
		       struct points *points)
{
	int r = 0;

	points->name = calloc(results->record_count, sizeof(*points->name));
	if (!points->name)
		return -ENOMEM;
	points->count = results->record_count;
	for (size_t i = 0; r == 0 && i < points->count; i++) {
		const struct record *record = &results->records[i];

		points->name[i] = by->point(record);
		if (!points->name[i])
			return -ENOMEM;
		if (by->what != TREND_KERNEL)
			r = add_pair(points, points->name[i], kernel_or_none(record));
	}
	return r;
}

/* Was the point measured under any other kernel as well? */
static int has_other_kernel(const struct points *points, const char *point, const char *kernel)
{
	for (size_t i = 0; points->several_kernels_a_point && i < points->pair_count; i++)
		if (strcmp(points->pair[i].point, point) == 0 &&
		    strcmp(points->pair[i].kernel, kernel) != 0)
			return 1;
	return 0;
}

/* Takes *name over. */
static int name_row(struct record *record, char **name, int with_kernel)
{
	char *row;

	if (!with_kernel)
		row = TAKE_PTR(*name);
	else if (asprintf(&row, "%s, %s", *name, kernel_or_none(record)) < 0)
		return -ENOMEM;
	free(record->filesystem);
	record->filesystem = row;
	return 0;
}

/*
 * What a row is must not make a grid for each as well, and what it is not must:
 * figures of two kernels are never one.  A label that repeats the kernel is none.
 */
static int name_point(struct record *record, const struct trend_by *by, struct points *points,
		      size_t i)
{
	const char *kernel = kernel_or_none(record);
	int repeated = record->label && strcmp(record->label, kernel) == 0, with_kernel, r;

	if (by->what == TREND_LABEL)
		with_kernel =
			points->several_kernels && !points->several_kernels_a_point && !repeated;
	else
		with_kernel = has_other_kernel(points, points->name[i], kernel);
	r = name_row(record, &points->name[i], with_kernel);
	/* The rows have an order of their own. */
	record->place = FIELD_UNKNOWN;
	return r;
}

/* After all are named, for the names of the pairs are the records'. */
static void forget_conditions(struct record *record, const struct trend_by *by,
			      const struct points *points)
{
	int repeated = record->label && record->kernel && !strcmp(record->label, record->kernel);

	if (by->what == TREND_LABEL || repeated)
		field_set_text(&record->label, NULL);
	if (by->what != TREND_LABEL || !points->several_kernels_a_point)
		field_set_text(&record->kernel, NULL);
}

static int name_points(struct results *results, const struct trend_by *by)
{
	CLEANUP(points_clear) struct points points = { 0 };
	int r = find_points(results, by, &points);

	for (size_t i = 0; r == 0 && i < results->record_count; i++)
		r = name_point(&results->records[i], by, &points, i);
	for (size_t i = 0; r == 0 && i < results->record_count; i++)
		forget_conditions(&results->records[i], by, &points);
	return r;
}

/* For qsort_r(); equal ones stay in the order in which they were added. */
struct place {
	const struct results *results;
	const struct trend_by *by;
};

static int compare_places(const void *one, const void *other, void *context)
{
	const struct place *place = context;
	size_t a = *(const size_t *)one, b = *(const size_t *)other;
	int order = 0;

	if (place->by->compare)
		order = place->by->compare(place->results->records[a].filesystem,
					   place->results->records[b].filesystem);
	return order ? order : (a > b) - (a < b);
}

/* The same records in the order of their points, for grids take them as they come. */
static int sort_points(struct results *results, const struct trend_by *by)
{
	size_t count = results->record_count;
	CLEANUP(freep) size_t *order = calloc(count, sizeof(*order));
	struct record *records = calloc(count, sizeof(*records));
	size_t *environment_of = calloc(count, sizeof(*environment_of));

	if (!order || !records || !environment_of) {
		free(records);
		free(environment_of);
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++)
		order[i] = i;
	qsort_r(order, count, sizeof(*order), compare_places, &(struct place) { results, by });
	for (size_t i = 0; i < count; i++) {
		records[i] = results->records[order[i]];
		environment_of[i] = results->environment_of[order[i]];
	}
	free(results->records);
	free(results->environment_of);
	results->records = records;
	results->environment_of = environment_of;
	return 0;
}

int trend_make_points(struct results *results, const struct trend_by *by)
{
	int r = name_points(results, by);

	return r < 0 ? r : sort_points(results, by);
}
