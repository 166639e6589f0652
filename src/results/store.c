/* SPDX-License-Identifier: MIT */
/*
 * The columns follow from the tables of fields, so a new field is an added column and not a new
 * version.  A store of another version is rejected: the result files can be added again.  A file is
 * written only after it was found to be a store of this version and, for adding, undamaged.
 */
#include "results/store.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "results/resultfile.h"

enum { VERSION = 4, APPLICATION_ID = 0x616c7066 /* "alpf" */, BUSY_MS = 20000 };

char *history_default_path(void)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

	/* By the specification relative ones are ignored. */
	if (data && *data == '/')
		return text_path(data, "alloc-perf/history.sqlite");
	if (home && *home)
		return text_path(home, ".local/share/alloc-perf/history.sqlite");
	return NULL;
}

struct history *history_close(struct history *history)
{
	if (history) {
		sqlite3_close(history->database);
		free(history->path);
	}
	free(history);
	return NULL;
}

void history_closep(struct history **history)
{
	*history = history_close(*history);
}

void store_finalizep(sqlite3_stmt **statement)
{
	sqlite3_finalize(*statement);
	*statement = NULL;
}

/* ---- statements ---- */

static int is_damaged(struct history *history, const char *how, struct problem *problem)
{
	return problem_set(problem, PROBLEM_USAGE, EUCLEAN,
			   "the history %s is damaged (%s) and was not changed; move it away, and "
			   "add the result files again",
			   history->path, how);
}

int store_failed(struct history *history, struct problem *problem)
{
	int code = sqlite3_errcode(history->database);
	const char *message = sqlite3_errmsg(history->database);

	switch (code) {
	case SQLITE_CORRUPT:
		return is_damaged(history, message, problem);
	case SQLITE_NOTADB:
		return problem_set(
			problem, PROBLEM_USAGE, EINVAL,
			"%s is not a history of alloc-perf; choose another file with --store",
			history->path);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return problem_set(problem, PROBLEM_LACK, EBUSY,
				   "the history %s is in use by another process; try again later",
				   history->path);
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_FULL:
	case SQLITE_IOERR:
		return problem_set(problem, PROBLEM_VERDICT, EIO, "the history %s: %s",
				   history->path, message);
	default:
		return problem_set(problem, PROBLEM_LACK, EIO, "the history %s: %s", history->path,
				   message);
	}
}

int store_run(struct history *history, const char *sql, struct problem *problem)
{
	if (sqlite3_exec(history->database, sql, NULL, NULL, NULL) != SQLITE_OK)
		return store_failed(history, problem);
	return 0;
}

int store_prepare(struct history *history, const char *sql, sqlite3_stmt **ret,
		  struct problem *problem)
{
	if (sqlite3_prepare_v2(history->database, sql, -1, ret, NULL) != SQLITE_OK)
		return store_failed(history, problem);
	return 0;
}

static void put_names(struct strbuf *to, const struct field *fields, size_t count, unsigned flags)
{
	for (size_t i = 0; i < count; i++)
		if ((flags & STORE_NO_RUNS) && fields[i].type == FIELD_RUNS)
			strbuf_printf(to, "%sNULL", i ? ", " : "");
		else
			strbuf_printf(to, "%s\"%s\"", i ? ", " : "", fields[i].name);
}

int store_prepare_fields(struct history *history, const char *format, const struct field *fields,
			 size_t count, unsigned flags, sqlite3_stmt **ret, struct problem *problem)
{
	CLEANUP(strbuf_clear) struct strbuf sql = { 0 };
	const char *place = strstr(format, "%s"), *second;

	strbuf_add(&sql, format, (size_t)(place - format));
	put_names(&sql, fields, count, flags);
	place += 2;
	second = flags & STORE_MARKS ? strstr(place, "%s") : NULL;
	if (second) {
		strbuf_add(&sql, place, (size_t)(second - place));
		for (size_t i = 0; i < count; i++)
			strbuf_puts(&sql, i ? ", ?" : "?");
		place = second + 2;
	}
	strbuf_puts(&sql, place);
	return sql.failed ? -ENOMEM : store_prepare(history, sql.text, ret, problem);
}

/* The number that a statement returns. */
static int query_number(struct history *history, const char *sql, int64_t *ret,
			struct problem *problem)
{
	CLEANUP(store_finalizep) sqlite3_stmt *statement = NULL;
	int r = store_prepare(history, sql, &statement, problem);

	if (r < 0)
		return r;
	if (sqlite3_step(statement) != SQLITE_ROW)
		return store_failed(history, problem);
	*ret = sqlite3_column_int64(statement, 0);
	return 0;
}

/* ---- the schema ---- */

/* Without the columns of fields, except those that are never NULL. */
static const char table_schema[] =
	"CREATE TABLE IF NOT EXISTS run (id INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE,"
	" added TEXT NOT NULL DEFAULT '');"
	"CREATE TABLE IF NOT EXISTS trial (id INTEGER PRIMARY KEY,"
	" run_id INTEGER NOT NULL REFERENCES run, \"filesystem\" TEXT NOT NULL,"
	" \"method\" TEXT NOT NULL);"
	"CREATE TABLE IF NOT EXISTS warning (id INTEGER PRIMARY KEY,"
	" run_id INTEGER NOT NULL REFERENCES run, \"kind\" TEXT NOT NULL,"
	" \"text\" TEXT NOT NULL, UNIQUE (run_id, \"kind\", \"text\"));";

/* trial_once is the index of stores without workloads.  COALESCE(), since NULLs are not equal. */
static const char index_schema[] =
	"DROP INDEX IF EXISTS trial_once;"
	"CREATE UNIQUE INDEX IF NOT EXISTS trial_identity ON trial (run_id, \"filesystem\","
	" \"method\", coalesce(\"file_bytes\", -1), coalesce(\"volume_bytes\", -1),"
	" coalesce(\"run\", -1), coalesce(\"started\", ''), coalesce(\"kernel\", ''),"
	" coalesce(\"label\", ''), coalesce(\"workload\", ''), coalesce(\"files\", 1));"
	"CREATE INDEX IF NOT EXISTS trial_by_cell ON trial (\"filesystem\", \"method\");";

static int has_column(struct history *history, const char *table, const char *column)
{
	return sqlite3_table_column_metadata(history->database, NULL, table, column, NULL, NULL,
					     NULL, NULL, NULL) == SQLITE_OK;
}

static int add_columns(struct history *history, const char *table, const struct field *fields,
		       size_t count, struct problem *problem)
{
	for (size_t i = 0; i < count; i++) {
		CLEANUP(freep) char *sql = NULL;
		int r;

		if (has_column(history, table, fields[i].name))
			continue;
		sql = text_format("ALTER TABLE %s ADD COLUMN \"%s\" %s", table, fields[i].name,
				  fields[i].type == FIELD_COUNT ? "INTEGER" : "TEXT");
		if (!sql)
			return -ENOMEM;
		r = store_run(history, sql, problem);
		if (r < 0)
			return r;
	}
	return 0;
}

static int has_all_columns(struct history *history)
{
	for (size_t i = 0; i < record_field_count; i++)
		if (!has_column(history, "trial", record_fields[i].name))
			return 0;
	for (size_t i = 0; i < environment_field_count; i++)
		if (!has_column(history, "run", environment_fields[i].name))
			return 0;
	return 1;
}

/* SQLite detects a schema that another process changed only in statements on a table. */
static int refresh_schema(struct history *history, struct problem *problem)
{
	int64_t tables;

	return query_number(history, "SELECT count(*) FROM sqlite_master", &tables, problem);
}

/* Another process may have added it. */
static int make_tables(struct history *history, struct problem *problem)
{
	CLEANUP(freep) char *marks = NULL;
	int r = store_run(history, table_schema, problem);

	if (r == 0)
		r = add_columns(history, "run", environment_fields, environment_field_count,
				problem);
	if (r == 0)
		r = add_columns(history, "trial", record_fields, record_field_count, problem);
	if (r == 0)
		r = store_run(history, index_schema, problem);
	if (r < 0)
		return r;
	marks = text_format("PRAGMA user_version = %d; PRAGMA application_id = %d", VERSION,
			    APPLICATION_ID);
	if (!marks)
		return -ENOMEM;
	return store_run(history, marks, problem);
}

static int make_tables_in_transaction(struct history *history, struct problem *problem)
{
	int r = store_run(history, "BEGIN IMMEDIATE", problem);

	if (r < 0)
		return r;
	r = refresh_schema(history, problem);
	if (r == 0)
		r = make_tables(history, problem);
	if (r == 0)
		return store_run(history, "COMMIT", problem);
	sqlite3_exec(history->database, "ROLLBACK", NULL, NULL, NULL);
	return r;
}

/* ---- recognition ---- */

/* By the header of SQLite's file format, without opening a database. */
int history_is_store(const char *path)
{
	enum { ID_AT = 68 };
	static const char magic[16] = "SQLite format 3";
	CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	char head[ID_AT + sizeof(uint32_t)];
	uint32_t id;

	if (fd < 0 || io_read_at(fd, 0, head, sizeof(head)) < 0 ||
	    memcmp(head, magic, sizeof(magic)) != 0)
		return 0;
	memcpy(&id, head + ID_AT, sizeof(id));
	return be32toh(id) == APPLICATION_ID;
}

static int check_pages(struct history *history, struct problem *problem)
{
	CLEANUP(store_finalizep) sqlite3_stmt *statement = NULL;
	const char *found;
	int r = store_prepare(history, "PRAGMA quick_check(1)", &statement, problem);

	if (r < 0)
		return r;
	if (sqlite3_step(statement) != SQLITE_ROW)
		return store_failed(history, problem);
	found = (const char *)sqlite3_column_text(statement, 0);
	return found && strcmp(found, "ok") == 0
		       ? 0
		       : is_damaged(history, found ? found : "?", problem);
}

/* 1: an empty file, 0: a store, or -errno with a sentence. */
static int check_kind(struct history *history, struct problem *problem)
{
	int64_t tables = 0, id = 0, version = 0;
	int r = query_number(history, "SELECT count(*) FROM sqlite_master", &tables, problem);

	if (r == 0)
		r = query_number(history, "PRAGMA application_id", &id, problem);
	if (r == 0)
		r = query_number(history, "PRAGMA user_version", &version, problem);
	if (r < 0)
		return r;
	if (tables == 0 && id == 0 && version == 0)
		return 1;
	if (id != APPLICATION_ID || version < 1)
		return problem_set(problem, PROBLEM_USAGE, EINVAL,
				   "%s is a database, but not a history of alloc-perf; choose "
				   "another file with --store",
				   history->path);
	if (version != VERSION)
		return problem_set(problem, PROBLEM_USAGE, EPROTO,
				   "the history %s was written by another version of alloc-perf "
				   "(schema %lld, this version has %d); use that version, or move "
				   "the history away and add the result files again",
				   history->path, (long long)version, VERSION);
	return 0;
}

/* In one transaction, so that no other process can create the store in between. */
static int check_kind_in_transaction(struct history *history, struct problem *problem)
{
	int r = store_run(history, "BEGIN", problem);

	if (r < 0)
		return r;
	r = check_kind(history, problem);
	sqlite3_exec(history->database, "ROLLBACK", NULL, NULL, NULL);
	return r;
}

static int check(struct history *history, enum history_mode mode, struct problem *problem)
{
	int r = check_kind_in_transaction(history, problem);

	if (r > 0 && mode == HISTORY_READ)
		return problem_set(
			problem, PROBLEM_VERDICT, ENOENT,
			"the history %s is empty; add results with `alloc-perf history add FILE`",
			history->path);
	if (r >= 0 && mode == HISTORY_ADD)
		r = check_pages(history, problem);
	if (r < 0 || (r == 0 && has_all_columns(history)))
		return r;
	return make_tables_in_transaction(history, problem);
}

/* ---- opening ---- */

/* Creates the directories of a file, as mkdir -p does.  0 or -errno. */
static int make_directories(const char *path)
{
	CLEANUP(freep) char *folder = strdup(path);

	if (!folder)
		return -ENOMEM;
	for (char *slash = folder; (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		if (mkdir(folder, 0700) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return 0;
}

static int cannot_open(const char *path, int error, struct problem *problem)
{
	if (error == ENOENT)
		return problem_set(problem, PROBLEM_VERDICT, ENOENT,
				   "the history %s does not exist; create it with `alloc-perf "
				   "history add FILE`",
				   path);
	return problem_set(problem, PROBLEM_USAGE, error, "cannot open the history %s: %s", path,
			   strerror(error));
}

static int inspect_path(const char *path, enum history_mode mode, struct problem *problem)
{
	struct stat status;
	int r;

	if (mode == HISTORY_ADD) {
		r = make_directories(path);
		if (r < 0)
			return cannot_open(path, r == -ENOENT ? ENOTDIR : -r, problem);
	}
	if (stat(path, &status) < 0)
		return errno == ENOENT && mode == HISTORY_ADD ? 0
							      : cannot_open(path, errno, problem);
	/* Opening a pipe would block forever. */
	return S_ISREG(status.st_mode)	 ? 0
	       : S_ISDIR(status.st_mode) ? cannot_open(path, EISDIR, problem)
					 : cannot_open(path, EINVAL, problem);
}

int history_open(const char *path, enum history_mode mode, struct history **ret,
		 struct problem *problem)
{
	CLEANUP(history_closep) struct history *history = calloc(1, sizeof(*history));
	/* Used by one thread only: locks would take a tenth of the time of a long read. */
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE |
		    (mode == HISTORY_ADD ? SQLITE_OPEN_CREATE : 0);
	int r = inspect_path(path, mode, problem);

	if (r < 0)
		return r;
	if (!history || !(history->path = strdup(path)))
		return -ENOMEM;
	if (sqlite3_open_v2(path, &history->database, flags, NULL) != SQLITE_OK)
		return cannot_open(path, errno ? errno : EIO, problem);
	sqlite3_busy_timeout(history->database, BUSY_MS);
	r = check(history, mode, problem);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(history);
	return 0;
}
