/* SPDX-License-Identifier: MIT */
/*
 * Names in the directories of xfs: small ones lie in the inode, larger ones in
 * blocks, of which those below a fixed offset in the directory hold names, and the
 * others an index that is not needed here.  A directory's block may consist of
 * several blocks of the file system, which need not lie side by side.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "frag/scan/bytes.h"
#include "base/cleanup.h"
#include "frag/xfs/xfs.h"

enum {
	TYPE_FILE = 1,
	TYPE_FOLDER = 2,
	TYPE_UNKNOWN = 0,

	SMALL_COUNT = 0,
	SMALL_WIDE = 1, /* not zero: inodes have eight bytes, else four */

	BLOCK_HEAD = 16,
	BLOCK_HEAD_5 = 64,
	BLOCK_SUM_5 = 4,
	BLOCK_OWNER_5 = 40,
	TAIL_BYTES = 8, /* of a directory of one block: its index lies before that */
	INDEX_BYTES = 8,
	UNUSED = 0xffff,
};

static const uint64_t names_end = 1ull << 35;
static const uint32_t single_magic = 0x58443242, single_magic_5 = 0x58444233; /* XD2B, XDB3 */
static const uint32_t data_magic = 0x58443244, data_magic_5 = 0x58444433;     /* XD2D, XDD3 */

struct folder {
	struct xfs_folders *folders;
	struct names *names;
	uint64_t inode;
	uint64_t block_from; /* where in the directory the block in hand begins */
	uint32_t block_have; /* bytes of it, read so far */
	int stop;
};

/* ---- entries ---- */

static uint8_t type_of(const struct folder *folder, uint64_t inode, uint8_t type)
{
	struct xfs_inode found;

	if (folder->folders->image->has_types)
		return type;
	if (xfs_inode_read(folder->folders->image, inode, folder->folders->inode, &found) <= 0)
		return TYPE_UNKNOWN;
	return S_ISDIR(found.mode) ? TYPE_FOLDER : S_ISREG(found.mode) ? TYPE_FILE : TYPE_UNKNOWN;
}

static int take_name(const struct folder *folder, uint64_t inode, const char *name, size_t bytes,
		     uint8_t type)
{
	type = type_of(folder, inode, type);
	if (type != TYPE_FILE && type != TYPE_FOLDER)
		return 0;
	return names_add(folder->names, folder->inode, inode, name, bytes, type == TYPE_FOLDER);
}

static int take_small(const struct folder *folder, const struct xfs_inode *inode)
{
	const char *fork = inode->fork;
	size_t bytes = inode->fork_bytes, wide = bytes > 2 && get_u8(fork, SMALL_WIDE) ? 8 : 4;
	size_t at = 2 + wide, type_bytes = folder->folders->image->has_types;
	int r = 0;

	for (unsigned i = 0; r == 0 && bytes > at && i < get_u8(fork, SMALL_COUNT); i++) {
		size_t name_bytes = get_u8(fork, at), behind = at + 3 + name_bytes;

		if (behind + type_bytes + wide > bytes)
			break;
		r = take_name(folder,
			      wide == 8 ? get_be64(fork, behind + type_bytes)
					: get_be32(fork, behind + type_bytes),
			      fork + at + 3, name_bytes, type_bytes ? get_u8(fork, behind) : 0);
		at = behind + type_bytes + wide;
	}
	return r;
}

static bool is_block(const struct folder *folder, const char *block, size_t *ret_end)
{
	const struct xfs_image *image = folder->folders->image;
	size_t bytes = image->folder_block_bytes;
	uint32_t magic = get_be32(block, 0);
	bool is_single = magic == (image->has_checksums ? single_magic_5 : single_magic);
	uint64_t index;

	if (!is_single && magic != (image->has_checksums ? data_magic_5 : data_magic))
		return false;
	if (image->has_checksums && (get_be64(block, BLOCK_OWNER_5) != folder->inode ||
				     !xfs_has_right_sum(image, block, bytes, BLOCK_SUM_5)))
		return false;
	index = is_single ? TAIL_BYTES + (uint64_t)get_be32(block, bytes - TAIL_BYTES) * INDEX_BYTES
			  : 0;
	*ret_end = index < bytes ? bytes - (size_t)index : 0;
	return true;
}

/* Entries are multiples of eight bytes, so that an unused one always shows its length. */
static int take_block(const struct folder *folder, const char *block)
{
	const struct xfs_image *image = folder->folders->image;
	size_t at = image->has_checksums ? BLOCK_HEAD_5 : BLOCK_HEAD, end;
	int r = 0;

	if (!is_block(folder, block, &end))
		return 0;
	while (r == 0 && at + 16 <= end) {
		bool is_unused = get_be16(block, at) == UNUSED;
		size_t name_bytes = get_u8(block, at + 8);
		size_t bytes = is_unused ? get_be16(block, at + 2)
					 : (9 + name_bytes + image->has_types + 2 + 7) / 8 * 8;

		if (bytes < 8 || bytes % 8 || bytes > end - at)
			break;
		if (!is_unused)
			r = take_name(folder, get_be64(block, at), block + at + 9, name_bytes,
				      image->has_types ? get_u8(block, at + 9 + name_bytes) : 0);
		at += bytes;
	}
	return r;
}

/* ---- blocks ---- */

/* A block of the file system: part of one of the directory's, or all of it. */
static int take_part(struct folder *folder, uint64_t logical, uint64_t place)
{
	const struct xfs_image *image = folder->folders->image;
	uint32_t whole = image->folder_block_bytes, part = image->block_bytes;
	uint32_t in_block = (uint32_t)(logical % whole);

	if (in_block == 0) {
		folder->block_from = logical;
		folder->block_have = 0;
	}
	if (folder->block_from + folder->block_have != logical || in_block != folder->block_have)
		return 0;
	if (image->image->read(image->image, place, folder->folders->block + in_block, part) < 0)
		return 0;
	folder->block_have += part;
	return folder->block_have == whole ? take_block(folder, folder->folders->block) : 0;
}

static int take_extent(const struct extent *extent, void *context)
{
	struct folder *folder = context;
	uint32_t part = folder->folders->image->block_bytes;

	for (uint64_t at = 0; folder->stop == 0 && at < extent->bytes; at += part) {
		if (extent->logical + at >= names_end)
			return 1;
		folder->stop = take_part(folder, extent->logical + at, extent->physical + at);
	}
	return folder->stop != 0;
}

static int read_folder(struct names *names, uint64_t number, void *context)
{
	struct xfs_folders *folders = context;
	struct folder folder = { .folders = folders, .names = names, .inode = number };
	struct xfs_inode inode;

	if (xfs_inode_read(folders->image, number, folders->folder, &inode) <= 0 ||
	    !S_ISDIR(inode.mode))
		return 0;
	if (inode.format == XFS_FORMAT_LOCAL)
		return take_small(&folder, &inode);
	xfs_extents(folders->image, &inode, folders->nodes, take_extent, &folder);
	return folder.stop;
}

/* ---- all of them ---- */

int xfs_folders_open(struct xfs_image *image, struct xfs_folders *ret, struct names_source *names)
{
	*ret = (struct xfs_folders) {
		.image = image,
		.folder = malloc(image->inode_bytes),
		.inode = malloc(image->inode_bytes),
		.block = malloc(image->folder_block_bytes),
		.nodes = calloc(XFS_LEVELS_MAX, image->block_bytes),
	};
	*names = (struct names_source) { read_folder, ret, image->root_inode, "" };
	return ret->folder && ret->inode && ret->block && ret->nodes ? 0 : -ENOMEM;
}

void xfs_folders_close(struct xfs_folders *folders)
{
	free(folders->folder);
	free(folders->inode);
	free(folders->block);
	free(folders->nodes);
}
