/* SPDX-License-Identifier: MIT */
/*
 * Layout statistics of a file from its extents.  Pure functions, called per extent.
 *
 * A fragment is a maximal run of physically contiguous extents that follow one another in the
 * file, whatever their flags: what a rotating disk reads without a seek, and what the 2009 table
 * counts. ext4 splits extents at 32768 blocks; that is not a discontinuity.  Neither is a hole, if
 * the next extent starts exactly where the last one ended.  (The summary of filefrag also ignores
 * a hole whose physical gap is as long as its logical one.  Here that is a discontinuity, since
 * the disk has to skip it.)
 *
 * If the location of an extent is unknown (delayed, inline, unknown), or its length on the volume
 * is (encoded), fragments and gaps are lower bounds: only certain discontinuities count.  An
 * encoded extent starts at its address and is no longer than its decoded length.  Such extents are
 * not included in largest and median.
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

/* ---- all statistics except the median, in constant memory ---- */

struct layout_sums {
	struct layout figures; /* up to date after each extent; median_bytes is 0 */
	uint64_t run_bytes;    /* of the present fragment; 0: it has no address */
	/*
	 * Minimum absolute distance from the last extent to the present one; 0: it may be
	 * contiguous.
	 */
	uint64_t step_bytes;
	uint64_t logical_end;
	int has_start; /* the last extent has a known start, and the following are valid */
	uint64_t physical_start, physical_end_least, physical_end_most;
};

#define LAYOUT_SUMS_INIT ((struct layout_sums) { .figures.addresses_known = 1 })

void layout_sums_add(struct layout_sums *sums, const struct extent *extent);

/* ---- with the median ---- */

/* Collects extents; stores one number per fragment, for the median. */
struct layout_builder;

/* NULL: out of memory. */
struct layout_builder *layout_builder_new(void);

/* `builder` may be NULL.  Returns NULL. */
struct layout_builder *layout_builder_free(struct layout_builder *builder);
void layout_builder_freep(struct layout_builder **builder);

/* An extent_fn, whose context is the builder.  0 or -ENOMEM. */
int layout_builder_add(const struct extent *extent, void *builder);

/* The statistics of the extents added so far. */
void layout_builder_finish(const struct layout_builder *builder, struct layout *ret);

/* The minimum number of fragments for `bytes` if no run exceeds `largest_run` (0: no limit). */
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
		run[2 * LAYOUT_RUNS_MAX]; /* after layout_runs_finish(), in the order of the file */
	size_t count;
	struct layout_run last;	 /* may still grow; `bytes` is 0 if there is none */
	uint64_t left_out;	 /* beyond the longest LAYOUT_RUNS_MAX, or without an address */
	uint64_t left_out_bytes; /* stops at UINT64_MAX */
};

/* Adds an extent to *runs, which starts as zeros.  An extent_fn; never fails. */
int layout_runs_add(const struct extent *extent, void *runs);

/* To be called after the last extent. */
void layout_runs_finish(struct layout_runs *runs);

#endif
