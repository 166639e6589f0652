/* SPDX-License-Identifier: MIT */
#include "base/strbuf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

enum { ROOM_LEAST = 64 };

char *strbuf_reserve(struct strbuf *buffer, size_t more)
{
	size_t needed = buffer->bytes + more + 1, room = buffer->room ? buffer->room : ROOM_LEAST;
	char *larger;

	if (buffer->failed)
		return NULL;
	while (room < needed)
		room *= 2;
	if (room != buffer->room) {
		larger = realloc(buffer->text, room);
		if (!larger) {
			buffer->failed = true;
			return NULL;
		}
		buffer->text = larger;
		buffer->room = room;
		buffer->text[buffer->bytes] = '\0';
	}
	return buffer->text + buffer->bytes;
}

void strbuf_add(struct strbuf *buffer, const void *data, size_t bytes)
{
	char *to = strbuf_reserve(buffer, bytes);

	if (!to)
		return;
	memcpy(to, data, bytes);
	to[bytes] = '\0';
	buffer->bytes += bytes;
}

void strbuf_puts(struct strbuf *buffer, const char *text)
{
	strbuf_add(buffer, text, strlen(text));
}

void strbuf_printf(struct strbuf *buffer, const char *format, ...)
{
	va_list arguments, again;
	int bytes;
	char *to;

	va_start(arguments, format);
	va_copy(again, arguments);
	bytes = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	to = bytes < 0 ? NULL : strbuf_reserve(buffer, (size_t)bytes);
	if (to)
		buffer->bytes += (size_t)vsnprintf(to, (size_t)bytes + 1, format, again);
	else
		buffer->failed = true;
	va_end(again);
}

void strbuf_join(struct strbuf *buffer, const char *separator, const char *word)
{
	if (buffer->bytes)
		strbuf_puts(buffer, separator);
	strbuf_puts(buffer, word);
}

void strbuf_cut(struct strbuf *buffer, size_t bytes)
{
	if (bytes >= buffer->bytes)
		return;
	buffer->bytes = bytes;
	buffer->text[bytes] = '\0';
}

static ssize_t write_stream(void *cookie, const char *data, size_t bytes)
{
	struct strbuf *buffer = cookie;

	strbuf_add(buffer, data, bytes);
	if (!buffer->failed)
		return (ssize_t)bytes;
	errno = ENOMEM;
	return 0;
}

FILE *strbuf_stream(struct strbuf *buffer)
{
	FILE *stream = fopencookie(buffer, "w", (cookie_io_functions_t) { .write = write_stream });

	if (!stream)
		buffer->failed = true;
	return stream;
}

char *strbuf_take(struct strbuf *buffer)
{
	char *text = strbuf_reserve(buffer, 0) ? buffer->text : NULL;

	if (text)
		*buffer = (struct strbuf) { 0 };
	return text;
}

void strbuf_clear(struct strbuf *buffer)
{
	free(buffer->text);
	*buffer = (struct strbuf) { 0 };
}
