/* SPDX-License-Identifier: MIT */
/*
 * The size of a volume does not bound its addresses (btrfs has addresses beyond the size of its
 * device).  So bins start as the size suggests, and pairs of them are merged whenever an address
 * is beyond the last one.
 */
#include "frag/account/map.h"
#include "extent/extent.h"

#include <string.h>

enum { SMALLEST_BIN = 4096 };

/* No volume is as large: addresses beyond are those of a damaged one. */
#define ADDRESS_MAX (1ull << 62)

static uint64_t bin_bytes_for(uint64_t volume_bytes)
{
	uint64_t bin_bytes = SMALLEST_BIN;

	while (volume_bytes / MAP_BINS >= bin_bytes && bin_bytes < 1ull << 52)
		bin_bytes *= 2;
	return bin_bytes;
}

void map_init(struct map *map, uint64_t volume_bytes)
{
	memset(map, 0, sizeof(*map));
	map->bin_bytes = bin_bytes_for(volume_bytes);
}

static void add_bin(struct map_bin *to, const struct map_bin *from)
{
	to->bytes += from->bytes;
	to->seeks += from->seeks;
	to->position += from->position;
}

static void halve(struct map *map)
{
	for (unsigned i = 0; i < MAP_BINS; i++) {
		struct map_bin bin = map->bins[i];

		map->bins[i] = (struct map_bin) { 0 };
		add_bin(&map->bins[i / 2], &bin);
	}
	map->bin_bytes *= 2;
}

void map_add(struct map *map, const struct extent *extent, int is_seek, uint64_t file_bytes)
{
	uint64_t at = extent->physical, end = at + extent->bytes;
	double place = 0;

	if (end > ADDRESS_MAX)
		return;
	while ((end - 1) / map->bin_bytes >= MAP_BINS)
		halve(map);
	if (end > map->end_bytes)
		map->end_bytes = end;
	map->bins[at / map->bin_bytes].seeks += is_seek != 0;
	if (file_bytes)
		place = (double)extent->logical / (double)file_bytes;
	while (at < end) {
		struct map_bin *bin = &map->bins[at / map->bin_bytes];
		uint64_t bin_end = (at / map->bin_bytes + 1) * map->bin_bytes;
		uint64_t bytes = (bin_end < end ? bin_end : end) - at;

		bin->bytes += bytes;
		bin->position += (double)bytes * place;
		if (file_bytes)
			place += (double)bytes / (double)file_bytes;
		at += bytes;
	}
}

void map_merge(struct map *map, const struct map *other)
{
	while (map->bin_bytes < other->bin_bytes)
		halve(map);
	for (unsigned i = 0; i < MAP_BINS; i++)
		add_bin(&map->bins[i * other->bin_bytes / map->bin_bytes], &other->bins[i]);
	if (other->end_bytes > map->end_bytes)
		map->end_bytes = other->end_bytes;
}

void map_fit(struct map *map, uint64_t volume_bytes)
{
	while (volume_bytes <= ADDRESS_MAX && volume_bytes > map->bin_bytes * MAP_BINS)
		halve(map);
}

unsigned map_used_bins(const struct map *map, uint64_t volume_bytes)
{
	uint64_t end = map->end_bytes > volume_bytes ? map->end_bytes : volume_bytes;
	uint64_t bins = (end + map->bin_bytes - 1) / map->bin_bytes;

	return bins == 0 ? 1 : bins < MAP_BINS ? (unsigned)bins : MAP_BINS;
}
