/* SPDX-License-Identifier: MIT */
/* The measures of a trial, derived from a record's facts: one table. */
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
	MEASURE_RATE,  /* bytes per second */
	MEASURE_RATIO, /* of bytes */
};

struct measure {
	const char *name;  /* for --measure and --chart: "time", "fragments", "written", ... */
	const char *title; /* above a table: "time until on disk" */
	const char *note;  /* its definition */
	enum measure_unit unit;
	int more_is_better; /* else less is */
	int of_workload;    /* known only for trials with a workload */
	double (*of)(
		const struct record *record); /* NaN: unknown; called only if the status is ok */
};

extern const struct measure measure_table[];
extern const size_t measure_count;

/* Whether anything is done with the file after its allocation. */
bool record_has_workload(const struct record *record);

/* The time that is compared: until on disk, with a workload until its end. */
const struct measure *measure_of_time(bool with_workload);

/* The default measures of comparisons, terminated by NULL. */
#define MEASURES_COMPARED "time,written,fragments"
#define MEASURES_COMPARED_OF_WORKLOADS "life,per-byte,fragments"
const struct measure *const *measures_compared(bool with_workload);

/* Measure number `i` of those for trials with, or without, a workload.  NULL: there are no more. */
const struct measure *measure_at(bool with_workload, size_t i);

/* A measure of a phase of a workload. */
struct phase_measure {
	const char *name; /* in JSON, and above a column */
	enum measure_unit unit;
	double (*of)(const struct phase_record *phase); /* NaN: not known */
};

extern const struct phase_measure phase_measures[];
extern const size_t phase_measure_count;

/* NULL: there is no such measure. */
const struct measure *measure_find(const char *name);

#endif
