/* SPDX-License-Identifier: MIT */
/*
 * Whether the log of xfs is empty: then the last record in it says "unmounted".
 * Each block of 512 bytes has the number of the round in which it was written, so
 * that the end of the last record is where this number drops.
 */
#include <errno.h>

#include "frag/scan/bytes.h"
#include "frag/xfs/xfs.h"

enum {
	BLOCK = 512,
	ROUND_IN_HEADER = 4,
	RECORD_BYTES = 12,
	RECORD_OPERATIONS = 40,
	RECORD_SIZE = 320,
	HEADER_COVERS = 32768, /* bytes of a record a block of its header */
	OPERATION_FLAGS = 9,
	UNMOUNTED = 0x20,
	BACK_MOST = 1024, /* blocks: records have 256 KiB at most */
};

static const uint32_t header_magic = 0xfeedbabe;

struct log {
	const struct image *image;
	uint64_t place, blocks;
};

static int read_block(const struct log *log, uint64_t block, char to[static BLOCK])
{
	return log->image->read(log->image, log->place + block % log->blocks * BLOCK, to, BLOCK);
}

static int read_round(const struct log *log, uint64_t block, uint32_t *ret)
{
	char data[BLOCK];
	int r = read_block(log, block, data);

	if (r < 0)
		return r;
	*ret = get_be32(data, 0);
	if (*ret == header_magic)
		*ret = get_be32(data, ROUND_IN_HEADER);
	return 0;
}

/* The first block that belongs to an earlier round than the first of all; 0: there is none. */
static int find_end(const struct log *log, uint64_t *ret)
{
	uint64_t from = 0, to = log->blocks - 1;
	uint32_t first, round = 0;
	int r = read_round(log, 0, &first);

	if (r == 0)
		r = read_round(log, to, &round);
	if (r < 0)
		return r;
	if (round == first) {
		*ret = 0;
		return 0;
	}
	while (r == 0 && to - from > 1) {
		uint64_t middle = (from + to) / 2;

		r = read_round(log, middle, &round);
		if (round == first)
			from = middle;
		else
			to = middle;
	}
	*ret = to;
	return r;
}

static uint64_t header_blocks(const char *header)
{
	uint32_t size = get_be32(header, RECORD_SIZE);

	return size > HEADER_COVERS && size <= 1 << 20 ? (size + HEADER_COVERS - 1) / HEADER_COVERS
						       : 1;
}

/* Of the record that ends at `end`: 1 if it says "unmounted". */
static int ends_unmounted(const struct log *log, uint64_t end)
{
	char header[BLOCK], operation[BLOCK];

	for (uint64_t back = 1; back <= BACK_MOST && back <= log->blocks; back++) {
		uint64_t at = end + log->blocks - back, heads, bytes;

		if (read_block(log, at, header) < 0)
			return -EIO;
		if (get_be32(header, 0) != header_magic)
			continue;
		heads = header_blocks(header);
		bytes = get_be32(header, RECORD_BYTES);
		if (get_be32(header, RECORD_OPERATIONS) != 1 ||
		    heads + (bytes + BLOCK - 1) / BLOCK != back ||
		    read_block(log, at + heads, operation) < 0)
			return 0;
		return (get_u8(operation, OPERATION_FLAGS) & UNMOUNTED) != 0;
	}
	return 0;
}

int xfs_log_is_dirty(const struct xfs_image *image)
{
	struct log log = { .image = image->image,
			   .blocks = image->log_blocks * (image->block_bytes / BLOCK) };
	uint64_t end;
	int r;

	if (image->log_block == 0)
		return -ENODATA;
	if (log.blocks < 2 ||
	    xfs_place_of(image, image->log_block, image->log_blocks, &log.place) < 0)
		return -EUCLEAN;
	r = find_end(&log, &end);
	if (r == 0)
		r = ends_unmounted(&log, end);
	return r < 0 ? r : !r;
}
