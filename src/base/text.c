/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

char *text_vformat(const char *format, va_list arguments)
{
	char *text;

	return vasprintf(&text, format, arguments) < 0 ? NULL : text;
}

char *text_format(const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = text_vformat(format, arguments);
	va_end(arguments);
	return text;
}

int text_append(char **text, const char *format, ...)
{
	CLEANUP(freep) char *addition = NULL;
	va_list arguments;
	char *longer;

	va_start(arguments, format);
	addition = text_vformat(format, arguments);
	va_end(arguments);
	longer = addition ? text_format("%s%s", *text ? *text : "", addition) : NULL;
	if (!longer)
		return -ENOMEM;
	free(*text);
	*text = longer;
	return 0;
}

int text_join(char **list, const char *separator, const char *word)
{
	return text_append(list, "%s%s", *list && **list ? separator : "", word);
}

char *text_path(const char *directory, const char *name)
{
	return text_format("%s/%s", directory, name);
}

/* Counts all bytes except continuation bytes. */
static size_t width_of(const char *text, size_t bytes)
{
	size_t width = 0;

	for (size_t i = 0; i < bytes; i++)
		width += (text[i] & 0xc0) != 0x80;
	return width;
}

size_t text_width(const char *text)
{
	return width_of(text, strlen(text));
}

static void put_bytes(FILE *to, const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		putc((unsigned char)text[i] < ' ' || text[i] == 0x7f ? ' ' : text[i], to);
}

void text_put(FILE *to, const char *text)
{
	put_bytes(to, text, strlen(text));
}

void text_wrap(FILE *to, const char *text, size_t columns, size_t used, size_t indent)
{
	static const char blanks[] = " \t\n";
	const char *separator = "";

	for (text += strspn(text, blanks); *text; text += strspn(text, blanks)) {
		size_t bytes = strcspn(text, blanks), width = width_of(text, bytes);

		if (columns && *separator && used + 1 + width > columns) {
			fprintf(to, "\n%*s", (int)indent, "");
			used = indent;
			separator = "";
		}
		fputs(separator, to);
		put_bytes(to, text, bytes);
		used += strlen(separator) + width;
		separator = " ";
		text += bytes;
	}
	putc('\n', to);
}
