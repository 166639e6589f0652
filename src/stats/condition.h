/* SPDX-License-Identifier: MIT */
/* The conditions of results, and the differences between grids. */
#ifndef STATS_CONDITION_H
#define STATS_CONDITION_H

#include "stats/cell.h"
#include "stats/record_key.h"

/* The value of one of KEY_SET_CONDITIONS; "" if unknown, never NULL. */
const char *condition_value(const struct grid *grid, enum record_key key);

/* Whether each of the conditions, a set of keys, is the same for both. */
int condition_same(const struct grid *one, const struct grid *other, unsigned conditions);

/*
 * The differences between the grid and those of the same sizes among `count`: "6.1.0" or "uml,
 * 6.1.0, desktop on"; "" if there are none.  A label that is unique is sufficient, since the user
 * chose it for that.  A copy; NULL: out of memory.
 */
char *condition_name(const struct grid *const *grids, size_t count, const struct grid *grid);

#endif
