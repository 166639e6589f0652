/* SPDX-License-Identifier: MIT */
/*
 * Figures of two kernels or testbeds do not belong into one table, but beside one
 * another they are what is asked for most.  Whatever puts them there names them
 * here, so that they go by the same names everywhere.
 *
 * A run on several kernels labels each with its release where the user gave it no
 * other name; that says nothing twice.
 */
#include "stats/condition.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/strbuf.h"

static const struct {
	const char *name;
	enum condition condition;
} names[] = {
	{ "testbed", CONDITION_TESTBED },   { "accelerator", CONDITION_ACCELERATOR },
	{ "throttle", CONDITION_THROTTLE }, { "kernel", CONDITION_KERNEL },
	{ "label", CONDITION_LABEL },
};

unsigned condition_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(names[i].name, name) == 0)
			return names[i].condition;
	return 0;
}

const char *condition_value(const struct grid *grid, enum condition condition)
{
	const char *value = condition == CONDITION_TESTBED	 ? grid->testbed
			    : condition == CONDITION_ACCELERATOR ? grid->accelerator
			    : condition == CONDITION_THROTTLE	 ? grid->throttle
			    : condition == CONDITION_KERNEL	 ? grid->kernel
								 : grid->label;

	return value ? value : "";
}

int condition_same(const struct grid *one, const struct grid *other, unsigned conditions)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if ((conditions & names[i].condition) &&
		    strcmp(condition_value(one, names[i].condition),
			   condition_value(other, names[i].condition)) != 0)
			return 0;
	return 1;
}

static int add_to(struct view *view, const struct grid *grid)
{
	int r = ARRAY_ROOM(view->grid, view->count);

	if (r == 0)
		view->grid[view->count++] = grid;
	return r;
}

int condition_list(const struct view *grids, unsigned conditions, struct view *ret)
{
	CLEANUP(view_clear) struct view found = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < grids->count; i++) {
		size_t known = 0;

		while (known < found.count &&
		       !condition_same(found.grid[known], grids->grid[i], conditions))
			known++;
		if (known == found.count)
			r = add_to(&found, grids->grid[i]);
	}
	if (r < 0)
		return r;
	*ret = found;
	found = (struct view) { 0 };
	return 0;
}

int condition_pick(const struct view *grids, const struct grid *like, unsigned conditions,
		   struct view *ret)
{
	CLEANUP(view_clear) struct view picked = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < grids->count; i++)
		if (condition_same(grids->grid[i], like, conditions))
			r = add_to(&picked, grids->grid[i]);
	if (r < 0)
		return r;
	*ret = picked;
	picked = (struct view) { 0 };
	return 0;
}

/* ---- names ---- */

static int is_rival(const struct grid *one, const struct grid *other)
{
	return one != other && one->file_bytes == other->file_bytes &&
	       one->volume_bytes == other->volume_bytes;
}

/* Does it differ between the grid and any other of its sizes? */
static int varies(const struct grid *const *grids, size_t count, const struct grid *grid,
		  enum condition condition)
{
	for (size_t i = 0; i < count; i++)
		if (is_rival(grids[i], grid) && !condition_same(grids[i], grid, condition))
			return 1;
	return 0;
}

/* Has every one a label, and the grid one that no other has? */
static int label_does(const struct grid *const *grids, size_t count, const struct grid *grid)
{
	for (size_t i = 0; i < count; i++)
		if (is_rival(grids[i], grid) && (!*condition_value(grids[i], CONDITION_LABEL) ||
						 condition_same(grids[i], grid, CONDITION_LABEL)))
			return 0;
	return *condition_value(grid, CONDITION_LABEL) != '\0';
}

/* What stands in a name for a value that is not there. */
static const char *without(enum condition condition)
{
	return condition == CONDITION_LABEL	    ? "no label"
	       : condition == CONDITION_THROTTLE    ? "no throttle"
	       : condition == CONDITION_ACCELERATOR ? "no guest"
						    : "?";
}

static void put_part(struct strbuf *to, const struct grid *grid, enum condition condition)
{
	const char *value = condition_value(grid, condition);

	strbuf_join(to, ", ", *value ? value : without(condition));
}

char *condition_name(const struct grid *const *grids, size_t count, const struct grid *grid)
{
	int with_label = varies(grids, count, grid, CONDITION_LABEL);
	int with_kernel = varies(grids, count, grid, CONDITION_KERNEL) &&
			  !(with_label && label_does(grids, count, grid));
	int repeated = with_kernel && strcmp(condition_value(grid, CONDITION_LABEL),
					     condition_value(grid, CONDITION_KERNEL)) == 0;
	CLEANUP(strbuf_clear) struct strbuf name = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		enum condition condition = names[i].condition;
		int told = condition == CONDITION_KERNEL  ? with_kernel
			   : condition == CONDITION_LABEL ? with_label && !repeated
							  : varies(grids, count, grid, condition);

		if (told)
			put_part(&name, grid, condition);
	}
	return strbuf_take(&name);
}
