/* SPDX-License-Identifier: MIT */
/* Lists of words: "ext4,xfs" and "mkfs.ext4 -F -q". */
#ifndef UTIL_WORDS_H
#define UTIL_WORDS_H

#include <stddef.h>

/*
 * Splits at any of `separators`; empty words are left out.  The result ends
 * with a NULL and is one block of memory: free() frees all of it.  NULL: out of
 * memory.
 */
char **words_split(const char *text, const char *separators);

size_t words_count(char *const *words);

#endif
