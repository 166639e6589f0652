/* SPDX-License-Identifier: MIT */
/*
 * These rules do not depend on the locale: the program runs in the C locale, in which every name
 * beyond ASCII would be escaped.
 */
#include "base/quote.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"

/* The number of continuation bytes after a first byte; -1: it is not a first byte. */
static int continuation_bytes(unsigned char first)
{
	if (first < 0x80)
		return 0;
	if (first < 0xc2 || first > 0xf4)
		return -1;
	return first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
}

/* The length of the UTF-8 character at `text`; 0: it is not valid. */
static size_t utf8_bytes(const char *text)
{
	static const uint32_t smallest[] = { 0, 0x80, 0x800, 0x10000 };
	const unsigned char *at = (const unsigned char *)text;
	int more = continuation_bytes(*at);
	uint32_t letter;

	if (more <= 0)
		return more == 0;
	letter = *at & (0x3fu >> more);
	for (int i = 1; i <= more; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		letter = letter << 6 | (at[i] & 0x3f);
	}
	if (letter < smallest[more] || letter > 0x10ffff || (letter >= 0xd800 && letter < 0xe000))
		return 0;
	return (size_t)more + 1;
}

int quote_is_utf8(const char *name)
{
	while (*name) {
		size_t bytes = utf8_bytes(name);

		if (bytes == 0)
			return 0;
		name += bytes;
	}
	return 1;
}

/* C0, DEL, and C1, which some terminals interpret. */
static int is_control(const char *at, size_t bytes)
{
	unsigned char first = (unsigned char)at[0];

	if (bytes == 1)
		return first < 0x20 || first == 0x7f;
	return bytes == 2 && first == 0xc2 && (unsigned char)at[1] < 0xa0;
}

enum quoting { PLAIN, QUOTES, ESCAPES };

static enum quoting needed(const char *name)
{
	enum quoting need = *name ? PLAIN : QUOTES;

	if (*name == '~' || *name == '#')
		need = QUOTES;
	for (const char *at = name; *at;) {
		size_t bytes = utf8_bytes(at);

		if (bytes == 0 || is_control(at, bytes))
			return ESCAPES;
		if (strchr(" !\"$&'()*;<=>?[\\]^`{|}", *at))
			need = QUOTES;
		at += bytes;
	}
	return need;
}

static void put_escaped(struct strbuf *to, const char *name)
{
	strbuf_puts(to, "$'");
	while (*name) {
		size_t bytes = utf8_bytes(name);

		if (bytes && !is_control(name, bytes)) {
			if (*name == '\'' || *name == '\\')
				strbuf_add(to, "\\", 1);
			strbuf_add(to, name, bytes);
			name += bytes;
		} else if (*name == '\n' || *name == '\t') {
			strbuf_puts(to, *name++ == '\n' ? "\\n" : "\\t");
		} else {
			strbuf_printf(to, "\\%03o", (unsigned char)*name++);
		}
	}
	strbuf_add(to, "'", 1);
}

static void put_quoted(struct strbuf *to, const char *name)
{
	strbuf_add(to, "'", 1);
	for (; *name; name++)
		if (*name == '\'')
			strbuf_puts(to, "'\\''");
		else
			strbuf_add(to, name, 1);
	strbuf_add(to, "'", 1);
}

static void put_replaced(struct strbuf *to, const char *name)
{
	while (*name) {
		size_t bytes = utf8_bytes(name);

		if (bytes)
			strbuf_add(to, name, bytes);
		else
			strbuf_puts(to, "\xef\xbf\xbd");
		name += bytes ? bytes : 1;
	}
}

static char *in_memory(void (*put)(struct strbuf *to, const char *name), const char *name)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };

	put(&text, name);
	return strbuf_take(&text);
}

char *quote_name(const char *name)
{
	switch (needed(name)) {
	case PLAIN:
		return strdup(name);
	case QUOTES:
		return in_memory(put_quoted, name);
	default:
		return in_memory(put_escaped, name);
	}
}

char *quote_replace(const char *name)
{
	return in_memory(put_replaced, name);
}
