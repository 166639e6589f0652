/* SPDX-License-Identifier: MIT */
/*
 * A table of typed fields that describes a struct: it drives the JSON in both
 * directions, csv's columns, and doc/record.md.  Whoever adds a field adds a
 * member and a row, nothing else.
 */
#ifndef RECORD_FIELD_H
#define RECORD_FIELD_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* A count that is not known or does not apply; null in JSON, "n/a" in tables. */
#define FIELD_UNKNOWN INT64_MIN

enum field_type {
	FIELD_TEXT,    /* char *, owned; NULL is null */
	FIELD_COUNT,   /* int64_t; FIELD_UNKNOWN is null */
	FIELD_RUNS,    /* struct field_runs; null, or an array of arrays of four integers */
	FIELD_NUMBERS, /* struct field_numbers; null, or an array of integers from 0 */
	FIELD_LIST,    /* struct field_list; null, or an array of objects */
};

/* Bytes that follow one another both in the file and on the volume. */
struct field_run {
	int64_t logical;   /* offset in the file, bytes */
	int64_t physical;  /* offset on the volume, bytes */
	int64_t bytes;	   /* more than 0; neither end overflows */
	int64_t unwritten; /* 1, 0 */
};

struct field_runs {
	struct field_run *run; /* owned; in the order of the file */
	int64_t count;	       /* FIELD_UNKNOWN: not known, null */
};

struct field_numbers {
	int64_t *number; /* owned */
	int64_t count;	 /* FIELD_UNKNOWN: not known, null */
};

/* Structs that have a table of their own. */
struct field_list {
	void *element; /* owned, an array of them */
	int64_t count; /* FIELD_UNKNOWN: not known, null */
};

struct field_table;

struct field {
	const char *name; /* JSON key and csv column; never changes within a schema */
	enum field_type type;
	const char *unit; /* "ns", "bytes", "count", or "" */
	const char *meaning;
	size_t offset;			    /* in the struct that the table describes */
	const struct field_table *elements; /* of a list; else NULL */
};

struct field_table {
	const struct field *fields;
	size_t count;
	size_t bytes; /* of the struct */
};

/* The member that a field describes; the field has to be of that type. */
const char *field_text(const struct field *field, const void *object);
int64_t field_count(const struct field *field, const void *object);
const struct field_runs *field_runs(const struct field *field, const void *object);
const struct field_numbers *field_numbers(const struct field *field, const void *object);
const struct field_list *field_list(const struct field *field, const void *object);

/* Appends an element whose fields are all unknown to the list, which may be unknown.  The element,
 * which belongs to the list; NULL: out of memory. */
void *field_list_add(struct field_list *list, const struct field_table *elements);

/* All counts, runs, numbers and lists unknown, all texts NULL. */
void field_init(const struct field *fields, size_t count, void *object);

/* Frees what the fields own, and does field_init() again. */
void field_clear(const struct field *fields, size_t count, void *object);

/* Adds every field to `json`.  0 or -ENOMEM. */
int field_to_json(const struct field *fields, size_t count, const void *object, json_t *json);

/*
 * Reads what `json` has of the fields; what it lacks becomes unknown, keys
 * without a field are ignored (a later minor version wrote them).  Returns 0,
 * -EINVAL (*ret_field, may be NULL, names the field of the wrong type), -ENOMEM.
 * On failure the object is cleared.
 */
int field_from_json(const struct field *fields, size_t count, void *object, const json_t *json,
		    const char **ret_field);

/* Sets a text member to a copy (NULL: to NULL).  0 or -ENOMEM. */
int field_set_text(char **member, const char *text);

#endif
