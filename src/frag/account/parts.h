/* SPDX-License-Identifier: MIT */
/* Where in a file its fragments start: the file cut into equal parts. */
#ifndef FRAG_PARTS_H
#define FRAG_PARTS_H

#include <stdint.h>

enum { PARTS_MAX = 16 };

struct frag_part {
	uint64_t fragments;   /* that start in it */
	double extra_seconds; /* of the breaks before these */
};

struct frag_parts {
	uint64_t part_bytes; /* of each, whole blocks; the last one may be shorter */
	unsigned count;	     /* 0: the file is empty */
	struct frag_part part[PARTS_MAX];
};

void parts_init(struct frag_parts *parts, uint64_t file_bytes, uint64_t block_bytes);

/* A fragment that starts at `logical`; what lies past the end of the file is in the last part. */
void parts_add(struct frag_parts *parts, uint64_t logical, double extra_seconds);

#endif
