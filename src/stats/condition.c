/* SPDX-License-Identifier: MIT */
/*
 * Results of two kernels or testbeds are not merged into one table, but are often shown next to
 * each other.  Their names are made here, so that they are the same everywhere.  A run on several
 * kernels labels each with its release unless the user named it; such a label is not repeated.
 */
#include "stats/cell.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/strbuf.h"

/* The value of one of KEY_SET_CONDITIONS; "" if unknown, never NULL. */
static const char *value_of(const struct grid *grid, enum record_key key)
{
	const char *value = key == RECORD_KEY_TESTBED	    ? grid->testbed
			    : key == RECORD_KEY_ACCELERATOR ? grid->accelerator
			    : key == RECORD_KEY_THROTTLE    ? grid->throttle
			    : key == RECORD_KEY_KERNEL	    ? grid->kernel
			    : key == RECORD_KEY_LABEL	    ? grid->label
							    : NULL;

	return value ? value : "";
}

int condition_same(const struct grid *one, const struct grid *other, unsigned conditions)
{
	for (enum record_key key = 0; key < RECORD_KEY_COUNT; key++)
		if ((conditions & 1u << key) &&
		    strcmp(value_of(one, key), value_of(other, key)) != 0)
			return 0;
	return 1;
}

/* ---- names ---- */

static int is_rival(const struct grid *one, const struct grid *other)
{
	return one != other && grid_same_trials(one, other);
}

/* Whether it differs between the grid and any other of its sizes. */
static int varies(const struct grid *const *grids, size_t count, const struct grid *grid,
		  enum record_key key)
{
	for (size_t i = 0; i < count; i++)
		if (is_rival(grids[i], grid) && !condition_same(grids[i], grid, 1u << key))
			return 1;
	return 0;
}

/* Whether all have labels, and that of the grid is unique. */
static int label_does(const struct grid *const *grids, size_t count, const struct grid *grid)
{
	for (size_t i = 0; i < count; i++)
		if (is_rival(grids[i], grid) && (!*value_of(grids[i], RECORD_KEY_LABEL) ||
						 condition_same(grids[i], grid, KEY_SET(LABEL))))
			return 0;
	return *value_of(grid, RECORD_KEY_LABEL) != '\0';
}

static void put_part(struct strbuf *to, const struct grid *grid, enum record_key key)
{
	const char *value = value_of(grid, key);

	strbuf_join(to, ", ", *value ? value : record_keys[key].absent);
}

char *condition_name(const struct grid *const *grids, size_t count, const struct grid *grid)
{
	int with_label = varies(grids, count, grid, RECORD_KEY_LABEL);
	int with_kernel = varies(grids, count, grid, RECORD_KEY_KERNEL) &&
			  !(with_label && label_does(grids, count, grid));
	int repeated = with_kernel && strcmp(value_of(grid, RECORD_KEY_LABEL),
					     value_of(grid, RECORD_KEY_KERNEL)) == 0;
	CLEANUP(strbuf_clear) struct strbuf name = { 0 };

	for (enum record_key key = 0; key < RECORD_KEY_COUNT; key++) {
		int told = key == RECORD_KEY_KERNEL  ? with_kernel
			   : key == RECORD_KEY_LABEL ? with_label && !repeated
						     : varies(grids, count, grid, key);

		if (told)
			put_part(&name, grid, key);
	}
	return strbuf_take(&name);
}
