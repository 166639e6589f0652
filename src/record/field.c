/* SPDX-License-Identifier: MIT */
/*
 * Objects are reached by offset, so that one loop serves every struct and no
 * field can be written but not read.
 *
 * Texts come from mount tables, kernel messages and labels as typed, which need
 * not be UTF-8, and JSON can hold nothing else: such a byte becomes a "?" rather
 * than the loss of a record.
 */
#include "field.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

static char **text_at(const struct field *field, void *object)
{
	return (char **)((char *)object + field->offset);
}

static int64_t *count_at(const struct field *field, void *object)
{
	return (int64_t *)((char *)object + field->offset);
}

const char *field_text(const struct field *field, const void *object)
{
	return *(char *const *)((const char *)object + field->offset);
}

int64_t field_count(const struct field *field, const void *object)
{
	return *(const int64_t *)((const char *)object + field->offset);
}

void field_init(const struct field *fields, size_t count, void *object)
{
	for (size_t i = 0; i < count; i++)
		if (fields[i].type == FIELD_TEXT)
			*text_at(&fields[i], object) = NULL;
		else
			*count_at(&fields[i], object) = FIELD_UNKNOWN;
}

void field_clear(const struct field *fields, size_t count, void *object)
{
	for (size_t i = 0; i < count; i++)
		if (fields[i].type == FIELD_TEXT)
			free(*text_at(&fields[i], object));
	field_init(fields, count, object);
}

static json_t *text_to_json(const char *text)
{
	CLEANUP(freep) char *ascii = NULL;
	json_t *json = json_string(text);

	if (json)
		return json;
	ascii = strdup(text);
	if (!ascii)
		return NULL;
	for (char *letter = ascii; *letter; letter++)
		if (*letter & 0x80)
			*letter = '?';
	return json_string(ascii);
}

static json_t *value_to_json(const struct field *field, const void *object)
{
	if (field->type == FIELD_TEXT) {
		const char *text = field_text(field, object);

		return text ? text_to_json(text) : json_null();
	} else {
		int64_t number = field_count(field, object);

		return number == FIELD_UNKNOWN ? json_null() : json_integer(number);
	}
}

int field_to_json(const struct field *fields, size_t count, const void *object, json_t *json)
{
	for (size_t i = 0; i < count; i++)
		if (json_object_set_new(json, fields[i].name, value_to_json(&fields[i], object)) <
		    0)
			return -ENOMEM;
	return 0;
}

static int value_from_json(const struct field *field, void *object, const json_t *value)
{
	if (!value || json_is_null(value))
		return 0;
	if (field->type == FIELD_TEXT && json_is_string(value))
		return field_set_text(text_at(field, object), json_string_value(value));
	if (field->type == FIELD_COUNT && json_is_integer(value)) {
		*count_at(field, object) = json_integer_value(value);
		return 0;
	}
	return -EINVAL;
}

int field_from_json(const struct field *fields, size_t count, void *object, const json_t *json,
		    const char **ret_field)
{
	field_init(fields, count, object);
	for (size_t i = 0; i < count; i++) {
		int r = value_from_json(&fields[i], object, json_object_get(json, fields[i].name));

		if (r < 0) {
			field_clear(fields, count, object);
			if (r == -EINVAL && ret_field)
				*ret_field = fields[i].name;
			return r;
		}
	}
	return 0;
}

int field_set_text(char **member, const char *text)
{
	char *copy = NULL;

	if (text && !(copy = strdup(text)))
		return -ENOMEM;
	free(*member);
	*member = copy;
	return 0;
}
