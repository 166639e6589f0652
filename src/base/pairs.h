/* SPDX-License-Identifier: MIT */
/*
 * Things of two sides that are matched by a key, and how far a value of one side is from that of
 * the other.  For comparisons of results, and of what `frag` saved.
 */
#ifndef BASE_PAIRS_H
#define BASE_PAIRS_H

#include <stddef.h>

#include "base/hashmap.h"

struct pair {
	char *key;
	const void *item[2]; /* of each side; NULL: it has none with that key */
};

/* In the order in which they were added.  Zeros are an empty one; it must not move. */
struct pairs {
	struct pair *pair;
	size_t count;
	struct hashmap index;
};

/* Adds an item of side 0 or 1.  0, -EEXIST (nothing is added: the side has one with that key) or
 * -ENOMEM. */
int pairs_add(struct pairs *pairs, size_t side, const char *key, const void *item);

void pairs_clear(struct pairs *pairs);

/* 0.05 is 5 % more; infinite: from 0. */
double change_of(double before, double after);

enum { CHANGE_TEXT_MAX = 32 };

/* "+19 %", "-0.4 %", "0.0 %" (less than shows), "0 %" (none), "from 0". */
const char *change_text(double change, char text[static CHANGE_TEXT_MAX]);

#endif
