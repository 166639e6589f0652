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

/* The bytes of the control character there; 0: it is none.  U+0080 to U+009F have two. */
static size_t control_bytes(const char *text, size_t bytes)
{
	unsigned char first = (unsigned char)text[0];

	if (first < ' ' || first == 0x7f)
		return 1;
	return first == 0xc2 && bytes > 1 && (unsigned char)text[1] < 0xa0 ? 2 : 0;
}

void text_put_bytes(FILE *to, const char *text, size_t bytes)
{
	for (size_t i = 0, control; i < bytes; i += control ? control : 1) {
		control = control_bytes(text + i, bytes - i);
		putc(control ? ' ' : text[i], to);
	}
}

void text_put(FILE *to, const char *text)
{
	text_put_bytes(to, text, strlen(text));
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
		text_put_bytes(to, text, bytes);
		used += strlen(separator) + width;
		separator = " ";
		text += bytes;
	}
	putc('\n', to);
}
