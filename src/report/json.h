/* SPDX-License-Identifier: MIT */
/*
 * Parts of the JSON formats; private to src/report/.  All results are new references; NULL: out of
 * memory.
 */
#ifndef REPORT_JSON_H
#define REPORT_JSON_H

#include <stdbool.h>

#include "base/json.h"
#include "stats/cell.h"

/* FIELD_UNKNOWN is null. */
json_t *json_of_count(int64_t count);

/* The warnings about the runs: [{"kind", "text"}, ...]. */
json_t *json_of_warnings(const struct grid *grid);

/* {"count", "median", "lower", "upper", "minimum", "maximum"} */
json_t *json_of_figure(const struct figure *figure);

/* The phases of a workload, with their statistics. */
json_t *json_of_phases(const struct cell *cell);

/* The best methods per file system (doc/report.md), by the keys of records or by titles. */
json_t *json_of_summary(const struct grid *grid, bool by_key);

struct report_options;
struct difference_report;

/* The documents of `report` and `diff` (doc/report.md). */
json_t *report_to_json(const struct grids *grids, const struct report_options *options);
json_t *difference_to_json(const struct difference_report *report);

#endif
