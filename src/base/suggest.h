/* SPDX-License-Identifier: MIT */
/* "Did you mean ...?": the nearest of some names. */
#ifndef BASE_SUGGEST_H
#define BASE_SUGGEST_H

#include <stddef.h>

/*
 * Letters to insert, delete, replace or swap with the neighbour to turn one into the other;
 * capitals do not matter.
 */
size_t suggest_distance(const char *one, const char *other);

/*
 * Called once for each candidate, keeps the nearest in *nearest (start with
 * NULL), of several the first.  What differs in more than a third of its letters, or
 * begins with another one, is no suggestion; what begins with all that was typed is.
 */
void suggest_consider(const char *typed, const char *candidate, const char **nearest);

#endif
