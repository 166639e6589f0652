/* SPDX-License-Identifier: MIT */
/* The results of 2009, in whole seconds, as records, so that all code for results can be used. */
#include "report/beside.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"

extern const char embedded_historic[];

static int add_figure(struct results *results, const json_t *root, const char *label,
		      const json_t *row, size_t method)
{
	CLEANUP(record_clear) struct record record;
	const json_t *seconds = json_array_get(json_object_get(row, "time"), method);
	const json_t *fragments = json_array_get(json_object_get(row, "fragments"), method);
	int r;

	record_init(&record);
	record.file_bytes = json_integer_value(json_object_get(root, "file_bytes"));
	record.volume_bytes = json_integer_value(json_object_get(root, "volume_bytes"));
	record.run = 1;
	/* There is one time, up to the end of unmount. */
	record.unmount.wall_ns = json_integer_value(seconds) * 1000000000;
	record.fragments = json_integer_value(fragments);
	r = field_set_text(&record.status, STATUS_OK);
	if (r == 0)
		r = field_set_text(&record.label, label);
	if (r == 0)
		r = field_set_text(&record.filesystem,
				   json_string_value(json_object_get(row, "filesystem")));
	if (r == 0)
		r = field_set_text(&record.method,
				   json_string_value(json_array_get(
					   json_object_get(root, "methods"), method)));
	if (r == 0 && (!record.filesystem || !record.method || !seconds || !fragments))
		r = -EINVAL;
	return r < 0 ? r : results_keep(results, &record);
}

static int add_run(struct results *results, const json_t *root, const json_t *run)
{
	const char *label = json_string_value(json_object_get(run, "name"));
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(run, "results"), i,
			   row) for (size_t j = 0;
				     j < json_array_size(json_object_get(root, "methods")); j++)
	{
		int r = add_figure(results, root, label, row, j);

		if (r < 0)
			return r;
	}
	return 0;
}

int historic_read(struct results *results)
{
	CLEANUP(json_decrefp) json_t *root = json_loads(embedded_historic, 0, NULL);
	CLEANUP(environment_clear) struct environment environment;
	const json_t *run;
	size_t i;
	int r;

	environment_init(&environment);
	r = root ? results_keep_environment(results, &environment) : -EINVAL;
	if (r < 0)
		return r;
	json_array_foreach(json_object_get(root, "runs"), i, run)
	{
		r = add_run(results, root, run);
		if (r < 0)
			return r;
	}
	return 0;
}
