/* SPDX-License-Identifier: MIT */
/*
 * Results over time, in one SQLite file.  A run is what one description of a
 * result file began; its trials and warnings are the lines after that.  The tables
 * have a column for each field of the record's.
 */
#ifndef HISTORY_HISTORY_H
#define HISTORY_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "base/problem.h"

struct results;

struct history;

/* $XDG_DATA_HOME/alloc-perf/history.sqlite, or the same below ~/.local/share.  NULL: no home, or no
 * memory; the caller frees it. */
char *history_default_path(void);

/* Is it the file of one? */
int history_is_store(const char *path);

enum history_mode {
	HISTORY_READ, /* the store has to exist */
	HISTORY_ADD,  /* it is made, with its folders, if it does not; it is checked for damage */
};

/*
 * An older store is brought up to date, which is the only thing that reading may
 * write.  0 or -errno with a sentence: -ENOENT (no store to read), -EINVAL (no
 * store of ours), -EPROTO (of a later version), -EUCLEAN (damaged), -EBUSY.
 */
int history_open(const char *path, enum history_mode mode, struct history **ret,
		 struct problem *problem);

/* NULL-safe, returns NULL. */
struct history *history_close(struct history *history);
void history_closep(struct history **history);

/* What was new, and what was there already. */
struct history_added {
	size_t runs, trials, known_trials;
};

/* Adds all of it or nothing.  0 or -errno with a sentence. */
int history_add(struct history *history, const struct results *results, struct history_added *ret,
		struct problem *problem);

struct history_run {
	int64_t id;
	const char *added;		       /* UTC, ISO 8601; never NULL */
	const char *started, *testbed, *label; /* each may be NULL */
	const char *kernel; /* that the trials ran under, or "2 kernels"; may be NULL */
	int64_t trials;
};

/* In the order in which they were added; non-zero ends it and is returned. */
typedef int (*history_run_fn)(const struct history_run *run, void *context);
int history_list(struct history *history, history_run_fn each, void *context,
		 struct problem *problem);

/* Which trials to read; NULL and 0 stand for any. */
struct history_filter {
	int64_t run;
	const char *filesystem;
	const char *method;
	const char *testbed;
	int64_t file_bytes;
	int with_layout; /* 0: layouts and warnings stay where they are, and unknown */
};

/*
 * Adds what matches to *results, as results_read() does, in the order in which they
 * were added.  0 or -errno with a sentence.
 */
int history_read(struct history *history, const struct history_filter *filter,
		 struct results *results, struct problem *problem);

#endif
