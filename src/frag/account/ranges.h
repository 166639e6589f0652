/* SPDX-License-Identifier: MIT */
/* A set of byte ranges of volumes, to count shared extents once. */
#ifndef FRAG_RANGES_H
#define FRAG_RANGES_H

#include <stddef.h>
#include <stdint.h>

struct range {
	uint64_t device;
	uint64_t from, to; /* bytes; to is exclusive */
};

/* Zeros are an empty set. */
struct ranges {
	struct range *range;
	size_t count, room;
	size_t tidy;	     /* the first ones, which are sorted and not adjacent */
	uint64_t lost_bytes; /* not stored for lack of memory: may be counted more than once */
};

void ranges_clear(struct ranges *ranges);

/* 0 or -ENOMEM. */
int ranges_add(struct ranges *ranges, uint64_t device, uint64_t from, uint64_t bytes);

/* Adds all of `other`. */
int ranges_merge(struct ranges *ranges, const struct ranges *other);

/* The bytes of the union. */
uint64_t ranges_bytes(struct ranges *ranges);

#endif
