/* SPDX-License-Identifier: MIT */
/* The figures of 2009 as results. */
#ifndef TESTS_HISTORIC_H
#define TESTS_HISTORIC_H

#include <jansson.h>

#include "results.h"

static inline void add_historic_run(struct results *results, const json_t *run,
				    const json_t *methods)
{
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(run, "results"), i, row)
	{
		const char *filesystem = json_string_value(json_object_get(row, "filesystem"));
		const json_t *times = json_object_get(row, "time");
		const json_t *fragments = json_object_get(row, "fragments");

		for (size_t j = 0; j < json_array_size(methods); j++) {
			struct record *record = results_add_figures(
				results, filesystem, json_string_value(json_array_get(methods, j)),
				(double)json_integer_value(json_array_get(times, j)),
				json_integer_value(json_array_get(fragments, j)));

			set_text(&record->label, json_string_value(json_object_get(run, "name")));
		}
	}
}

static inline void add_historic(struct results *results)
{
	json_t *json = json_load_file(HISTORIC_DATA, 0, NULL);
	const json_t *run;
	size_t i;

	must_be_0(!json);
	json_array_foreach(json_object_get(json, "runs"), i, run)
		add_historic_run(results, run, json_object_get(json, "methods"));
	json_decref(json);
}

#endif
