/* SPDX-License-Identifier: MIT */
/* What changed since a saved JSON. */
#ifndef FRAG_SAVED_H
#define FRAG_SAVED_H

#include <jansson.h>
#include <stdio.h>

#include "base/problem.h"

/* Reads a document of show_result_json().  Caller json_decref()s it. */
int saved_read(const char *path, json_t **ret, struct problem *problem);

/*
 * Prints before and after; returns 1 if `after` is worse: more fragments beyond
 * the ideal, and at least 1 % more.
 */
int saved_compare(FILE *to, const json_t *before, const json_t *after);

#endif
