/* SPDX-License-Identifier: MIT */
/* What can be shown of a trial: measures derived from a record's facts, one table. */
#ifndef STATS_MEASURE_H
#define STATS_MEASURE_H

#include <stddef.h>

struct record;

enum measure_unit { MEASURE_SECONDS, MEASURE_BYTES, MEASURE_COUNT };

struct measure {
	const char *name;  /* for --measure and --chart: "time", "fragments", "written", ... */
	const char *title; /* above a table: "time until on disk" */
	const char *note;  /* how it is made up */
	enum measure_unit unit;
	int more_is_better; /* else less is */
	double (*of)(
		const struct record *record); /* NaN: not known; only asked where status is ok */
};

extern const struct measure measure_table[];
extern const size_t measure_count;

/* NULL: no such measure. */
const struct measure *measure_find(const char *name);

#endif
