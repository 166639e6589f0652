/* SPDX-License-Identifier: MIT */
#include "base/hashmap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS_FIRST = 64 };

uint64_t hash_bytes(const void *data, size_t bytes)
{
	const unsigned char *at = data;
	uint64_t hash = 14695981039346656037u;

	for (size_t i = 0; i < bytes; i++)
		hash = (hash ^ at[i]) * 1099511628211u;
	return hash;
}

static char *slot_at(const struct hashmap *map, void *slots, size_t i)
{
	return (char *)slots + i * map->kind->slot_bytes;
}

/*
 * The slot with this key, or the free slot for it.  At least one slot is free, so the search ends.
 */
static void *probe(const struct hashmap *map, uint64_t hash, const void *key)
{
	size_t mask = map->slot_count - 1;

	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		void *slot = slot_at(map, map->slots, i);

		if (!map->kind->is_used(slot) || map->kind->matches(slot, key, map->context))
			return slot;
	}
}

void *hashmap_find(const struct hashmap *map, uint64_t hash, const void *key)
{
	void *slot = map->slot_count ? probe(map, hash, key) : NULL;

	return slot && map->kind->is_used(slot) ? slot : NULL;
}

static int grow(struct hashmap *map)
{
	size_t count = map->slot_count ? map->slot_count * 2 : SLOTS_FIRST;
	void *slots;

	if (map->slots_max && count > map->slots_max)
		return -ENOSPC;
	slots = calloc(count, map->kind->slot_bytes);
	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < map->slot_count; i++) {
		const void *from = hashmap_slot(map, i);
		size_t to;

		if (!from)
			continue;
		to = map->kind->hash(from, map->context) & (count - 1);
		while (map->kind->is_used(slot_at(map, slots, to)))
			to = (to + 1) & (count - 1);
		memcpy(slot_at(map, slots, to), from, map->kind->slot_bytes);
	}
	free(map->slots);
	map->slots = slots;
	map->slot_count = count;
	return 0;
}

int hashmap_add(struct hashmap *map, uint64_t hash, const void *key, void **ret_slot)
{
	void *found = hashmap_find(map, hash, key);
	int r = 0;

	if (!found && map->used >= map->slot_count / 4 * 3)
		r = grow(map);
	if (r < 0)
		return r;
	*ret_slot = found ? found : probe(map, hash, key);
	map->used += !found;
	return found != NULL;
}

void *hashmap_slot(const struct hashmap *map, size_t i)
{
	void *slot = slot_at(map, map->slots, i);

	return map->kind->is_used(slot) ? slot : NULL;
}

void hashmap_clear(struct hashmap *map)
{
	free(map->slots);
	map->slots = NULL;
	map->slot_count = map->used = 0;
}
