/* SPDX-License-Identifier: MIT */
/*
 * Members are found by offset, so that one loop serves all structs, and each field is both written
 * and read.
 *
 * Runs are arrays of numbers and not objects: a file with many fragments has a thousand of them,
 * and their keys would be most of the line.
 */
#include "results/field.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/json.h"

static char **text_at(const struct field *field, void *object)
{
	return (char **)((char *)object + field->offset);
}

static int64_t *count_at(const struct field *field, void *object)
{
	return (int64_t *)((char *)object + field->offset);
}

static struct field_runs *runs_at(const struct field *field, void *object)
{
	return (struct field_runs *)((char *)object + field->offset);
}

const char *field_text(const struct field *field, const void *object)
{
	return *(char *const *)((const char *)object + field->offset);
}

int64_t field_count(const struct field *field, const void *object)
{
	return *(const int64_t *)((const char *)object + field->offset);
}

const struct field_runs *field_runs(const struct field *field, const void *object)
{
	return (const struct field_runs *)((const char *)object + field->offset);
}

static struct field_histogram *histogram_at(const struct field *field, void *object)
{
	return (struct field_histogram *)((char *)object + field->offset);
}

static struct field_list *list_at(const struct field *field, void *object)
{
	return (struct field_list *)((char *)object + field->offset);
}

const struct field_histogram *field_histogram(const struct field *field, const void *object)
{
	return (const struct field_histogram *)((const char *)object + field->offset);
}

const struct field_list *field_list(const struct field *field, const void *object)
{
	return (const struct field_list *)((const char *)object + field->offset);
}

static void *element_at(const struct field_list *list, const struct field_table *elements,
			int64_t index)
{
	return (char *)list->element + (size_t)index * elements->bytes;
}

void *field_list_add(struct field_list *list, const struct field_table *elements)
{
	int64_t count = list->count == FIELD_UNKNOWN ? 0 : list->count;
	void *grown = array_room(list->element, (size_t)count, elements->bytes), *added;

	if (!grown)
		return NULL;
	*list = (struct field_list) { grown, count + 1 };
	added = element_at(list, elements, count);
	field_init(elements->fields, elements->count, added);
	return added;
}

static void list_clear(struct field_list *list, const struct field_table *elements)
{
	for (int64_t i = 0; i < list->count; i++)
		field_clear(elements->fields, elements->count, element_at(list, elements, i));
	free(list->element);
}

void field_init(const struct field *fields, size_t count, void *object)
{
	for (size_t i = 0; i < count; i++)
		switch (fields[i].type) {
		case FIELD_TEXT:
			*text_at(&fields[i], object) = NULL;
			break;
		case FIELD_COUNT:
			*count_at(&fields[i], object) = FIELD_UNKNOWN;
			break;
		case FIELD_RUNS:
			*runs_at(&fields[i], object) = (struct field_runs) { NULL, FIELD_UNKNOWN };
			break;
		case FIELD_HISTOGRAM:
			*histogram_at(&fields[i], object) =
				(struct field_histogram) { NULL, FIELD_UNKNOWN };
			break;
		case FIELD_LIST:
			*list_at(&fields[i], object) = (struct field_list) { NULL, FIELD_UNKNOWN };
			break;
		}
}

static void value_clear(const struct field *field, void *object)
{
	switch (field->type) {
	case FIELD_TEXT:
		free(*text_at(field, object));
		break;
	case FIELD_COUNT:
		break;
	case FIELD_RUNS:
		free(runs_at(field, object)->run);
		break;
	case FIELD_HISTOGRAM:
		free(histogram_at(field, object)->number);
		break;
	case FIELD_LIST:
		list_clear(list_at(field, object), field->elements);
		break;
	}
}

void field_clear(const struct field *fields, size_t count, void *object)
{
	for (size_t i = 0; i < count; i++)
		value_clear(&fields[i], object);
	field_init(fields, count, object);
}

static json_t *count_to_json(int64_t number)
{
	return number == FIELD_UNKNOWN ? json_null() : json_integer(number);
}

static json_t *runs_to_json(const struct field_runs *runs)
{
	json_t *json = runs->count == FIELD_UNKNOWN ? json_null() : json_array();

	for (int64_t i = 0; json && i < runs->count; i++) {
		const struct field_run *run = &runs->run[i];

		if (json_array_append_new(json, json_pack("[IIII]", (json_int_t)run->logical,
							  (json_int_t)run->physical,
							  (json_int_t)run->bytes,
							  (json_int_t)run->unwritten)) < 0) {
			json_decref(json);
			return NULL;
		}
	}
	return json;
}

static json_t *histogram_to_json(const struct field_histogram *histogram)
{
	json_t *json = histogram->count == FIELD_UNKNOWN ? json_null() : json_array();

	for (int64_t i = 0; json && i < histogram->count; i++)
		if (json_array_append_new(json, json_integer(histogram->number[i])) < 0) {
			json_decref(json);
			return NULL;
		}
	return json;
}

static json_t *list_to_json(const struct field_list *list, const struct field_table *elements)
{
	json_t *json = list->count == FIELD_UNKNOWN ? json_null() : json_array();

	for (int64_t i = 0; json && i < list->count; i++) {
		json_t *object = json_object();

		if (json_array_append_new(json, object) < 0 ||
		    field_to_json(elements->fields, elements->count, element_at(list, elements, i),
				  object) < 0) {
			json_decref(json);
			return NULL;
		}
	}
	return json;
}

static json_t *value_to_json(const struct field *field, const void *object)
{
	switch (field->type) {
	case FIELD_TEXT:
		return json_of_text(field_text(field, object));
	case FIELD_COUNT:
		return count_to_json(field_count(field, object));
	case FIELD_RUNS:
		return runs_to_json(field_runs(field, object));
	case FIELD_HISTOGRAM:
		return histogram_to_json(field_histogram(field, object));
	case FIELD_LIST:
		return list_to_json(field_list(field, object), field->elements);
	}
	return NULL;
}

int field_to_json(const struct field *fields, size_t count, const void *object, json_t *json)
{
	for (size_t i = 0; i < count; i++)
		if (json_object_set_new(json, fields[i].name, value_to_json(&fields[i], object)) <
		    0)
			return -ENOMEM;
	return 0;
}

static int run_from_json(const json_t *json, struct field_run *ret)
{
	json_int_t logical, physical, bytes, unwritten, end;

	if (json_unpack((json_t *)json, "[IIII!]", &logical, &physical, &bytes, &unwritten) < 0)
		return -EINVAL;
	if (logical < 0 || physical < 0 || bytes <= 0 || (unwritten != 0 && unwritten != 1) ||
	    __builtin_add_overflow(logical, bytes, &end) ||
	    __builtin_add_overflow(physical, bytes, &end))
		return -EINVAL;
	*ret = (struct field_run) { logical, physical, bytes, unwritten };
	return 0;
}

static int runs_from_json(const json_t *json, struct field_runs *ret)
{
	size_t count = json_array_size(json);
	CLEANUP(freep) struct field_run *run = calloc(count ? count : 1, sizeof(*run));

	if (!run)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		int r = run_from_json(json_array_get(json, i), &run[i]);

		if (r < 0)
			return r;
	}
	*ret = (struct field_runs) { TAKE_PTR(run), (int64_t)count };
	return 0;
}

static bool integer_above(const json_t *json, int64_t bound, int64_t *ret)
{
	*ret = json_integer_value(json);
	return json_is_integer(json) && *ret > bound;
}

static int histogram_from_json(const json_t *json, struct field_histogram *ret)
{
	size_t count = json_array_size(json);
	CLEANUP(freep) int64_t *number = calloc(count + 1, sizeof(*number));

	if (!number)
		return -ENOMEM;
	if (count % 2)
		return -EINVAL;
	for (size_t i = 0; i < count; i += 2)
		if (!integer_above(json_array_get(json, i), i ? number[i - 2] : -1, &number[i]) ||
		    !integer_above(json_array_get(json, i + 1), 0, &number[i + 1]))
			return -EINVAL;
	*ret = (struct field_histogram) { TAKE_PTR(number), (int64_t)count };
	return 0;
}

/* After a failure the list contains the elements that were read; the caller clears it. */
static int list_from_json(const json_t *json, const struct field_table *elements,
			  struct field_list *ret, const char **ret_field)
{
	int r = 0;

	ret->count = 0;
	for (size_t i = 0; r == 0 && i < json_array_size(json); i++) {
		const json_t *object = json_array_get(json, i);
		void *element = field_list_add(ret, elements);

		if (!element)
			return -ENOMEM;
		r = json_is_object(object) ? field_from_json(elements->fields, elements->count,
							     element, object, ret_field)
					   : -EINVAL;
	}
	return r;
}

/* *ret_field is set if the value of a field within this one is not valid. */
static int value_from_json(const struct field *field, void *object, const json_t *value,
			   const char **ret_field)
{
	if (!value || json_is_null(value))
		return 0;
	if (field->type == FIELD_TEXT && json_is_string(value))
		return field_set_text(text_at(field, object), json_string_value(value));
	if (field->type == FIELD_COUNT && json_is_integer(value)) {
		*count_at(field, object) = json_integer_value(value);
		return 0;
	}
	if (field->type == FIELD_RUNS && json_is_array(value))
		return runs_from_json(value, runs_at(field, object));
	if (field->type == FIELD_HISTOGRAM && json_is_array(value))
		return histogram_from_json(value, histogram_at(field, object));
	if (field->type == FIELD_LIST && json_is_array(value))
		return list_from_json(value, field->elements, list_at(field, object), ret_field);
	return -EINVAL;
}

int field_from_json(const struct field *fields, size_t count, void *object, const json_t *json,
		    const char **ret_field)
{
	field_init(fields, count, object);
	for (size_t i = 0; i < count; i++) {
		const char *invalid = fields[i].name;
		int r = value_from_json(&fields[i], object, json_object_get(json, fields[i].name),
					&invalid);

		if (r < 0) {
			field_clear(fields, count, object);
			if (r == -EINVAL && ret_field)
				*ret_field = invalid;
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
