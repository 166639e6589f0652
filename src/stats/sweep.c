/* SPDX-License-Identifier: MIT */
/*
 * The parameters of a method stand behind its name in the key of its records: "chunk-65536",
 * "uring-1048576-8".  Columns whose keys differ in one of these numbers alone are one curve.
 */
#include "stats/sweep.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "stats/cell.h"

/* A key taken apart: its name, and the numbers behind it. */
struct key_parts {
	const char *name;
	size_t letters;
	uint64_t numbers[2];
	size_t count;
};

/* The start of the number that ends at `end`, with a "-" before it; NULL: there is none. */
static const char *number_before(const char *key, const char *end)
{
	const char *start = end;

	while (start > key && isdigit((unsigned char)start[-1]))
		start--;
	return start < end && start > key + 1 && start[-1] == '-' ? start : NULL;
}

static struct key_parts take_apart(const char *key)
{
	struct key_parts parts = { .name = key, .letters = strlen(key) };
	const char *number;

	while (parts.count < ARRAY_SIZE(parts.numbers) &&
	       (number = number_before(key, key + parts.letters))) {
		parts.numbers[1] = parts.numbers[0];
		parts.numbers[0] = strtoull(number, NULL, 10);
		parts.letters = (size_t)(number - 1 - key);
		parts.count++;
	}
	return parts;
}

/* What distinguishes the curve of a column: all but the value. */
static char *curve_name(const struct grid *grid, size_t method, const struct key_parts *parts,
			bool is_depth)
{
	char size[SIZE_TEXT_MAX], depth[SIZE_TEXT_MAX] = "";
	const char *condition = grid->join && grid->join->count > 1
					? grid->join->names[method % grid->join->count]
					: NULL;

	if (is_depth)
		strcpy(depth, "-DEPTH");
	else if (parts->count > 1)
		snprintf(depth, sizeof(depth), "-%llu", (unsigned long long)parts->numbers[1]);
	return text_format("%.*s-%s%s%s%s", (int)parts->letters, parts->name,
			   is_depth ? size_name(parts->numbers[0], size) : "SIZE", depth,
			   condition ? ", " : "", condition ? condition : "");
}

static struct sweep_curve *find_curve(struct sweep *sweep, const char *name)
{
	for (size_t i = 0; i < sweep->curve_count; i++)
		if (strcmp(sweep->curves[i].name, name) == 0)
			return &sweep->curves[i];
	return NULL;
}

/* 0 or -ENOMEM. */
static int add_point(struct sweep *sweep, const struct grid *grid, size_t method,
		     const struct key_parts *parts)
{
	const struct sweep_point point = { parts->numbers[sweep->is_depth], method };
	CLEANUP(freep) char *name = curve_name(grid, method, parts, sweep->is_depth);
	struct sweep_curve *curve = name ? find_curve(sweep, name) : NULL;

	if (!name || (!curve && ARRAY_ROOM(sweep->curves, sweep->curve_count) < 0))
		return -ENOMEM;
	if (!curve) {
		curve = &sweep->curves[sweep->curve_count++];
		*curve = (struct sweep_curve) { .name = TAKE_PTR(name) };
	}
	return ARRAY_ADD(curve->points, curve->count, point);
}

static int by_value(const void *one, const void *other)
{
	const struct sweep_point *a = one, *b = other;

	return (a->value > b->value) - (a->value < b->value);
}

static void curve_clear(struct sweep_curve *curve)
{
	free(curve->name);
	free(curve->points);
}

/* What has too few values is no curve. */
static void keep_curves(struct sweep *sweep)
{
	size_t kept = 0;

	for (size_t i = 0; i < sweep->curve_count; i++) {
		struct sweep_curve *curve = &sweep->curves[i];

		qsort(curve->points, curve->count, sizeof(*curve->points), by_value);
		if (curve->count < SWEEP_VALUES_LEAST)
			curve_clear(curve);
		else
			sweep->curves[kept++] = *curve;
	}
	sweep->curve_count = kept;
}

static bool has_point(const struct sweep *sweep, size_t method)
{
	for (size_t i = 0; i < sweep->curve_count; i++)
		for (size_t j = 0; j < sweep->curves[i].count; j++)
			if (sweep->curves[i].points[j].method == method)
				return true;
	return false;
}

/* 0 or -ENOMEM. */
static int find_by(const struct grid *grid, bool is_depth, struct sweep *ret)
{
	CLEANUP(sweep_clear) struct sweep sweep = { .is_depth = is_depth };
	int r = 0;

	for (size_t i = 0; r == 0 && i < grid->method_count; i++) {
		struct key_parts parts = take_apart(grid_method_key(grid, i));

		if (parts.count > is_depth)
			r = add_point(&sweep, grid, i, &parts);
	}
	keep_curves(&sweep);
	for (size_t i = 0; r == 0 && i < grid->method_count; i++)
		if (!has_point(&sweep, i))
			r = ARRAY_ADD(sweep.others, sweep.other_count, i);
	if (r < 0)
		return r;
	*ret = sweep;
	sweep = (struct sweep) { 0 };
	return 0;
}

int sweep_find(const struct grid *grid, struct sweep *ret)
{
	int r = find_by(grid, false, ret);

	if (r < 0 || ret->curve_count > 0)
		return r;
	sweep_clear(ret);
	return find_by(grid, true, ret);
}

void sweep_clear(struct sweep *sweep)
{
	for (size_t i = 0; i < sweep->curve_count; i++)
		curve_clear(&sweep->curves[i]);
	free(sweep->curves);
	free(sweep->others);
	*sweep = (struct sweep) { 0 };
}

bool sweep_prevails(const struct sweep *sweep, const struct grid *grid)
{
	return sweep->curve_count > 0 && 2 * sweep->other_count < grid->method_count;
}

static int by_number(const void *one, const void *other)
{
	const uint64_t *a = one, *b = other;

	return (*a > *b) - (*a < *b);
}

int sweep_values(const struct sweep *sweep, uint64_t **ret, size_t *ret_count)
{
	CLEANUP(freep) uint64_t *values = NULL;
	size_t count = 0, kept = 0;

	for (size_t i = 0; i < sweep->curve_count; i++)
		for (size_t j = 0; j < sweep->curves[i].count; j++)
			if (ARRAY_ADD(values, count, sweep->curves[i].points[j].value) < 0)
				return -ENOMEM;
	if (count)
		qsort(values, count, sizeof(*values), by_number);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || values[kept - 1] != values[i])
			values[kept++] = values[i];
	*ret = TAKE_PTR(values);
	*ret_count = kept;
	return 0;
}

const char *sweep_value_text(const struct sweep *sweep, uint64_t value,
			     char text[static SIZE_TEXT_MAX])
{
	if (!sweep->is_depth)
		return size_name(value, text);
	snprintf(text, SIZE_TEXT_MAX, "%llu", (unsigned long long)value);
	return text;
}
