/* SPDX-License-Identifier: MIT */
/*
 * A grid is a view: everything refers to the original records.  It is built in two passes, since
 * the number of columns must be known before the cells are laid out.
 */
#include "stats/cell.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/size.h"
#include "results/resultfile.h"

static int same_text(const char *one, const char *other)
{
	return strcmp(one ? one : "", other ? other : "") == 0;
}

static int64_t files_of(const struct record *record)
{
	return record->files == FIELD_UNKNOWN ? 1 : record->files;
}

bool grid_same_trials(const struct grid *one, const struct grid *other)
{
	return one->file_bytes == other->file_bytes && one->volume_bytes == other->volume_bytes &&
	       one->files == other->files && one->mixed_sizes == other->mixed_sizes &&
	       same_text(one->workload, other->workload);
}

static int same_conditions(const struct grid *grid, const struct grid_entry *entry)
{
	return grid->file_bytes == entry->record->file_bytes &&
	       grid->volume_bytes == entry->record->volume_bytes &&
	       same_text(grid->workload, entry->record->workload) &&
	       grid->files == files_of(entry->record) &&
	       grid->mixed_sizes == (entry->record->mixed_sizes == 1) &&
	       same_text(grid->testbed, entry->record->testbed) &&
	       same_text(grid->accelerator, entry->environment->accelerator) &&
	       same_text(grid->throttle, entry->environment->drive_throttle) &&
	       same_text(grid->kernel, entry->kernel) && same_text(grid->label, entry->label);
}

const struct measure *grid_measure(const struct grid *grid, const struct measure *wanted)
{
	return wanted ? wanted : measure_of_time(grid->workload);
}

static struct grid *find_grid(const struct grids *grids, const struct grid_entry *entry)
{
	for (size_t i = 0; i < grids->count; i++)
		if (same_conditions(&grids->grid[i], entry))
			return &grids->grid[i];
	return NULL;
}

static int add_grid(struct grids *grids, const struct grid_entry *entry)
{
	if (ARRAY_ROOM(grids->grid, grids->count) < 0)
		return -ENOMEM;
	grids->grid[grids->count++] = (struct grid) {
		.environment = entry->environment,
		.testbed = entry->record->testbed,
		.kernel = entry->kernel,
		.label = entry->label,
		.accelerator = entry->environment->accelerator,
		.throttle = entry->environment->drive_throttle,
		.file_bytes = entry->record->file_bytes,
		.volume_bytes = entry->record->volume_bytes,
		.workload = entry->record->workload,
		.files = files_of(entry->record),
		.mixed_sizes = entry->record->mixed_sizes == 1,
	};
	return 0;
}

static size_t find_name(const char **names, size_t count, const char *name)
{
	size_t i = 0;

	while (i < count && strcmp(names[i], name) != 0)
		i++;
	return i;
}

static int add_name(const char ***names, size_t *count, const char *name)
{
	if (find_name(*names, *count, name) < *count)
		return 0;
	if (ARRAY_ROOM(*names, *count) < 0)
		return -ENOMEM;
	(*names)[(*count)++] = name;
	return 0;
}

/* The grid in progress. */
struct gathering {
	const struct grid_entry *entries;
	size_t count;
	struct grids grids;
};

static void gathering_clear(struct gathering *gathering)
{
	grids_clear(&gathering->grids);
}

/* The first position of the row or column with that name; unknown: last. */
static int64_t place_of(const struct gathering *gathering, const struct grid *grid,
			const char *name)
{
	int64_t place = INT64_MAX;

	for (size_t i = 0; i < gathering->count; i++) {
		const struct grid_entry *entry = &gathering->entries[i];

		if (entry->place != FIELD_UNKNOWN && entry->place < place &&
		    find_grid(&gathering->grids, entry) == grid &&
		    (strcmp(entry->row, name) == 0 || strcmp(entry->column, name) == 0))
			place = entry->place;
	}
	return place;
}

/* Stable: entries without a position stay in the order of appearance. */
static int sort_names(const struct gathering *gathering, const struct grid *grid,
		      const char **names, size_t count)
{
	CLEANUP(freep) int64_t *places = calloc(count, sizeof(*places));

	if (!places)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const char *name = names[i];
		int64_t place = place_of(gathering, grid, name);
		size_t at = i;

		for (; at > 0 && places[at - 1] > place; at--) {
			places[at] = places[at - 1];
			names[at] = names[at - 1];
		}
		places[at] = place;
		names[at] = name;
	}
	return 0;
}

static int collect_names(struct gathering *gathering)
{
	struct grids *grids = &gathering->grids;

	for (size_t i = 0; i < gathering->count; i++) {
		const struct grid_entry *entry = &gathering->entries[i];
		struct grid *grid;

		if (!find_grid(grids, entry) && add_grid(grids, entry) < 0)
			return -ENOMEM;
		grid = find_grid(grids, entry);
		if (add_name(&grid->filesystems, &grid->filesystem_count, entry->row) < 0 ||
		    add_name(&grid->methods, &grid->method_count, entry->column) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int sort_all_names(struct gathering *gathering)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < gathering->grids.count; i++) {
		struct grid *grid = &gathering->grids.grid[i];

		r = sort_names(gathering, grid, grid->filesystems, grid->filesystem_count);
		if (r == 0)
			r = sort_names(gathering, grid, grid->methods, grid->method_count);
	}
	return r;
}

static int fill_cells(struct gathering *gathering)
{
	for (size_t i = 0; i < gathering->grids.count; i++) {
		struct grid *grid = &gathering->grids.grid[i];

		grid->cells =
			calloc(grid->filesystem_count * grid->method_count, sizeof(*grid->cells));
		if (!grid->cells)
			return -ENOMEM;
	}
	for (size_t i = 0; i < gathering->count; i++) {
		const struct grid_entry *entry = &gathering->entries[i];
		struct grid *grid = find_grid(&gathering->grids, entry);
		size_t row = find_name(grid->filesystems, grid->filesystem_count, entry->row);
		size_t column = find_name(grid->methods, grid->method_count, entry->column);
		struct cell *cell = &grid->cells[row * grid->method_count + column];

		if (ARRAY_ROOM(cell->records, cell->count) < 0)
			return -ENOMEM;
		cell->records[cell->count++] = entry->record;
	}
	return 0;
}

/*
 * Replaces the keys of the records by what users type.  From then on columns cannot be found by
 * key.
 */
static int name_methods(struct grids *grids)
{
	for (size_t i = 0; i < grids->count; i++) {
		struct grid *grid = &grids->grid[i];

		for (size_t j = 0; j < grid->method_count; j++) {
			char *title = strdup(grid->methods[j]);

			if (!title || ARRAY_ROOM(grids->names, grids->name_count) < 0) {
				free(title);
				return -ENOMEM;
			}
			size_shorten(title);
			grid->methods[j] = grids->names[grids->name_count++] = title;
		}
	}
	return 0;
}

static int holds_any_of(const struct grid *grid, const struct results *results, size_t environment)
{
	const struct record *first = results->records;

	for (size_t i = 0; i < grid->filesystem_count * grid->method_count; i++)
		for (size_t j = 0; j < grid->cells[i].count; j++)
			if (results->environment_of[grid->cells[i].records[j] - first] ==
			    environment)
				return 1;
	return 0;
}

static int is_of_plan(const struct results *results, size_t warning, const char *plan)
{
	const char *other = results->environments[results->warning_of[warning]].plan;

	return strcmp(results->warnings[warning].kind, WARNING_OUTLIERS) == 0 && plan && other &&
	       strcmp(plan, other) == 0;
}

/*
 * A resumed run reports the outliers of all of its trials, since it has the same plan.  But if it
 * made no trial, its own warning is not shown.
 */
static int is_outdated(const struct grid *grid, const struct results *results, size_t index)
{
	const char *plan = results->environments[results->warning_of[index]].plan;

	if (!is_of_plan(results, index, plan))
		return 0;
	for (size_t i = index + 1; i < results->warning_count; i++)
		if (is_of_plan(results, i, plan) &&
		    holds_any_of(grid, results, results->warning_of[i]))
			return 1;
	return 0;
}

static int add_warnings(struct grid *grid, const struct results *results)
{
	for (size_t i = 0; i < results->warning_count; i++) {
		if (!holds_any_of(grid, results, results->warning_of[i]) ||
		    is_outdated(grid, results, i))
			continue;
		if (ARRAY_ROOM(grid->warnings, grid->warning_count) < 0)
			return -ENOMEM;
		grid->warnings[grid->warning_count++] = &results->warnings[i];
	}
	return 0;
}

static int add_all_warnings(struct grids *grids, const struct results *results)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < grids->count; i++)
		r = add_warnings(&grids->grid[i], results);
	return r;
}

/* The first position of its records; unknown: last. */
static int64_t first_place(const struct gathering *gathering, const struct grid *grid)
{
	int64_t first = INT64_MAX;

	for (size_t i = 0; i < gathering->count; i++) {
		const struct grid_entry *entry = &gathering->entries[i];

		if (entry->place != FIELD_UNKNOWN && entry->place < first &&
		    same_conditions(grid, entry))
			first = entry->place;
	}
	return first;
}

/* Whether the order of one run differs from that of appearance. */
static int is_earlier(const struct gathering *gathering, const struct grid *one,
		      const struct grid *other)
{
	int64_t place = first_place(gathering, one), other_place = first_place(gathering, other);

	if (one->environment != other->environment || !same_text(one->testbed, other->testbed))
		return 0;
	if (place != other_place)
		return place < other_place;
	return one->kernel && other->kernel && strverscmp(one->kernel, other->kernel) < 0;
}

/* Stable. */
static void sort_grids(struct gathering *gathering)
{
	struct grid *grid = gathering->grids.grid;

	for (size_t i = 1; i < gathering->grids.count; i++) {
		struct grid moved = grid[i];
		size_t at = i;

		for (; at > 0 && is_earlier(gathering, &moved, &grid[at - 1]); at--)
			grid[at] = grid[at - 1];
		grid[at] = moved;
	}
}

int grids_gather(const struct results *results, const struct grid_entry *entries, size_t count,
		 struct grids *ret)
{
	CLEANUP(gathering_clear)
	struct gathering gathering = { entries, count, { .results = results } };
	int r = collect_names(&gathering);

	if (r == 0)
		r = sort_all_names(&gathering);
	if (r == 0)
		r = fill_cells(&gathering);
	if (r == 0)
		r = name_methods(&gathering.grids);
	if (r == 0)
		r = add_all_warnings(&gathering.grids, results);
	if (r < 0)
		return r;
	sort_grids(&gathering);
	*ret = gathering.grids;
	gathering.grids = (struct grids) { 0 };
	return 0;
}

int grids_build_part(const struct results *results, const size_t *part_of, size_t part,
		     struct grids *ret)
{
	size_t count = 0;

	CLEANUP(freep)
	struct grid_entry *entries =
		calloc(results->record_count ? results->record_count : 1, sizeof(*entries));

	if (!entries)
		return -ENOMEM;
	for (size_t i = 0; i < results->record_count; i++) {
		const struct record *record = &results->records[i];

		if (record->promise || (part_of && part_of[i] != part))
			continue;
		entries[count++] = (struct grid_entry) {
			.record = record,
			.environment = &results->environments[results->environment_of[i]],
			.row = record->filesystem,
			.column = record->method,
			.kernel = record->kernel,
			.label = record->label,
			.place = record->place,
		};
	}
	return grids_gather(results, entries, count, ret);
}

int grids_build(const struct results *results, struct grids *ret)
{
	return grids_build_part(results, NULL, 0, ret);
}

static void clear_grid(struct grid *grid)
{
	for (size_t i = 0; grid->cells && i < grid->filesystem_count * grid->method_count; i++)
		free(grid->cells[i].records);
	free(grid->cells);
	free(grid->filesystems);
	free(grid->methods);
	free(grid->warnings);
	if (grid->join) {
		free(grid->join->names);
		free(grid->join->members);
		free(grid->join->methods);
	}
	free(grid->join);
}

void grids_clear(struct grids *grids)
{
	for (size_t i = 0; i < grids->count; i++)
		clear_grid(&grids->grid[i]);
	free(grids->grid);
	for (size_t i = 0; i < grids->name_count; i++)
		free(grids->names[i]);
	free(grids->names);
	*grids = (struct grids) { 0 };
}

int view_all(const struct grids *grids, struct view *ret)
{
	const struct grid **all = calloc(grids->count ? grids->count : 1, sizeof(*all));

	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < grids->count; i++)
		all[i] = &grids->grid[i];
	*ret = (struct view) { all, grids->count };
	return 0;
}

void view_clear(struct view *view)
{
	free(view->grid);
	*view = (struct view) { 0 };
}

const struct cell *grid_cell(const struct grid *grid, size_t filesystem, size_t method)
{
	return &grid->cells[filesystem * grid->method_count + method];
}

const char *grid_method_key(const struct grid *grid, size_t method)
{
	for (size_t i = 0; i < grid->filesystem_count; i++)
		if (grid_cell(grid, i, method)->count)
			return grid_cell(grid, i, method)->records[0]->method;
	return grid->methods[method];
}
