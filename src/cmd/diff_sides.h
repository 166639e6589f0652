/* SPDX-License-Identifier: MIT */
/* What `alloc-perf diff` compares: two files, or two parts of one. */
#ifndef CMD_DIFF_SIDES_H
#define CMD_DIFF_SIDES_H

#include "base/problem.h"
#include "results/resultfile.h"
#include "stats/cell.h"

struct sides_request {
	const char *files[2]; /* OLD and NEW, or only one */
	size_t file_count;
	unsigned by;			 /* of one file: conditions that tell its sides apart */
	const char *old_name, *new_name; /* of one file: which are wanted; NULL: not said */
};

struct sides {
	struct results results[2];
	struct grids grids[2]; /* of each file */
	struct view before, after;
};

/*
 * Reads the files and finds the two sides.  *sides is zeroed before and cleared in
 * any case.  0, -ENOMEM, or another -errno with a sentence.
 */
int sides_read(struct sides *sides, const struct sides_request *request, struct problem *problem);
void sides_clear(struct sides *sides);

/* The sentence for -EINVAL of compare_grids(): one side has more than one part.  -EINVAL, -ENOMEM.
 */
int sides_refuse(const struct sides *sides, const struct sides_request *request,
		 struct problem *problem);

#endif
