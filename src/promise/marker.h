/* SPDX-License-Identifier: MIT */
/*
 * What a volume is filled with before it is formatted: a file that shows it shows old data of
 * others.
 */
#ifndef PROMISE_MARKER_H
#define PROMISE_MARKER_H

#include <stdbool.h>
#include <string.h>

enum { PROMISE_MARKER_BYTES = 16, PROMISE_UNIT_BYTES = 512 /* what a disk writes as a whole */ };

/* Repeated over the whole volume, from its first byte on. */
#define PROMISE_MARKER "OLD DATA MARKER\n"

/* Whether these PROMISE_UNIT_BYTES hold it anywhere at its place. */
static inline bool promise_has_marker(const unsigned char *unit)
{
	for (int at = 0; at < PROMISE_UNIT_BYTES; at += PROMISE_MARKER_BYTES)
		if (memcmp(unit + at, PROMISE_MARKER, PROMISE_MARKER_BYTES) == 0)
			return true;
	return false;
}

#endif
