/* SPDX-License-Identifier: MIT */
/*
 * A run is identified by all of its description, which contains its start in seconds, the machine
 * and the command.  A trial is identified by the fields that --resume uses, and by when and where
 * it was made.  So a file can be added again after it has grown, and only new trials are added.
 *
 * All is one transaction, which starts as a write: two processes that add wait for each other, and
 * neither fails in the middle.
 */
#include "results/store.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "results/resultfile.h"

/* An array of a result file is stored as JSON text. */
static int bind_array(sqlite3_stmt *statement, int column, const struct field *field,
		      const void *object)
{
	CLEANUP(json_decrefp) json_t *json = json_object();
	CLEANUP(freep) char *text = NULL;

	if (!json || field_to_json(field, 1, object, json) < 0)
		return SQLITE_NOMEM;
	if (json_is_null(json_object_get(json, field->name)))
		return sqlite3_bind_null(statement, column);
	text = json_dumps(json_object_get(json, field->name), JSON_COMPACT);
	if (!text)
		return SQLITE_NOMEM;
	return sqlite3_bind_text(statement, column, text, -1, SQLITE_TRANSIENT);
}

static int bind_field(sqlite3_stmt *statement, int column, const struct field *field,
		      const void *object)
{
	switch (field->type) {
	case FIELD_TEXT:
		return sqlite3_bind_text(statement, column, field_text(field, object), -1,
					 SQLITE_STATIC);
	case FIELD_COUNT:
		if (field_count(field, object) == FIELD_UNKNOWN)
			return sqlite3_bind_null(statement, column);
		return sqlite3_bind_int64(statement, column, field_count(field, object));
	case FIELD_RUNS:
	case FIELD_HISTOGRAM:
	case FIELD_LIST:
		return bind_array(statement, column, field, object);
	}
	return SQLITE_MISUSE;
}

/* Binds the fields, starting at the parameter `column`.  Returns an SQLite code. */
static int bind_fields(sqlite3_stmt *statement, int column, const struct field *fields,
		       size_t count, const void *object)
{
	int code = SQLITE_OK;

	for (size_t i = 0; code == SQLITE_OK && i < count; i++)
		code = bind_field(statement, column + (int)i, &fields[i], object);
	return code;
}

/* The statements to add results. */
struct adding {
	struct history *history;
	sqlite3_stmt *add_run, *find_run, *add_trial, *add_warning;
	char now[sizeof("2009-04-01T00:00:00Z")];
	struct history_added added;
	struct problem *problem;
};

static void adding_clear(struct adding *adding)
{
	sqlite3_finalize(adding->add_run);
	sqlite3_finalize(adding->find_run);
	sqlite3_finalize(adding->add_trial);
	sqlite3_finalize(adding->add_warning);
}

static int adding_prepare(struct adding *adding)
{
	struct history *history = adding->history;
	time_t now = time(NULL);
	struct tm utc;
	int r;

	strftime(adding->now, sizeof(adding->now), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
	r = store_prepare_fields(
		history, "INSERT OR IGNORE INTO run (%s, identity, added) VALUES (%s, ?, ?)",
		environment_fields, environment_field_count, STORE_MARKS, &adding->add_run,
		adding->problem);
	if (r == 0)
		r = store_prepare(history, "SELECT id FROM run WHERE identity = ?",
				  &adding->find_run, adding->problem);
	if (r == 0)
		r = store_prepare_fields(history,
					 "INSERT OR IGNORE INTO trial (%s, run_id) VALUES (%s, ?)",
					 record_fields, record_field_count, STORE_MARKS,
					 &adding->add_trial, adding->problem);
	if (r == 0)
		r = store_prepare_fields(
			history, "INSERT OR IGNORE INTO warning (%s, run_id) VALUES (%s, ?)",
			warning_fields, warning_field_count, STORE_MARKS, &adding->add_warning,
			adding->problem);
	return r;
}

/* Runs a statement that returns no rows; *ret_changes is the number of rows that it added. */
static int step(struct adding *adding, sqlite3_stmt *statement, int code, size_t *ret_changes)
{
	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	sqlite3_reset(statement);
	if (code == SQLITE_NOMEM)
		return -ENOMEM;
	if (code != SQLITE_DONE)
		return store_failed(adding->history, adding->problem);
	*ret_changes += (size_t)sqlite3_changes(adding->history->database);
	return 0;
}

static int find_run(struct adding *adding, const char *identity, int64_t *ret_id)
{
	int code = sqlite3_bind_text(adding->find_run, 1, identity, -1, SQLITE_STATIC);

	if (code == SQLITE_OK)
		code = sqlite3_step(adding->find_run);
	if (code == SQLITE_ROW)
		*ret_id = sqlite3_column_int64(adding->find_run, 0);
	sqlite3_reset(adding->find_run);
	return code == SQLITE_ROW ? 0 : store_failed(adding->history, adding->problem);
}

static int add_run(struct adding *adding, const struct environment *environment, int64_t *ret_id)
{
	CLEANUP(json_decrefp) json_t *json = environment_to_json(environment);
	CLEANUP(freep)
	char *identity = json ? json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	int after = (int)environment_field_count + 1, code, r;

	if (!identity)
		return -ENOMEM;
	code = bind_fields(adding->add_run, 1, environment_fields, environment_field_count,
			   environment);
	if (code == SQLITE_OK)
		code = sqlite3_bind_text(adding->add_run, after, identity, -1, SQLITE_STATIC);
	if (code == SQLITE_OK)
		code = sqlite3_bind_text(adding->add_run, after + 1, adding->now, -1,
					 SQLITE_STATIC);
	r = step(adding, adding->add_run, code, &adding->added.runs);
	return r < 0 ? r : find_run(adding, identity, ret_id);
}

static int add_trial(struct adding *adding, const struct record *record, int64_t run_id)
{
	size_t before = adding->added.trials;
	int code = bind_fields(adding->add_trial, 1, record_fields, record_field_count, record);
	int r;

	if (code == SQLITE_OK)
		code = sqlite3_bind_int64(adding->add_trial, (int)record_field_count + 1, run_id);
	r = step(adding, adding->add_trial, code, &adding->added.trials);
	if (r == 0 && adding->added.trials == before)
		adding->added.known_trials++;
	return r;
}

static int add_warning(struct adding *adding, const struct warning *warning, int64_t run_id)
{
	size_t changes = 0;
	int code =
		bind_fields(adding->add_warning, 1, warning_fields, warning_field_count, warning);

	if (code == SQLITE_OK)
		code = sqlite3_bind_int64(adding->add_warning, (int)warning_field_count + 1,
					  run_id);
	return step(adding, adding->add_warning, code, &changes);
}

static int add_all(struct adding *adding, const struct results *results)
{
	CLEANUP(freep) int64_t *ids = calloc(results->environment_count + 1, sizeof(*ids));
	int r = ids ? adding_prepare(adding) : -ENOMEM;

	for (size_t i = 0; r == 0 && i < results->environment_count; i++)
		r = add_run(adding, &results->environments[i], &ids[i]);
	for (size_t i = 0; r == 0 && i < results->record_count; i++)
		if (!results->records[i].promise)
			r = add_trial(adding, &results->records[i],
				      ids[results->environment_of[i]]);
	for (size_t i = 0; r == 0 && i < results->warning_count; i++)
		r = add_warning(adding, &results->warnings[i], ids[results->warning_of[i]]);
	return r;
}

int history_add(struct history *history, const struct results *results, struct history_added *ret,
		struct problem *problem)
{
	CLEANUP(adding_clear) struct adding adding = { .history = history, .problem = problem };
	int r = store_run(history, "BEGIN IMMEDIATE", problem);

	if (r < 0)
		return r;
	r = add_all(&adding, results);
	if (r == 0)
		r = store_run(history, "COMMIT", problem);
	if (r < 0) {
		sqlite3_exec(history->database, "ROLLBACK", NULL, NULL, NULL);
		return r;
	}
	*ret = adding.added;
	return 0;
}
