/* SPDX-License-Identifier: MIT */
/*
 * A string that is built piece by piece.  A failed allocation is recorded, so only the result of
 * strbuf_take() must be checked.
 */
#ifndef BASE_STRBUF_H
#define BASE_STRBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct strbuf {
	char *text; /* ends with a zero byte; NULL while nothing was added */
	size_t bytes, room;
	bool failed; /* out of memory: the text is incomplete */
};

void strbuf_add(struct strbuf *buffer, const void *data, size_t bytes);
void strbuf_puts(struct strbuf *buffer, const char *text);
void strbuf_printf(struct strbuf *buffer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Adds a word; the separator comes first unless the buffer is empty. */
void strbuf_join(struct strbuf *buffer, const char *separator, const char *word);

/* Shortens the text to `bytes`. */
void strbuf_cut(struct strbuf *buffer, size_t bytes);

/*
 * Makes room for `more` bytes after the text and returns a pointer to it; NULL: out of memory.
 * The caller adds the number of bytes written there to `bytes`.
 */
char *strbuf_reserve(struct strbuf *buffer, size_t more);

/*
 * A stream that appends to the buffer.  It must be closed before the text is used.  NULL: out of
 * memory.
 */
FILE *strbuf_stream(struct strbuf *buffer);

/*
 * Returns the text, which the caller frees; "" if nothing was added.  NULL: out of memory, now or
 * earlier.
 */
char *strbuf_take(struct strbuf *buffer);

/* For CLEANUP(strbuf_clear). */
void strbuf_clear(struct strbuf *buffer);

#endif
