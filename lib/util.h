/* SPDX-License-Identifier: MIT */
/* Helpers for all files of the library. */
#ifndef PREALLOC_UTIL_H
#define PREALLOC_UTIL_H

#include <stdint.h>

#define CLEANUP(function) __attribute__((cleanup(function)))

/* `unit` is a power of two, except for an XFS extent size. */
static inline uint64_t round_down(uint64_t value, uint64_t unit)
{
	return value - value % unit;
}

/* Saturates, so that UINT64_MAX remains "no end". */
static inline uint64_t round_up(uint64_t value, uint64_t unit)
{
	uint64_t down = round_down(value, unit);

	if (down == value)
		return value;
	return down > UINT64_MAX - unit ? UINT64_MAX : down + unit;
}

static inline uint64_t lesser(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t greater(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

#endif
