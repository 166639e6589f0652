/* SPDX-License-Identifier: MIT */
/*
 * A chart can show the bars of two kernels next to each other, which tables cannot.  So the
 * columns of several grids become those of one grid, with those of each method next to each other,
 * named by what distinguishes the grids.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "stats/cell.h"

/* The grids of the same sizes. */
struct group {
	const struct grid **members;
	size_t count;
};

static void group_clear(struct group *group)
{
	free(group->members);
}

static int gather(const struct grids *grids, const struct grid *first, struct group *ret)
{
	for (size_t i = 0; i < grids->count; i++)
		if (grid_same_trials(&grids->grid[i], first)) {
			if (ARRAY_ADD(ret->members, ret->count, &grids->grid[i]) < 0)
				return -ENOMEM;
		}
	return 0;
}

static int is_first(const struct grids *grids, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (grid_same_trials(&grids->grid[i], &grids->grid[index]))
			return 0;
	return 1;
}

/* ---- names ---- */

static int add_name(const char ***names, size_t *count, const char *name)
{
	for (size_t i = 0; i < *count; i++)
		if (strcmp((*names)[i], name) == 0)
			return 0;
	return ARRAY_ADD(*names, *count, name);
}

/* Takes over the name; NULL: out of memory. */
static int own_name(struct grids *owner, char *name)
{
	CLEANUP(freep) char *owned = name;

	if (!owned || ARRAY_ROOM(owner->names, owner->name_count) < 0)
		return -ENOMEM;
	owner->names[owner->name_count++] = TAKE_PTR(owned);
	return 0;
}

static int name_conditions(struct grids *owner, struct join *join, const struct group *group)
{
	int r = 0;

	join->names = calloc(group->count, sizeof(*join->names));
	join->members = calloc(group->count, sizeof(*join->members));
	if (!join->names || !join->members)
		return -ENOMEM;
	join->count = group->count;
	for (size_t i = 0; r == 0 && i < group->count; i++) {
		char *name = condition_name(group->members, group->count, group->members[i]);

		join->members[i] = group->members[i];
		join->names[i] = name;
		r = own_name(owner, name);
	}
	return r;
}

static int add_column(struct grids *owner, struct grid *joined, const char *method,
		      const char *condition)
{
	char *name;
	int r = ARRAY_ROOM(joined->methods, joined->method_count);

	if (r < 0)
		return r;
	name = text_format("%s%s%s", method, *condition ? ", " : "", condition);
	if (!name)
		return -ENOMEM;
	joined->methods[joined->method_count++] = name;
	return own_name(owner, name);
}

/* ---- cells ---- */

static int copy_cell(struct cell *to, const struct grid *from, const char *filesystem,
		     const char *method)
{
	for (size_t i = 0; i < from->filesystem_count * from->method_count; i++) {
		const struct cell *cell = &from->cells[i];

		if (strcmp(from->filesystems[i / from->method_count], filesystem) != 0 ||
		    strcmp(from->methods[i % from->method_count], method) != 0)
			continue;
		for (size_t j = 0; j < cell->count; j++) {
			if (ARRAY_ADD(to->records, to->count, cell->records[j]) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}

static int copy_cells(struct grid *joined, const struct group *group)
{
	joined->cells =
		calloc(joined->filesystem_count * joined->method_count, sizeof(*joined->cells));
	if (!joined->cells)
		return -ENOMEM;
	for (size_t i = 0; i < joined->filesystem_count; i++)
		for (size_t j = 0; j < joined->method_count; j++) {
			int r = copy_cell(&joined->cells[i * joined->method_count + j],
					  group->members[j % group->count], joined->filesystems[i],
					  joined->join->methods[j / group->count]);

			if (r < 0)
				return r;
		}
	return 0;
}

/* ---- grids ---- */

static void keep_common(struct grid *joined, const struct group *group)
{
	for (size_t i = 1; i < group->count; i++) {
		const struct grid *first = group->members[0], *member = group->members[i];

		if (!condition_same(first, member, KEY_SET(TESTBED)))
			joined->testbed = NULL;
		if (!condition_same(first, member, KEY_SET(KERNEL)))
			joined->kernel = NULL;
		if (!condition_same(first, member, KEY_SET(LABEL)))
			joined->label = NULL;
		if (!condition_same(first, member, KEY_SET(ACCELERATOR)))
			joined->accelerator = NULL;
		if (!condition_same(first, member, KEY_SET(THROTTLE)))
			joined->throttle = NULL;
	}
}

static int join_group(struct grids *owner, struct grid *joined, const struct group *group)
{
	struct join *join = joined->join = calloc(1, sizeof(*join));
	size_t method_count = 0;
	int r = join ? name_conditions(owner, join, group) : -ENOMEM;

	keep_common(joined, group);
	for (size_t i = 0; r == 0 && i < group->count; i++) {
		const struct grid *member = group->members[i];

		for (size_t j = 0; r == 0 && j < member->filesystem_count; j++)
			r = add_name(&joined->filesystems, &joined->filesystem_count,
				     member->filesystems[j]);
		for (size_t j = 0; r == 0 && j < member->method_count; j++)
			r = add_name(&join->methods, &method_count, member->methods[j]);
	}
	for (size_t i = 0; r == 0 && i < method_count * group->count; i++)
		r = add_column(owner, joined, join->methods[i / group->count],
			       join->names[i % group->count]);
	return r < 0 ? r : copy_cells(joined, group);
}

static int join_from(const struct grids *grids, size_t index, struct grids *joined)
{
	const struct grid *first = &grids->grid[index];
	CLEANUP(group_clear) struct group group = { 0 };
	int r = gather(grids, first, &group);

	if (r == 0)
		r = ARRAY_ROOM(joined->grid, joined->count);
	if (r < 0)
		return r;
	joined->grid[joined->count] = (struct grid) {
		.environment = first->environment,
		.testbed = first->testbed,
		.kernel = first->kernel,
		.label = first->label,
		.accelerator = first->accelerator,
		.throttle = first->throttle,
		.file_bytes = first->file_bytes,
		.volume_bytes = first->volume_bytes,
		.workload = first->workload,
		.files = first->files,
		.mixed_sizes = first->mixed_sizes,
	};
	return join_group(joined, &joined->grid[joined->count++], &group);
}

int grids_join(const struct grids *grids, struct grids *ret)
{
	CLEANUP(grids_clear) struct grids joined = { 0 };

	for (size_t i = 0; i < grids->count; i++) {
		int r = is_first(grids, i) ? join_from(grids, i, &joined) : 0;

		if (r < 0)
			return r;
	}
	*ret = joined;
	joined = (struct grids) { 0 };
	return 0;
}
