/* SPDX-License-Identifier: MIT */
/* The sides that `alloc-perf diff` compares: two files, or parts of one or more files. */
#ifndef CMD_DIFF_H
#define CMD_DIFF_H

#include <stddef.h>

#include "base/problem.h"
#include "results/resultfile.h"
#include "stats/compare.h"
#include "stats/promises.h"
#include "stats/record_key.h"

/* KEY=VALUE,...: values of one key. */
struct sides_filter {
	enum record_key key;
	const char *values;
};

struct sides_request {
	char **files;
	size_t file_count;
	unsigned by;			 /* set of keys that distinguish the sides; none: files */
	const char *values;		 /* of that key, the baseline first; NULL: all */
	const char *old_name, *new_name; /* two of them, by other options; NULL: not given */
	struct sides_filter *filters;
	size_t filter_count;
};

struct side {
	char *name;  /* the heading of its column */
	char *files; /* its files, separated by ", " */
	struct grids grids;
	struct promise_grids promises;
};

struct sides {
	struct results results; /* of all files */
	struct side *list;	/* the baseline first */
	struct view *views;	/* of each side */
	size_t count;
};

/*
 * Reads the files and finds the sides.  The caller zeroes *sides before, and clears it also on
 * failure.  0, -ENOMEM, or another -errno with *problem set.
 */
int sides_read(struct sides *sides, const struct sides_request *request, struct problem *problem);
void sides_clear(struct sides *sides);

/* Sets *problem for -EINVAL of compare_grids().  -EINVAL or -ENOMEM. */
int sides_refuse(const struct sides *sides, const struct compare_ambiguity *ambiguity,
		 struct problem *problem);

/* ---- parts: diff_parts.c ---- */

struct results;

struct part {
	char *name;   /* "6.1.0", "uml, 6.1.0" */
	size_t first; /* its first record */
};

struct parts {
	const struct results *results;
	const char *source; /* for messages: "FILE contains", "A, B contain" */
	unsigned by;
	struct part *part; /* in the order of runs, and within a run in that of its plan */
	size_t count;
	size_t *of; /* the number of its part, per record */
};

/* A record that has no part. */
#define PART_NONE ((size_t)-1)

/*
 * Divides results by a set of keys, except records whose `left_out` (NULL: none) is PART_NONE.  0
 * or -ENOMEM.
 */
int parts_make(struct parts *ret, const struct results *results, const char *source, unsigned by,
	       const size_t *left_out);
void parts_clear(struct parts *parts); /* also for CLEANUP() */

/* "kernel"; "condition" for several keys. */
const char *parts_noun(unsigned by);

/* "6.1.0; 6.12.0", which the caller frees.  NULL: out of memory. */
char *parts_names(const struct parts *parts);

/*
 * Finds the part with that name.  0, or -EINVAL with *problem set, which contains the nearest name.
 */
int parts_find(const struct parts *parts, const char *name, size_t *ret, struct problem *problem);

/*
 * Finds the parts of a list such as "ext4,xfs", whose names may contain commas.  Adds to *ret,
 * which the caller frees.  0, -ENOMEM, or -EINVAL with *problem set.
 */
int parts_find_all(const struct parts *parts, const char *names, size_t **ret, size_t *ret_count,
		   struct problem *problem);

#endif
