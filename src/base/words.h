/* SPDX-License-Identifier: MIT */
/* Lists of words, such as "ext4,xfs" and "mkfs.ext4 -F -q". */
#ifndef BASE_WORDS_H
#define BASE_WORDS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Splits a text at any of `separators`; empty words are left out.  The result is terminated by
 * NULL and is a single allocation for free().  NULL: out of memory.
 */
char **words_split(const char *text, const char *separators);

/* The ending of a noun after a number: "1 file", "2 files". */
static inline const char *words_plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

size_t words_count(char *const *words);

#endif
