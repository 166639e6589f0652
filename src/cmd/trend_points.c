/* SPDX-License-Identifier: MIT */
/*
 * The rows are points in time (a kernel, a day, a label) of one file system.  Results that must not
 * be mixed (of several testbeds, sizes, and all other conditions) are in separate grids.
 */
#include "cmd/history.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "results/resultfile.h"

/* The kernels of the points. */
struct kernels {
	struct {
		const char *point, *kernel;
	} * pair; /* each once */
	size_t pair_count;
	int several;	     /* several kernels in all */
	int several_a_point; /* several kernels of one point */
};

static void kernels_clear(struct kernels *kernels)
{
	free(kernels->pair);
}

static const char *kernel_or_none(const struct record *record)
{
	return record->kernel ? record->kernel : "unknown";
}

/* From the last one, since records of one point are mostly adjacent. */
static int add_pair(struct kernels *kernels, const char *point, const char *kernel)
{
	for (size_t i = kernels->pair_count; i > 0; i--)
		if (strcmp(kernels->pair[i - 1].point, point) == 0 &&
		    strcmp(kernels->pair[i - 1].kernel, kernel) == 0)
			return 0;
	for (size_t i = 0; i < kernels->pair_count; i++)
		if (strcmp(kernels->pair[i].kernel, kernel) != 0) {
			kernels->several = 1;
			kernels->several_a_point |= !strcmp(kernels->pair[i].point, point);
		}
	if (ARRAY_ROOM(kernels->pair, kernels->pair_count) < 0)
		return -ENOMEM;
	kernels->pair[kernels->pair_count].point = point;
	kernels->pair[kernels->pair_count++].kernel = kernel;
	return 0;
}

/* Whether the point was measured on another kernel as well. */
static int has_other_kernel(const struct kernels *kernels, const char *point, const char *kernel)
{
	for (size_t i = 0; kernels->several_a_point && i < kernels->pair_count; i++)
		if (strcmp(kernels->pair[i].point, point) == 0 &&
		    strcmp(kernels->pair[i].kernel, kernel) != 0)
			return 1;
	return 0;
}

static const struct environment *environment_of(const struct results *results, size_t record)
{
	return &results->environments[results->environment_of[record]];
}

static int find_points(struct trend_points *points, const struct results *results,
		       enum record_key by, struct kernels *kernels)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < points->count; i++) {
		const struct record *record = &results->records[i];

		points->names[i] = record_key_text(by, record, environment_of(results, i));
		if (!points->names[i])
			return -ENOMEM;
		if (by != RECORD_KEY_KERNEL)
			r = add_pair(kernels, points->names[i], kernel_or_none(record));
	}
	return r;
}

/*
 * The key of the rows must not create a grid per value, but all others must: results of two kernels
 * are never mixed.  A label that repeats the kernel is ignored.
 */
static int needs_kernel(const struct record *record, const char *point, enum record_key by,
			const struct kernels *kernels)
{
	const char *kernel = kernel_or_none(record);
	int repeated = record->label && strcmp(record->label, kernel) == 0;

	if (by == RECORD_KEY_LABEL)
		return kernels->several && !kernels->several_a_point && !repeated;
	return has_other_kernel(kernels, point, kernel);
}

static void fill_entry(struct grid_entry *entry, const struct record *record,
		       const struct environment *environment, enum record_key by,
		       const struct kernels *kernels)
{
	int repeated = record->label && record->kernel && !strcmp(record->label, record->kernel);
	int is_label = by == RECORD_KEY_LABEL;

	*entry = (struct grid_entry) {
		.record = record,
		.environment = environment,
		.column = record->method,
		.label = is_label || repeated ? NULL : record->label,
		.kernel = is_label && kernels->several_a_point ? record->kernel : NULL,
		.place = FIELD_UNKNOWN, /* the rows are ordered by point */
	};
}

/* After all points are found, since the pairs refer to the names. */
static int name_rows(struct trend_points *points, enum record_key by, const struct kernels *kernels)
{
	for (size_t i = 0; i < points->count; i++) {
		const struct record *record = points->entries[i].record;
		char *name;

		if (!needs_kernel(record, points->names[i], by, kernels))
			points->entries[i].row = points->names[i];
		else if (!(name = text_format("%s, %s", points->names[i], kernel_or_none(record))))
			return -ENOMEM;
		else
			points->entries[i].row = points->names[points->count + i] = name;
	}
	return 0;
}

/* For qsort_r(); equal points remain in the order in which they were added. */
static int compare_entries(const void *one, const void *other, void *context)
{
	const struct grid_entry *a = one, *b = other;
	const struct record_key_row *by = context;
	int order = by->is_version ? strverscmp(a->row, b->row) : 0;

	return order ? order : (a->record > b->record) - (a->record < b->record);
}

int trend_points_make(const struct results *results, enum record_key by, struct trend_points *ret)
{
	CLEANUP(trend_points_clear)
	struct trend_points points = {
		.entries = calloc(results->record_count, sizeof(*points.entries)),
		.names = calloc(2 * results->record_count, sizeof(*points.names)),
		.count = results->record_count,
	};
	CLEANUP(kernels_clear) struct kernels kernels = { 0 };
	int r;

	if (!points.entries || !points.names)
		return -ENOMEM;
	r = find_points(&points, results, by, &kernels);
	for (size_t i = 0; i < points.count; i++)
		fill_entry(&points.entries[i], &results->records[i], environment_of(results, i), by,
			   &kernels);
	if (r == 0)
		r = name_rows(&points, by, &kernels);
	if (r < 0)
		return r;
	qsort_r(points.entries, points.count, sizeof(*points.entries), compare_entries,
		(void *)&record_keys[by]);
	*ret = points;
	points = (struct trend_points) { 0 };
	return 0;
}

void trend_points_clear(struct trend_points *points)
{
	for (size_t i = 0; points->names && i < 2 * points->count; i++)
		free(points->names[i]);
	free(points->names);
	free(points->entries);
}
