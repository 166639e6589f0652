/* SPDX-License-Identifier: MIT */
/* What `alloc-perf diff` compares: two files, or parts of what one or more files contain. */
#ifndef CMD_DIFF_H
#define CMD_DIFF_H

#include <stddef.h>

#include "base/problem.h"
#include "results/resultfile.h"
#include "stats/compare.h"
#include "stats/record_key.h"

/* KEY=VALUE,...: values of one key. */
struct sides_filter {
	enum record_key key;
	const char *values;
};

struct sides_request {
	char **files;
	size_t file_count;
	unsigned by;			 /* set of keys that tell the sides apart; none: files */
	const char *values;		 /* of that key, the baseline first; NULL: all */
	const char *old_name, *new_name; /* another way to name two of them; NULL: not given */
	struct sides_filter *filters;
	size_t filter_count;
};

struct side {
	char *name;  /* heads its column */
	char *files; /* that it is from, separated by ", " */
	struct grids grids;
};

struct sides {
	struct results results; /* of all files */
	struct side *list;	/* the baseline first */
	struct view *views;	/* of each side */
	size_t count;
};

/*
 * Reads the files and finds the sides.  *sides is zeroed before and cleared in
 * any case.  0, -ENOMEM, or another -errno with a sentence.
 */
int sides_read(struct sides *sides, const struct sides_request *request, struct problem *problem);
void sides_clear(struct sides *sides);

/* The sentence for -EINVAL of compare_grids().  -EINVAL, -ENOMEM. */
int sides_refuse(const struct sides *sides, const struct compare_ambiguity *ambiguity,
		 struct problem *problem);

/* ---- parts: diff_parts.c ---- */

struct results;

struct part {
	char *name;   /* "6.1.0", "uml, 6.1.0" */
	size_t first; /* the first record of it */
};

struct parts {
	const struct results *results;
	const char *source; /* for messages: "FILE contains", "A, B contain" */
	unsigned by;
	struct part *part; /* in the order of runs, in each in that of its plan */
	size_t count;
	size_t *of; /* per record the number of its part */
};

/* A record that has no part. */
#define PART_NONE ((size_t)-1)

/* By a set of keys; records of which `left_out` (NULL: none) is not PART_NONE have a part.  0 or
 * -ENOMEM. */
int parts_make(struct parts *ret, const struct results *results, const char *source, unsigned by,
	       const size_t *left_out);
void parts_clear(struct parts *parts); /* for CLEANUP(), too */

/* "kernel"; "condition" for several keys. */
const char *parts_noun(unsigned by);

/* "6.1.0; 6.12.0", which the caller frees.  NULL: out of memory. */
char *parts_names(const struct parts *parts);

/* The one part that goes by the name.  0, or -EINVAL with a sentence that has the nearest one. */
int parts_find(const struct parts *parts, const char *name, size_t *ret, struct problem *problem);

/* All of "ext4,xfs", whose names can contain commas themselves.  Adds to *ret, which the caller
 * frees.  0, -ENOMEM, or -EINVAL with a sentence. */
int parts_find_all(const struct parts *parts, const char *names, size_t **ret, size_t *ret_count,
		   struct problem *problem);

#endif
