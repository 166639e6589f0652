/* SPDX-License-Identifier: MIT */
/*
 * A hash table whose slots the user defines: open addressing, doubled when three quarters are
 * used, no removal.  A slot of zeros is free.
 */
#ifndef BASE_HASHMAP_H
#define BASE_HASHMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hashmap_kind {
	size_t slot_bytes;
	bool (*is_used)(const void *slot);
	uint64_t (*hash)(const void *slot, const void *context);
	bool (*matches)(const void *slot, const void *key, const void *context);
};

struct hashmap {
	const struct hashmap_kind *kind;
	const void *context; /* for the functions of the kind */
	size_t slots_max;    /* a power of two; 0: no limit */
	void *slots;
	size_t slot_count, used;
};

/* Hashes a number. */
static inline uint64_t hash_number(uint64_t number)
{
	number *= 0x9e3779b97f4a7c15u;
	return number ^ number >> 32;
}

uint64_t hash_bytes(const void *data, size_t bytes);

/* The slot with this key; NULL: there is none.  `hash` is the kind's hash of the key. */
void *hashmap_find(const struct hashmap *map, uint64_t hash, const void *key);

/*
 * The same, or a new slot for the key, which the caller must fill at once.  1: found; 0: a new
 * slot; -ENOSPC: slots_max is reached; -ENOMEM.  Slots move when one is added.
 */
int hashmap_add(struct hashmap *map, uint64_t hash, const void *key, void **ret_slot);

/* Slot number `i` of slot_count, to iterate over all; NULL: it is free. */
void *hashmap_slot(const struct hashmap *map, size_t i);

/* Frees the slots, not what they point to. */
void hashmap_clear(struct hashmap *map);

#endif
