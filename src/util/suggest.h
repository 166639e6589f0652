/* SPDX-License-Identifier: MIT */
/* "Did you mean ...?": the nearest of some names. */
#ifndef UTIL_SUGGEST_H
#define UTIL_SUGGEST_H

#include <stddef.h>

/* Letters to insert, delete, replace or swap with the neighbour to turn one into the other. */
size_t suggest_distance(const char *one, const char *other);

/*
 * Called once for each candidate, keeps the nearest in *nearest (start with
 * NULL).  What differs in more than a third of its letters is no suggestion.
 */
void suggest_consider(const char *typed, const char *candidate, const char **nearest);

#endif
