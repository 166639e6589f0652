/* SPDX-License-Identifier: MIT */
/* Numbers in what lies on a disk: anywhere, in either order of bytes. */
#ifndef FRAG_BYTES_H
#define FRAG_BYTES_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define BYTES_GETTER(name, type, convert)                                 \
	static inline type name(const void *base, size_t at)              \
	{                                                                 \
		type number;                                              \
                                                                          \
		memcpy(&number, (const char *)base + at, sizeof(number)); \
		return convert(number);                                   \
	}

BYTES_GETTER(get_le16, uint16_t, le16toh)
BYTES_GETTER(get_le32, uint32_t, le32toh)
BYTES_GETTER(get_le64, uint64_t, le64toh)
BYTES_GETTER(get_be16, uint16_t, be16toh)
BYTES_GETTER(get_be32, uint32_t, be32toh)
BYTES_GETTER(get_be64, uint64_t, be64toh)

static inline uint8_t get_u8(const void *base, size_t at)
{
	return ((const uint8_t *)base)[at];
}

/* Whether it is a power of two from `least` to `most`. */
static inline int is_power_between(uint64_t number, uint64_t least, uint64_t most)
{
	return number >= least && number <= most && (number & (number - 1)) == 0;
}

#endif
