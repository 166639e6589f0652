/* SPDX-License-Identifier: MIT */
#include "base/pairs.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"

/* A slot contains the number of a pair, counted from 1. */
static bool is_used(const void *slot)
{
	return *(const size_t *)slot != 0;
}

static const char *key_of(const void *slot, const void *context)
{
	const struct pairs *pairs = context;

	return pairs->pair[*(const size_t *)slot - 1].key;
}

static uint64_t hash_key(const char *key)
{
	return hash_bytes(key, strlen(key));
}

static uint64_t hash_slot(const void *slot, const void *context)
{
	return hash_key(key_of(slot, context));
}

static bool matches(const void *slot, const void *key, const void *context)
{
	return strcmp(key_of(slot, context), key) == 0;
}

static const struct hashmap_kind pairs_kind = { sizeof(size_t), is_used, hash_slot, matches };

/* The pair with that key, created if there is none.  NULL: out of memory. */
static struct pair *open_pair(struct pairs *pairs, const char *key)
{
	CLEANUP(freep) char *copy = strdup(key);
	void *slot;
	int r;

	pairs->index.kind = &pairs_kind;
	pairs->index.context = pairs;
	if (!copy || ARRAY_ROOM(pairs->pair, pairs->count) < 0)
		return NULL;
	r = hashmap_add(&pairs->index, hash_key(key), key, &slot);
	if (r < 0)
		return NULL;
	if (r == 0) {
		pairs->pair[pairs->count++] = (struct pair) { .key = TAKE_PTR(copy) };
		*(size_t *)slot = pairs->count;
	}
	return &pairs->pair[*(size_t *)slot - 1];
}

int pairs_add(struct pairs *pairs, size_t side, const char *key, const void *item)
{
	struct pair *pair = open_pair(pairs, key);

	if (!pair)
		return -ENOMEM;
	if (pair->item[side])
		return -EEXIST;
	pair->item[side] = item;
	return 0;
}

void pairs_clear(struct pairs *pairs)
{
	for (size_t i = 0; i < pairs->count; i++)
		free(pairs->pair[i].key);
	free(pairs->pair);
	hashmap_clear(&pairs->index);
	*pairs = (struct pairs) { 0 };
}

double change_of(double before, double after)
{
	if (before == after)
		return 0;
	return before == 0 ? INFINITY : after / before - 1;
}

const char *change_text(double change, char text[static CHANGE_TEXT_MAX])
{
	double percent = change * 100;

	if (isinf(change))
		return "from 0";
	if (change == 0)
		return "0 %";
	if (fabs(percent) < 0.05)
		return "0.0 %";
	snprintf(text, CHANGE_TEXT_MAX, fabs(percent) < 9.95 ? "%+.1f %%" : "%+.0f %%", percent);
	return text;
}
