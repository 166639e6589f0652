/* SPDX-License-Identifier: MIT */
/* Results divided by the values of keys, and the choice of some of these; private to `diff`. */
#ifndef CMD_DIFF_PARTS_H
#define CMD_DIFF_PARTS_H

#include <stddef.h>

#include "base/problem.h"
#include "stats/record_key.h"

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
