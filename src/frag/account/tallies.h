/* SPDX-License-Identifier: MIT */
/* Sums of files, and tables of such sums by name (extensions, directories). */
#ifndef FRAG_TALLIES_H
#define FRAG_TALLIES_H

#include <stddef.h>
#include <stdint.h>

#include "base/hashmap.h"

struct tally {
	uint64_t files;
	uint64_t fragmented_files; /* more fragments than their ideal */
	uint64_t size_bytes, mapped_bytes;
	uint64_t extents, fragments, ideal_fragments;
	double sequential_seconds, extra_seconds;
};

struct named_tally {
	char *name;
	struct tally tally;
};

/* Extensions and directories are anybody's, so their number is bounded: the rest is summed in
 * "(others)", which is row 0. */
struct named_tallies {
	struct named_tally *rows;
	size_t count, rows_max; /* rows_max: besides "(others)" */
	struct hashmap index;	/* of numbers of rows plus 1 */
};

/* 0 or -ENOMEM; named_tallies_clear() in either case. */
int named_tallies_init(struct named_tallies *tallies, size_t rows_max);
void named_tallies_clear(struct named_tallies *tallies);

/* The sums of that name, of so many bytes; valid until the next call.  NULL: out of memory. */
struct tally *named_tally(struct named_tallies *tallies, const char *name, size_t bytes);

/* The most expensive first.  After this named_tally() does not find them any more. */
void named_tallies_sort(struct named_tallies *tallies);

#endif
