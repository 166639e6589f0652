/* SPDX-License-Identifier: MIT */
/* Pieces of the json forms; private to this folder.  New references; NULL: out of memory. */
#ifndef REPORT_JSON_H
#define REPORT_JSON_H

#include <jansson.h>
#include <stdio.h>

#include "stats/cell.h"

/* Raised when a key of a document changes its meaning or goes (doc/report.md). */
enum { JSON_SCHEMA = 1 };

/* NaN and infinity are null: JSON has neither. */
json_t *json_of_number(double number);

/* FIELD_UNKNOWN is null. */
json_t *json_of_count(int64_t count);

/* What is no UTF-8 becomes "?". */
json_t *json_of_text(const char *text);

json_t *json_of_text_or_null(const char *text);

/* What falsified the runs: [{"kind", "text"}, ...]. */
json_t *json_of_warnings(const struct grid *grid);

/* {"count", "median", "lower", "upper", "minimum", "maximum"} */
json_t *json_of_figure(const struct figure *figure);

/* "seconds", "bytes", "count". */
const char *measure_unit_name(enum measure_unit unit);

struct report_options;
struct difference_report;

/* The documents of `report` and `diff` (doc/report.md). */
json_t *report_to_json(const struct grids *grids, const struct report_options *options);
json_t *difference_to_json(const struct difference_report *report);

/* Prints it, and a newline.  0 or -ENOMEM. */
int json_put(FILE *to, const json_t *json);

#endif
