/* SPDX-License-Identifier: MIT */
/*
 * A store may come from elsewhere, like a result file, so an invalid record is an error and is not
 * shown.
 */
#include "results/store.h"

#include <errno.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "results/resultfile.h"

static int column_text(sqlite3_stmt *statement, int column, char **member)
{
	const unsigned char *text = sqlite3_column_text(statement, column);

	return text ? field_set_text(member, (const char *)text) : 0;
}

static int column_array(sqlite3_stmt *statement, int column, const struct field *field,
			void *object)
{
	CLEANUP(json_decrefp) json_t *json = json_object();
	const char *text = (const char *)sqlite3_column_text(statement, column);
	struct field alone = *field;

	if (!text)
		return 0;
	if (!json || json_object_set_new(json, field->name, json_loads(text, 0, NULL)) < 0)
		return -EUCLEAN;
	return field_from_json(&alone, 1, object, json, NULL) < 0 ? -EUCLEAN : 0;
}

/* Sets the members of an initialised object, starting at the column `column`. */
static int read_fields(sqlite3_stmt *statement, int column, const struct field *fields,
		       size_t count, void *object)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++, column++) {
		char *member = (char *)object + fields[i].offset;

		switch (fields[i].type) {
		case FIELD_TEXT:
			r = column_text(statement, column, (char **)member);
			break;
		case FIELD_COUNT:
			if (sqlite3_column_type(statement, column) == SQLITE_INTEGER)
				*(int64_t *)member = sqlite3_column_int64(statement, column);
			break;
		case FIELD_RUNS:
		case FIELD_HISTOGRAM:
		case FIELD_LIST:
			r = column_array(statement, column, &fields[i], object);
			break;
		}
	}
	return r;
}

static int invalid_trial(struct history *history, int r, struct problem *problem)
{
	if (r != -EUCLEAN)
		return r;
	return problem_set(problem, PROBLEM_USAGE, EUCLEAN,
			   "the history %s contains an invalid trial record", history->path);
}

/* ---- trials ---- */

struct reading {
	struct history *history;
	const struct history_filter *filter;
	struct results *results;
	int64_t last_run; /* of the last added environment; 0: none */
	struct problem *problem;
};

/* The index of the last added environment. */
static int read_warnings(struct reading *reading, int64_t run_id)
{
	CLEANUP(store_finalizep) sqlite3_stmt *statement = NULL;
	int code, r = store_prepare_fields(
			  reading->history, "SELECT %s FROM warning WHERE run_id = ? ORDER BY id",
			  warning_fields, warning_field_count, 0, &statement, reading->problem);

	if (r < 0)
		return r;
	sqlite3_bind_int64(statement, 1, run_id);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		CLEANUP(warning_clear) struct warning warning;

		warning_init(&warning);
		r = read_fields(statement, 0, warning_fields, warning_field_count, &warning);
		if (r == 0)
			r = results_keep_warning(reading->results, &warning);
		if (r < 0)
			return r;
	}
	return code == SQLITE_DONE ? 0 : store_failed(reading->history, reading->problem);
}

static int read_environment(struct reading *reading, int64_t run_id)
{
	CLEANUP(store_finalizep) sqlite3_stmt *statement = NULL;
	struct results *results = reading->results;
	struct environment *environment;
	int r = store_prepare_fields(reading->history, "SELECT %s FROM run WHERE id = ?",
				     environment_fields, environment_field_count, 0, &statement,
				     reading->problem);

	if (r == 0)
		r = ARRAY_ROOM(results->environments, results->environment_count);
	if (r < 0)
		return r;
	sqlite3_bind_int64(statement, 1, run_id);
	if (sqlite3_step(statement) != SQLITE_ROW)
		return invalid_trial(reading->history, -EUCLEAN, reading->problem);
	environment = &results->environments[results->environment_count++];
	environment_init(environment);
	reading->last_run = run_id;
	r = read_fields(statement, 0, environment_fields, environment_field_count, environment);
	return r < 0 || !reading->filter->with_layout ? r : read_warnings(reading, run_id);
}

/* Checks what results_read() guarantees of its records. */
static int is_record(const struct record *record)
{
	return record->filesystem && record->method && record->file_bytes > 0 && record->status &&
	       (strcmp(record->status, STATUS_OK) == 0 ||
		strcmp(record->status, STATUS_UNSUPPORTED) == 0 ||
		strcmp(record->status, STATUS_FAILED) == 0);
}

static int read_trial(struct reading *reading, sqlite3_stmt *statement)
{
	struct results *results = reading->results;
	int64_t run_id = sqlite3_column_int64(statement, (int)record_field_count);
	struct record *record;
	int r = run_id != reading->last_run ? read_environment(reading, run_id) : 0;

	if (r == 0)
		r = ARRAY_ROOM(results->records, results->record_count);
	if (r == 0)
		r = ARRAY_ROOM(results->environment_of, results->record_count);
	if (r < 0)
		return r;
	record = &results->records[results->record_count];
	record_init(record);
	results->environment_of[results->record_count++] = results->environment_count - 1;
	r = read_fields(statement, 0, record_fields, record_field_count, record);
	return r == 0 && !is_record(record) ? -EUCLEAN : r;
}

static void bind_filter(sqlite3_stmt *statement, const struct history_filter *filter)
{
	sqlite3_bind_int64(statement, 1, filter->run);
	sqlite3_bind_text(statement, 2, filter->filesystem, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 3, filter->method, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 4, filter->testbed, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 5, filter->file_bytes);
}

/* Written so that SQLite uses the index by file system and method where possible. */
static int prepare_trials(struct reading *reading, sqlite3_stmt **ret)
{
	const struct history_filter *filter = reading->filter;
	CLEANUP(freep) char *sql = NULL;

	sql = text_format(
		"SELECT %%s, run_id FROM trial WHERE (?1 = 0 OR run_id = ?1)%s%s"
		" AND (?4 IS NULL OR \"testbed\" = ?4) AND (?5 = 0 OR \"file_bytes\" = ?5)"
		" ORDER BY id",
		filter->filesystem ? " AND \"filesystem\" = ?2" : "",
		filter->method ? " AND \"method\" = ?3" : "");
	if (!sql)
		return -ENOMEM;
	return store_prepare_fields(reading->history, sql, record_fields, record_field_count,
				    filter->with_layout ? 0 : STORE_NO_RUNS, ret, reading->problem);
}

int history_read(struct history *history, const struct history_filter *filter,
		 struct results *results, struct problem *problem)
{
	CLEANUP(store_finalizep) sqlite3_stmt *statement = NULL;
	struct reading reading = { history, filter, results, 0, problem };
	int code, r = prepare_trials(&reading, &statement);

	if (r < 0)
		return r;
	bind_filter(statement, filter);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		r = read_trial(&reading, statement);
		if (r < 0)
			return invalid_trial(history, r, problem);
	}
	return code == SQLITE_DONE ? 0 : store_failed(history, problem);
}

/* ---- runs ---- */

static const char list_sql[] =
	"SELECT run.id, added, run.\"started\", run.\"testbed\", run.\"label\","
	" CASE count(DISTINCT trial.\"kernel\")"
	" WHEN 0 THEN coalesce(run.\"guest_kernel\", run.\"kernel\")"
	" WHEN 1 THEN max(trial.\"kernel\")"
	" ELSE count(DISTINCT trial.\"kernel\") || ' kernels' END, count(trial.id)"
	" FROM run LEFT JOIN trial ON trial.run_id = run.id GROUP BY run.id ORDER BY run.id";

static const char *column(sqlite3_stmt *statement, int number)
{
	return (const char *)sqlite3_column_text(statement, number);
}

int history_list(struct history *history, history_run_fn each, void *context,
		 struct problem *problem)
{
	CLEANUP(store_finalizep) sqlite3_stmt *statement = NULL;
	int code, r = store_prepare(history, list_sql, &statement, problem);

	if (r < 0)
		return r;
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		const char *added = column(statement, 1);

		r = each(&(struct history_run) { .id = sqlite3_column_int64(statement, 0),
						 .added = added ? added : "",
						 .started = column(statement, 2),
						 .testbed = column(statement, 3),
						 .label = column(statement, 4),
						 .kernel = column(statement, 5),
						 .trials = sqlite3_column_int64(statement, 6) },
			 context);
		if (r != 0)
			return r;
	}
	return code == SQLITE_DONE ? 0 : store_failed(history, problem);
}
