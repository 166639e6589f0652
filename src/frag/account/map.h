/* SPDX-License-Identifier: MIT */
/* Where on the volume things lie: the volume cut into equal bins, in constant memory. */
#ifndef FRAG_MAP_H
#define FRAG_MAP_H

#include <stdint.h>

struct extent;

enum { MAP_BINS = 4096 };

struct map_bin {
	uint64_t bytes;	 /* of the files in question */
	uint64_t seeks;	 /* fragments that start here and are not the first of their file */
	double position; /* bytes times their place in the file (0 to 1), for a single file */
};

struct map {
	uint64_t bin_bytes; /* a power of two; doubles when something lies beyond the last bin */
	uint64_t end_bytes; /* of the last thing added */
	struct map_bin bins[MAP_BINS];
};

/* For a volume of that size; 0: not known. */
void map_init(struct map *map, uint64_t volume_bytes);

/* An extent with an address; `file_bytes` 0: its place in the file does not matter. */
void map_add(struct map *map, const struct extent *extent, int is_seek, uint64_t file_bytes);

void map_merge(struct map *map, const struct map *other);

/* Makes all of a volume of that size fit in. */
void map_fit(struct map *map, uint64_t volume_bytes);

/* How many bins a volume of that size takes; at least those up to the end. */
unsigned map_used_bins(const struct map *map, uint64_t volume_bytes);

#endif
