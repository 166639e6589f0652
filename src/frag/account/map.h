/* SPDX-License-Identifier: MIT */
/* A map of the volume, divided into equal bins, in constant memory. */
#ifndef FRAG_MAP_H
#define FRAG_MAP_H

#include <stdint.h>

struct extent;

enum { MAP_BINS = 4096 };

struct map_bin {
	uint64_t bytes;	 /* of the files of the scan */
	uint64_t seeks;	 /* fragments that start here and are not the first of their file */
	double position; /* for a single file: bytes times their relative offset in it (0 to 1) */
};

struct map {
	uint64_t bin_bytes; /* a power of two; doubled for an extent beyond the last bin */
	uint64_t end_bytes; /* of the last extent */
	struct map_bin bins[MAP_BINS];
};

/* For a volume of that size; 0: not known. */
void map_init(struct map *map, uint64_t volume_bytes);

/* Adds an extent with an address; `file_bytes` 0: its offset in the file does not matter. */
void map_add(struct map *map, const struct extent *extent, int is_seek, uint64_t file_bytes);

void map_merge(struct map *map, const struct map *other);

/* Makes the bins large enough for a volume of that size. */
void map_fit(struct map *map, uint64_t volume_bytes);

/* The number of bins of a volume of that size; at least those up to the end. */
unsigned map_used_bins(const struct map *map, uint64_t volume_bytes);

#endif
