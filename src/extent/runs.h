/* SPDX-License-Identifier: MIT */
/*
 * The layout itself, for a picture of it: the longest runs of a file.  Here a
 * run ends wherever file or volume do not go on, and where unwritten begins or
 * ends; so a fragment can be several runs.
 */
#ifndef EXTENT_RUNS_H
#define EXTENT_RUNS_H

#include <stddef.h>
#include <stdint.h>

#include "extent/extent.h"

enum { RUNS_MOST = 1000 };

struct run {
	uint64_t logical, physical, bytes; /* as of an extent */
	int unwritten;			   /* 1, 0 */
};

struct runs {
	struct run run[2 * RUNS_MOST]; /* after runs_finish() in the order of the file */
	size_t count;
	struct run last;	 /* may still grow; bytes is 0: there is none */
	uint64_t left_out;	 /* beyond the longest RUNS_MOST, or without an address */
	uint64_t left_out_bytes; /* stops at UINT64_MAX */
};

/* Of *runs, all zero before the first.  An extent_fn; never fails. */
int runs_add(const struct extent *extent, void *runs);

/* After the last extent. */
void runs_finish(struct runs *runs);

#endif
