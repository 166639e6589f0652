/* SPDX-License-Identifier: MIT */
/*
 * One document with what the tables show, for programs: the same figures, in
 * plain units and with all their digits.  The records themselves are JSON
 * already, so they are not in here again.
 */
#include "report/json.h"

#include "results/field.h"
#include "results/resultfile.h"

json_t *json_of_count(int64_t count)
{
	return count == FIELD_UNKNOWN ? json_null() : json_integer(count);
}

json_t *json_of_warnings(const struct grid *grid)
{
	json_t *json = json_array();

	for (size_t i = 0; i < grid->warning_count; i++)
		json_array_append_new(json, json_pack("{so so}", "kind",
						      json_of_text(grid->warnings[i]->kind), "text",
						      json_of_text(grid->warnings[i]->text)));
	return json;
}

json_t *json_of_figure(const struct figure *figure)
{
	return json_pack("{sI so so so so so}", "count", (json_int_t)figure->count, "median",
			 json_of_number(figure->median), "lower", json_of_number(figure->lower),
			 "upper", json_of_number(figure->upper), "minimum",
			 json_of_number(figure->minimum), "maximum",
			 json_of_number(figure->maximum));
}

const char *measure_unit_name(enum measure_unit unit)
{
	static const char *const names[] = {
		[MEASURE_SECONDS] = "seconds", [MEASURE_BYTES] = "bytes",
		[MEASURE_COUNT] = "count",     [MEASURE_RATE] = "bytes per second",
		[MEASURE_RATIO] = "ratio",
	};

	return names[unit];
}
