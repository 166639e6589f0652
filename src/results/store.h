/* SPDX-License-Identifier: MIT */
/* Common parts of reading from the history and adding to it; private to src/results/. */
#ifndef HISTORY_STORE_H
#define HISTORY_STORE_H

#include <sqlite3.h>

#include "results/field.h"
#include "results/history.h"

struct history {
	sqlite3 *database;
	char *path;
};

/* For CLEANUP(): a statement, and a text that SQLite allocated. */
void store_finalizep(sqlite3_stmt **statement);

/* Sets *problem for the last failure.  Returns -errno. */
int store_failed(struct history *history, struct problem *problem);

/* 0, or -errno with *problem set. */
int store_run(struct history *history, const char *sql, struct problem *problem);
int store_prepare(struct history *history, const char *sql, sqlite3_stmt **ret,
		  struct problem *problem);

enum store_flags {
	STORE_MARKS = 1 << 0,	/* a second "%s" becomes as many "?", separated by commas */
	STORE_NO_RUNS = 1 << 1, /* NULL instead of fields that are runs */
};

/* Prepares a statement, with "%s" replaced by the names of all fields, separated by commas. */
int store_prepare_fields(struct history *history, const char *format, const struct field *fields,
			 size_t count, unsigned flags, sqlite3_stmt **ret, struct problem *problem);

#endif
