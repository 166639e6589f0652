/* SPDX-License-Identifier: MIT */
/* "Did you mean ...?": the most similar of some names. */
#ifndef BASE_SUGGEST_H
#define BASE_SUGGEST_H

#include <stddef.h>

/*
 * The edit distance: the number of letters to insert, delete, replace, or swap with the next one.
 * Case is ignored.
 */
size_t suggest_distance(const char *one, const char *other);

/*
 * To be called for each candidate; *nearest starts as NULL and becomes the most similar one, the
 * first of several.  A name that differs in more than a third of its letters, or in its first
 * letter, is not suggested.  A name that starts with the typed text is.
 */
void suggest_consider(const char *typed, const char *candidate, const char **nearest);

#endif
