/* SPDX-License-Identifier: MIT */
/*
 * One ioctl per block is expensive (20 us in a User-Mode Linux guest), but reiserfs and jfs
 * support nothing else.  They do not implement SEEK_HOLE either, so no block can be skipped.
 *
 * FIBMAP reports less than FIEMAP.  Block 0 stands for everything without a block: a hole, an
 * unwritten range (ext4), a tail packed by reiserfs.  Block numbers have the type int: newer
 * kernels return ERANGE for a larger number; older ones truncate it, which shows only if the
 * result is negative.
 */
#include <errno.h>
#include <limits.h>
#include <linux/fs.h>

#include "extent/extent_kernel.h"

static int count_blocks(const struct extent_request *request, uint64_t file_bytes,
			uint64_t *ret_block_bytes, uint64_t *ret_blocks)
{
	int block_bytes = 0;
	uint64_t blocks;
	int r = extent_control(request, FIGETBSZ, &block_bytes);

	/* overlayfs (6.18) has no blocks, so FIBMAP does not work either. */
	if (r == -EINVAL)
		return -EOPNOTSUPP;
	if (r < 0)
		return r;
	if (block_bytes <= 0)
		return -EIO;
	blocks = file_bytes / (uint64_t)block_bytes + (file_bytes % (uint64_t)block_bytes != 0);
	if (blocks > (uint64_t)INT_MAX + 1)
		return -EFBIG;
	*ret_block_bytes = (uint64_t)block_bytes;
	/* One block is queried even for an empty file, to find out whether FIBMAP is supported. */
	*ret_blocks = blocks ? blocks : 1;
	return 0;
}

/* *ret_number: the number of the block on the volume; 0: there is none. */
static int find_block(const struct extent_request *request, uint64_t block, uint64_t *ret_number)
{
	int number = (int)block;
	int r = extent_control(request, FIBMAP, &number);

	/* EINVAL: a file system without it, e.g. btrfs; ENOTTY: not a regular file. */
	if (block == 0 && (r == -EINVAL || r == -ENOTTY || r == -ENOSYS))
		return -EOPNOTSUPP;
	if (r < 0)
		return r;
	if (number < 0)
		return -ERANGE;
	*ret_number = (uint64_t)number;
	return 0;
}

static bool goes_on(const struct extent *run, const struct extent *next)
{
	return run->bytes && run->logical + run->bytes == next->logical &&
	       run->physical + run->bytes == next->physical;
}

int fibmap_walk(const struct extent_request *request, uint64_t file_bytes)
{
	struct extent run = { 0 };
	uint64_t block_bytes, blocks;
	int r = count_blocks(request, file_bytes, &block_bytes, &blocks);

	for (uint64_t block = 0; r == 0 && block < blocks; block++) {
		uint64_t number = 0;
		struct extent next;

		r = find_block(request, block, &number);
		if (r < 0 || number == 0)
			continue;
		next = (struct extent) {
			.logical = block * block_bytes,
			.physical = number * block_bytes,
			.bytes = block_bytes,
			.flags = EXTENT_MERGED,
		};
		if (goes_on(&run, &next)) {
			run.bytes += block_bytes;
			continue;
		}
		if (run.bytes)
			r = request->each(&run, request->context);
		run = next;
	}
	if (r || !run.bytes)
		return r;
	run.flags |= EXTENT_LAST;
	return request->each(&run, request->context);
}
