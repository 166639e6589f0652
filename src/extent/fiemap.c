/* SPDX-License-Identifier: MIT */
/*
 * The extents are not counted first to allocate a buffer, since the file may change in between.
 * One buffer is filled repeatedly.  Each call continues where the last extent ended, until the
 * kernel flags the last one or returns none.
 *
 * The answers are not trusted, and a file may be written to while it is read.  So an extent that
 * starts before the present position (two were merged meanwhile) is cut there, and one that adds
 * nothing is skipped.  A whole answer that adds nothing, or a number that overflows, is an error.
 */
#include <errno.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "extent/extent_kernel.h"

static const struct {
	uint32_t theirs, ours;
} flag_table[] = {
	{ FIEMAP_EXTENT_LAST, EXTENT_LAST },
	{ FIEMAP_EXTENT_UNKNOWN, EXTENT_UNKNOWN },
	{ FIEMAP_EXTENT_DELALLOC, EXTENT_DELALLOC },
	{ FIEMAP_EXTENT_ENCODED | FIEMAP_EXTENT_DATA_ENCRYPTED, EXTENT_ENCODED },
	{ FIEMAP_EXTENT_DATA_INLINE | FIEMAP_EXTENT_DATA_TAIL, EXTENT_INLINE },
	{ FIEMAP_EXTENT_UNWRITTEN, EXTENT_UNWRITTEN },
	{ FIEMAP_EXTENT_MERGED, EXTENT_MERGED },
	{ FIEMAP_EXTENT_SHARED, EXTENT_SHARED },
	{ FIEMAP_EXTENT_NOT_ALIGNED, EXTENT_NOT_ALIGNED },
	{ FIEMAP_EXTENT_DATA_TAIL, EXTENT_TAIL },
	{ FIEMAP_EXTENT_DATA_ENCRYPTED, EXTENT_ENCRYPTED },
};

static uint32_t flags_of(uint32_t theirs)
{
	uint32_t ours = 0;

	for (size_t i = 0; i < ARRAY_SIZE(flag_table); i++)
		if (theirs & flag_table[i].theirs)
			ours |= flag_table[i].ours;
	return ours;
}

/* Offsets are signed in the kernel; the last block may extend just beyond their range. */
static bool overflows(const struct extent *extent)
{
	const uint64_t logical_end_max = (uint64_t)INT64_MAX + 1;
	uint64_t end;

	if (__builtin_add_overflow(extent->logical, extent->bytes, &end) || end > logical_end_max)
		return true;
	return !(extent->flags & EXTENT_NO_ADDRESS) &&
	       __builtin_add_overflow(extent->physical, extent->bytes, &end);
}

/* Cuts the extent to the part at or after `position`, which may be empty. */
static void cut_before(uint64_t position, struct extent *extent)
{
	uint64_t cut;

	if (extent->logical >= position)
		return;
	cut = position - extent->logical;
	if (cut > extent->bytes)
		cut = extent->bytes;
	extent->logical += cut;
	extent->bytes -= cut;
	if (!(extent->flags & EXTENT_NO_ADDRESS))
		extent->physical += cut;
}

static int query(const struct extent_request *request, uint64_t position, struct fiemap *answer)
{
	int r;

	*answer = (struct fiemap) {
		.fm_start = position,
		.fm_length = FIEMAP_MAX_OFFSET - position,
		.fm_flags = request->sync ? FIEMAP_FLAG_SYNC : 0,
		.fm_extent_count = request->batch,
	};
	r = extent_control(request, FS_IOC_FIEMAP, answer);
	if (r < 0)
		return r;
	return answer->fm_mapped_extents > request->batch ? -EIO : 0;
}

/* Passes one answer on.  *position becomes the end of its last extent. */
static int deliver(const struct extent_request *request, const struct fiemap *answer,
		   uint64_t *position, bool *ret_last)
{
	for (unsigned i = 0; i < answer->fm_mapped_extents; i++) {
		const struct fiemap_extent *theirs = &answer->fm_extents[i];
		struct extent extent = {
			.logical = theirs->fe_logical,
			.physical = theirs->fe_physical,
			.bytes = theirs->fe_length,
			.flags = flags_of(theirs->fe_flags),
		};

		if (overflows(&extent))
			return -EIO;
		cut_before(*position, &extent);
		if (extent.bytes) {
			int r = request->each(&extent, request->context);

			if (r)
				return r;
			*position = extent.logical + extent.bytes;
		}
		if (extent.flags & EXTENT_LAST) {
			*ret_last = true;
			return 0;
		}
	}
	return 0;
}

int fiemap_walk(const struct extent_request *request, bool *ret_refused)
{
	CLEANUP(freep)
	struct fiemap *answer =
		malloc(sizeof(*answer) + request->batch * sizeof(answer->fm_extents[0]));
	uint64_t position = 0;
	bool last = false;

	if (!answer)
		return -ENOMEM;
	while (!last) {
		uint64_t before = position;
		int r = query(request, position, answer);

		if (position == 0 && (r == -EOPNOTSUPP || r == -ENOTTY)) {
			*ret_refused = true;
			return 0;
		}
		if (r < 0 || answer->fm_mapped_extents == 0)
			return r;
		r = deliver(request, answer, &position, &last);
		if (r)
			return r;
		if (!last && position == before)
			return -EIO;
	}
	return 0;
}
