/* SPDX-License-Identifier: MIT */
#include "stats/promises.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/size.h"
#include "results/resultfile.h"
#include "stats/record_key.h"

/* ---- outcomes ---- */

static const char *const outcome_names[] = {
	[PROMISE_UNTESTED] = "-",	  [PROMISE_NA] = VERDICT_NA,
	[PROMISE_KEPT] = VERDICT_KEPT,	  [PROMISE_NOT_MADE] = VERDICT_NOT_PROMISED,
	[PROMISE_FAILED] = STATUS_FAILED, [PROMISE_BROKEN] = VERDICT_BROKEN,
};

const char *promise_outcome_name(enum promise_outcome outcome)
{
	return outcome_names[outcome];
}

/* A volume that cannot be made or mounted there is no fault of the test. */
enum promise_outcome promise_outcome(const struct record *record)
{
	const enum promise_outcome verdicts[] = { PROMISE_NA, PROMISE_KEPT, PROMISE_NOT_MADE,
						  PROMISE_BROKEN };

	for (size_t i = 0; record->verdict && i < ARRAY_SIZE(verdicts); i++)
		if (strcmp(record->verdict, outcome_names[verdicts[i]]) == 0)
			return verdicts[i];
	return strcmp(record->status, STATUS_UNSUPPORTED) == 0 ? PROMISE_NA : PROMISE_FAILED;
}

enum promise_outcome promise_cell_outcome(const struct cell *cell)
{
	enum promise_outcome worst = PROMISE_UNTESTED;

	for (size_t i = 0; i < cell->count; i++) {
		enum promise_outcome outcome = promise_outcome(cell->records[i]);

		worst = outcome > worst ? outcome : worst;
	}
	return worst;
}

const char *promise_words(const struct record *record)
{
	if (record->verdict && record->counterexample)
		return record->counterexample;
	return record->reason ? record->reason : "";
}

const struct record *promise_example(const struct cell *cell)
{
	enum promise_outcome outcome = promise_cell_outcome(cell);
	const struct record *found = NULL;

	for (size_t i = 0; i < cell->count; i++)
		if (promise_outcome(cell->records[i]) == outcome &&
		    (!found ||
		     strlen(promise_words(cell->records[i])) < strlen(promise_words(found))))
			found = cell->records[i];
	return found;
}

/* ---- grids ---- */

static bool same_text(const char *one, const char *other)
{
	return strcmp(one ? one : "", other ? other : "") == 0;
}

static struct promise_grid *find_grid(struct promise_grids *grids, const struct record *record,
				      const struct environment *environment)
{
	for (size_t i = 0; i < grids->count; i++) {
		const struct grid *known = &grids->grid[i].conditions;

		if (same_text(known->testbed, record->testbed) &&
		    same_text(known->kernel, record->kernel) &&
		    same_text(known->label, record->label) &&
		    same_text(known->accelerator, environment->accelerator))
			return &grids->grid[i];
	}
	return NULL;
}

static int add_grid(struct promise_grids *grids, const struct record *record,
		    const struct environment *environment)
{
	return ARRAY_ADD(grids->grid, grids->count,
			 ((struct promise_grid) { .conditions = {
							  .environment = environment,
							  .testbed = record->testbed,
							  .kernel = record->kernel,
							  .label = record->label,
							  .accelerator = environment->accelerator,
							  .files = 1,
						  } }));
}

static size_t find_line(const struct promise_grid *grid, const struct record *record)
{
	size_t i = 0;

	while (i < grid->line_count &&
	       (strcmp(grid->lines[i].filesystem, record->filesystem) != 0 ||
		strcmp(grid->lines[i].key, record->method) != 0))
		i++;
	return i;
}

static int add_line(struct promise_grid *grid, const struct record *record)
{
	CLEANUP(freep) char *method = strdup(record->method);
	int r;

	if (find_line(grid, record) < grid->line_count)
		return 0;
	if (!method)
		return -ENOMEM;
	size_shorten(method);
	r = ARRAY_ADD(grid->lines, grid->line_count,
		      ((struct promise_line) { record->filesystem, method, record->method }));
	if (r == 0)
		method = NULL;
	return r;
}

static size_t find_promise(const struct promise_grid *grid, const char *name)
{
	size_t i = 0;

	while (i < grid->promise_count && strcmp(grid->promises[i], name) != 0)
		i++;
	return i;
}

static int add_promise(struct promise_grid *grid, const char *name)
{
	size_t at = grid->promise_count;

	if (find_promise(grid, name) < grid->promise_count)
		return 0;
	if (ARRAY_ROOM(grid->promises, grid->promise_count) < 0)
		return -ENOMEM;
	for (; at > 0 && promise_find(grid->promises[at - 1]) > promise_find(name); at--)
		grid->promises[at] = grid->promises[at - 1];
	grid->promises[at] = name;
	grid->promise_count++;
	return 0;
}

static int add_names(struct promise_grids *grids, const struct record *record,
		     const struct environment *environment)
{
	struct promise_grid *grid;
	int r = 0;

	if (!find_grid(grids, record, environment))
		r = add_grid(grids, record, environment);
	if (r < 0)
		return r;
	grid = find_grid(grids, record, environment);
	r = add_line(grid, record);
	return r < 0 ? r : add_promise(grid, record->promise);
}

static int add_record(struct promise_grids *grids, const struct record *record,
		      const struct environment *environment)
{
	struct promise_grid *grid = find_grid(grids, record, environment);
	struct cell *cell;

	if (!grid->cells)
		grid->cells = calloc(grid->line_count * grid->promise_count, sizeof(*grid->cells));
	if (!grid->cells)
		return -ENOMEM;
	cell = &grid->cells[find_line(grid, record) * grid->promise_count +
			    find_promise(grid, record->promise)];
	return ARRAY_ADD(cell->records, cell->count, record);
}

typedef int (*add_fn)(struct promise_grids *grids, const struct record *record,
		      const struct environment *environment);

static int add_all(struct promise_grids *grids, const struct results *results,
		   const size_t *part_of, size_t part, add_fn add)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < results->record_count; i++)
		if (results->records[i].promise && (!part_of || part_of[i] == part))
			r = add(grids, &results->records[i],
				&results->environments[results->environment_of[i]]);
	return r;
}

int promise_grids_build(const struct results *results, const size_t *part_of, size_t part,
			struct promise_grids *ret)
{
	CLEANUP(promise_grids_clear) struct promise_grids grids = { 0 };
	int r = add_all(&grids, results, part_of, part, add_names);

	if (r == 0)
		r = add_all(&grids, results, part_of, part, add_record);
	if (r < 0)
		return r;
	*ret = grids;
	grids = (struct promise_grids) { 0 };
	return 0;
}

static void clear_grid(struct promise_grid *grid)
{
	for (size_t i = 0; grid->cells && i < grid->line_count * grid->promise_count; i++)
		free(grid->cells[i].records);
	for (size_t i = 0; i < grid->line_count; i++)
		free(grid->lines[i].method);
	free(grid->cells);
	free(grid->lines);
	free(grid->promises);
}

void promise_grids_clear(struct promise_grids *grids)
{
	for (size_t i = 0; i < grids->count; i++)
		clear_grid(&grids->grid[i]);
	free(grids->grid);
	*grids = (struct promise_grids) { 0 };
}

/* ---- two of them ---- */

/* A cell and its key. */
struct place {
	const struct promise_grid *grid;
	size_t line, promise;
};

struct comparing {
	const struct promise_grids *sides[2];
	unsigned by;
	bool by_kernel; /* cells of different kernels are different cells */
};

static bool several_kernels(const struct promise_grids *grids)
{
	for (size_t i = 1; i < grids->count; i++)
		if (!same_text(grids->grid[i].conditions.kernel, grids->grid[0].conditions.kernel))
			return true;
	return false;
}

static bool is_same_place(const struct comparing *comparing, const struct place *one,
			  const struct place *other)
{
	const struct promise_line *line = &one->grid->lines[one->line];
	const struct promise_line *other_line = &other->grid->lines[other->line];

	if (strcmp(one->grid->promises[one->promise], other->grid->promises[other->promise]) != 0)
		return false;
	if (comparing->by_kernel &&
	    !same_text(one->grid->conditions.kernel, other->grid->conditions.kernel))
		return false;
	return (comparing->by & KEY_SET(FILESYSTEM) ||
		strcmp(line->filesystem, other_line->filesystem) == 0) &&
	       (comparing->by & KEY_SET(METHOD) || strcmp(line->key, other_line->key) == 0);
}

/* The worst outcome of all cells of a side in the same place, and what shows it. */
static enum promise_outcome outcome_at(const struct comparing *comparing, size_t side,
				       const struct place *place, const struct record **ret_example)
{
	const struct promise_grids *grids = comparing->sides[side];
	enum promise_outcome worst = PROMISE_UNTESTED;

	for (size_t i = 0; i < grids->count; i++)
		for (size_t j = 0; j < grids->grid[i].line_count; j++)
			for (size_t k = 0; k < grids->grid[i].promise_count; k++) {
				struct place other = { &grids->grid[i], j, k };
				const struct cell *cell = promise_cell(&grids->grid[i], j, k);
				enum promise_outcome outcome = promise_cell_outcome(cell);

				if (outcome <= worst || !is_same_place(comparing, place, &other))
					continue;
				worst = outcome;
				*ret_example = promise_example(cell);
			}
	return worst;
}

/* Is it the first of its side in that place? */
static bool is_first(const struct comparing *comparing, size_t side, const struct place *place)
{
	const struct promise_grids *grids = comparing->sides[side];

	for (size_t i = 0; i < grids->count; i++)
		for (size_t j = 0; j < grids->grid[i].line_count; j++) {
			struct place other = { &grids->grid[i], j, 0 };

			for (; other.promise < grids->grid[i].promise_count; other.promise++)
				if (promise_cell(other.grid, j, other.promise)->count &&
				    is_same_place(comparing, place, &other))
					return other.grid == place->grid &&
					       other.line == place->line &&
					       other.promise == place->promise;
		}
	return false;
}

static int compare_place(const struct comparing *comparing, const struct place *place,
			 struct promise_changes *changes)
{
	const struct record *example = NULL, *old_example = NULL;
	const struct promise_line *line = &place->grid->lines[place->line];
	struct promise_change change = {
		.filesystem = line->filesystem,
		.method = line->method,
		.promise = place->grid->promises[place->promise],
		.kernel = comparing->by_kernel ? place->grid->conditions.kernel : NULL,
		.before = outcome_at(comparing, 0, place, &old_example),
		.after = outcome_at(comparing, 1, place, &example),
	};

	change.example = example;
	if (change.after == PROMISE_UNTESTED) {
		changes->only_old++;
		return 0;
	}
	changes->compared++;
	if (change.before == change.after)
		return 0;
	changes->newly_broken += change.after == PROMISE_BROKEN;
	return ARRAY_ADD(changes->change, changes->count, change);
}

/* Calls compare_place() for each place of the old side, and counts those that only the other has.
 */
static int compare_side(const struct comparing *comparing, size_t side,
			struct promise_changes *changes)
{
	const struct promise_grids *grids = comparing->sides[side];
	int r = 0;

	for (size_t i = 0; i < grids->count; i++)
		for (size_t j = 0; j < grids->grid[i].line_count; j++)
			for (size_t k = 0; r == 0 && k < grids->grid[i].promise_count; k++) {
				struct place place = { &grids->grid[i], j, k };
				const struct record *ignored;

				if (promise_cell(place.grid, j, k)->count == 0 ||
				    !is_first(comparing, side, &place))
					continue;
				if (side == 0)
					r = compare_place(comparing, &place, changes);
				else
					changes->only_new +=
						outcome_at(comparing, 0, &place, &ignored) ==
						PROMISE_UNTESTED;
			}
	return r;
}

int promise_compare(const struct promise_grids *old_grids, const struct promise_grids *new_grids,
		    unsigned by, struct promise_changes *ret)
{
	const struct comparing comparing = {
		.sides = { old_grids, new_grids },
		.by = by,
		.by_kernel = !(by & KEY_SET(KERNEL)) &&
			     (several_kernels(old_grids) || several_kernels(new_grids)),
	};
	CLEANUP(promise_changes_clear) struct promise_changes changes = { 0 };
	int r = compare_side(&comparing, 0, &changes);

	if (r == 0)
		r = compare_side(&comparing, 1, &changes);
	if (r < 0)
		return r;
	*ret = changes;
	changes = (struct promise_changes) { 0 };
	return 0;
}

void promise_changes_clear(struct promise_changes *changes)
{
	free(changes->change);
	*changes = (struct promise_changes) { 0 };
}
