/* SPDX-License-Identifier: MIT */
/*
 * A table of typed fields describes a struct.  Reading and writing JSON, the columns of csv and of
 * the history, and doc/record.md follow from it: a new field is a member and a row.
 */
#ifndef RECORD_FIELD_H
#define RECORD_FIELD_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* A count that is unknown or does not apply; null in JSON, "n/a" in tables. */
#define FIELD_UNKNOWN INT64_MIN

enum field_type {
	FIELD_TEXT,  /* char *, owned; NULL is null */
	FIELD_COUNT, /* int64_t; FIELD_UNKNOWN is null */
	FIELD_RUNS,  /* struct field_runs; null, or an array of arrays of four integers */
	FIELD_LIST,  /* struct field_list; null, or an array of objects */
	/* struct field_histogram; null, or an array of integers: the lower bound of an interval,
	   from 0 and rising, then the count in it, from 1, in turn */
	FIELD_HISTOGRAM,
};

/* A range of bytes that is contiguous in the file and on the volume. */
struct field_run {
	int64_t logical;   /* offset in the file, bytes */
	int64_t physical;  /* offset on the volume, bytes */
	int64_t bytes;	   /* more than 0; the ends do not overflow */
	int64_t unwritten; /* 1 or 0 */
};

struct field_runs {
	struct field_run *run; /* owned; in logical order */
	int64_t count;	       /* FIELD_UNKNOWN: not known, null */
};

struct field_histogram {
	int64_t *number; /* owned; lower bound and count, in turn */
	int64_t count;	 /* of the numbers; FIELD_UNKNOWN: not known, null */
};

/* Structs with their own table. */
struct field_list {
	void *element; /* owned array */
	int64_t count; /* FIELD_UNKNOWN: not known, null */
};

struct field_table;

struct field {
	const char *name; /* JSON key and csv column; never changes within a schema */
	enum field_type type;
	const char *unit; /* "ns", "bytes", "count", or "" */
	const char *meaning;
	size_t offset;			    /* in the struct */
	const struct field_table *elements; /* the table of a list's elements; else NULL */
};

struct field_table {
	const struct field *fields;
	size_t count;
	size_t bytes; /* of the struct */
};

/* The member of a field, which must be of that type. */
const char *field_text(const struct field *field, const void *object);
int64_t field_count(const struct field *field, const void *object);
const struct field_runs *field_runs(const struct field *field, const void *object);
const struct field_histogram *field_histogram(const struct field *field, const void *object);
const struct field_list *field_list(const struct field *field, const void *object);

/*
 * Appends an element with unknown fields to a list, which may be unknown itself.  Returns the
 * element, which the list owns; NULL: out of memory.
 */
void *field_list_add(struct field_list *list, const struct field_table *elements);

/* Initialises all fields as unknown: texts are NULL, counts FIELD_UNKNOWN. */
void field_init(const struct field *fields, size_t count, void *object);

/* Frees the members and initialises them again. */
void field_clear(const struct field *fields, size_t count, void *object);

/* Adds all fields to `json`.  0 or -ENOMEM. */
int field_to_json(const struct field *fields, size_t count, const void *object, json_t *json);

/*
 * Reads the fields from `json`.  Missing fields are unknown; keys without a field are ignored,
 * since a later version may have written them.  0, -ENOMEM, or -EINVAL with *ret_field, which may
 * be NULL, set to the name of a field with an invalid value.  On failure the object is cleared.
 */
int field_from_json(const struct field *fields, size_t count, void *object, const json_t *json,
		    const char **ret_field);

/* Sets a text member to a copy of the value, which may be NULL.  0 or -ENOMEM. */
int field_set_text(char **member, const char *text);

#endif
