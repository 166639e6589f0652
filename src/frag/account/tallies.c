/* SPDX-License-Identifier: MIT */
#include "frag/account/tallies.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

static bool is_used(const void *slot)
{
	return *(const uint32_t *)slot != 0;
}

static const char *name_of(const void *slot, const struct named_tallies *tallies)
{
	return tallies->rows[*(const uint32_t *)slot - 1].name;
}

static uint64_t hash_name(const void *slot, const void *context)
{
	const char *name = name_of(slot, context);

	return hash_bytes(name, strlen(name));
}

struct key {
	const char *name;
	size_t bytes;
};

static bool is_same(const void *slot, const void *wanted, const void *context)
{
	const char *name = name_of(slot, context);
	const struct key *key = wanted;

	return strncmp(name, key->name, key->bytes) == 0 && name[key->bytes] == '\0';
}

static const struct hashmap_kind index_kind = { sizeof(uint32_t), is_used, hash_name, is_same };

static int add_row(struct named_tallies *tallies, const char *name, size_t bytes)
{
	struct named_tally row = { .name = strndup(name, bytes) };

	if (row.name && ARRAY_ADD(tallies->rows, tallies->count, row) == 0)
		return 0;
	free(row.name);
	return -ENOMEM;
}

int named_tallies_init(struct named_tallies *tallies, size_t rows_max)
{
	*tallies = (struct named_tallies) { .rows_max = rows_max, .index.kind = &index_kind };
	return add_row(tallies, "(others)", strlen("(others)"));
}

void named_tallies_clear(struct named_tallies *tallies)
{
	for (size_t i = 0; i < tallies->count; i++)
		free(tallies->rows[i].name);
	free(tallies->rows);
	hashmap_clear(&tallies->index);
	*tallies = (struct named_tallies) { 0 };
}

struct tally *named_tally(struct named_tallies *tallies, const char *name, size_t bytes)
{
	const struct key key = { name, bytes };
	uint64_t hash = hash_bytes(name, bytes);
	uint32_t *slot;
	void *found;

	tallies->index.context = tallies;
	slot = hashmap_find(&tallies->index, hash, &key);
	if (slot)
		return &tallies->rows[*slot - 1].tally;
	if (tallies->count > tallies->rows_max)
		return &tallies->rows[0].tally;
	if (add_row(tallies, name, bytes) < 0 ||
	    hashmap_add(&tallies->index, hash, &key, &found) < 0)
		return NULL;
	*(uint32_t *)found = (uint32_t)tallies->count;
	return &tallies->rows[tallies->count - 1].tally;
}

static int dearest_first(const void *one, const void *other)
{
	const struct named_tally *a = one, *b = other;
	double difference = b->tally.extra_seconds - a->tally.extra_seconds;

	if (difference != 0)
		return difference > 0 ? 1 : -1;
	if (a->tally.files != b->tally.files)
		return a->tally.files < b->tally.files ? 1 : -1;
	return strcmp(a->name, b->name);
}

void named_tallies_sort(struct named_tallies *tallies)
{
	qsort(tallies->rows, tallies->count, sizeof(*tallies->rows), dearest_first);
}
