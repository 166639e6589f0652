/* SPDX-License-Identifier: MIT */
/* What results were measured under, and what tells the grids of several of them apart. */
#ifndef STATS_CONDITION_H
#define STATS_CONDITION_H

#include "stats/cell.h"
#include "stats/record_key.h"

/* Of one of KEY_SET_CONDITIONS; never NULL: what is not known is "". */
const char *condition_value(const struct grid *grid, enum record_key key);

/* Is each of the conditions, a set of keys, the same for both? */
int condition_same(const struct grid *one, const struct grid *other, unsigned conditions);

/*
 * What tells the grid apart from those of the same sizes among `count`: "6.1.0" or
 * "uml, 6.1.0, desktop on"; "" if nothing has to.  A label that does it alone is
 * enough, since it was chosen for that.  A copy; NULL: out of memory.
 */
char *condition_name(const struct grid *const *grids, size_t count, const struct grid *grid);

#endif
