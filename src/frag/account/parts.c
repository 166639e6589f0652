/* SPDX-License-Identifier: MIT */
/*
 * A log that is appended to is in pieces from end to end, a database where it grew
 * last, an image of a disk where the guest wrote: the place tells who did it.
 */
#include "frag/account/parts.h"

void parts_init(struct frag_parts *parts, uint64_t file_bytes, uint64_t block_bytes)
{
	uint64_t blocks = file_bytes / block_bytes + (file_bytes % block_bytes != 0);
	uint64_t blocks_each = blocks / PARTS_MAX + (blocks % PARTS_MAX != 0);

	*parts = (struct frag_parts) { 0 };
	if (blocks == 0)
		return;
	parts->part_bytes = blocks_each * block_bytes;
	parts->count = (unsigned)((blocks + blocks_each - 1) / blocks_each);
}

void parts_add(struct frag_parts *parts, uint64_t logical, double extra_seconds)
{
	uint64_t number = parts->count ? logical / parts->part_bytes : 0;

	if (parts->count == 0)
		return;
	if (number >= parts->count)
		number = parts->count - 1;
	parts->part[number].fragments++;
	parts->part[number].extra_seconds += extra_seconds;
}
