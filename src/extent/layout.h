/* SPDX-License-Identifier: MIT */
/*
 * From extents to figures: pure functions, fed one extent at a time.
 *
 * A fragment is a maximal run of physically contiguous extents that follow one
 * another in the file, whatever their flags: what the head of a disk sees, and
 * what the 2009 table counts.  ext4 splits extents at 32768 blocks; that is no
 * break.  Nor is a hole, if the next extent goes on exactly where the last one
 * ended.  (filefrag's summary also forgives a hole whose physical gap is as
 * large as its logical one; here that is a break, since the disk has to skip.)
 * Where the location of an extent is not known (delayed, inline, unknown), or its
 * length on the volume is not (encoded), fragments and gaps are lower bounds: only
 * what certainly does not go on counts.  An encoded extent is known to start at its
 * address and to be no longer than what it decodes to.  Such extents have no part
 * in largest and median.
 */
#ifndef EXTENT_LAYOUT_H
#define EXTENT_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

struct extent;

/* Sums stop at UINT64_MAX. */
struct layout {
	uint64_t extents;
	uint64_t fragments;
	uint64_t mapped_bytes; /* sum of all extents */
	uint64_t unwritten_bytes;
	uint64_t shared_bytes;
	uint64_t encoded_bytes;
	uint64_t largest_bytes; /* largest fragment with addresses; 0: none */
	uint64_t median_bytes;	/* median of these (lower of the two middle ones); 0: none */
	/* sum of the absolute distances from one fragment's end to the next one's start */
	uint64_t gap_bytes;
	uint64_t holes;		 /* gaps in the file before its last extent, also at its start */
	uint64_t first_physical; /* of the first extent with an address; 0: none */
	int addresses_known;	 /* 0: some had none; fragments, gap_bytes are lower bounds */
};

/* ---- all figures but the median, in constant memory ---- */

struct layout_sums {
	struct layout figures; /* up to date after each extent; median_bytes is 0 */
	uint64_t run_bytes;    /* of the present fragment; 0: it has no address */
	/* From the last extent to the present one, absolute, at least; 0: it may go on there. */
	uint64_t step_bytes;
	uint64_t logical_end;
	int has_start; /* the last extent: then the following are known of it */
	uint64_t physical_start, physical_end_least, physical_end_most;
};

#define LAYOUT_SUMS_INIT ((struct layout_sums) { .figures.addresses_known = 1 })

void layout_sums_add(struct layout_sums *sums, const struct extent *extent);

/* ---- with the median ---- */

/* Collects; keeps one number a fragment, for the median. */
struct layout_builder;

/* NULL: out of memory. */
struct layout_builder *layout_builder_new(void);

/* NULL-safe, returns NULL. */
struct layout_builder *layout_builder_free(struct layout_builder *builder);
void layout_builder_freep(struct layout_builder **builder);

/* 0 or -ENOMEM.  Has the shape of an extent_fn: context is the builder. */
int layout_builder_add(const struct extent *extent, void *builder);

/* The figures of what was added so far. */
void layout_builder_finish(const struct layout_builder *builder, struct layout *ret);

/* Fewest fragments that `bytes` can have where no run exceeds `largest_run` (0: no such limit). */
uint64_t layout_ideal_fragments(uint64_t bytes, uint64_t largest_run);

/*
 * ---- the longest runs of a file, for a picture ----
 *
 * A run ends where the file or the volume is not contiguous, and where unwritten blocks start or
 * end.  So a fragment can be several runs.
 */

enum { LAYOUT_RUNS_MAX = 1000 };

struct layout_run {
	uint64_t logical, physical, bytes; /* as of an extent */
	int unwritten;			   /* 1, 0 */
};

struct layout_runs {
	struct layout_run
		run[2 * LAYOUT_RUNS_MAX]; /* after layout_runs_finish() in the order of the file */
	size_t count;
	struct layout_run last;	 /* may still grow; bytes is 0: there is none */
	uint64_t left_out;	 /* beyond the longest LAYOUT_RUNS_MAX, or without an address */
	uint64_t left_out_bytes; /* stops at UINT64_MAX */
};

/* Of *runs, all zero before the first.  An extent_fn; never fails. */
int layout_runs_add(const struct extent *extent, void *runs);

/* After the last extent. */
void layout_runs_finish(struct layout_runs *runs);

#endif
