/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/quote.h"
#include "base/text.h"
#include "base/io.h"

json_t *json_of_text(const char *text)
{
	json_t *json = text ? json_string(text) : json_null();
	CLEANUP(freep) char *replaced = json ? NULL : quote_replace(text);

	return json ? json : json_string(replaced ? replaced : "");
}

json_t *json_of_number(double number)
{
	return isfinite(number) ? json_real(number) : json_null();
}

static json_t *hex(const char *bytes)
{
	size_t count = strlen(bytes);
	CLEANUP(freep) char *text = malloc(2 * count + 1);

	if (!text)
		return NULL;
	for (size_t i = 0; i < count; i++)
		sprintf(text + 2 * i, "%02x", (unsigned char)bytes[i]);
	return json_stringn(text, 2 * count);
}

int json_set_name(json_t *object, const char *key, const char *name)
{
	CLEANUP(freep) char *hex_key = NULL;

	if (json_object_set_new(object, key, json_of_text(name)) < 0)
		return -ENOMEM;
	if (!name || quote_is_utf8(name))
		return 0;
	hex_key = text_format("%s_hex", key);
	return hex_key && json_object_set_new(object, hex_key, hex(name)) == 0 ? 0 : -ENOMEM;
}

static int put(FILE *to, const json_t *json, size_t flags)
{
	CLEANUP(freep) char *text = json ? json_dumps(json, flags) : NULL;

	if (!text)
		return -ENOMEM;
	fprintf(to, "%s\n", text);
	return 0;
}

int json_put_line(FILE *to, const json_t *json)
{
	return put(to, json, JSON_COMPACT);
}

int json_put_indented(FILE *to, const json_t *json)
{
	return put(to, json, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
}

int json_write_line(int fd, json_t *json)
{
	CLEANUP(json_decrefp) json_t *line = json;
	CLEANUP(freep) char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;
	size_t bytes;

	if (!text)
		return -ENOMEM;
	bytes = strlen(text);
	text[bytes] = '\n'; /* in the place of the final zero */
	return io_write_all(fd, text, bytes + 1);
}

int json_read_line(FILE *from, json_t **ret)
{
	CLEANUP(freep) char *line = NULL;
	size_t room = 0;
	json_t *json;

	if (getline(&line, &room, from) < 0)
		return -EPIPE;
	json = json_loads(line, 0, NULL);
	if (!json)
		return -EPROTO;
	*ret = json;
	return 0;
}
