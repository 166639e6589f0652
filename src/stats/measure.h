/* SPDX-License-Identifier: MIT */
/* What can be shown of a trial: measures derived from a record's facts, one table. */
#ifndef STATS_MEASURE_H
#define STATS_MEASURE_H

#include <stdbool.h>
#include <stddef.h>

struct phase_record;
struct record;

enum measure_unit {
	MEASURE_SECONDS,
	MEASURE_BYTES,
	MEASURE_COUNT,
	MEASURE_RATE,  /* bytes a second */
	MEASURE_RATIO, /* of bytes */
};

struct measure {
	const char *name;  /* for --measure and --chart: "time", "fragments", "written", ... */
	const char *title; /* above a table: "time until on disk" */
	const char *note;  /* how it is made up */
	enum measure_unit unit;
	int more_is_better; /* else less is */
	int of_workload;    /* only known of trials with a workload */
	double (*of)(
		const struct record *record); /* NaN: not known; only asked where status is ok */
};

extern const struct measure measure_table[];
extern const size_t measure_count;

/* Is anything done with the file after its allocation? */
bool record_has_workload(const struct record *record);

/* Number `i` of the measures that can be known of trials with a workload, or of those without one;
 * NULL: behind the last. */
const struct measure *measure_at(bool with_workload, size_t i);

/* What can be shown of one phase of a workload. */
struct phase_measure {
	const char *name; /* in JSON, and above a column */
	enum measure_unit unit;
	double (*of)(const struct phase_record *phase); /* NaN: not known */
};

extern const struct phase_measure phase_measures[];
extern const size_t phase_measure_count;

/* NULL: no such measure. */
const struct measure *measure_find(const char *name);

#endif
