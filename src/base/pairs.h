/* SPDX-License-Identifier: MIT */
/*
 * Items of two sides that are matched by a key, and the change of a value from one side to the
 * other.  For comparisons of results and of saved `frag` results.
 */
#ifndef BASE_PAIRS_H
#define BASE_PAIRS_H

#include <stddef.h>

#include "base/hashmap.h"

struct pair {
	char *key;
	const void *item[2]; /* one per side; NULL: that side has none */
};

/* In the order of addition.  Zeros are an empty set.  It must not be moved. */
struct pairs {
	struct pair *pair;
	size_t count;
	struct hashmap index;
};

/*
 * Adds an item of side 0 or 1.  0, -EEXIST (the side already has an item with that key; nothing is
 * added) or -ENOMEM.
 */
int pairs_add(struct pairs *pairs, size_t side, const char *key, const void *item);

void pairs_clear(struct pairs *pairs);

/* The relative change: 0.05 is 5 % more; infinite from 0. */
double change_of(double before, double after);

enum { CHANGE_TEXT_MAX = 32 };

/* "+19 %", "-0.4 %", "0.0 %" (less than shows), "0 %" (none), "from 0". */
const char *change_text(double change, char text[static CHANGE_TEXT_MAX]);

#endif
