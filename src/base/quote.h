/* SPDX-License-Identifier: MIT */
/* Names of files as people see them: a name is bytes, and may hold anything but 0 and '/'. */
#ifndef BASE_QUOTE_H
#define BASE_QUOTE_H

#include <stddef.h>

/* Bytes of the UTF-8 character at `text`; 0: what is there is none. */
size_t quote_utf8_bytes(const char *text);

/*
 * As a shell reads it back: plain where nothing is special, 'in quotes', or
 * $'with\nescapes' for control characters and what is not UTF-8.  The caller
 * frees it; NULL: out of memory.
 */
char *quote_name(const char *name);

/* The same with U+FFFD for each byte that is not UTF-8, for JSON; NULL: out of memory. */
char *quote_replace(const char *name);

/* Whether all of it is UTF-8. */
int quote_is_utf8(const char *name);

#endif
