/* SPDX-License-Identifier: MIT */
/*
 * Damage to the image of a file system, as the input of a fuzz target:
 *
 *	1 byte		how many there are at most: one more than its lower half
 *	5 bytes each	where (4, of the parts that are not zero) and what the byte becomes
 */
#ifndef FUZZ_DAMAGE_H
#define FUZZ_DAMAGE_H

#include <stddef.h>
#include <stdint.h>

struct damaged {
	char *bytes; /* may be read; what is written to it gets back by damage_undo() alone */
	size_t count;
	int fd; /* the same */
	char *whole;
	size_t *chunks; /* offsets of the parts that are not zero: metadata, and little else */
	size_t chunk_count;
};

/* The image that the environment variable FUZZ_IMAGE names, in memory; NULL: none is named. */
struct damaged *damage_load(void);

void damage_do(struct damaged *image, const uint8_t *data, size_t size);
void damage_undo(struct damaged *image, const uint8_t *data, size_t size);

#endif
