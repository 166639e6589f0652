/* SPDX-License-Identifier: MIT */
/* What changed since a saved JSON. */
#ifndef FRAG_COMPARE_H
#define FRAG_COMPARE_H

#include <jansson.h>
#include <stdio.h>

#include "problem.h"

/* Reads a document of show_result_json().  Caller json_decref()s it. */
int compare_read(const char *path, json_t **ret, struct problem *problem);

/*
 * Prints before and after; returns 1 if `after` is worse: more fragments beyond
 * the ideal, and at least 1 % more.
 */
int compare_show(FILE *to, const json_t *before, const json_t *after);

#endif
