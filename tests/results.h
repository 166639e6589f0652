/* SPDX-License-Identifier: MIT */
/* Results made up in memory, for tests of what is made from them. */
#ifndef TESTS_RESULTS_H
#define TESTS_RESULTS_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "results/resultfile.h"

static inline void must_be_0(int r)
{
	if (r != 0)
		abort();
}

static inline void set_text(char **member, const char *text)
{
	must_be_0(field_set_text(member, text));
}

static inline struct environment *results_add_environment(struct results *results)
{
	struct environment *environment;

	must_be_0(ARRAY_ROOM(results->environments, results->environment_count));
	environment = &results->environments[results->environment_count++];
	environment_init(environment);
	return environment;
}

/* An ok trial of a 4 GiB file on a 20 GiB volume, without any figure. */
static inline struct record *results_add(struct results *results, const char *filesystem,
					 const char *method)
{
	struct record *record;

	if (results->environment_count == 0)
		results_add_environment(results);
	must_be_0(ARRAY_ROOM(results->records, results->record_count));
	must_be_0(ARRAY_ROOM(results->environment_of, results->record_count));
	results->environment_of[results->record_count] = results->environment_count - 1;
	record = &results->records[results->record_count++];
	record_init(record);
	set_text(&record->filesystem, filesystem);
	set_text(&record->method, method);
	set_text(&record->status, STATUS_OK);
	record->file_bytes = 4ll << 30;
	record->volume_bytes = 20ll << 30;
	record->run = 1;
	return record;
}

/* The same with what the tables of 2009 held. */
static inline struct record *results_add_figures(struct results *results, const char *filesystem,
						 const char *method, double seconds,
						 int64_t fragments)
{
	struct record *record = results_add(results, filesystem, method);

	record->allocate.wall_ns = (int64_t)(seconds * 0.25e9);
	record->unmount.wall_ns = (int64_t)(seconds * 0.75e9);
	record->fragments = fragments;
	return record;
}

static inline void record_refuse(struct record *record, const char *status, const char *stage,
				 const char *reason)
{
	set_text(&record->status, status);
	set_text(&record->stage, stage);
	set_text(&record->reason, reason);
}

#endif
