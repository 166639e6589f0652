/* SPDX-License-Identifier: MIT */
/*
 * With a reverse mapping tree GETFSMAP reports each extent with its owner, which is faster than
 * opening the files.  A file is read from here only if it has as many extents as bulkstat counts
 * and, with its metadata, as many blocks.  Then no extent is missing or not allocated yet, and
 * none has changed since.
 *
 * An extent is reported as shared if any of its blocks is; FIEMAP reports which ones.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/hashmap.h"
#include "frag/xfs/xfs.h"

enum {
	FILE_EXTENTS_MAX =
		512, /* files with more are left to the kernel, which reports many per call */
	IS_METADATA = FMR_OF_ATTR_FORK | FMR_OF_EXTENT_MAP,
};

struct record {
	uint64_t owner;
	uint64_t offset, physical, bytes;
	uint32_t flags;
	uint32_t next; /* previous record of the same owner, plus 1; 0: none */
};

struct xfs_owners {
	struct record *records;
	size_t count, most;
	struct hashmap last; /* by owner: the number of its last record, plus 1 */
	struct free_space *space;
	bool is_full;
};

/* ---- reading ---- */

static int take_record(const struct fsmap *record, void *context)
{
	struct xfs_owners *owners = context;

	if (record->fmr_flags & FMR_OF_SPECIAL_OWNER) {
		if (owners->space && record->fmr_owner == FMR_OWN_FREE)
			free_space_add(owners->space, record->fmr_physical, record->fmr_length);
		return 0;
	}
	if (owners->count == owners->most) {
		owners->is_full = true;
		return owners->space ? 0 : -E2BIG;
	}
	return ARRAY_ADD(owners->records, owners->count,
			 ((struct record) {
				 .owner = record->fmr_owner,
				 .offset = record->fmr_offset,
				 .physical = record->fmr_physical,
				 .bytes = record->fmr_length,
				 .flags = record->fmr_flags,
			 }));
}

static bool is_used(const void *slot)
{
	return *(const uint32_t *)slot != 0;
}

static uint64_t owner_of(const void *slot, const void *context)
{
	const struct xfs_owners *owners = context;

	return owners->records[*(const uint32_t *)slot - 1].owner;
}

static uint64_t hash_owner(const void *slot, const void *owners)
{
	return hash_number(owner_of(slot, owners));
}

static bool is_of(const void *slot, const void *owner, const void *owners)
{
	return owner_of(slot, owners) == *(const uint64_t *)owner;
}

static const struct hashmap_kind last_kind = { sizeof(uint32_t), is_used, hash_owner, is_of };

static int index_records(struct xfs_owners *owners)
{
	int r = 0;

	owners->last = (struct hashmap) { .kind = &last_kind, .context = owners };
	for (size_t i = 0; r >= 0 && i < owners->count; i++) {
		struct record *record = &owners->records[i];
		void *slot;

		r = hashmap_add(&owners->last, hash_number(record->owner), &record->owner, &slot);
		if (r < 0)
			continue;
		record->next = *(uint32_t *)slot;
		*(uint32_t *)slot = (uint32_t)i + 1;
	}
	return r < 0 ? r : 0;
}

static void owners_freep(struct xfs_owners **owners)
{
	xfs_owners_free(*owners);
}

void xfs_owners_free(struct xfs_owners *owners)
{
	if (!owners)
		return;
	free(owners->records);
	hashmap_clear(&owners->last);
	free(owners);
}

int xfs_owners_read(const struct extent_kernel *kernel, int fd, uint64_t device, uint64_t from,
		    uint64_t to, size_t most, struct free_space *space, struct xfs_owners **ret)
{
	CLEANUP(owners_freep) struct xfs_owners *owners = calloc(1, sizeof(*owners));
	int r;

	if (!owners)
		return -ENOMEM;
	owners->most = most;
	owners->space = space;
	r = fsmap_walk(kernel, fd, device, from, to, take_record, owners);
	*ret = NULL;
	if (r == -E2BIG || owners->is_full)
		return r == -E2BIG ? 0 : r;
	if (r == 0)
		r = index_records(owners);
	if (r == 0)
		*ret = TAKE_PTR(owners);
	return r;
}

size_t xfs_owners_count(const struct xfs_owners *owners)
{
	return owners ? owners->count : 0;
}

/* ---- files ---- */

static int by_offset(const void *one, const void *other)
{
	const struct extent *a = one, *b = other;

	return a->logical < b->logical ? -1 : a->logical > b->logical;
}

/* Fills `extents` from its end, and returns how many, or -EOPNOTSUPP. */
static int gather(const struct xfs_owners *owners, const struct xfs_bulkstat *inode,
		  uint32_t block_bytes, struct extent extents[static FILE_EXTENTS_MAX])
{
	const uint64_t owner = inode->bs_ino;
	const uint32_t *last = hashmap_find(&owners->last, hash_number(owner), &owner);
	uint32_t next = last ? *last : 0;
	uint64_t bytes = 0;
	int count = 0;

	for (const struct record *record; next; next = record->next) {
		record = &owners->records[next - 1];
		bytes += record->bytes;
		if (record->flags & IS_METADATA)
			continue;
		if (record->flags & FMR_OF_SHARED || count == FILE_EXTENTS_MAX)
			return -EOPNOTSUPP;
		extents[FILE_EXTENTS_MAX - ++count] = (struct extent) {
			.logical = record->offset,
			.physical = record->physical,
			.bytes = record->bytes,
			.flags = record->flags & FMR_OF_PREALLOC ? EXTENT_UNWRITTEN : 0,
		};
	}
	if ((uint32_t)count != inode->bs_extents || bytes != inode->bs_blocks * block_bytes)
		return -EOPNOTSUPP;
	return count;
}

/* Extents behind the end may contain data that the size on the disk does not count yet. */
static bool has_end_within(const struct xfs_bulkstat *inode, uint32_t block_bytes,
			   const struct extent *last)
{
	uint64_t end = last->logical + last->bytes;

	return end >= last->logical && end < inode->bs_size + block_bytes;
}

int xfs_owners_collect(const struct xfs_owners *owners, const struct xfs_bulkstat *inode,
		       uint32_t block_bytes, struct frag_collector *collector)
{
	struct extent extents[FILE_EXTENTS_MAX], *first;
	int count = gather(owners, inode, block_bytes, extents), r = 0;

	if (count < 0)
		return count;
	first = &extents[FILE_EXTENTS_MAX - count];
	qsort(first, (size_t)count, sizeof(*first), by_offset);
	for (int i = 1; i < count; i++)
		if (first[i - 1].logical + first[i - 1].bytes > first[i].logical)
			return -EOPNOTSUPP;
	if (count && !has_end_within(inode, block_bytes, &first[count - 1]))
		return -EOPNOTSUPP;
	for (int i = 0; r == 0 && i < count; i++)
		r = frag_collect(&first[i], collector);
	return r;
}
