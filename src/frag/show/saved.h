/* SPDX-License-Identifier: MIT */
/* The changes since a saved JSON. */
#ifndef FRAG_SAVED_H
#define FRAG_SAVED_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/pairs.h"
#include "base/problem.h"

/* Reads a document of show_result_json().  Caller json_decref()s it. */
int saved_read(const char *path, json_t **ret, struct problem *problem);

enum { SAVED_FILES, SAVED_WORST, SAVED_LISTS };

/* The changes from one document to another; refers into both. */
struct saved_changes {
	const json_t *before, *after;
	double was, is;			 /* fragments beyond the minimum */
	bool is_worse;			 /* more of them, and at least 1 % more */
	struct pairs lists[SAVED_LISTS]; /* rows of the files that each names, by their paths */
};

/* *ret has to be cleared in any case.  It must not move.  0 or -ENOMEM. */
int saved_compare(const json_t *before, const json_t *after, struct saved_changes *ret);
void saved_changes_clear(struct saved_changes *changes);

/* For people; 0 or -ENOMEM. */
int saved_print(FILE *to, const struct saved_changes *changes);

/* The same as a JSON document (doc/frag.md).  NULL: out of memory. */
json_t *saved_json(const struct saved_changes *changes);

#endif
