/* SPDX-License-Identifier: MIT */
/*
 * Ranges are appended, and sorted and joined whenever the array is full.  Shared extents are mostly
 * adjacent or equal, so few remain.  If more than a quarter million remain (6 MiB), further ranges
 * are counted without a comparison, so that the sum may be too high.
 */
#include "frag/account/ranges.h"

#include <errno.h>
#include <stdlib.h>

enum { FIRST_ROOM = 64, ROOM_MAX = 1 << 18 };

void ranges_clear(struct ranges *ranges)
{
	free(ranges->range);
	*ranges = (struct ranges) { 0 };
}

static int compare(const void *one, const void *other)
{
	const struct range *a = one, *b = other;

	if (a->device != b->device)
		return a->device < b->device ? -1 : 1;
	return a->from < b->from ? -1 : a->from > b->from;
}

static void tidy(struct ranges *ranges)
{
	size_t kept = 0;

	if (ranges->tidy == ranges->count)
		return;
	qsort(ranges->range, ranges->count, sizeof(*ranges->range), compare);
	for (size_t i = 1; i < ranges->count; i++) {
		struct range *last = &ranges->range[kept], *next = &ranges->range[i];

		if (next->device != last->device || next->from > last->to)
			ranges->range[++kept] = *next;
		else if (next->to > last->to)
			last->to = next->to;
	}
	ranges->count = ranges->tidy = kept + 1;
}

static int grow(struct ranges *ranges)
{
	size_t room = ranges->room ? 2 * ranges->room : FIRST_ROOM;
	struct range *larger = reallocarray(ranges->range, room, sizeof(*larger));

	if (!larger)
		return -ENOMEM;
	ranges->range = larger;
	ranges->room = room;
	return 0;
}

int ranges_add(struct ranges *ranges, uint64_t device, uint64_t from, uint64_t bytes)
{
	struct range *last = ranges->count ? &ranges->range[ranges->count - 1] : NULL;
	uint64_t to = from + bytes < from ? UINT64_MAX : from + bytes;

	if (last && last->device == device && last->to == from) {
		last->to = to;
		ranges->tidy = 0;
		return 0;
	}
	if (ranges->count == ranges->room) {
		tidy(ranges);
		/* To grow as soon as a quarter remains makes sorting rare. */
		if (ranges->count >= ranges->room / 4 && ranges->room < ROOM_MAX) {
			int r = grow(ranges);

			if (r < 0)
				return r;
		}
	}
	if (ranges->count == ranges->room) {
		ranges->lost_bytes += to - from;
		return 0;
	}
	ranges->range[ranges->count++] = (struct range) { device, from, to };
	return 0;
}

int ranges_merge(struct ranges *ranges, const struct ranges *other)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < other->count; i++)
		r = ranges_add(ranges, other->range[i].device, other->range[i].from,
			       other->range[i].to - other->range[i].from);
	ranges->lost_bytes += other->lost_bytes;
	return r;
}

uint64_t ranges_bytes(struct ranges *ranges)
{
	uint64_t bytes = ranges->lost_bytes;

	tidy(ranges);
	for (size_t i = 0; i < ranges->count; i++)
		bytes += ranges->range[i].to - ranges->range[i].from;
	return bytes;
}
