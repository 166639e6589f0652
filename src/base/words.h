/* SPDX-License-Identifier: MIT */
/* Words, and lists of them: "ext4,xfs" and "mkfs.ext4 -F -q". */
#ifndef BASE_WORDS_H
#define BASE_WORDS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Splits at any of `separators`; empty words are left out.  The result ends
 * with a NULL and is one block of memory: free() frees all of it.  NULL: out of
 * memory.
 */
char **words_split(const char *text, const char *separators);

/* What a noun ends with behind that number: "1 file", "2 files". */
static inline const char *words_plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

size_t words_count(char *const *words);

#endif
