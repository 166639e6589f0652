/* SPDX-License-Identifier: MIT */
/* A set of byte ranges of volumes, to count what several files share once. */
#ifndef FRAG_RANGES_H
#define FRAG_RANGES_H

#include <stddef.h>
#include <stdint.h>

struct range {
	uint64_t device;
	uint64_t from, to; /* bytes; to is exclusive */
};

/* Zeroed: empty.  ranges_clear() when done. */
struct ranges {
	struct range *range;
	size_t count, room;
	size_t tidy;	     /* so many at the start are sorted and do not touch */
	uint64_t lost_bytes; /* could not be kept: may be counted more than once */
};

void ranges_clear(struct ranges *ranges);

/* 0 or -ENOMEM. */
int ranges_add(struct ranges *ranges, uint64_t device, uint64_t from, uint64_t bytes);

/* Adds all of `other`. */
int ranges_merge(struct ranges *ranges, const struct ranges *other);

/* Bytes in the union of all. */
uint64_t ranges_bytes(struct ranges *ranges);

#endif
