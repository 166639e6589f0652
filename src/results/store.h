/* SPDX-License-Identifier: MIT */
/* What reading and adding share; private to this folder. */
#ifndef HISTORY_STORE_H
#define HISTORY_STORE_H

#include <sqlite3.h>

#include "results/field.h"
#include "results/history.h"

struct history {
	sqlite3 *database;
	char *path;
};

/* For CLEANUP(): statements, and text that SQLite allocated. */
void store_finalizep(sqlite3_stmt **statement);

/* The sentence for the last thing that failed.  Returns -errno. */
int store_complain(struct history *history, struct problem *problem);

/* 0, or -errno with a sentence. */
int store_run(struct history *history, const char *sql, struct problem *problem);
int store_prepare(struct history *history, const char *sql, sqlite3_stmt **ret,
		  struct problem *problem);

enum store_flags {
	STORE_MARKS = 1 << 0, /* as many "?", separated by commas, in the place of a second "%s" */
	STORE_NO_RUNS = 1 << 1, /* NULL in the place of fields that are runs */
};

/* A statement whose text has the names of all fields in the place of "%s", separated by commas. */
int store_prepare_fields(struct history *history, const char *format, const struct field *fields,
			 size_t count, unsigned flags, sqlite3_stmt **ret, struct problem *problem);

#endif
