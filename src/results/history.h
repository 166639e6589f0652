/* SPDX-License-Identifier: MIT */
/*
 * Results over time, in one SQLite file.  A run is an environment line of a result file, with the
 * trials and warnings after it.  The tables have a column per field of a record.
 */
#ifndef HISTORY_HISTORY_H
#define HISTORY_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "base/problem.h"

struct results;

struct history;

/*
 * $XDG_DATA_HOME/alloc-perf/history.sqlite, by default in ~/.local/share.  The caller frees it.
 * NULL: there is no home directory, or out of memory.
 */
char *history_default_path(void);

/* Whether this file is a history. */
int history_is_store(const char *path);

enum history_mode {
	HISTORY_READ, /* -ENOENT if it does not exist */
	HISTORY_ADD,  /* created if needed, with its directories; checked for damage */
};

/*
 * Opens a history.  Missing columns of an older one are added, which is the only write in
 * HISTORY_READ.  0, or -errno with *problem set: -ENOENT (it does not exist), -EINVAL (not a
 * history), -EPROTO (of another version), -EUCLEAN (damaged), -EBUSY.
 */
int history_open(const char *path, enum history_mode mode, struct history **ret,
		 struct problem *problem);

/* Accepts NULL; returns NULL. */
struct history *history_close(struct history *history);
void history_closep(struct history **history);

/* The numbers of new runs and trials, and of those that were present. */
struct history_added {
	size_t runs, trials, known_trials;
};

/* Adds all results or none.  0, or -errno with *problem set. */
int history_add(struct history *history, const struct results *results, struct history_added *ret,
		struct problem *problem);

struct history_run {
	int64_t id;
	const char *added;		       /* UTC, ISO 8601; never NULL */
	const char *started, *testbed, *label; /* each may be NULL */
	const char *kernel;		       /* of the trials, or "2 kernels"; may be NULL */
	int64_t trials;
};

/*
 * Calls `run` per run, in the order in which they were added.  A result other than 0 ends the loop
 * and is returned.
 */
typedef int (*history_run_fn)(const struct history_run *run, void *context);
int history_list(struct history *history, history_run_fn each, void *context,
		 struct problem *problem);

/* Which trials to read; NULL and 0 match all. */
struct history_filter {
	int64_t run;
	const char *filesystem;
	const char *method;
	const char *testbed;
	int64_t file_bytes;
	int with_layout; /* 0: layouts and warnings are not read */
};

/*
 * Adds the matching trials to *results, as results_read() does, in the order in which they were
 * added.  0, or -errno with *problem set.
 */
int history_read(struct history *history, const struct history_filter *filter,
		 struct results *results, struct problem *problem);

#endif
