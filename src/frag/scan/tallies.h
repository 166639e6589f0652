/* SPDX-License-Identifier: MIT */
/* Sums of files, and tables of such sums by name (extensions, directories). */
#ifndef FRAG_TALLIES_H
#define FRAG_TALLIES_H

#include <stddef.h>
#include <stdint.h>

struct tally {
	uint64_t files;
	uint64_t fragmented_files; /* more fragments than their ideal */
	uint64_t size_bytes, mapped_bytes;
	uint64_t extents, fragments, ideal_fragments;
	double sequential_seconds, extra_seconds;
};

struct named_tally {
	char *name; /* NULL: a free row */
	struct tally tally;
};

/* Bounded: what finds no row any more is summed in "(others)". */
struct named_tallies {
	struct named_tally *rows; /* room + 1 of them */
	size_t room, count;
};

/* 0 or -ENOMEM; named_tallies_clear() in either case. */
int named_tallies_init(struct named_tallies *tallies, size_t room);
void named_tallies_clear(struct named_tallies *tallies);

/* The sums of that name, of so many bytes.  NULL: out of memory. */
struct tally *named_tally(struct named_tallies *tallies, const char *name, size_t bytes);

/* The most expensive first.  After this named_tally() does not find them any more. */
void named_tallies_sort(struct named_tallies *tallies);

#endif
