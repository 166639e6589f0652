/* SPDX-License-Identifier: MIT */
/* Strings on the heap, and the width of text on a terminal. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

/* Like asprintf(), but returns the text, which the caller frees.  NULL: out of memory. */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *text_vformat(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

/* Appends to *text, which is NULL or on the heap.  0, or -ENOMEM with *text unchanged. */
int text_append(char **text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends a word to a list; the separator comes first unless *list is NULL or empty.  0 or -ENOMEM.
 */
int text_join(char **list, const char *separator, const char *word);

/* Returns "DIRECTORY/NAME", which the caller frees.  NULL: out of memory. */
char *text_path(const char *directory, const char *name);

/* The width of a text on a terminal, in columns.  The text is UTF-8 without wide characters. */
size_t text_width(const char *text);

/*
 * Prints text from outside on one line: control characters become spaces, so that a name cannot
 * move the cursor or end a row.
 */
void text_put(FILE *to, const char *text);
void text_put_bytes(FILE *to, const char *text, size_t bytes); /* only so many */

/*
 * Prints text and a newline, wrapped at blanks to at most `columns` columns (0: not wrapped).  The
 * first line starts in column `used`; the others are indented by `indent`.
 */
void text_wrap(FILE *to, const char *text, size_t columns, size_t used, size_t indent);

#endif
