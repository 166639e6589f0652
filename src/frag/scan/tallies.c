/* SPDX-License-Identifier: MIT */
/*
 * Extensions and directories are anybody's: a hash table takes three quarters of
 * its room, and the rest goes into one row.
 */
#include "frag/scan/tallies.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int named_tallies_init(struct named_tallies *tallies, size_t room)
{
	*tallies = (struct named_tallies) {
		.rows = calloc(room + 1, sizeof(*tallies->rows)),
		.room = room,
	};
	if (!tallies->rows)
		return -ENOMEM;
	tallies->rows[room].name = strdup("(others)");
	return tallies->rows[room].name ? 0 : -ENOMEM;
}

void named_tallies_clear(struct named_tallies *tallies)
{
	for (size_t i = 0; tallies->rows && i <= tallies->room; i++)
		free(tallies->rows[i].name);
	free(tallies->rows);
	*tallies = (struct named_tallies) { 0 };
}

static size_t hash_of(const char *name, size_t bytes)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < bytes; i++)
		hash = (hash ^ (unsigned char)name[i]) * 16777619u;
	return hash;
}

struct tally *named_tally(struct named_tallies *tallies, const char *name, size_t bytes)
{
	size_t slot = hash_of(name, bytes) % tallies->room;
	struct named_tally *row;

	for (;; slot = (slot + 1) % tallies->room) {
		row = &tallies->rows[slot];
		if (!row->name)
			break;
		if (strncmp(row->name, name, bytes) == 0 && row->name[bytes] == '\0')
			return &row->tally;
	}
	if (tallies->count >= tallies->room / 4 * 3)
		return &tallies->rows[tallies->room].tally;
	row->name = strndup(name, bytes);
	if (!row->name)
		return NULL;
	tallies->count++;
	return &row->tally;
}

static int dearest_first(const void *one, const void *other)
{
	const struct named_tally *a = one, *b = other;
	double difference = b->tally.extra_seconds - a->tally.extra_seconds;

	if (difference != 0)
		return difference > 0 ? 1 : -1;
	if (a->tally.files != b->tally.files)
		return a->tally.files < b->tally.files ? 1 : -1;
	return strcmp(a->name ? a->name : "", b->name ? b->name : "");
}

void named_tallies_sort(struct named_tallies *tallies)
{
	qsort(tallies->rows, tallies->room + 1, sizeof(*tallies->rows), dearest_first);
}
