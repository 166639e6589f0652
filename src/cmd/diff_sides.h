/* SPDX-License-Identifier: MIT */
/* What `alloc-perf diff` compares: two files, or parts of what one or more files contain. */
#ifndef CMD_DIFF_SIDES_H
#define CMD_DIFF_SIDES_H

#include "base/problem.h"
#include "results/resultfile.h"
#include "stats/compare.h"

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

#endif
