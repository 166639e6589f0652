/* SPDX-License-Identifier: MIT */
/* Names of files for display.  A name consists of bytes, without 0 and '/'. */
#ifndef BASE_QUOTE_H
#define BASE_QUOTE_H

#include <stddef.h>

/*
 * Quotes a name so that a shell reads it back: unchanged if nothing is special, 'in quotes', or
 * $'with\nescapes' for control characters and invalid UTF-8.  The caller frees it; NULL: out of
 * memory.
 */
char *quote_name(const char *name);

/* Replaces each invalid byte by U+FFFD, for JSON.  The caller frees it; NULL: out of memory. */
char *quote_replace(const char *name);

/* Whether the name is valid UTF-8. */
int quote_is_utf8(const char *name);

#endif
