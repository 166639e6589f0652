/* SPDX-License-Identifier: MIT */
/*
 * File systems to test on: images without a name on loop devices, mounted in a
 * mount namespace of the test's own, so that all goes when the process goes.
 */
#ifndef TESTS_PLACE_H
#define TESTS_PLACE_H

#include <stdint.h>

#include "base/child.h"

enum place_traits {
	PLACE_NATIVE = 1 << 0,	 /* has fallocate(2) */
	PLACE_EXTENTS = 1 << 1,	 /* answers FIEMAP */
	PLACE_PUNCHES = 1 << 2,	 /* can make holes */
	PLACE_HUGE = 1 << 3,	 /* files of more than 16 TiB */
	PLACE_IN_PLACE = 1 << 4, /* overwrites where it lies */
	PLACE_COUNTS = 1 << 5,	 /* statvfs() is exact, so ENOSPC is found beforehand */
	PLACE_SHOWS = 1 << 6,	 /* what is allocated, by extents or block counts: verifiable */
	PLACE_SIZED = 1 << 7,	 /* block counts are computed from the length */
};

struct place_kind {
	const char *name; /* "ext2-1k" */
	const char *type; /* for mount(2) */
	const char *mkfs[8];
	unsigned sector_bytes;
	unsigned traits;
};

struct place {
	const struct place_kind *kind;
	char *directory;
	struct child server; /* of the FUSE file system */
};

/* A test that is run on each of them: once a kind, on one volume a kind. */
struct place_test {
	const char *name;
	void (*run)(void **state); /* *state is the struct place */
	unsigned needs;		   /* enum place_traits */
};

/* Runs all tests on all kinds; returns as cmocka does. */
int places_run(const struct place_test *tests, size_t count);

#endif
